/**
 * Runs units in a worker thread (compiled output only: a loader that rewrites names makes tight loops many times slower). A pure function of
 * its task: the same task gives the same hashes on any machine.
 */
import { type Plan, type RunResult, run, type Scenario, scenarioToPlan } from '@seedraft/sim';
import { parseScenario } from '../scenario-file.ts';
import type { CampaignTask, CampaignTaskResult, ScenarioSource } from './task.ts';
import { seedText, type UnitResult } from './unit.ts';

const parsed = new Map<string, Scenario>();

function scenarioOf(source: ScenarioSource): Scenario {
  const known = parsed.get(source.text);
  if (known !== undefined) return known;
  const loaded = parseScenario(source.text);
  if (!loaded.ok) throw new Error(`${source.file} was valid when the campaign began`);
  parsed.set(source.text, loaded.scenario);
  return loaded.scenario;
}

function summary(unit: number, plan: Plan, result: RunResult, milliseconds: number): UnitResult {
  return {
    unit,
    scenario: plan.scenario,
    seed: plan.seed,
    verdict: result.verdict,
    rule: result.rule,
    sentence: result.sentence ?? result.reason,
    hash: result.hash,
    events: result.events,
    simulatedMicros: result.simulatedMicros,
    acknowledged: result.operations.acknowledged,
    milliseconds,
    faults: result.faults,
    rules: result.rules,
    messages: result.messages,
    sometimes: result.sometimes,
    twice: false,
  };
}

function runUnit(task: CampaignTask, unit: number): UnitResult {
  const source = task.scenarios[unit % task.scenarios.length]!;
  const seed = seedText(task.root, task.firstSeed + Math.floor(unit / task.scenarios.length));
  const plan = scenarioToPlan(scenarioOf(source), seed);
  const began = performance.now();
  const result = run(plan);
  return summary(unit, plan, result, performance.now() - began);
}

/** Compare a second run of a unit, made after other seeds in the same process, with its first. */
function rerun(task: CampaignTask, first: UnitResult): UnitResult {
  const second = runUnit(task, first.unit);
  if (second.hash === first.hash) return { ...first, twice: true };
  return {
    ...first,
    twice: true,
    verdict: 'nondeterminism',
    rule: 'determinism',
    sentence: `the same plan gave ${first.hash} and then, after other seeds, ${second.hash}`,
  };
}

export default function work(task: CampaignTask): CampaignTaskResult {
  const results: UnitResult[] = [];
  for (let unit = task.from; unit < task.to; unit++) results.push(runUnit(task, unit));
  return results.map((result) =>
    result.unit % task.twiceEvery === 0 ? rerun(task, result) : result,
  );
}
