/** What `run` and `replay` print about one run. */
import type { Plan, RunResult } from '@seedraft/sim';
import pc from 'picocolors';
import { harmlessBlock, harmlessLine } from '../harmless.ts';
import { shellWord } from '../shell.ts';
import { failureText } from './failure.ts';

export interface RunReport {
  readonly plan: Plan;
  readonly result: RunResult;
  readonly story: readonly string[];
  readonly folder: string | null;
  readonly replay: string;
  /** The page that shows it, or the line that draws one; null or absent: neither. */
  readonly picture?: string | null;
  /** Why there is no folder although one was to be written. */
  readonly note?: string | null;
}

/** The trace is there when it was asked for. */
export function runJson({
  plan,
  result,
  folder,
  replay,
  picture = null,
  note = null,
}: RunReport): Record<string, unknown> {
  const { choices: _c, history: _h, checkpoints: _p, ...rest } = result;
  return { scenario: plan.scenario, seed: plan.seed, ...rest, folder, replay, picture, note };
}

export function runText(report: RunReport): string {
  const { plan, result, story, folder, replay, picture = null, note = null } = report;
  const trace = (result.trace ?? []).map((line) => `${harmlessLine(line)}\n`).join('');
  if (result.verdict === 'pass') return trace + passText(report);
  const sentence = result.sentence ?? result.reason;
  const { scenario, seed } = plan;
  return (
    trace +
    failureText({ ...result, sentence, scenario, seed, story, folder, replay, picture, note })
  );
}

function passText({ plan, result, folder }: RunReport): string {
  const checks = Object.values(result.rules).reduce((sum, count) => sum + count, 0);
  const lines = [
    `${pc.green('pass')}  ${harmlessLine(`${plan.scenario}, seed ${plan.seed}`)}: ${result.events} events, ${(result.simulatedMicros / 1e6).toFixed(1)} simulated seconds, ` +
      `${result.operations.acknowledged} acknowledged operations, ${checks.toLocaleString('en')} rule checks`,
  ];
  if (result.sentence !== null) lines.push(harmlessBlock(result.sentence));
  lines.push(`hash ${result.hash}`);
  if (folder !== null) lines.push(`run folder ${shellWord(folder)}`);
  return lines.join('\n');
}
