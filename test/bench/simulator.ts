/** The whole testbed, all rules on: events a second of one core over swarm seeds and over calm clusters, through objects and through bytes. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Plan, run, scenarioToPlan } from '@seedraft/sim';
import { parseScenario } from 'seedraft';
import { HOUSE } from '../mutants/house.ts';
import { bareLoop } from './bare-loop.ts';
import { interleave, perSecond } from './rounds.ts';

/** One core, all rules on. `objects` and `bytes`: members over either kind of disk and network. */
export interface SimulatorFigures {
  /** Swarm seeds as the seed has them: some of either kind. */
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

export interface Speed {
  readonly eventsPerSecond: number;
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

/** Runs them all; returns the seconds it took. */
function runAll(contestant: Batch): number {
  const began = performance.now();
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
  return (performance.now() - began) / 1000;
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
  const contestants: Record<string, () => number> = { bare: () => perSecond(200, bare) };
  for (const [name, one] of Object.entries(batches)) contestants[name] = () => runAll(one);
  const figures = interleave(rounds, contestants);
  const speed = (name: string): Speed => {
    const { events, simulatedSeconds } = batches[name]!;
    const seconds = figures[name]!;
    return {
      eventsPerSecond: events / seconds,
      simulatedSecondsPerSecond: simulatedSeconds / seconds,
    };
  };
  const byKind = (name: string): ByKind => ({
    objects: speed(`${name}Objects`),
    bytes: speed(`${name}Bytes`),
  });
  const events = batches.swarmObjects!.events + batches.swarmBytes!.events;
  const eventsPerSecond = events / (figures.swarmObjects! + figures.swarmBytes!);
  return {
    eventsPerSecond,
    bareEventsPerSecond: figures.bare!,
    ratioToBare: eventsPerSecond / figures.bare!,
    swarm: byKind('swarm'),
    idle: byKind('idle'),
    loaded: byKind('loaded'),
  };
}

const bare = (): number => bareLoop(500_000);
