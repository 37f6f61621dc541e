/** `seedraft chaos`: real processes under a nemesis, a workload, and the judge of histories. */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { NetworkKnobs, Plan, Scenario } from '@seedraft/sim';
import type { Command } from 'commander';
import { CHAOS_APIS, type ChaosApi } from '../chaos/apis.ts';
import {
  CHAOS_CLASS_NAMES,
  CHAOS_CLASSES,
  type ChaosClassName,
  drawSchedule,
} from '../chaos/classes.ts';
import { ChaosFolder } from '../chaos/folder.ts';
import { type ChaosResult, runChaos } from '../chaos/run.ts';
import { chaosPlan, flagScenario, refusalsOf } from '../chaos/scenario.ts';
import { EXIT, UsageError } from '../exit-codes.ts';
import { nearestNames } from '../nearest-names.ts';
import { type ChaosReport, chaosJson, chaosText, narrate } from '../reporters/chaos.ts';
import { assertWritable } from '../run-folder/write.ts';
import { findScenarios, loadScenario } from '../scenarios.ts';
import { shownPath } from '../shell.ts';
import { examples } from './examples.ts';
import { interruptible } from './interrupt.ts';
import { out } from './output.ts';
import { parseTime } from './time.ts';

interface ChaosFlags {
  readonly for?: string;
  readonly members?: string;
  readonly seed?: string;
  readonly faults?: string;
  readonly every?: string;
  readonly clients?: string;
  readonly api?: string;
  readonly rate?: string;
  readonly out: string;
  readonly data?: string;
  readonly save?: boolean;
  readonly json?: boolean;
}

const DEFAULTS = { for: '60s', members: '3', every: '2s', clients: '8', rate: '100' } as const;
/** What a scenario file says itself. */
const OF_THE_FILE = ['for', 'members', 'faults', 'every', 'clients', 'rate'] as const;
const MOST_MEMBERS = 9;
const MOST_CLIENTS = 256;
const MOST_RATE = 10_000;

export function addChaos(program: Command, finish: (code: number) => void): void {
  const width = Math.max(...CHAOS_CLASS_NAMES.map(({ length }) => length));
  const classes = CHAOS_CLASS_NAMES.map(
    (name) => `  ${name.padEnd(width)}  ${CHAOS_CLASSES[name].summary}`,
  );
  program
    .command('chaos')
    .summary('torment a real local cluster, and judge what its clients saw')
    .description(
      'Starts members as processes of this machine, kills, stops, wipes and replaces them, breaks the links between them, and lets clients write and read ' +
        'all the while. At the end everything is healed: all members must come to one state, every acknowledged write must be there, and the whole ' +
        'history must be linearizable. The seed decides what is done when; real time decides what comes of it.',
    )
    .argument('[scenario...]', 'files, or names of shipped scenarios, that real processes can play')
    .option('--for <time>', `how long the torment lasts (default: ${DEFAULTS.for})`)
    .option('-n, --members <n>', `how many members at first (default: ${DEFAULTS.members})`)
    .option('--seed <text>', 'what the schedule of faults is drawn from (default: a new one)')
    .option('--faults <class,...>', 'which classes of faults; "none" for none (default: all)')
    .option('--every <time>', `between two faults, on average (default: ${DEFAULTS.every})`)
    .option('--clients <n>', `how many clients (default: ${DEFAULTS.clients})`)
    .option(
      '--api <protocol,...>',
      `what the clients speak, in turn, each on keys of its own: ${CHAOS_APIS.join(', ')} (default: native)`,
    )
    .option('--rate <n>', `operations a second, over all clients (default: ${DEFAULTS.rate})`)
    .option('--out <dir>', 'where the run folder goes', 'runs')
    .option(
      '--data <dir>',
      'where the members keep their data, and keep it (default: the run folder)',
    )
    .option('--save', 'keep logs and data of a run that passes too')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', () => ['', 'Classes of faults:', ...classes].join('\n'))
    .addHelpText(
      'after',
      examples(
        ['chaos --for 60s --json', 'a minute of everything, for a program'],
        ['chaos -n 5 --faults kill --every 500ms', 'one kill -9 after another'],
        ['chaos --api redis,uring --faults kill', 'through the ports of two other systems'],
        ['chaos elections/mute-leader', 'a story of the simulator, with real processes'],
      ),
    )
    .action(async (names: string[], flags: ChaosFlags) => finish(await chaos(names, flags)));
}

/** One run, checked before anything starts. */
interface Act {
  readonly plan: Plan;
  readonly weather: Partial<NetworkKnobs>;
}

async function chaos(names: readonly string[], flags: ChaosFlags): Promise<number> {
  const seed = flags.seed ?? randomBytes(4).toString('hex');
  if (seed === '') throw new UsageError('--seed: give some text, such as --seed 1.');
  const acts = names.length === 0 ? [drawnAct(seed, flags)] : writtenActs(names, seed, flags);
  const apis = apisOf(flags.api, acts);
  assertWritable(flags.out);
  const data = dataFolder(flags.data);
  const reports = await interruptible(async (signal) => {
    const done: ChaosReport[] = [];
    for (const act of acts) {
      if (signal.aborted && done.length > 0) break;
      const place = data !== null && acts.length > 1 ? path.join(data, `${done.length + 1}`) : data;
      const report = await perform(act, apis, place, flags, signal);
      if (!flags.json) out(chaosText(report));
      done.push(report);
    }
    return done;
  });
  if (flags.json) out(JSON.stringify(together(reports)));
  return gravest(reports);
}

