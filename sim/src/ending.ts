/**
 * How a run ends: what was thrown, or nothing, as a verdict. A verdict is never better than what was established, and what breaks in the
 * simulator itself is an `error`, never a finding.
 */
import { LimitReached } from './engine.ts';
import { Violation } from './observer.ts';
import { OwnMistake } from './own/system.ts';
import type { Plan } from './plan.ts';
import type { RunVerdict } from './run.ts';

export interface Ending {
  readonly verdict: RunVerdict;
  readonly rule: string | null;
  readonly sentence: string | null;
  readonly reason: string | null;
}

export const PASS: Ending = { verdict: 'pass', rule: null, sentence: null, reason: null };

/** `isLiveness`: of the rule that was broken. */
export function endingOf(thrown: unknown, isLiveness: (rule: string) => boolean): Ending {
  if (thrown instanceof Violation) {
    const verdict = isLiveness(thrown.rule) ? 'liveness' : 'violation';
    return { verdict, rule: thrown.rule, sentence: thrown.message, reason: null };
  }
  if (thrown instanceof LimitReached) return inconclusive(thrown.message);
  if (thrown instanceof OwnMistake) return mistake(thrown.message);
  const reason = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return { verdict: 'error', rule: null, sentence: null, reason };
}

export function mistake(reason: string): Ending {
  return { verdict: 'mistake', rule: null, sentence: null, reason };
}

export function inconclusive(reason: string): Ending {
  return { verdict: 'inconclusive', rule: null, sentence: null, reason };
}

/** A plan may document a known-bad configuration: then the violation is what passes. */
export function expected(plan: Plan, ending: Ending): Ending {
  if (plan.expect === 'pass') return ending;
  const { violation } = plan.expect;
  if (ending.rule === violation) return { ...PASS, sentence: `as expected: ${ending.sentence}` };
  if (ending.verdict !== 'pass') return ending;
  const sentence = `the plan expects a violation of ${violation}, but none was found`;
  return { verdict: 'violation', rule: 'EXPECT', sentence, reason: null };
}
