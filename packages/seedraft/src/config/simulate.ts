/** One run of a config's machine in this process: what a test needs. */
import { type RunResult, run, type ScenarioInput, scenarioToPlan } from '@seedraft/sim';
import { findScenarios, loadScenario } from '../scenarios.ts';
import { type Config, ownOf, planOptions } from './define.ts';

/**
 * Runs a scenario (of the config by its name, a file, the name of a shipped one, or one given here) under a seed, on the config's machine or protocol.
 * The same three give the same run. Look at `verdict`, and at `sentence` when it is not `pass`. Throws UsageError when there is no such scenario.
 */
export function simulate(
  config: Config,
  scenario: string | ScenarioInput,
  seed: string | number,
): RunResult {
  const isNamed = typeof scenario === 'string';
  const scenarios = isNamed ? (config.scenarios ?? []) : [scenario];
  const inForce = { config: { ...config, scenarios }, bundle: null, words: [] };
  const [source] = findScenarios([isNamed ? scenario : scenario.name], inForce);
  const plan = scenarioToPlan(loadScenario(source!), String(seed), planOptions(config));
  return run(plan, { ...ownOf(config), record: { history: true } });
}
