/** What `fuzz` prints for people when it is over: failures, figures, and a last line that says how it ended. */
import { VACUITY_RUNS } from '@seedraft/sim';
import pc from 'picocolors';
import type { CampaignResult } from '../campaign/campaign.ts';
import type { DetailedFailure } from '../campaign/failure-detail.ts';
import { formatSeeds, type SeedRange } from '../campaign/seeds.ts';
import type { Undecided } from '../campaign/tally.ts';
import type { Vacuity } from '../campaign/vacuity.ts';
import type { CampaignVerdict } from '../campaign/verdict.ts';
import { EXIT } from '../exit-codes.ts';
import { shellWord } from '../shell.ts';
import { failureText } from './failure.ts';

/** What was asked for. */
export interface Asked {
  readonly scenarios: number;
  readonly root: string;
  readonly seeds: SeedRange;
  /** As many seeds as the time allowed: none of them is missing. */
  readonly isOpenEnded: boolean;
  /** The line that runs an inconclusive unit alone. */
  readonly lineOf: (undecided: Undecided) => string;
}

const YEAR = 31_557_600;
const REASONS_SHOWN = 5;
/** More failures than this are rarely read. */
const TOLD = 3;

const plural = (count: number, word: string): string =>
  `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`;

export function campaignText(
  asked: Asked,
  result: CampaignResult,
  failures: readonly DetailedFailure[],
  vacuity: Vacuity,
  verdict: CampaignVerdict,
): string {
  const passed = verdict.exit === EXIT.pass;
  return [
    ...failures.map(failureLines),
    coverage(asked, result),
    ...figures(result, failures.length),
    ...undecidedLines(asked, result),
    ...vacuityLines(vacuity),
    ...(result.tally.units > 0 ? [`campaign hash ${result.tally.hash}`] : []),
    `${passed ? pc.green('PASS') : pc.red('FAIL')} ${verdict.sentence} (exit ${verdict.exit})`,
  ].join('\n');
}

/** The first are told in full, the others take a line. */
function failureLines({ unit, ...detail }: DetailedFailure, place: number): string {
  if (place < TOLD) return `${failureText({ ...unit, ...detail })}\n`;
  const { rule, verdict, scenario, seed } = unit;
  return `${pc.red('also failed:')} ${rule ?? verdict} ${scenario}, seed ${seed}: ${detail.replay}`;
}

function coverage({ scenarios, root, seeds, isOpenEnded }: Asked, result: CampaignResult): string {
  const covered = formatSeeds(result.seeds);
  const rootFlag = root === '' ? '' : `--root ${shellWord(root)} `;
  const range = covered === null ? 'no whole seed' : `${rootFlag}--seeds ${covered}`;
  const rest = { first: result.seeds.last + 1, last: seeds.last };
  const isWhole = isOpenEnded || formatSeeds(rest) === null;
  const left = isWhole ? '' : ` (not reached: --seeds ${formatSeeds(rest)})`;
  return `${plural(result.tally.units, 'run')}: ${plural(scenarios, 'scenario')}, ${range}${left}`;
}

function figures({ tally, wallSeconds, workers }: CampaignResult, failed: number): string[] {
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
  if (judged) return gaps.map((gap) => `${pc.yellow('never exercised:')} ${gap}`);
  if (gaps.length === 0) return [];
  return [
    `${plural(gaps.length, 'thing')} not exercised yet; that is judged from ${VACUITY_RUNS} runs on that leave everything to the seed (here ${runs})`,
  ];
}

function undecidedLines({ lineOf }: Asked, { tally }: CampaignResult): string[] {
  const reasons = Object.entries(tally.reasons).sort(([, a], [, b]) => b - a);
  const lines = reasons.slice(0, REASONS_SHOWN).map(([reason, count]) => {
    const example = tally.undecided.find((undecided) => undecided.reason === reason);
    const line = example === undefined ? '' : ` (${lineOf(example)})`;
    return `inconclusive, ${count}x: ${reason}${line}`;
  });
  const more = reasons.length - lines.length;
  return more > 0 ? [...lines, `inconclusive for ${plural(more, 'other reason')} (--json)`] : lines;
}
