/** `seedraft corpus`: what many machines found, as one campaign. */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { listed } from '../campaign/failure-detail.ts';
import { formatSeeds, parseSeeds, type SeedRange } from '../campaign/seeds.ts';
import { judgeVacuity } from '../campaign/vacuity.ts';
import { type CampaignVerdict, campaignVerdict } from '../campaign/verdict.ts';
import { findConfig, NO_CONFIG } from '../config/load.ts';
import { type CampaignLine, isTorn, parseLine, type SeedsLine } from '../corpus/line.ts';
import { type Merged, merge, missingFrom } from '../corpus/merge.ts';
import { EXIT, UsageError } from '../exit-codes.ts';
import { readInput } from '../read-input.ts';
import type { CampaignReport } from '../reporters/campaign-report.ts';
import { commandLine } from '../shell.ts';
import { writeProblem } from '../write-problem.ts';
import { examples } from './examples.ts';
import { note } from './output.ts';
import { type PublishFlags, prepareJunit, publish } from './publish.ts';

interface MergeFlags extends PublishFlags {
  readonly seeds?: string;
  readonly results?: string;
}

/** What one string can hold. */
const LARGEST_MEBIBYTES = 500;

export function addCorpus(program: Command, finish: (code: number) => void): void {
  const verb = program
    .command('corpus')
    .summary('add up the results of many machines')
    .description('Works on files that `seedraft fuzz --results FILE` wrote.');
  verb
    .command('merge')
    .summary('judge the results of many machines as one campaign')
    .description(
      'Reads results (one JSON object a line) and judges them as if one machine had run them all: the same campaign hash, the same exit codes. ' +
        'The order of the files does not matter, and what several of them hold is counted once. Seeds that are in none of them fail the campaign.',
    )
    .argument('<file...>', 'files of results, or - for standard input')
    .option('--seeds <N|A..B>', 'what should be there: 1..N, or A..B (default: no holes)')
    .option('--results <file>', 'write the sum as results too, to be merged again: a new file')
    .option('--junit <file>', 'write JUnit XML too')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText(
      'after',
      examples(
        ['fuzz swarm --seeds 3000 --shard 2/3 --results 2.ndjson', 'on one of three machines'],
        ['corpus merge *.ndjson --seeds 3000', 'then, anywhere: one verdict over all seeds'],
      ),
    )
    .action(async (files: string[], flags: MergeFlags) => finish(await mergeFiles(files, flags)));
}

async function mergeFiles(files: readonly string[], flags: MergeFlags): Promise<number> {
  const whole = flags.seeds === undefined ? null : parseSeeds(flags.seeds);
  if (flags.seeds !== undefined && whole === null) {
    throw new UsageError(`--seeds ${flags.seeds}: say how many (3000), or which (1..3000).`);
  }
  const { campaigns, seeds } = readAll(files);
  const merging = merge(campaigns, seeds);
  if (!merging.ok) throw new UsageError(merging.sentence);
  prepareJunit(flags);
  if (flags.results !== undefined) writeSum(flags.results, merging.merged);
  return await publish(reportOf(merging.merged, whole, await wordsOf(merging.merged)), flags);
}

/** What a line must say to have the campaign's config again, here. */
async function wordsOf({ campaign: { configFile } }: Merged): Promise<readonly string[]> {
  return configFile === null ? (await findConfig(false)).words : ['--config', configFile];
}

/** Never over what is there: it may be one of the files that were read. */
function writeSum(file: string, { campaign, sums }: Merged): void {
  const text = [campaign, ...sums].map((line) => `${JSON.stringify(line)}\n`).join('');
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    throw new UsageError(`--results ${file} ${writeProblem(error)}.`);
  }
}

function readAll(files: readonly string[]): { campaigns: CampaignLine[]; seeds: SeedsLine[] } {
  const campaigns: CampaignLine[] = [];
  const seeds: SeedsLine[] = [];
  for (const file of files) {
    const lines = readInput(file, LARGEST_MEBIBYTES).toString('utf8').split('\n');
    lines.forEach((text, place) => {
      if (text === '') return;
      const line = parseLine(text);
      if (!('wrong' in line)) {
        if (line.type === 'campaign') campaigns.push(line);
        else seeds.push(line);
      } else if (isTorn(text)) {
        // Its machine was stopped in the middle of a line: those seeds will be missing, and that is said.
        note(`${file}:${place + 1}: cut off; left out`);
      } else throw new UsageError(`${file}:${place + 1}: ${line.wrong}.`);
    });
  }
  return { campaigns, seeds };
}

function reportOf(
  merged: Merged,
  asked: SeedRange | null,
  words: readonly string[],
): CampaignReport {
  const { campaign, tally, covered, wallSeconds } = merged;
  const hull = { first: covered[0]?.first ?? 1, last: covered.at(-1)?.last ?? 0 };
  const missing = missingFrom(asked ?? hull, covered);
  const fileOf = (unit: number): string =>
    campaign.scenarios[unit % campaign.scenarios.length]!.file;
  const free = campaign.scenarios.filter(({ leavesAllToTheSeed }) => leavesAllToTheSeed).length;
  const vacuity = judgeVacuity(free, campaign.scenarios.length, tally, campaign.expected);
  const result = { tally, interrupted: false, wallSeconds, workers: 1 };
  const found = campaignVerdict(result, tally.failures, vacuity);
  return {
    result,
    failures: tally.failures.map((unit) =>
      listed({ file: fileOf(unit.unit), text: '' }, unit, { ...NO_CONFIG, words }),
    ),
    vacuity,
    verdict: withHoles(found, merged.disagreements, missing),
    scenarios: campaign.scenarios.length,
    root: campaign.root,
    seeds: listOf(covered),
    missing: listOf(missing),
    lineOf: ({ unit, seed }) => commandLine('run', fileOf(unit), '--seed', seed, ...words),
  };
}

const listOf = (ranges: readonly SeedRange[]): string | null =>
  ranges.length === 0 ? null : ranges.map(formatSeeds).join(',');

/** A finding in a run is worse than what is missing; that machines disagree is worse than what one of them found. */
function withHoles(
  found: CampaignVerdict,
  disagreements: readonly string[],
  missing: readonly SeedRange[],
): CampaignVerdict {
  if (disagreements.length > 0) {
    return { exit: EXIT.nondeterminism, sentence: disagreements.join('; ') };
  }
  const isFinding = ![EXIT.pass, EXIT.inconclusive, EXIT.vacuity].some((at) => at === found.exit);
  if (isFinding || missing.length === 0) return found;
  return {
    exit: EXIT.inconclusive,
    sentence: `seeds ${listOf(missing)} are in none of the files`,
  };
}
