/**
 * The unit of a campaign: one scenario under one seed. A campaign is the sequence of all units in order of (seed number, scenario), so that
 * any contiguous range of seeds is the same work on one machine, many workers or many shards.
 */

/** What one run contributes to a campaign; plain data, small, crosses threads. */
export interface UnitResult {
  readonly unit: number;
  readonly scenario: string;
  readonly seed: string;
  readonly verdict: 'pass' | 'violation' | 'liveness' | 'nondeterminism' | 'inconclusive' | 'error';
  readonly rule: string | null;
  readonly sentence: string | null;
  readonly hash: string;
  readonly events: number;
  readonly simulatedMicros: number;
  readonly acknowledged: number;
  readonly milliseconds: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly rules: Readonly<Record<string, number>>;
  readonly messages: Readonly<Record<string, number>>;
  readonly sometimes: Readonly<Record<string, number>>;
  /** Whether this unit was also run a second time, after others, to compare hashes. */
  readonly twice: boolean;
}

export const isFailure = (result: UnitResult): boolean =>
  result.verdict !== 'pass' && result.verdict !== 'inconclusive';

/** Seed numbers [first, last], inclusive. */
export interface SeedRange {
  readonly first: number;
  readonly last: number;
}

/** The seed text of a number: `17`, or `root/17` under another root than the default. */
export function seedText(root: string, number: number): string {
  return root === '' ? String(number) : `${root}/${number}`;
}

/** `N` is 1..N; `A..B` is inclusive. Null: not a range. */
export function parseSeeds(text: string): SeedRange | null {
  const match = /^(?:(\d{1,15})\.\.)?(\d{1,15})$/.exec(text.trim());
  if (match === null) return null;
  const last = Number(match[2]);
  const first = match[1] === undefined ? 1 : Number(match[1]);
  return last < first || last === 0 ? null : { first, last };
}

/** The part of a range that shard `index` (1-based) of `count` works on; contiguous parts that differ by at most one seed. */
export function shardOf(range: SeedRange, index: number, count: number): SeedRange {
  const seeds = range.last - range.first + 1;
  const begin = Math.floor(((index - 1) * seeds) / count);
  const end = Math.floor((index * seeds) / count);
  return { first: range.first + begin, last: range.first + end - 1 };
}