async function perform(
  { plan, weather }: Act,
  apis: readonly ChaosApi[],
  data: string | null,
  flags: ChaosFlags,
  signal: AbortSignal,
): Promise<ChaosReport> {
  const folder = new ChaosFolder(flags.out, plan, data);
  const isQuiet = flags.json === true && !process.stderr.isTTY;
  const narrator = narrate(plan.duration / 1_000_000, isQuiet);
  let result: ChaosResult;
  try {
    result = await runChaos({
      plan,
      weather,
      apis,
      folder,
      signal,
      onSentence: narrator.say,
      onProgress: narrator.update,
    });
  } finally {
    narrator.stop();
  }
  const { scenario, seed } = plan;
  const { histories } = folder;
  const report = { scenario, seed, result, folder: shownPath(folder.path), histories };
  folder.writeEnd(chaosJson(report), result.story);
  if (result.verdict === 'pass' && !flags.save) folder.dropEvidence();
  return report;
}

// ------------------------------------------------------------------------------------------------------------ what is asked for

function drawnAct(seed: string, flags: ChaosFlags): Act {
  const milliseconds = parseTime('--for', flags.for ?? DEFAULTS.for);
  const every = parseTime('--every', flags.every ?? DEFAULTS.every);
  const scenario = flagScenario({
    members: whole('--members', flags.members ?? DEFAULTS.members, 1, MOST_MEMBERS),
    clients: whole('--clients', flags.clients ?? DEFAULTS.clients, 1, MOST_CLIENTS),
    rate: whole('--rate', flags.rate ?? DEFAULTS.rate, 1, MOST_RATE),
    milliseconds: Math.round(milliseconds),
  });
  const plan = chaosPlan(scenario, seed);
  const faults = drawSchedule(seed, classesOf(flags.faults), plan.duration, every * 1000);
  return { plan: { ...plan, faults }, weather: {} };
}

/** Every protocol is spoken by somebody. */
function apisOf(text: string | undefined, acts: readonly Act[]): readonly ChaosApi[] {
  const apis = [...new Set(named('--api', 'protocol', text ?? 'native', CHAOS_APIS))];
  const fewest = Math.min(...acts.map(({ plan }) => plan.workload.clients));
  if (text === undefined || fewest >= apis.length) return apis;
  throw new UsageError(
    `--api ${text}: ${fewest} clients cannot speak ${apis.length} protocols; give more --clients.`,
  );
}

function classesOf(text: string | undefined): readonly ChaosClassName[] {
  if (text === undefined) return CHAOS_CLASS_NAMES;
  if (text === 'none') return [];
  return named('--faults', 'class', text, CHAOS_CLASS_NAMES);
}

/** Names with commas between them. */
function named<T extends string>(
  flag: string,
  what: string,
  text: string,
  known: readonly T[],
): readonly T[] {
  return text.split(',').map((written) => {
    const name = known.find((one) => one === written.trim());
    if (name !== undefined) return name;
    const [near] = nearestNames(written, known);
    const hint = near === undefined ? '' : ` Did you mean ${near}?`;
    throw new UsageError(
      `${flag}: there is no ${what} ${written.trim()}; there are ${known.join(', ')}.${hint}`,
    );
  });
}

function writtenActs(names: readonly string[], seed: string, flags: ChaosFlags): Act[] {
  const given = OF_THE_FILE.find((name) => flags[name] !== undefined);
  if (given !== undefined) {
    throw new UsageError(`--${given}: a scenario file says that itself; give one or the other.`);
  }
  const sources = findScenarios(names);
  const scenarios = sources.map(loadScenario);
  const wrong = scenarios.flatMap((scenario, at) =>
    refusalsOf(scenario).map((why) => `${sources[at]!.file}: ${why}`),
  );
  if (wrong.length > 0) {
    throw new UsageError(`real processes cannot play this:\n${wrong.join('\n')}`);
  }
  return scenarios.map((scenario) => ({
    plan: chaosPlan(scenario, seed),
    weather: weatherOf(scenario),
  }));
}

function weatherOf({ network: { latency, drop } }: Scenario): Partial<NetworkKnobs> {
  return { ...(latency !== undefined && { latency }), ...(drop !== undefined && { drop }) };
}

/** Null: in the run folder. */
function dataFolder(data: string | undefined): string | null {
  if (data === undefined) return null;
  if (existsSync(data) && readdirSync(data).length > 0) {
    throw new UsageError(`--data ${data}: there is something there; a run begins with nothing.`);
  }
  return path.resolve(data);
}

function whole(flag: string, text: string, least: number, most: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : -1;
  if (value >= least && value <= most) return value;
  throw new UsageError(`${flag} ${text}: give a whole number from ${least} to ${most}.`);
}

// ------------------------------------------------------------------------------------------------------------ what came of it

/** The order in which one of several outcomes is the outcome. */
const GRAVITY = [EXIT.safety, EXIT.liveness, EXIT.interrupted, EXIT.inconclusive, EXIT.pass];

function gravest(reports: readonly ChaosReport[]): number {
  const exits = new Set(reports.map(({ result }) => result.exit));
  return GRAVITY.find((exit) => exits.has(exit)) ?? EXIT.internal;
}

function together(reports: readonly ChaosReport[]): unknown {
  const [only, ...others] = reports.map(chaosJson);
  return others.length === 0 ? only : { exitCode: gravest(reports), runs: [only, ...others] };
}
