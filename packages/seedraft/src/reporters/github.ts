/**
 * What GitHub Actions shows of a campaign: an annotation for each failure (workflow commands, on stderr, where the runner reads them too), and a
 * summary of the step in Markdown. Text from scenarios and runs is escaped: it can neither end a command nor begin another.
 */
import type { DetailedFailure } from '../campaign/failure-detail.ts';
import { EXIT } from '../exit-codes.ts';
import { harmless } from '../harmless.ts';
import { ruleDefinition } from '../rules.ts';
import type { CampaignReport } from './campaign-report.ts';

/** GitHub shows ten annotations of a step. */
const ANNOTATED = 10;
const LISTED = 50;

const data = (text: string): string =>
  harmless(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

export function annotations({ failures, verdict }: CampaignReport): string[] {
  const lines = failures.slice(0, ANNOTATED).map(({ unit, replay }) => {
    const title = `${unit.rule ?? unit.verdict}: ${unit.scenario}, seed ${unit.seed}`;
    const text = `${unit.sentence ?? 'no reason was given'}\nReplay it: ${replay}`;
    return `::error title=${property(title)}::${data(text)}`;
  });
  if (lines.length > 0 || verdict.exit === EXIT.pass) return lines;
  return [`::error title=seedraft::${data(verdict.sentence)}`];
}

const cell = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('|', '\\|')
    .replaceAll('`', '&#96;')
    .replaceAll(/[\r\n]+/g, ' ');

export function stepSummary(report: CampaignReport): string {
  const { result, failures, vacuity, verdict, scenarios, seeds } = report;
  const { tally, wallSeconds } = result;
  const number = (value: number): string => Math.round(value).toLocaleString('en');
  const lines = [
    `### seedraft: ${verdict.exit === EXIT.pass ? 'passed' : 'FAILED'}`,
    '',
    cell(verdict.sentence),
    '',
    '| runs | passed | failed | inconclusive | events | simulated | acknowledged operations | wall time |',
    '|---:|---:|---:|---:|---:|---:|---:|---:|',
    `| ${number(tally.units)} | ${number(tally.passed)} | ${number(failures.length)} | ${number(tally.inconclusive)} | ${number(tally.events)} | ${number(tally.simulatedMicros / 1e6)} s | ${number(tally.acknowledged)} | ${number(wallSeconds)} s |`,
    '',
    `${scenarios} scenario${scenarios === 1 ? '' : 's'}, seeds ${seeds ?? 'none'}, campaign hash ${tally.hash}`,
  ];
  if (failures.length > 0) lines.push('', ...failureTable(failures));
  if (vacuity.judged && vacuity.gaps.length > 0) {
    lines.push('', 'Never exercised:', '', ...vacuity.gaps.map((gap) => `- ${cell(gap)}`));
  }
  return `${lines.join('\n')}\n`;
}

function failureTable(failures: readonly DetailedFailure[]): string[] {
  const rows = failures.slice(0, LISTED).map(({ unit, replay }) => {
    const name = unit.rule === null ? '' : (ruleDefinition(unit.rule)?.name ?? '');
    const rule = cell(`${unit.rule ?? unit.verdict} ${name}`.trim());
    const seen = cell(unit.sentence ?? '');
    return `| ${rule} | ${cell(unit.scenario)} | ${cell(unit.seed)} | ${seen} | <code>${cell(replay)}</code> |`;
  });
  const more = failures.length - rows.length;
  return [
    '| rule | scenario | seed | what was seen | replay it |',
    '|---|---|---|---|---|',
    ...rows,
    ...(more > 0 ? ['', `and ${more} more`] : []),
  ];
}
