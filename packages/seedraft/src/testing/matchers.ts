/** vitest's `expect` in the words of runs and histories. An undecided run or history satisfies neither a matcher nor its negation's intent: it fails both. */
import { checkLinearizability, explain, type Model, type Operation } from '@seedraft/check';
import type { RunResult } from '@seedraft/sim';
import { describeRun } from './told.ts';

interface Matched {
  readonly pass: boolean;
  readonly message: () => string;
}

/** The three matchers; `seedraft/vitest` has told vitest's `expect` of them already. */
export const matchers = {
  /** A run (`simulate`, `run`) whose verdict is pass. */
  toPass(this: { readonly isNot?: boolean }, result: RunResult): Matched {
    const isDecided = result.verdict !== 'inconclusive';
    const pass = isDecided ? result.verdict === 'pass' : this.isNot === true;
    return { pass, message: () => describeRun(result) };
  },

  /** A run that breaks this rule: S1..S22, L1..L7, LIN; `.not`: a run that was decided and does not. */
  toBreak(this: { readonly isNot?: boolean }, result: RunResult, rule: string): Matched {
    const undecided = result.verdict === 'inconclusive' || result.verdict === 'error';
    const pass = undecided ? this.isNot === true : result.rule === rule;
    const wanted = this.isNot === true ? `anything but ${rule}` : rule;
    return {
      pass,
      message: () => `expected ${wanted} to be broken; ${describeRun(result)}`,
    };
  },

  /** A history that some order of its operations explains, by the model. */
  toBeLinearizable(
    this: { readonly isNot?: boolean },
    history: readonly Operation[],
    model: Model,
  ): Matched {
    const verdict = checkLinearizability(history, model);
    const pass = verdict.verdict === 'unknown' ? this.isNot === true : verdict.verdict === 'ok';
    return { pass, message: () => explain(verdict, model) };
  },
} as const;

/** For vitest's own types. */
export interface SimulationMatchers<R = unknown> {
  /** The run's verdict is pass; the message says what else it was. */
  toPass(): R;
  /** The run breaks this rule: S1..S22, L1..L7, LIN. */
  toBreak(rule: string): R;
  /** Some order of the history's operations that respects real time is legal by the model. */
  toBeLinearizable(model: Model): R;
}
