/**
 * The last rule, `LIN`: what the clients saw is linearizable. The order that the system itself claims is checked on every run (O(n log n)); the
 * black-box search, which believes nothing, when the plan asks for it and whenever the claimed order does not decide.
 *
 * A false claim is a failure too: the history might be linearizable in another order, but then the system misreports what it did. An
 * undecided history is `inconclusive`, never a pass.
 */
import {
  checkLinearizability,
  checkWitness,
  explain,
  kv,
  type Model,
  type Operation,
} from '@seedraft/check';
import { Violation } from '../observer.ts';
import type { RuleDefinition } from './rule.ts';

export const LINEARIZABILITY: RuleDefinition = {
  id: 'LIN',
  name: 'Linearizability',
  definition:
    'There is one order of all operations that respects real time and that the machine allows; the order by log index, which the system claims, is such an order.',
  antecedent: 'operations judged',
  catches: [
    'M16',
    'M17',
    'M18',
    'M24',
    'M25',
    'M26',
    'M27',
    'FORWARD',
    'RING-LOSS',
    'DEADLINE-KEPT',
  ],
};

export type HistoryVerdict =
  | { readonly outcome: 'linearizable'; readonly operations: number; readonly steps: number }
  | { readonly outcome: 'inconclusive'; readonly reason: string };

export interface HistoryOptions {
  /** Search as well, believing no claim (plan.blackBox). */
  readonly blackBox: boolean;
  /** Default: the key-value machine's. */
  readonly model?: Model;
  /** The search gives up as inconclusive after about so many steps. Default 2 million. */
  readonly maxSteps?: number;
}

const MAX_STEPS = 2_000_000;

/** Judges the history of a whole run (see ../history.ts). Throws a Violation of `LIN`. */
export function judgeHistory(
  operations: readonly Operation[],
  options: HistoryOptions,
): HistoryVerdict {
  const model = options.model ?? (kv() as Model);
  const claimed = checkWitness(operations, model);
  if (claimed.verdict === 'illegal') {
    throw new Violation('LIN', `the order that the log claims is impossible: ${claimed.sentence}`);
  }
  const decided = claimed.verdict === 'ok';
  if (decided && !options.blackBox) {
    return { outcome: 'linearizable', operations: operations.length, steps: 0 };
  }
  const maxSteps = options.maxSteps ?? MAX_STEPS;
  const searched = checkLinearizability(operations, model, { maxSteps });
  if (searched.verdict === 'illegal') throw new Violation('LIN', explain(searched, model));
  const { steps } = searched;
  if (searched.verdict === 'ok' || decided) {
    // A legal order is known even if the search ran out of steps before it found one.
    return { outcome: 'linearizable', operations: operations.length, steps };
  }
  const reason = `linearizability undecided: ${claimed.verdict === 'unknown' ? claimed.reason : ''}; ${searched.reason}`;
  return { outcome: 'inconclusive', reason };
}
