/** `seedraft fuzz`: scenarios under many seeds, on all workers, until the seeds or the time run out. */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { run, scenarioToPlan, vacuityGaps } from '@seedraft/sim';
import type { Command } from 'commander';
import pc from 'picocolors';
import { type CampaignResult, defaultWorkers, runCampaign } from '../campaign/campaign.ts';
import type { ScenarioSource } from '../campaign/task.ts';
import { parseSeeds, type SeedRange, shardOf, type UnitResult } from '../campaign/unit.ts';
import { EXIT, UsageError } from '../exit-codes.ts';
import { type CampaignFailure, campaignJson } from '../reporters/campaign-json.ts';
import { failureText } from '../reporters/failure.ts';
import { startProgress } from '../reporters/progress.ts';
import { recordStory } from '../reporters/story.ts';
import { writeRunFolder } from '../run-folder.ts';
import { findScenarios, loadScenario } from '../scenarios.ts';
import { parseDuration, parseShard, parseWorkers } from './arguments.ts';
import { note, out } from './output.ts';

interface FuzzFlags {
  readonly seeds?: string;
  readonly for?: string;
  readonly workers?: string;
  readonly shard?: string;
  readonly out: string;
  readonly root: string;
  readonly json?: boolean;
}

/** Run folders and full reports for this many failures; all are listed. */
const DETAILED_FAILURES = 10;
/** Campaigns shorter than this prove nothing about what was left out. */
const VACUITY_RUNS = 64;
const INCONCLUSIVE_SHARE = 0.05;
const TWICE_EVERY = 32;

export function addFuzz(program: Command, finish: (code: number) => void): void {
  program
    .command('fuzz')
    .summary('run scenarios under many seeds and judge every run')
    .description(
      'Runs each scenario (all shipped ones when none is named) under each seed, checks every rule after every event, and prints a line that replays each failure. ' +
        'The same seeds give the same campaign hash on any machine and with any number of workers.',
    )
    .argument('[scenario...]', 'files, folders, or names of shipped scenarios')
    .option('--seeds <N|A..B>', 'seed numbers: 1..N, or A..B')
    .option(
      '--for <time>',
      'stop handing out seeds after this much wall time (default: 60s without --seeds)',
    )
    .option('--workers <N>', `worker threads (default: one per CPU, here ${defaultWorkers()})`)
    .option('--shard <i/n>', 'work on the i-th of n parts of the seed range')
    .option('--root <text>', 'another family of seeds; `random` draws one and prints it', '')
    .option('--out <dir>', 'where run folders of failures go', 'runs')
    .option('--json', 'print one JSON object on stdout')
    .action(async (names: string[], flags: FuzzFlags) => finish(await fuzz(names, flags)));
}

function seedRange(flags: FuzzFlags): SeedRange {
  const text = flags.seeds ?? String(Number.MAX_SAFE_INTEGER).slice(0, 12);
  const range = parseSeeds(text);
  if (range === null) {
    throw new UsageError(
      `--seeds ${text}: say how many (--seeds 1000) or which (--seeds 5001..6000).`,
    );
  }
  if (flags.shard === undefined) return range;
  if (flags.seeds === undefined) {
    throw new UsageError('--shard splits a seed range: give --seeds too.');
  }
  const { index, count } = parseShard(flags.shard);
  return shardOf(range, index, count);
}

async function fuzz(names: readonly string[], flags: FuzzFlags): Promise<number> {
  const scenarios = findScenarios(names);
  const seeds = seedRange(flags);
  const timed = flags.for !== undefined || flags.seeds === undefined;
  const forMilliseconds = timed
    ? parseDuration('--for', flags.for ?? '60s')
    : Number.POSITIVE_INFINITY;
  const workers = parseWorkers(flags.workers);
  const root = flags.root === 'random' ? randomBytes(6).toString('hex') : flags.root;
  if (flags.root === 'random') note(`root: ${root} (repeat with --root ${root})`);

  const abort = new AbortController();
  const onInterrupt = (): void => abort.abort();
  process.once('SIGINT', onInterrupt);
  const total = (seeds.last - seeds.first + 1) * scenarios.length;
  const quiet = flags.json === true && !process.stderr.isTTY;
  const progress = startProgress(
    flags.seeds === undefined ? Number.MAX_SAFE_INTEGER : total,
    forMilliseconds,
    quiet,
  );
  let result: CampaignResult;
  try {
    result = await runCampaign({
      scenarios,
      root,
      seeds,
      forMilliseconds,
      workers,
      twiceEvery: TWICE_EVERY,
      signal: abort.signal,
      onProgress: (now) => progress.update(now),
    });
  } finally {
    progress.stop();
    process.removeListener('SIGINT', onInterrupt);
  }
  const failed = [...result.tally.failures, ...result.beyond];
  const failures = failed.map((failure, n) =>
    describeFailure(scenarios, failure, n < DETAILED_FAILURES ? flags.out : null),
  );
  const gaps = names.length === 0 ? gapsOf(result) : [];
  if (flags.json)
    out(
      JSON.stringify(
        campaignJson(
          result,
          failures.map((f) => f.json),
          gaps,
        ),
      ),
    );
  else printSummary(result, failures, gaps, scenarios.length, root);
  return exitCode(result, failed, gaps);
}

