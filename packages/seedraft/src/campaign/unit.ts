/**
 * The unit of a campaign: one scenario under one seed. A campaign is the sequence of all units in order of (seed number, scenario), so that
 * any contiguous range of seeds is the same work on one machine, many workers or many shards.
 */
import type { Divergence, RunResult } from '@seedraft/sim';

/** A campaign also finds that a run was not reproduced, or that it did not end in the time that it may take. */
export type UnitVerdict = RunResult['verdict'] | 'nondeterminism' | 'unfinished';

/** What one run contributes to a campaign; plain data, small, crosses threads. */
export interface UnitResult
  extends Pick<RunResult, 'rule' | 'definition' | 'hash' | 'events' | 'simulatedMicros'>,
    Pick<RunResult, 'faults' | 'rules' | 'messages' | 'sometimes'> {
  /** Its number: seed number times the number of scenarios, plus the place of its scenario. */
  readonly unit: number;
  readonly scenario: string;
  readonly seed: string;
  readonly verdict: UnitVerdict;
  /** What was seen, or why it could not be judged. */
  readonly sentence: string | null;
  readonly acknowledged: number;
  /** Whether this unit was also run a second time, after others, to compare. */
  readonly twice: boolean;
  /** Where its two runs parted, when that could be found. */
  readonly divergence: Divergence | null;
}

export const isFailure = (result: UnitResult): boolean =>
  result.verdict !== 'pass' && result.verdict !== 'inconclusive';
