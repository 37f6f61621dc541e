/**
 * Is the simulator itself deterministic? The same plan is run twice and the hashes must agree. If not, the checkpoints are bisected to the
 * first 1,024 events that differ, the choice logs say which event was the first, and when the events agree but what members hold does
 * not, digests after each event do. The trace around it is regenerated from both sides.
 */
import {
  CHECKPOINT_EVERY,
  type Checkpoint,
  type Choice,
  decodeChoices,
  eventKindName,
  firstDifference,
} from './choices.ts';
import { endpointName } from './link.ts';
import type { Plan } from './plan.ts';
import { type RunOptions, type RunResult, run } from './run.ts';
import { seconds } from './trace.ts';

export interface Divergence {
  /** The number of the first event that differs, or after which members differ. */
  readonly event: number;
  /** In simulated microseconds. */
  readonly time: number;
  /** What each run did there. */
  readonly sentence: string;
  /** Lines around it, from each run. */
  readonly traces: readonly [readonly string[], readonly string[]];
}

export type Runner = (options: RunOptions) => RunResult;

export interface TwiceResult {
  readonly result: RunResult;
  readonly divergence: Divergence | null;
}

/** Runs the plan, then again (after whatever `between` does), and compares. */
export function runTwice(plan: Plan, between: () => void = () => {}): TwiceResult {
  const result = run(plan);
  between();
  const again = run(plan);
  if (again.hash === result.hash) return { result, divergence: null };
  const runner: Runner = (options) => run(plan, options);
  return { result, divergence: firstDivergence(runner, runner) };
}

/** Where two runners that ought to do the same part; null when they did not part this time. */
export function firstDivergence(first: Runner, second: Runner): Divergence | null {
  const record = { choices: true };
  const a = first({ record });
  const b = second({ record });
  if (a.hash === b.hash) return null;
  const block = firstDifferentBlock(a.checkpoints, b.checkpoints);
  const event = firstDifference(a.choices as Int32Array, b.choices as Int32Array);
  // Within the block, or before its end: members may differ some time before their messages do.
  const inside = firstDifferentDigest(first, second, block, event);
  const at = inside ?? Math.max(event, 0);
  const choices = [a, b].map((one) => decodeChoices(one.choices as Int32Array)) as [
    Choice[],
    Choice[],
  ];
  const range = { from: Math.max(0, at - 20), to: at + 5 };
  const stop = { record: { trace: range }, stopAt: range.to + 1 };
  return {
    event: at,
    time: Math.min(choices[0][at]?.time ?? Infinity, choices[1][at]?.time ?? Infinity),
    sentence: tell(at, choices, inside !== null),
    traces: [first(stop).trace ?? [], second(stop).trace ?? []],
  };
}

/** The first checkpoint that differs, by bisection: chained hashes never agree again. Its block is the events before it. */
function firstDifferentBlock(a: readonly Checkpoint[], b: readonly Checkpoint[]): number {
  let low = 0;
  let high = Math.min(a.length, b.length);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (a[middle]?.hash === b[middle]?.hash) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Null: what members hold does not differ before the events do. */
function firstDifferentDigest(
  first: Runner,
  second: Runner,
  block: number,
  event: number,
): number | null {
  const from = block * CHECKPOINT_EVERY;
  const to = event < 0 ? from + CHECKPOINT_EVERY : Math.min(from + CHECKPOINT_EVERY, event);
  if (to <= from) return null;
  const options: RunOptions = { record: { digests: [from, to] }, stopAt: to + 1 };
  const a = first(options).digests ?? [];
  const b = second(options).digests ?? [];
  for (let n = 0; n < Math.max(a.length, b.length); n += 1) {
    // Digests are noted when an event begins: what differs then was done by the event before.
    if (a[n] !== b[n]) return Math.max(0, from + n - 1);
  }
  return null;
}

function tell(event: number, [a, b]: readonly [Choice[], Choice[]], inside: boolean): string {
  const name = (choice: Choice | undefined): string => {
    if (choice === undefined) return 'nothing (the run is over)';
    const { kind, a: from, b: to, ordinal, time } = choice;
    return `${eventKindName(kind)} ${endpointName(from)}->${endpointName(to)} #${ordinal} at ${seconds(time)} s`;
  };
  if (inside)
    return `event ${event} is the same in both runs (${name(a[event])}) and leaves members that differ`;
  return `event ${event} is ${name(a[event])} in one run and ${name(b[event])} in the other`;
}
