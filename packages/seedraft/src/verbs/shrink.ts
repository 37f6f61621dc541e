/** `seedraft shrink`: a failed run to the least run that breaks the same rule, written beside it. */
import { failureOf, type Plan, type RunResult, run, type ShrinkProgress } from '@seedraft/sim';
import type { Command } from 'commander';
import { ownOf, systemOf } from '../config/define.ts';
import type { ConfigInForce } from '../config/load.ts';
import { EXIT, UsageError } from '../exit-codes.ts';
import { drawFailure } from '../report/write.ts';
import { shrunkJson, shrunkText } from '../reporters/shrunk.ts';
import { readRunFolder } from '../run-folder/read.ts';
import { assertWritable, writeRunFolder, writeShrunkFolder } from '../run-folder/write.ts';
import { commandLine, shownPath } from '../shell.ts';
import { type ShrinkRunOptions, type ShrunkRun, shrinkRun } from '../shrink/shrink-run.ts';
import { examples } from './examples.ts';
import { addOneRun, type OneRunFlags, oneRun } from './one-run.ts';
import { note, out } from './output.ts';
import { verdictExit } from './run.ts';
import { addScenarioFlags } from './scenario-flags.ts';
import { parseTime } from './time.ts';

interface ShrinkFlags extends OneRunFlags {
  readonly runs: string;
  readonly for: string;
  readonly out: string;
  readonly quiet?: boolean;
}

const RUNS = '1500';
const TIME = '45s';

export function addShrink(program: Command, finish: (code: number) => void): void {
  const verb = addOneRun(
    program
      .command('shrink')
      .summary('make a failed run as small as it can be')
      .description(
        'Leaves out of a failed run whatever it fails without, by the same rule, and writes the smallest one beside it: the folder shrunk/, ' +
          'with a scenario file and a vitest test, both run before they are shown.',
      ),
  )
    .option('--runs <count>', 'fresh runs, at most; the same number gives the same result', RUNS)
    .option('--for <time>', 'wall time, at most', TIME)
    .option('--out <dir>', 'for a scenario: where its run folder goes', 'runs')
    .option('--quiet', 'no progress');
  addScenarioFlags(verb)
    .addHelpText(
      'after',
      examples(
        ['shrink runs/swarm-seed-17', 'the least that still fails that way'],
        ['shrink swarm --seed 17', 'the same, without a run folder yet'],
      ),
    )
    .action(async (name: string, flags: ShrinkFlags) => finish(await shrink(name, flags)));
}

async function shrink(name: string, flags: ShrinkFlags): Promise<number> {
  const budget = budgetOf(flags);
  const raw = await oneRun(name, flags, 'shrink');
  const { inForce } = raw;
  if (raw.folder === null) assertWritable(flags.out);
  const record = { choices: true, history: true };
  const result = run(raw.plan, { record, ...ownOf(inForce.config) });
  if (failureOf(result) === null) return nothingToShrink(name, result);
  const folder =
    raw.folder ?? writeRunFolder(flags.out, { ...raw, result, bundle: inForce.bundle });
  const onProgress = flags.quiet ? () => {} : progressLines();
  const began = performance.now();
  const shrunk = least(raw.plan, result, inForce, { budget, onProgress });
  const seconds = (performance.now() - began) / 1000;
  tell(shrunk, raw.plan, folder, seconds, inForce, flags.json === true);
  return verdictExit(result);
}

/** The run in this folder, which failed, as small as the usual budget makes it: beside it, and told unless `quiet`. */
export function shrinkFolder(name: string, inForce: ConfigInForce, quiet: boolean): void {
  const { plan } = readRunFolder(name, inForce.bundle);
  const result = run(plan, ownOf(inForce.config));
  const budget = budgetOf({ runs: RUNS, for: TIME });
  const began = performance.now();
  const onProgress = quiet ? () => {} : progressLines();
  const shrunk = least(plan, result, inForce, { budget, onProgress });
  const seconds = (performance.now() - began) / 1000;
  tell(shrunk, plan, name, seconds, inForce, false, quiet);
}

/** `result` is a failure of `plan`. */
function least(
  plan: Plan,
  result: RunResult,
  { config }: ConfigInForce,
  how: Pick<ShrinkRunOptions, 'budget' | 'onProgress'>,
): ShrunkRun {
  const origin = { scenario: plan.scenario, seed: plan.seed };
  return shrinkRun(plan, result, { own: systemOf(config), origin, ...how }) as ShrunkRun;
}

function tell(
  shrunk: ShrunkRun,
  rawPlan: Plan,
  raw: string,
  seconds: number,
  { bundle, words, config }: ConfigInForce,
  json: boolean,
  quiet = false,
): void {
  const folder = shownPath(writeShrunkFolder(raw, shrunk, bundle));
  const replay = commandLine('replay', folder, ...words);
  const runs = [
    { name: 'shrunk', plan: shrunk.plan, replay },
    { name: 'raw', plan: rawPlan, replay: commandLine('replay', shownPath(raw), ...words) },
  ] as const;
  const picture = drawFailure(raw, runs, shrunk.rawEvents, systemOf(config), words);
  if (quiet) return;
  const report = { shrunk, raw: shownPath(raw), folder, replay, picture, seconds };
  out(json ? JSON.stringify(shrunkJson(report)) : shrunkText(report));
}

function budgetOf(flags: Pick<ShrinkFlags, 'runs' | 'for'>): { runs: number; stop: () => boolean } {
  const runs = /^\d{1,9}$/.test(flags.runs) ? Number(flags.runs) : 0;
  if (runs < 1) throw new UsageError(`--runs ${flags.runs}: give a whole number above 0.`);
  const until = performance.now() + parseTime('--for', flags.for);
  return { runs, stop: () => performance.now() > until };
}

function nothingToShrink(name: string, result: RunResult): number {
  const { verdict, reason, sentence } = result;
  const why = sentence ?? reason;
  note(`${name}: ${verdict}${why === null ? '' : ` (${why})`}. Only a broken rule can be shrunk.`);
  return verdict === 'pass' ? EXIT.usage : verdictExit(result);
}

/** A line on stderr whenever there is something new to say, at most one a second. */
function progressLines(): (progress: ShrinkProgress) => void {
  let last = performance.now();
  return ({ runs, events, faults, members, trying }) => {
    if (performance.now() - last < 1_000) return;
    last = performance.now();
    note(`run ${runs}: ${events} events, ${faults} faults, ${members} members; without ${trying}?`);
  };
}
