/** What a person reads when a run fails: what happened, the rule with its definition, and the one line that replays it. */
import pc from 'picocolors';
import { ruleDefinition } from '../rules.ts';

export interface FailureReport {
  readonly scenario: string;
  readonly seed: string;
  readonly verdict: string;
  readonly rule: string | null;
  readonly sentence: string | null;
  readonly simulatedMicros: number;
  readonly events: number;
  /** What came before, in plain English, oldest first. */
  readonly story: readonly string[];
  /** The run folder, or null when none was written. */
  readonly folder: string | null;
  readonly replay: string;
}

const HEADINGS: Record<string, string> = {
  violation: 'SAFETY VIOLATION',
  liveness: 'LIVENESS VIOLATION',
  nondeterminism: 'NOT DETERMINISTIC',
  inconclusive: 'INCONCLUSIVE',
  error: 'THE SIMULATOR ITSELF FAILED',
};

export function failureText(report: FailureReport): string {
  const seconds = (report.simulatedMicros / 1e6).toFixed(3);
  const definition = report.rule === null ? undefined : ruleDefinition(report.rule);
  const lines = [
    pc.red(
      pc.bold(
        `${HEADINGS[report.verdict] ?? report.verdict}  ${report.scenario}, seed ${report.seed}`,
      ),
    ),
    `At t=${seconds} s, event ${report.events}: ${report.sentence ?? 'no sentence'}`,
  ];
  if (definition !== undefined) {
    lines.push('', `${pc.bold(`${report.rule} ${definition.name}`)}: ${definition.definition}`);
  }
  if (report.story.length > 0) {
    lines.push('', pc.bold('What led there:'), ...report.story.map((line) => `  ${line}`));
  }
  if (report.folder !== null) lines.push('', `${pc.bold('Run folder:')} ${report.folder}`);
  lines.push(`${pc.bold('Replay it:')}  ${report.replay}`);
  return lines.join('\n');
}
