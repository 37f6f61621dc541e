/** What `fuzz` prints for people when it is over: failures, figures, and a last line that says how it ended. */
import { VACUITY_RUNS } from '@seedraft/sim';
import pc from 'picocolors';
import type { DetailedFailure } from '../campaign/failure-detail.ts';
import type { Vacuity } from '../campaign/vacuity.ts';
import { EXIT } from '../exit-codes.ts';
import { harmlessLine } from '../harmless.ts';
import { shellWord } from '../shell.ts';
import type { CampaignReport } from './campaign-report.ts';
import { failureText } from './failure.ts';

const YEAR = 31_557_600;
const REASONS_SHOWN = 5;
/** More failures than this are rarely read. */
const TOLD = 3;

const plural = (count: number, word: string): string =>
  `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`;

export function campaignText(report: CampaignReport): string {
  const { result, failures, vacuity, verdict } = report;
  const passed = verdict.exit === EXIT.pass;
  return [
    ...failures.map(failureLines),
    coverage(report),
    ...figures(result, failures.length),
    ...undecidedLines(report),
    ...vacuityLines(vacuity),
    ...(result.tally.units > 0 ? [`campaign hash ${result.tally.hash}`] : []),
    `${passed ? pc.green('PASS') : pc.red('FAIL')} ${harmlessLine(verdict.sentence)} (exit ${verdict.exit})`,
  ].join('\n');
}

/** The first are told in full, the others take a line. */
function failureLines({ unit, ...detail }: DetailedFailure, place: number): string {
  if (place < TOLD) return `${failureText({ ...unit, ...detail })}\n`;
  const { rule, verdict, scenario, seed } = unit;
  return `${pc.red('also failed:')} ${harmlessLine(`${rule ?? verdict} ${scenario}, seed ${seed}`)}: ${detail.replay}`;
}

function coverage({ scenarios, root, seeds, missing, result }: CampaignReport): string {
  const rootFlag = root === '' ? '' : `--root ${shellWord(root)} `;
  const range = seeds === null ? 'no whole seed' : `${rootFlag}--seeds ${seeds}`;
  const left = missing === null ? '' : ` (not reached: --seeds ${missing})`;
  return `${plural(result.tally.units, 'run')}: ${plural(scenarios, 'scenario')}, ${range}${left}`;
}

function figures(result: CampaignReport['result'], failed: number): string[] {
  const { tally, wallSeconds, workers } = result;
  const share = ((100 * tally.inconclusive) / Math.max(1, tally.units)).toFixed(1);
  const perSecond = Math.round(tally.events / Math.max(wallSeconds, 1e-3));
  const seconds = Math.round(tally.simulatedMicros / 1e6);
  const years = tally.simulatedMicros / 1e6 / YEAR;
  const inYears = years < 0.01 ? '' : ` (${years.toFixed(2)} years)`;
  return [
    `${pc.green(`${tally.passed} passed`)}, ${failed > 0 ? pc.red(`${failed} failed`) : '0 failed'}, ${tally.inconclusive} inconclusive (${share} %); ${tally.twice} run twice and compared`,
    `${plural(tally.events, 'event')}, ${perSecond.toLocaleString('en')} a second on ${plural(workers, 'worker')}; ` +
      `${plural(seconds, 'simulated second')}${inYears} in ${wallSeconds.toFixed(1)} s; ${plural(tally.acknowledged, 'acknowledged operation')}`,
  ];
}

function vacuityLines({ judged, gaps, runs }: Vacuity): string[] {
  if (judged) return gaps.map((gap) => `${pc.yellow('never exercised:')} ${harmlessLine(gap)}`);
  if (gaps.length === 0) return [];
  return [
    `${plural(gaps.length, 'thing')} not exercised yet; that is judged from ${VACUITY_RUNS} runs on that leave everything to the seed (here ${runs})`,
  ];
}

function undecidedLines({ lineOf, result: { tally } }: CampaignReport): string[] {
  const reasons = Object.entries(tally.reasons).sort(([, a], [, b]) => b - a);
  const lines = reasons.slice(0, REASONS_SHOWN).map(([reason, count]) => {
    const example = tally.undecided.find((undecided) => undecided.reason === reason);
    const line = example === undefined ? '' : ` (${lineOf(example)})`;
    return `inconclusive, ${count}x: ${harmlessLine(reason)}${line}`;
  });
  const more = reasons.length - lines.length;
  return more > 0 ? [...lines, `inconclusive for ${plural(more, 'other reason')} (--json)`] : lines;
}
