/** What a thread that shrinks is given, and what it says. */
import type { Plan, RunResult, ShrinkProgress } from '@seedraft/sim';
import type { Bundle } from '../config/bundle.ts';
import type { Origin } from './artifacts.ts';
import type { ShrunkRun } from './shrink-run.ts';

export interface ShrinkWork {
  /** It failed by a rule. */
  readonly plan: Plan;
  readonly raw: RunResult;
  readonly origin: Origin;
  /** Fresh runs, at most. */
  readonly runs: number;
  /** Shared: 1 means enough, what was reached is the result. */
  readonly stop: Int32Array;
  /** The user's machine, where the run is about one. */
  readonly config: Pick<Bundle, 'file' | 'module'> | null;
}

/** Many times progress, and once, last, the result. */
export type ShrinkSaid = { readonly progress: ShrinkProgress } | { readonly shrunk: ShrunkRun };
