/** `seedraft shrink`: a failed run to the least run that breaks the same rule, written beside it. */
import path from 'node:path';
import { failureOf, type Plan, type RunResult, run, type ShrinkProgress } from '@seedraft/sim';
import type { Command } from 'commander';
import { ownOf, systemOf } from '../config/define.ts';
import type { ConfigInForce } from '../config/load.ts';
import { EXIT, UsageError } from '../exit-codes.ts';
import { harmlessBlock } from '../harmless.ts';
import { drawFailure } from '../report/write.ts';
import { type ShrunkReport, shrunkJson, shrunkText } from '../reporters/shrunk.ts';
import { readRunFolder } from '../run-folder/read.ts';
import {
  assertWritable,
  SHRUNK,
  unwritable,
  writeRunFolder,
  writeShrunkFolder,
} from '../run-folder/write.ts';
import { commandLine, shownPath } from '../shell.ts';
import type { Origin } from '../shrink/artifacts.ts';
import { type ShrinkAside, shrinkAside } from '../shrink/shrink-aside.ts';
import { examples } from './examples.ts';
import { interruptible } from './interrupt.ts';
import { addOneRun, type OneRun, type OneRunFlags, oneRun } from './one-run.ts';
import { note, out, outObject, warn } from './output.ts';
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
  const one = await oneRun(name, flags, 'shrink');
  const { plan, inForce } = one;
  assertRoom(one, flags);
  const record = { choices: true, history: true };
  const result = run(plan, { record, ...ownOf(inForce.config) });
  if (failureOf(result) === null) return nothingToShrink(name, result);
  const folder =
    one.folder ?? writeRunFolder(flags.out, { ...one, result, bundle: inForce.bundle });
  const outcome = await least({
    plan,
    result,
    folder,
    inForce,
    budget,
    quiet: flags.quiet === true,
  });
  const kept = keep(outcome, plan, folder, inForce);
  tell(outcome, folder, kept, flags.json === true);
  return outcome.interrupted ? EXIT.interrupted : verdictExit(result);
}

/** Before time is spent: could the shrunk run be kept? Throws UsageError. */
function assertRoom({ folder }: OneRun, flags: ShrinkFlags): void {
  if (folder === null) {
    assertWritable(flags.out);
    return;
  }
  const problem = unwritable(folder);
  if (problem === null) return;
  throw new UsageError(
    `the shrunk run goes into the run folder, and ${problem}. Copy the folder to where you can write, and shrink the copy.`,
  );
}

/**
 * The run in this folder, which failed, as small as the usual budget makes it: beside it, and told unless `quiet`. Returns its folder, as shown to
 * people; null: it could not be kept, and that is said.
 */
export async function shrinkFolder(
  name: string,
  inForce: ConfigInForce,
  quiet: boolean,
): Promise<string | null> {
  const { plan } = readRunFolder(name, inForce.bundle);
  const result = run(plan, ownOf(inForce.config));
  const budget = budgetOf({ runs: RUNS, for: TIME });
  const outcome = await least({ plan, result, folder: name, inForce, budget, quiet });
  const kept = keep(outcome, plan, name, inForce);
  if (!quiet) tell(outcome, name, kept, false);
  else if (kept.note !== null) warn(kept.note);
  return kept.folder;
}

interface ToShrink {
  readonly plan: Plan;
  /** A failure of the plan. */
  readonly result: RunResult;
  /** Keeps it. */
  readonly folder: string;
  readonly inForce: ConfigInForce;
  readonly budget: Budget;
  readonly quiet: boolean;
}

type Outcome = Pick<ShrunkReport, 'shrunk' | 'seconds' | 'interrupted'>;

/** Ctrl-C, like the end of the time, leaves what was reached. */
function least({ plan, result, folder, inForce, budget, quiet }: ToShrink): Promise<Outcome> {
  const began = performance.now();
  return interruptible(async (signal) => {
    const shrunk = await shrinkAside({
      ...budget,
      plan,
      raw: result,
      config: inForce.bundle,
      origin: originOf(plan, folder, inForce.bundle),
      signal,
      onProgress: quiet ? () => {} : progressLines(),
    });
    const interrupted = signal.aborted && !shrunk.finished;
    return { shrunk, seconds: (performance.now() - began) / 1000, interrupted };
  });
}

function originOf(
  { scenario, seed }: Plan,
  folder: string,
  bundle: ConfigInForce['bundle'],
): Origin {
  if (bundle === null) return { scenario, seed };
  return { scenario, seed, config: importPath(path.join(folder, SHRUNK), bundle.file) };
}

/** What a file in `folder` writes to import `file`. */
function importPath(folder: string, file: string): string {
  const relative = path.relative(folder, file).replaceAll(path.sep, '/');
  return relative.startsWith('.') ? relative : `./${relative}`;
}

type Kept = Pick<ShrunkReport, 'folder' | 'replay' | 'picture' | 'note'>;

/** What is not kept is still told: never throws over the folder. */
function keep(
  { shrunk }: Outcome,
  rawPlan: Plan,
  raw: string,
  { bundle, words, config }: ConfigInForce,
): Kept {
  try {
    const folder = shownPath(writeShrunkFolder(raw, shrunk, bundle));
    const replay = commandLine('replay', folder, ...words);
    const rawReplay = commandLine('replay', shownPath(raw), ...words);
    const runs = [
      { name: 'shrunk', plan: shrunk.plan, replay },
      { name: 'raw', plan: rawPlan, replay: rawReplay },
    ] as const;
    const picture = drawFailure(raw, runs, shrunk.rawEvents, systemOf(config), words);
    return { folder, replay, picture, note: null };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { folder: null, replay: null, picture: null, note: error.message };
  }
}

function tell(outcome: Outcome, raw: string, kept: Kept, json: boolean): void {
  const report = { ...outcome, ...kept, raw: shownPath(raw) };
  if (json) outObject(shrunkJson(report));
  else out(shrunkText(report));
  if (kept.note !== null) warn(kept.note);
}

type Budget = Pick<ShrinkAside, 'runs' | 'milliseconds'>;

function budgetOf(flags: Pick<ShrinkFlags, 'runs' | 'for'>): Budget {
  const runs = /^\d{1,9}$/.test(flags.runs) ? Number(flags.runs) : 0;
  if (runs < 1) throw new UsageError(`--runs ${flags.runs}: give a whole number above 0.`);
  return { runs, milliseconds: parseTime('--for', flags.for) };
}

function nothingToShrink(name: string, result: RunResult): number {
  const { verdict, reason, sentence } = result;
  const why = sentence ?? reason;
  const told = why === null ? '' : ` (${harmlessBlock(why)})`;
  note(`${name}: ${verdict}${told}. Only a broken rule can be shrunk.`);
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
