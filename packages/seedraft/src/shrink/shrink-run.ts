/** A failed run to the least run that fails in the same way, with everything that is written about it. No files are touched here. */
import {
  type Failure,
  failureOf,
  isBuiltInSystem,
  type Plan,
  type PlanShrink,
  type RunOptions,
  type RunResult,
  run,
  type SameFailure,
  type ScheduleShrink,
  type ShrinkBudget,
  type ShrinkProgress,
  sameFailureAs,
  shrinkPlan,
  shrinkSchedule,
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
  /** Events of the shrunk plan; `result` is of its schedule when that fails too. */
  readonly planEvents: number;
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
  const oracle = sameFailureAs(failure, own);
  const shrunk = shrinkPlan(plan, oracle, options.budget, options.onProgress);
  const stepwise =
    failure.verdict === 'liveness' || judgedByOwn(plan)
      ? null
      : steps(shrunk, oracle, options.budget);
  const final = stepwise?.plan ?? shrunk.plan;
  const told = recordStory();
  const record = { choices: true, history: true };
  const result = run(final, { record, observers: told.observers, ...own });
  return {
    failure,
    plan: final,
    result,
    rawEvents: raw.events,
    runs: shrunk.runs + (stepwise?.runs ?? 0),
    planEvents: shrunk.events,
    finished: shrunk.finished && stepwise?.finished !== false,
    story: told.lines(),
    artifacts: artifactsOf(final, result, options.origin, options.own),
  };
}

/** A schedule knows no words but those of the key-value workload, and no protocol but Raft. */
const judgedByOwn = ({ workload: { kind } }: Plan): boolean =>
  kind === 'own' || kind === 'protocol' || isBuiltInSystem(kind);

/** Null: it fails in time only, or not in fewer events. */
function steps(
  { plan, events, runs }: PlanShrink,
  oracle: SameFailure,
  budget: ShrinkBudget,
): ScheduleShrink | null {
  const left = { ...budget, runs: STEPS_PER_RUN * Math.max(0, budget.runs - runs) };
  const shrunk = shrinkSchedule(plan, oracle, left);
  if (shrunk === null) return null;
  const trial = oracle(shrunk.plan, Infinity);
  return trial === null || trial.events > events ? null : shrunk;
}

/** A schedule of a few hundred steps runs many times in the time that a plan takes once. */
const STEPS_PER_RUN = 10;
