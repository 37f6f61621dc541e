/** Runs in a worker, bundled with a mutant: scenarios under seeds until the expected rule fires. */
import { parentPort, workerData } from 'node:worker_threads';
import { run, scenarioToPlan } from '@seedraft/sim';
import { parseScenario } from 'seedraft';

export interface HuntTask {
  /** Null: run exactly these seeds and report the first violation of any rule (the clean house). */
  readonly expectedRule: string | null;
  readonly hunts: readonly {
    readonly scenario: string;
    readonly text: string;
    readonly seeds: readonly string[];
  }[];
}

export interface HuntResult {
  readonly killed: boolean;
  readonly rule: string | null;
  readonly sentence: string | null;
  readonly where: string | null;
  readonly seed: string | null;
  /** Seeds run in the scenario of the kill (or in all, when it survived). */
  readonly seeds: number;
  /** Every rule that fired on the way, with how often. */
  readonly rules: Record<string, number>;
  readonly seconds: number;
}

/** A crash of the simulator is never a kill; and the clean house must pass, not merely fail to be judged. */
function unjudged(task: HuntTask, verdict: string): string | null {
  if (verdict === 'error') return 'ERROR';
  return task.expectedRule === null && verdict !== 'pass' ? 'INCONCLUSIVE' : null;
}

function hunt(task: HuntTask): HuntResult {
  const began = performance.now();
  const rules: Record<string, number> = {};
  const seconds = (): number => Math.round(performance.now() - began) / 1000;
  let total = 0;
  for (const { scenario, text, seeds } of task.hunts) {
    const loaded = parseScenario(text);
    if (!loaded.ok) throw new Error(`${scenario}: ${loaded.problems[0]?.message}`);
    for (const [n, seed] of seeds.entries()) {
      const result = run(scenarioToPlan(loaded.scenario, seed));
      total++;
      const rule = result.rule ?? unjudged(task, result.verdict);
      if (rule === null) continue;
      rules[rule] = (rules[rule] ?? 0) + 1;
      if (task.expectedRule === null || rule === task.expectedRule) {
        const sentence = result.sentence ?? result.reason;
        return {
          killed: true,
          rule,
          sentence,
          where: scenario,
          seed,
          seeds: n + 1,
          rules,
          seconds: seconds(),
        };
      }
    }
  }
  return {
    killed: false,
    rule: null,
    sentence: null,
    where: null,
    seed: null,
    seeds: total,
    rules,
    seconds: seconds(),
  };
}

parentPort?.postMessage(hunt(workerData as HuntTask));
