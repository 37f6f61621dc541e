/** What a person reads when a run fails: what happened, the rule with its definition, what led there, and the one line that replays it. */
import type { Divergence } from '@seedraft/sim';
import pc from 'picocolors';
import { harmlessBlock, harmlessLine } from '../harmless.ts';
import { brokenRule } from '../rules.ts';
import { shellWord } from '../shell.ts';
import { lastEvent } from './last-event.ts';

export interface FailureReport {
  readonly scenario: string;
  readonly seed: string;
  readonly verdict: string;
  readonly rule: string | null;
  /** Of a rule that is not ours. */
  readonly definition?: string;
  readonly sentence: string | null;
  readonly simulatedMicros: number;
  readonly events: number;
  /** What came before, in plain English, oldest first. */
  readonly story: readonly string[];
  /** The run folder, or null when none was written. */
  readonly folder: string | null;
  readonly replay: string;
  /** The page that shows it, or the line that draws one; null or absent: neither. */
  readonly picture?: string | null;
  readonly divergence?: Divergence | null;
  /** Something the reader should know about this report. */
  readonly note?: string | null;
}

const HEADINGS: Record<string, string> = {
  violation: 'SAFETY VIOLATION',
  liveness: 'LIVENESS VIOLATION',
  nondeterminism: 'NOT DETERMINISTIC',
  unfinished: 'DID NOT END',
  inconclusive: 'INCONCLUSIVE',
  mistake: 'MISTAKE IN YOUR CONFIG (not a finding about your machine)',
  error: 'SEEDRAFT ITSELF FAILED (not a finding about your cluster)',
};

export function failureText(report: FailureReport): string {
  const heading =
    report.rule === 'EXPECT' ? 'NOT AS EXPECTED' : (HEADINGS[report.verdict] ?? report.verdict);
  const { scenario, seed, rule, note } = report;
  const definition = brokenRule(report);
  const lines = [
    pc.red(pc.bold(`${heading}: ${harmlessLine(`${scenario}, seed ${seed}`)}`)),
    `At ${lastEvent(report)}: ${harmlessBlock(report.sentence ?? 'no reason was given')}`,
  ];
  if (definition !== undefined) {
    lines.push(
      '',
      `${pc.bold(harmlessLine(`${rule} ${definition.name}`.trim()))}: ${harmlessBlock(definition.definition)}`,
    );
  }
  if (report.divergence) lines.push('', ...divergenceLines(report.divergence));
  if (report.story.length > 0) {
    lines.push('', pc.bold('What led there:'), ...report.story.map(indented));
  }
  lines.push('');
  if (report.folder !== null) lines.push(`${pc.bold('Run folder:')} ${shellWord(report.folder)}`);
  if (note) lines.push(`${pc.bold('No run folder:')} ${harmlessBlock(note)}`);
  lines.push(`${pc.bold('Replay it:')}  ${report.replay}`);
  if (report.picture) lines.push(`${pc.bold('See it:')}     ${harmlessLine(report.picture)}`);
  lines.push(...further(report));
  return lines.join('\n');
}

const indented = (line: string): string => `  ${harmlessLine(line)}`;

/** What else there is to do about a broken rule: the line that replays its folder, with another verb. */
function further({ folder, verdict, replay }: FailureReport): string[] {
  if (folder === null || (verdict !== 'violation' && verdict !== 'liveness')) return [];
  const line = (verb: string): string => replay.replace(' replay ', ` ${verb} `);
  return [
    `${pc.bold('Explain it:')} ${line('explain')}`,
    `${pc.bold('Shrink it:')}  ${line('shrink')}`,
  ];
}

/** The last lines that both runs share, then what each did. */
function divergenceLines({ traces: [first, second] }: Divergence): string[] {
  let same = 0;
  while (same < first.length && first[same] === second[same]) same++;
  const side = (trace: readonly string[]): string[] =>
    trace.slice(same, same + SHOWN).map(indented);
  return [
    pc.bold('The same in both runs:'),
    ...first.slice(Math.max(0, same - SHOWN), same).map(indented),
    pc.bold('then in one:'),
    ...side(first),
    pc.bold('and in the other:'),
    ...side(second),
  ];
}

const SHOWN = 6;
