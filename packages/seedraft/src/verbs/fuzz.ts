/** `seedraft fuzz`: scenarios under many seeds, on all workers, until the seeds or the time run out. */
import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import {
  type CampaignProgress,
  type CampaignResult,
  defaultWorkers,
  runCampaign,
} from '../campaign/campaign.ts';
import { type DetailedFailure, detailed, listed } from '../campaign/failure-detail.ts';
import { placeOf } from '../campaign/runner.ts';
import { formatSeeds, type SeedRange, seedsIn, seedText } from '../campaign/seeds.ts';
import type { ScenarioSource } from '../campaign/task.ts';
import type { UnitResult } from '../campaign/unit.ts';
import { expectedFrom, judgeVacuity, leavesAllToTheSeed } from '../campaign/vacuity.ts';
import { campaignVerdict } from '../campaign/verdict.ts';
import { protocolOf } from '../config/define.ts';
import { type ConfigInForce, findConfig } from '../config/load.ts';
import { campaignLine } from '../corpus/line.ts';
import { Recorder } from '../corpus/recorder.ts';
import type { CampaignReport } from '../reporters/campaign-report.ts';
import { startProgress } from '../reporters/progress.ts';
import { assertWritable } from '../run-folder/write.ts';
import { findScenarios, loadScenario } from '../scenarios.ts';
import { commandLine } from '../shell.ts';
import { parseWorkers, seedRange } from './arguments.ts';
import { examples } from './examples.ts';
import { interruptible } from './interrupt.ts';
import { note, warn } from './output.ts';
import { type PublishFlags, prepareJunit, publish } from './publish.ts';
import { addScenarioFlags, type ScenarioFlags } from './scenario-flags.ts';
import { shrinkFolder } from './shrink.ts';
import { CAMPAIGN_TIME, parseTime } from './time.ts';

interface FuzzFlags extends PublishFlags, ScenarioFlags {
  readonly seeds?: string;
  readonly for?: string;
  readonly workers?: string;
  readonly unitTimeout: string;
  readonly shard?: string;
  readonly out: string;
  readonly root: string;
  readonly results?: string;
  readonly shrink?: boolean;
}

/** Run folders and stories for this many failures; all are listed. */
const DETAILED_FAILURES = 10;
/** The largest run takes some seconds; on the slowest machines a minute or two. */
const DEFAULT_UNIT_TIME = '5m';

export function addFuzz(program: Command, finish: (code: number) => void): void {
  const verb = program
    .command('fuzz')
    .summary('run scenarios under many seeds and judge every run')
    .description(
      'Runs each scenario (when none is named: those of your seedraft.config.ts, or else all shipped ones) under each seed, checks every rule after every event, and prints a line that replays each failure. ' +
        'The same seeds give the same campaign hash on any machine and with any number of workers.',
    )
    .argument('[scenario...]', 'files, folders, or names of shipped scenarios')
    .option('--seeds <N|A..B>', 'seed numbers: 1..N, or A..B (default: as many as fit)')
    .option(
      '--for <time>',
      `begin nothing after this much wall time, once the first seed is done; the result covers the longest contiguous finished range of seeds (default: ${CAMPAIGN_TIME} without --seeds)`,
    )
    .option('--workers <N>', `worker threads (default: one per CPU, here ${defaultWorkers()})`)
    .option(
      '--unit-timeout <time>',
      'give up a run that has taken this much wall time, and end the campaign with that finding; 0: never',
      DEFAULT_UNIT_TIME,
    )
    .option('--shard <i/n>', 'work on the i-th of n parts of the seed range')
    .option('--root <text>', 'another family of seeds; "random" draws one and prints it', '')
    .option('--out <dir>', 'where run folders of failures go', 'runs')
    .option('--shrink', 'make the shortest failure as small as it can be, as `shrink` does')
    .option(
      '--results <file>',
      'append what was counted, one JSON object a line, for `corpus merge`',
    )
    .option('--junit <file>', 'write JUnit XML too');
  addScenarioFlags(verb)
    .addHelpText(
      'after',
      examples(
        ['fuzz', `every shipped scenario for ${CAMPAIGN_TIME}`],
        ['fuzz swarm --seeds 10000', 'everything left to the seed, 10,000 times'],
        ['fuzz paper my/story.yaml --seeds 500', "the paper's stories and one of yours"],
        ['fuzz swarm --seeds 3000 --shard 2/3 --results 2.ndjson', 'one of three machines'],
        ['fuzz --root random --for 8h', 'seeds that nobody has tried, over night'],
      ),
    )
    .action(async (names: string[], flags: FuzzFlags) => finish(await fuzz(names, flags)));
}

