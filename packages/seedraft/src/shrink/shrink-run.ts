/** A failed run to the least run that fails in the same way, with everything that is written about it. No files are touched here. */
import {
  type Failure,
  failureOf,
  type Plan,
  type RunOptions,
  type RunResult,
  run,
  type ShrinkBudget,
  type ShrinkProgress,
  sameFailureAs,
  shrinkPlan,
} from '@seedraft/sim';
import { recordStory } from '../reporters/story.ts';
import { type Artifacts, artifactsOf, type Origin } from './artifacts.ts';

export interface ShrunkRun {
  readonly failure: Failure;
  readonly plan: Plan;
  /** With its choices and history. */
  readonly result: RunResult;
  /** Events of the raw run, up to the violation. */
  readonly rawEvents: number;
  readonly runs: number;
  /** False: the budget ended it. */
  readonly finished: boolean;
  readonly story: readonly string[];
  readonly artifacts: Artifacts;
}

export interface ShrinkRunOptions {
  readonly own: RunOptions['own'];
  readonly origin: Origin;
  readonly budget: ShrinkBudget;
  readonly onProgress: (progress: ShrinkProgress) => void;
}

/** `raw` is the run of `plan`. Null: it did not fail, or in a way that is not a rule's. */
export function shrinkRun(plan: Plan, raw: RunResult, options: ShrinkRunOptions): ShrunkRun | null {
  const failure = failureOf(raw);
  if (failure === null) return null;
  const own = options.own === undefined ? {} : { own: options.own };
  const judgedAtEnd = raw.simulatedMicros >= plan.duration;
  const oracle = sameFailureAs(failure, judgedAtEnd, own);
  const shrunk = shrinkPlan(plan, oracle, options.budget, options.onProgress);
  const told = recordStory();
  const record = { choices: true, history: true };
  const result = run(shrunk.plan, { record, observers: told.observers, ...own });
  return {
    failure,
    plan: shrunk.plan,
    result,
    rawEvents: raw.events,
    runs: shrunk.runs,
    finished: shrunk.finished,
    story: told.lines(),
    artifacts: artifactsOf(shrunk.plan, result, options.origin, options.own),
  };
}
