/** The whole testbed, all rules on: events a second of one core over swarm seeds, and simulated seconds a second of an idle cluster. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Plan, run, scenarioToPlan } from '@seedraft/sim';
import { parseScenario } from 'seedraft';
import { HOUSE } from '../mutants/build.ts';
import { bareLoop } from './bare-loop.ts';
import { interleave } from './rounds.ts';

export interface SimulatorFigures {
  readonly eventsPerSecond: number;
  readonly bareEventsPerSecond: number;
  readonly ratioToBare: number;
  readonly idleSimulatedSecondsPerSecond: number;
  readonly loadedSimulatedSecondsPerSecond: number;
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

interface Rate {
  readonly events: number;
  readonly simulatedSeconds: number;
  readonly seconds: number;
}

function runAll(list: readonly Plan[]): Rate {
  const began = performance.now();
  let events = 0;
  let micros = 0;
  for (const plan of list) {
    const result = run(plan);
    if (result.verdict !== 'pass' && result.verdict !== 'inconclusive') {
      throw new Error(
        `bench: ${plan.scenario} seed ${plan.seed}: ${result.rule} ${result.sentence}`,
      );
    }
    events += result.events;
    micros += result.simulatedMicros;
  }
  return { events, simulatedSeconds: micros / 1e6, seconds: (performance.now() - began) / 1000 };
}

export function benchSimulator(rounds: number, seeds: number): SimulatorFigures {
  const swarmText = readFileSync(path.join(HOUSE, 'scenarios/swarm.yaml'), 'utf8');
  const swarm = plans(
    swarmText,
    Array.from({ length: seeds }, (_, n) => `bench-${n}`),
  );
  const idle = plans(IDLE, ['1']);
  const loaded = plans(LOADED, ['1']);
  const figures = interleave(rounds, {
    bare: () => {
      const began = performance.now();
      return bareLoop(2_000_000) / ((performance.now() - began) / 1000);
    },
    swarm: () => {
      const rate = runAll(swarm);
      return rate.events / rate.seconds;
    },
    idle: () => {
      const rate = runAll(idle);
      return rate.simulatedSeconds / rate.seconds;
    },
    loaded: () => {
      const rate = runAll(loaded);
      return rate.simulatedSeconds / rate.seconds;
    },
  });
  return {
    eventsPerSecond: figures.swarm!,
    bareEventsPerSecond: figures.bare!,
    ratioToBare: figures.swarm! / figures.bare!,
    idleSimulatedSecondsPerSecond: figures.idle!,
    loadedSimulatedSecondsPerSecond: figures.loaded!,
  };
}
