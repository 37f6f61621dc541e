/** The whole testbed, all rules on: events a second of CPU time, once warm, over swarm seeds and over calm clusters, through objects and through bytes. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Plan, run, scenarioToPlan } from '@seedraft/sim';
import { parseScenario } from 'seedraft';
import { HOUSE } from '../mutants/house.ts';
import { bareLoop } from './bare-loop.ts';
import { interleaveSteady, perCpuSecond, type Steady } from './rounds.ts';

/** One core, all rules on, warm. `objects` and `bytes`: members over either kind of disk and network. */
export interface SimulatorFigures {
  /** Rounds until no contestant got faster any more. */
  readonly warmUp: number;
  /** Swarm seeds as the seed has them, some of either kind, in their median rounds. */
  readonly eventsPerSecond: number;
  readonly bareEventsPerSecond: number;
  readonly ratioToBare: number;
  /** The same seeds, apart by kind. */
  readonly swarm: ByKind;
  readonly idle: ByKind;
  readonly loaded: ByKind;
}

export interface ByKind {
  readonly objects: Speed;
  readonly bytes: Speed;
}

/** Events a second of CPU time, so that other work on the machine does not count. */
export interface Speed extends Steady {
  /** Of the median. */
  readonly simulatedSecondsPerSecond: number;
}

function plans(text: string, seeds: readonly string[]): Plan[] {
  const loaded = parseScenario(text);
  if (!loaded.ok) throw new Error(`bench scenario: ${JSON.stringify(loaded.problems[0])}`);
  return seeds.map((seed) => scenarioToPlan(loaded.scenario, seed));
}

const IDLE = `
name: idle cluster of five
story: Nobody asks anything and nothing fails; heartbeats only.
cluster: { voters: 5 }
workload: { kind: none, for: 600s }
swarm: none
`;

const LOADED = `
name: five members under 100 operations a second
story: Ordinary service, nothing fails.
cluster: { voters: 5 }
workload: { kind: kv, clients: 5, rate: 100, for: 60s }
swarm: none
`;

interface Batch {
  readonly plans: readonly Plan[];
  /** Of all its plans: the same in every round. */
  events: number;
  simulatedSeconds: number;
}

const batch = (list: readonly Plan[]): Batch => ({ plans: list, events: 0, simulatedSeconds: 0 });

/** Runs them all; returns how many events that were. */
function runAll(contestant: Batch): number {
  let events = 0;
  let micros = 0;
  for (const plan of contestant.plans) {
    const result = run(plan);
    if (result.verdict !== 'pass' && result.verdict !== 'inconclusive') {
      throw new Error(
        `bench: ${plan.scenario} seed ${plan.seed}: ${result.rule} ${result.sentence}`,
      );
    }
    events += result.events;
    micros += result.simulatedMicros;
  }
  contestant.events = events;
  contestant.simulatedSeconds = micros / 1e6;
  return events;
}

export function benchSimulator(rounds: number, seeds: number): SimulatorFigures {
  const swarmText = readFileSync(path.join(HOUSE, 'scenarios/swarm.yaml'), 'utf8');
  const names = Array.from({ length: seeds }, (_, n) => `bench-${n}`);
  const swarm = plans(swarmText, names);
  const calm = (text: string, bytes: boolean): Batch =>
    batch(plans(text, ['1']).map((plan) => ({ ...plan, bytes })));
  const batches: Record<string, Batch> = {
    swarmObjects: batch(swarm.filter(({ bytes }) => !bytes)),
    swarmBytes: batch(swarm.filter(({ bytes }) => bytes)),
    idleObjects: calm(IDLE, false),
    idleBytes: calm(IDLE, true),
    loadedObjects: calm(LOADED, false),
    loadedBytes: calm(LOADED, true),
  };
  const contestants: Record<string, () => number> = {
    bare: () => perCpuSecond(() => bareLoop(2_000_000)),
  };
  for (const [name, one] of Object.entries(batches)) {
    contestants[name] = () => perCpuSecond(() => runAll(one));
  }
  const { warmUp, speeds } = interleaveSteady(rounds, contestants);
  const speed = (name: string): Speed => {
    const { events, simulatedSeconds } = batches[name]!;
    const { median, best } = speeds[name]!;
    return { median, best, simulatedSecondsPerSecond: (simulatedSeconds * median) / events };
  };
  const byKind = (name: string): ByKind => ({
    objects: speed(`${name}Objects`),
    bytes: speed(`${name}Bytes`),
  });
  const swarmNames = ['swarmObjects', 'swarmBytes'];
  const events = swarmNames.reduce((sum, name) => sum + batches[name]!.events, 0);
  const seconds = swarmNames.reduce(
    (sum, name) => sum + batches[name]!.events / speeds[name]!.median,
    0,
  );
  const bareEventsPerSecond = speeds.bare!.median;
  return {
    warmUp,
    eventsPerSecond: events / seconds,
    bareEventsPerSecond,
    ratioToBare: events / seconds / bareEventsPerSecond,
    swarm: byKind('swarm'),
    idle: byKind('idle'),
    loaded: byKind('loaded'),
  };
}
