/**
 * Runs in a worker, bundled with a mutant (or with none): scenarios under seeds until the expected rule fires, one hunt at a time as the
 * program asks. Also shrinks what it found, in the world in which the bug lives.
 */
import { parentPort } from 'node:worker_threads';
import { type Plan, type RunResult, run, scenarioToPlan } from '@seedraft/sim';
import { parseScenario, shrinkRun } from 'seedraft';

export interface Place {
  readonly scenario: string;
  readonly text: string;
  readonly seeds: readonly string[];
}

export interface HuntTask {
  readonly type: 'hunt';
  /** Any of these is what is looked for. Null: nothing may be found, and a run that is not judged counts as a find (the clean house). */
  readonly rules: readonly string[] | null;
  /** Only these rules watch (beside linearizability and the liveness phase); absent: all. */
  readonly only?: readonly string[];
  readonly places: readonly Place[];
}

export interface ShrinkTask {
  readonly type: 'shrink';
  readonly scenario: string;
  readonly text: string;
  readonly seed: string;
  /** Milliseconds of wall time. */
  readonly patience: number;
}

export interface Found {
  readonly rule: string;
  readonly sentence: string;
  readonly where: string;
  readonly seed: string;
  /** To the violation. */
  readonly events: number;
}

export interface HuntResult {
  readonly found: Found | null;
  /** Seeds run in the scenario of the find, or in all of them. */
  readonly seeds: number;
  readonly seconds: number;
  /** Other rules that fired on the way, with how often. */
  readonly others: Readonly<Record<string, number>>;
}

export interface Shrunk {
  readonly rawEvents: number;
  readonly events: number;
  /** False: patience ended it. */
  readonly finished: boolean;
  readonly seconds: number;
  /** What people would keep: its scenario file, and the seed under which that fails. */
  readonly kept: Place;
}

function planOf(scenario: string, text: string, seed: string): Plan {
  const loaded = parseScenario(text);
  if (!loaded.ok) throw new Error(`${scenario}: ${loaded.problems[0]?.message}`);
  return scenarioToPlan(loaded.scenario, seed);
}

/** A crash of the simulator is never a kill; and the clean house must pass, not merely fail to be judged. */
function verdictOf({ rules }: HuntTask, result: RunResult): string | null {
  if (result.verdict === 'error') return 'ERROR';
  if (rules === null && result.verdict === 'inconclusive') return 'INCONCLUSIVE';
  return result.rule;
}

function hunt(task: HuntTask): HuntResult {
  const began = performance.now();
  const others: Record<string, number> = {};
  const end = (found: Found | null, seeds: number): HuntResult => {
    const seconds = Math.round(performance.now() - began) / 1000;
    return { found, seeds, seconds, others };
  };
  let total = 0;
  for (const { scenario, text, seeds } of task.places) {
    for (const [n, seed] of seeds.entries()) {
      const options = task.only === undefined ? {} : { rules: task.only };
      const result = run(planOf(scenario, text, seed), options);
      total++;
      const rule = verdictOf(task, result);
      if (rule === null) continue;
      if (task.rules !== null && !task.rules.includes(rule)) {
        others[rule] = (others[rule] ?? 0) + 1;
        continue;
      }
      const { events } = result;
      const sentence = result.sentence ?? result.reason ?? '';
      return end({ rule, sentence, where: scenario, seed, events }, n + 1);
    }
  }
  return end(null, total);
}

function shrink({ scenario, text, seed, patience }: ShrinkTask): Shrunk | null {
  const began = performance.now();
  const until = began + patience;
  const plan = planOf(scenario, text, seed);
  const shrunk = shrinkRun(plan, run(plan), {
    own: undefined,
    origin: { scenario, seed },
    budget: { runs: 2_000, stop: () => performance.now() > until },
    onProgress: () => {},
  });
  if (shrunk === null) return null;
  const { rawEvents, finished, artifacts, result } = shrunk;
  const seconds = Math.round(performance.now() - began) / 1000;
  const kept = { scenario, text: artifacts.scenario, seeds: [shrunk.plan.seed] };
  return { rawEvents, events: result.events, finished, seconds, kept };
}

parentPort?.on('message', (task: HuntTask | ShrinkTask) => {
  parentPort?.postMessage(task.type === 'hunt' ? hunt(task) : shrink(task));
});
