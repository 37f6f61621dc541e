/**
 * The oracle of shrinking: does a plan, run afresh, still break the same rule? Anything else (another rule, an undecided run, a mistake of
 * the user's workload) is no: a smaller failure that is another failure explains nothing.
 */
import type { Plan } from '../plan.ts';
import { type RunOptions, type RunResult, run } from '../run.ts';

/** What must stay: the verdict's kind and the rule. */
export interface Failure {
  readonly verdict: 'violation' | 'liveness';
  readonly rule: string;
}

/** A run that failed in the same way. */
export interface Trial {
  readonly events: number;
  readonly simulatedMicros: number;
}

/** Null: it does not fail, or not in this way, or only after more than `atMost` events. */
export type SameFailure = (plan: Plan, atMost: number) => Trial | null;

/** The failure that a result shows; null when there is none that could be looked for in another plan. */
export function failureOf({ verdict, rule }: RunResult): Failure | null {
  if (verdict !== 'violation' && verdict !== 'liveness') return null;
  // EXPECT is about what did not happen.
  return rule === null || rule === 'EXPECT' ? null : { verdict, rule };
}

/** No run goes on beyond `atMost` events, in the liveness phase neither, where a bug may keep the cluster from ever coming to rest. */
export function sameFailureAs(
  failure: Failure,
  options: Pick<RunOptions, 'own' | 'machine'> = {},
): SameFailure {
  return (plan, atMost) => {
    const maxEvents = Math.min(plan.limits.maxEvents, atMost);
    const limited = { ...plan, limits: { ...plan.limits, maxEvents } };
    // The limit ends a plan's run, the other a schedule's.
    const result = run(limited, { ...options, stopAt: maxEvents + 1 });
    const { verdict, rule, events, simulatedMicros } = result;
    if (verdict !== failure.verdict || rule !== failure.rule || events > atMost) return null;
    return { events, simulatedMicros };
  };
}
