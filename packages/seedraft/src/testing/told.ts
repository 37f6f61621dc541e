/**
 * A run as a test runner shows it: one sentence that says what went wrong, the rule, what led there, the lines that show it again. Plain
 * functions: any test runner can use them; `matchers.ts` says the same in vitest's words.
 */
import { explain, type Model, type Verdict } from '@seedraft/check';
import type { RunResult } from '@seedraft/sim';
import { harmlessBlock, harmlessLine } from '../harmless.ts';
import { lastEvent } from '../reporters/last-event.ts';
import { brokenRule } from '../rules.ts';

/** Thrown by the `assert` functions; its message is for people. */
export class SimulationFailure extends Error {
  readonly result: RunResult | null;
  constructor(message: string, result: RunResult | null = null) {
    super(message);
    this.name = 'SimulationFailure';
    this.result = result;
  }
}

/** Which run it was, and what may be pasted about it. */
export interface Told {
  readonly scenario?: string;
  readonly seed?: string;
  /** What came before, oldest first. */
  readonly story?: readonly string[];
  /** Lines to paste. */
  readonly lines?: readonly string[];
}

/** What a run came to, in a few lines; for a run that passed, what was looked at. */
export function describeRun(result: RunResult, told: Told = {}): string {
  const { verdict, sentence, reason, events, rules } = result;
  const which = told.scenario === undefined ? 'the run' : `${told.scenario}, seed ${told.seed}`;
  if (verdict === 'pass') {
    const checks = Object.values(rules).reduce((sum, count) => sum + count, 0);
    const { acknowledged } = result.operations;
    return `${which}: ${events} events, ${acknowledged} acknowledged operations, ${checks} rule checks`;
  }
  const why = harmlessBlock(sentence ?? reason ?? 'no reason was given');
  const lines = [`${harmlessLine(which)}: ${verdict} at ${lastEvent(result)}: ${why}`];
  const definition = brokenRule(result);
  if (definition !== undefined) {
    const { id, name, definition: text } = definition;
    lines.push('', `${harmlessLine(`${id} ${name}`.trim())}: ${harmlessBlock(text)}`);
  }
  const { story = [] } = told;
  if (story.length > 0) {
    lines.push('', 'What led there:', ...story.map((line) => `  ${harmlessLine(line)}`));
  }
  if (told.lines !== undefined) lines.push('', ...told.lines);
  return lines.join('\n');
}

/** Throws a SimulationFailure unless the verdict is `pass`: what was not decided did not pass. */
export function assertPass(result: RunResult, told: Told = {}): void {
  if (result.verdict !== 'pass') throw new SimulationFailure(describeRun(result, told), result);
}

/** Throws a SimulationFailure unless the verdict is `ok`: `unknown` is not. */
export function assertLinearizable(verdict: Verdict, model: Model): void {
  if (verdict.verdict !== 'ok') throw new SimulationFailure(explain(verdict, model));
}
