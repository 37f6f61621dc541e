/**
 * How far an exploration goes: the finite cluster and the number of times each kind of chance may strike. Everything within is walked.
 */

export interface Bounds {
  /** 1..5; they are interchangeable, and explored up to renaming. */
  readonly voters: number;
  /** The highest term that an election may begin. */
  readonly terms: number;
  /** Commands proposed, by whoever leads; every leader's no-op comes on top. */
  readonly entries: number;
  /** Crashes, each followed by a restart; its disk keeps none, some or all of the writes under way. */
  readonly crashes: number;
  /** Deliveries of a message that stays on its way all the same. */
  readonly duplicates: number;
  /** Ticks of a leader or of a pre-candidate: each sends again what was lost, and begins no term. */
  readonly heartbeats: number;
  /** Single-server changes: any voter removed, or one spare member added as a voter. */
  readonly changes: number;
  readonly preVote: boolean;
}

export const DEFAULT_BOUNDS: Bounds = {
  voters: 3,
  terms: 2,
  entries: 1,
  crashes: 1,
  duplicates: 0,
  heartbeats: 0,
  changes: 0,
  preVote: false,
};

/** Least and greatest sensible value of each number. */
const RANGES = {
  voters: [1, 5],
  terms: [1, 15],
  entries: [0, 15],
  crashes: [0, 15],
  duplicates: [0, 15],
  heartbeats: [0, 15],
  changes: [0, 7],
} as const;

/** What is wrong with the bounds, a sentence each; empty: nothing. */
export function validateBounds(bounds: Bounds): string[] {
  const wrong: string[] = [];
  for (const name of Object.keys(RANGES) as (keyof typeof RANGES)[]) {
    const [least, most] = RANGES[name];
    const value = bounds[name];
    if (Number.isInteger(value) && value >= least && value <= most) continue;
    wrong.push(`${name} must be a whole number from ${least} to ${most}, not ${value}.`);
  }
  return wrong;
}
