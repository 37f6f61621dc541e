/** `seedraft run`: one scenario under one seed, afresh. */
import { type Plan, type RunResult, run, scenarioToPlan } from '@seedraft/sim';
import type { Command } from 'commander';
import type { ScenarioSource } from '../campaign/task.ts';
import { ownOf, planOptions, systemOf } from '../config/define.ts';
import { type ConfigInForce, findConfig } from '../config/load.ts';
import { EXIT, UsageError } from '../exit-codes.ts';
import { drawFailure } from '../report/write.ts';
import { runJson, runText } from '../reporters/run.ts';
import { recordStory } from '../reporters/story.ts';
import { assertWritable, type KeptRun, writeRunFolder } from '../run-folder/write.ts';
import { findScenarios, loadScenario } from '../scenarios.ts';
import { commandLine, shownPath } from '../shell.ts';
import { examples } from './examples.ts';
import { exitWith, out, outObject, warn } from './output.ts';
import { addScenarioFlags, type ScenarioFlags } from './scenario-flags.ts';

interface RunFlags extends ScenarioFlags {
  readonly seed: string;
  readonly out: string;
  readonly save?: boolean;
  readonly trace?: boolean;
  readonly plan?: boolean;
}

export function addRun(program: Command, finish: (code: number) => void): void {
  const verb = program
    .command('run')
    .summary('run one scenario under one seed, afresh')
    .description(
      'Draws the plan from the scenario and the seed, runs it, and says what happened. A failure leaves a run folder.',
    )
    .argument('<scenario>', 'a file, or the name of a shipped scenario')
    .requiredOption('--seed <text>', 'any text; numbers are what `fuzz` uses')
    .option('--trace', 'print every event')
    .option('--plan', 'print the plan that the seed draws, and do not run it')
    .option('--save', 'write a run folder even when the run passes')
    .option('--out <dir>', 'where the run folder goes', 'runs');
  addScenarioFlags(verb)
    .addHelpText(
      'after',
      examples(
        ['run paper/figure-8 --seed 1 --trace', "the paper's figure, event by event"],
        ['run swarm --seed 17 --plan', 'what seed 17 would do, without doing it'],
        ['run my/story.yaml --seed 3 --save', 'keep the run, to replay it later'],
      ),
    )
    .action(async (name: string, flags: RunFlags) => finish(await runOne(name, flags)));
}

export function verdictExit({ verdict }: RunResult): number {
  switch (verdict) {
    case 'pass':
      return EXIT.pass;
    case 'violation':
      return EXIT.safety;
    case 'liveness':
      return EXIT.liveness;
    case 'inconclusive':
      return EXIT.inconclusive;
    case 'mistake':
      return EXIT.usage;
    case 'error':
      return EXIT.internal;
  }
}

/** What a scenario that somebody names and a seed come to. */
export function drawnPlan(
  name: string,
  seed: string,
  inForce: ConfigInForce,
): { readonly plan: Plan; readonly source: ScenarioSource } {
  const source = oneScenario(name, inForce);
  const plan = scenarioToPlan(loadScenario(source), seed, planOptions(inForce.config));
  return { plan, source };
}

function oneScenario(name: string, inForce: ConfigInForce): ScenarioSource {
  const sources = findScenarios([name], inForce);
  if (sources.length === 1) return sources[0]!;
  const files = sources.map(({ file }) => file).join(', ');
  throw new UsageError(`${name} names ${sources.length} scenarios; take one of: ${files}`);
}

async function runOne(name: string, flags: RunFlags): Promise<number> {
  if (flags.seed === '') throw new UsageError('--seed: give some text, such as --seed 1.');
  const inForce = await findConfig(flags.config);
  const { config, words } = inForce;
  const { plan, source } = drawnPlan(name, flags.seed, inForce);
  if (flags.plan) {
    out(JSON.stringify(plan, null, 2));
    return EXIT.pass;
  }
  assertWritable(flags.out);
  const told = recordStory();
  const record = { choices: true, history: true, trace: flags.trace === true };
  const result = run(plan, { record, observers: told.observers, ...ownOf(config) });
  const kept = keep({ source: source.file, plan, result, bundle: inForce.bundle }, flags);
  const { folder, note } = kept;
  const replay =
    folder === null
      ? commandLine('run', source.file, '--seed', flags.seed, ...words)
      : commandLine('replay', folder, ...words);
  const picture = folder === null ? null : drawn(plan, result, folder, replay, inForce);
  const report = { plan, result, story: told.lines(), folder, replay, picture, note };
  if (flags.json) outObject(runJson(report));
  else out(runText(report));
  if (note !== null) warn(note);
  return exitWith(verdictExit(result), note !== null);
}

/** A picture of a failure. */
function drawn(
  plan: Plan,
  result: RunResult,
  folder: string,
  replay: string,
  { config, words }: ConfigInForce,
): string | null {
  if (result.rule === null) return null;
  const runs = [{ name: 'raw', plan, replay }] as const;
  return drawFailure(folder, runs, result.events, systemOf(config), words);
}

interface Kept {
  /** As shown to people; null: there is none. */
  readonly folder: string | null;
  /** Why not, when there should be one. */
  readonly note: string | null;
}

/** Never throws over a folder: that would hide what is to be kept. */
function keep(run: KeptRun, flags: RunFlags): Kept {
  const { verdict } = run.result;
  const isDull = verdict === 'pass' || verdict === 'inconclusive' || verdict === 'mistake';
  if (isDull && !flags.save) return { folder: null, note: null };
  try {
    return { folder: shownPath(writeRunFolder(flags.out, run)), note: null };
  } catch (error) {
    if (error instanceof UsageError) return { folder: null, note: error.message };
    throw error;
  }
}