/** What was asked for, checked before anything runs. */
interface Request {
  readonly scenarios: readonly ScenarioSource[];
  readonly root: string;
  readonly seeds: SeedRange;
  readonly isOpenEnded: boolean;
  readonly forMilliseconds: number;
  readonly unitMilliseconds: number;
  readonly workers: number;
  readonly inForce: ConfigInForce;
  readonly flags: FuzzFlags;
}

async function readRequest(names: readonly string[], flags: FuzzFlags): Promise<Request> {
  const isOpenEnded = flags.seeds === undefined;
  const time = flags.for ?? (isOpenEnded ? CAMPAIGN_TIME : null);
  const inForce = await findConfig(flags.config);
  const request = {
    inForce,
    seeds: seedRange(flags.seeds, flags.shard),
    isOpenEnded,
    forMilliseconds: time === null ? Number.POSITIVE_INFINITY : parseTime('--for', time),
    unitMilliseconds:
      flags.unitTimeout === '0'
        ? Number.POSITIVE_INFINITY
        : parseTime('--unit-timeout', flags.unitTimeout),
    workers: parseWorkers(flags.workers),
    root: flags.root === 'random' ? randomBytes(6).toString('hex') : flags.root,
    scenarios: findScenarios(names, inForce),
    flags,
  };
  assertWritable(flags.out);
  prepareJunit(flags);
  return request;
}

async function fuzz(names: readonly string[], flags: FuzzFlags): Promise<number> {
  const request = await readRequest(names, flags);
  if (flags.root === 'random') note(`root: ${request.root} (repeat with --root ${request.root})`);
  const { result, lost } = await perform(request);
  const report = reportOf(request, result);
  const shortest = flags.shrink ? shortestOf(report) : undefined;
  if (shortest === undefined) return await publish(report, flags, lost);
  const shrink = (): Promise<string | null> => shrunkOf(shortest, request);
  // One object tells of both; people read the failure while it is shrunk.
  if (flags.json) return await publish(withShrunk(report, shortest, await shrink()), flags, lost);
  const code = await publish(report, flags, lost);
  await shrink();
  return code;
}

type Foldered = DetailedFailure & { readonly folder: string };

/** Of the failures that a rule found and that have a folder, the one that took the fewest events. */
function shortestOf({ failures }: CampaignReport): Foldered | undefined {
  return failures
    .filter((failure): failure is Foldered => failure.folder !== null && canBeShrunk(failure.unit))
    .sort((one, other) => one.unit.events - other.unit.events)[0];
}

/** Where it is. Never throws: whatever becomes of shrinking, the failure was found. */
async function shrunkOf({ folder }: Foldered, { flags, inForce }: Request): Promise<string | null> {
  try {
    return await shrinkFolder(folder, inForce, flags.json === true);
  } catch (error) {
    warn(`${folder} could not be shrunk: ${error instanceof Error ? error.message : error}`);
    return null;
  }
}

function withShrunk(
  report: CampaignReport,
  shortest: Foldered,
  shrunk: string | null,
): CampaignReport {
  const failures = report.failures.map((failure) =>
    failure === shortest ? { ...failure, shrunk } : failure,
  );
  return { ...report, failures };
}