/** Vacuity is judged on the shipped set as a whole: a single scenario need not exercise everything. */
function gapsOf({ tally }: CampaignResult): string[] {
  if (tally.units < VACUITY_RUNS) return [];
  return vacuityGaps({
    faults: tally.faults,
    rules: tally.rules,
    messages: tally.messages,
    sometimes: tally.sometimes,
  });
}

interface Described {
  readonly json: CampaignFailure;
  readonly text: string;
}

function describeFailure(
  scenarios: readonly ScenarioSource[],
  failure: UnitResult,
  outFolder: string | null,
): Described {
  const source = scenarios[failure.unit % scenarios.length]!;
  const afresh = `npx seedraft run ${source.file} --seed ${failure.seed}`;
  let folder: string | null = null;
  let story: readonly string[] = [];
  if (outFolder !== null) {
    const plan = scenarioToPlan(loadScenario(source), failure.seed);
    const told = recordStory();
    const again = run(plan, {
      record: { choices: true, history: true },
      observers: told.observers,
    });
    story = told.lines();
    folder = path.relative(process.cwd(), writeRunFolder(outFolder, plan, again));
  }
  const replay = folder === null ? afresh : `npx seedraft replay ${folder}`;
  const { scenario, seed, rule, verdict, sentence } = failure;
  return {
    json: { scenario, seed, rule, verdict, sentence, replay },
    text: failureText({ ...failure, story, folder, replay }),
  };
}

function printSummary(
  result: CampaignResult,
  failures: readonly Described[],
  gaps: readonly string[],
  scenarios: number,
  root: string,
): void {
  const { tally, seeds } = result;
  for (const failure of failures.slice(0, DETAILED_FAILURES)) out(`${failure.text}\n`);
  for (const { json } of failures.slice(DETAILED_FAILURES)) {
    out(`${pc.red('also failed')}  ${json.rule ?? json.verdict}  ${json.replay}`);
  }
  const share = (100 * tally.inconclusive) / Math.max(1, tally.units);
  const years = tally.simulatedMicros / 1e6 / 31_557_600;
  const perSecond = Math.round(tally.events / Math.max(result.wallSeconds, 1e-3));
  out(
    [
      result.interrupted
        ? pc.yellow('interrupted: what follows covers only what had finished')
        : '',
      `${tally.units} runs: ${scenarios} scenario${scenarios === 1 ? '' : 's'}, ${root === '' ? '' : `--root ${root} `}--seeds ${seeds.first}..${seeds.last}`,
      `${pc.green(`${tally.passed} passed`)}, ${failures.length > 0 ? pc.red(`${failures.length} failed`) : '0 failed'}, ${tally.inconclusive} inconclusive (${share.toFixed(1)} %), ${tally.twice} run twice and compared`,
      `${tally.events.toLocaleString('en')} events, ${perSecond.toLocaleString('en')} a second on ${result.workers} worker${result.workers === 1 ? '' : 's'}; ` +
        `${Math.round(tally.simulatedMicros / 1e6).toLocaleString('en')} simulated seconds (${years.toFixed(4)} years) in ${result.wallSeconds.toFixed(1)} s; ${tally.acknowledged.toLocaleString('en')} acknowledged operations`,
      ...Object.entries(tally.reasons).map(
        ([reason, count]) => `inconclusive, ${count}x: ${reason}`,
      ),
      ...gaps.map((gap) => `${pc.yellow('never exercised')}: ${gap}`),
      `campaign hash ${tally.hash}`,
    ]
      .filter((line) => line !== '')
      .join('\n'),
  );
}

function exitCode(
  result: CampaignResult,
  failed: readonly UnitResult[],
  gaps: readonly string[],
): number {
  const any = (verdict: UnitResult['verdict']): boolean =>
    failed.some((f) => f.verdict === verdict);
  if (any('error')) return EXIT.internal;
  if (any('violation')) return EXIT.safety;
  if (any('liveness')) return EXIT.liveness;
  if (any('nondeterminism')) return EXIT.nondeterminism;
  if (result.interrupted) return EXIT.interrupted;
  if (result.tally.inconclusive > INCONCLUSIVE_SHARE * result.tally.units) return EXIT.inconclusive;
  if (gaps.length > 0) return EXIT.vacuity;
  return EXIT.pass;
}
