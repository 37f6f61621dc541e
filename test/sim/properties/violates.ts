/** How the tests of the rules say "this rule, and with these words". */
import { Violation } from '@seedraft/sim';
import { expect } from 'vitest';

/** Runs `act` and expects a violation of `rule` whose sentence contains `words`. */
export function expectViolation(rule: string, words: string, act: () => void): void {
  let thrown: unknown = null;
  try {
    act();
  } catch (error) {
    thrown = error;
  }
  if (!(thrown instanceof Violation)) throw new Error(`nothing violated ${rule}: ${thrown}`);
  expect(`${thrown.rule}: ${thrown.message}`).toContain(words);
  expect(thrown.rule).toBe(rule);
}