const canBeShrunk = ({ verdict, rule }: UnitResult): boolean =>
  (verdict === 'violation' || verdict === 'liveness') && rule !== 'EXPECT';

interface Performed {
  readonly result: CampaignResult;
  /** Of its results, what could not be kept: a sentence each. */
  readonly lost: readonly string[];
}

async function perform(request: Request): Promise<Performed> {
  const recorder = recorderFor(request);
  const result = await recorded(request, recorder);
  return { result, lost: recorder?.problem ? [recorder.problem] : [] };
}

function recorded(request: Request, recorder: Recorder | null): Promise<CampaignResult> {
  const { flags, forMilliseconds, seeds, scenarios } = request;
  const runs = request.isOpenEnded ? Number.POSITIVE_INFINITY : seedsIn(seeds) * scenarios.length;
  const quiet = flags.json === true && !process.stderr.isTTY;
  return interruptible(async (signal) => {
    const progress = await startProgress({ runs, milliseconds: forMilliseconds }, quiet);
    try {
      const onProgress = (now: CampaignProgress): void => progress.update(now);
      const { bundle } = request.inForce;
      const onSeed = (seed: number, results: readonly UnitResult[]): void =>
        recorder?.take(seed, results);
      const config = bundle && { config: bundle };
      const onLong = (unit: number, seconds: number): void =>
        note(longLine(request, unit, seconds));
      return await runCampaign({ ...request, ...config, signal, onProgress, onSeed, onLong });
    } finally {
      progress.stop();
      recorder?.flush();
    }
  });
}

/** One that never ends, in a machine's `apply` for instance, is found by this line alone. */
function longLine({ scenarios, root, inForce }: Request, unit: number, seconds: number): string {
  const { seed, scenario } = placeOf({ scenarios, root }, unit);
  const text = seedText(root, seed);
  const { file } = scenarios[scenario]!;
  const line = commandLine('run', file, '--seed', text, ...inForce.words);
  // A progress bar may stand on the line.
  const clear = process.stderr.isTTY ? '\r\u001B[K' : '';
  return `${clear}${file}, seed ${text} has been running for ${seconds} s: ${line}`;
}

function recorderFor({ flags, scenarios, root, inForce }: Request): Recorder | null {
  if (flags.results === undefined) return null;
  return new Recorder(flags.results, campaignLine(scenarios, root, inForce));
}

function reportOf(request: Request, result: CampaignResult): CampaignReport {
  const { scenarios, flags, inForce, root, seeds } = request;
  const sourceOf = (unit: number): ScenarioSource => scenarios[unit % scenarios.length]!;
  const failures = [...result.tally.failures, ...result.beyond].map(
    (unit, place): DetailedFailure =>
      place < DETAILED_FAILURES
        ? detailed(sourceOf(unit.unit), unit, flags.out, inForce)
        : listed(sourceOf(unit.unit), unit, inForce),
  );
  const free = scenarios.filter((source) => leavesAllToTheSeed(loadScenario(source))).length;
  const expected = expectedFrom(protocolOf(inForce.config));
  const vacuity = judgeVacuity(free, scenarios.length, result.tally, expected);
  const units = failures.map(({ unit }) => unit);
  const verdict = campaignVerdict(result, units, vacuity);
  const rest = { first: result.seeds.last + 1, last: seeds.last };
  return {
    result,
    failures,
    vacuity,
    verdict,
    scenarios: scenarios.length,
    root,
    seeds: formatSeeds(result.seeds),
    // Open-ended: as many seeds as the time allowed, none is missing.
    missing: request.isOpenEnded ? null : formatSeeds(rest),
    lineOf: ({ unit, seed }) =>
      commandLine('run', sourceOf(unit).file, '--seed', seed, ...inForce.words),
  };
}
