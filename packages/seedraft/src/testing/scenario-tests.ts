/**
 * A scenario under a range of seeds as tests of vitest: one test a seed, so that a runner names, filters and counts them. A failing test says
 * what a failing `fuzz` says. A run that could not be decided is skipped for everyone to see, and too many of them fail: silence is no pass.
 */
import { type RunOptions, run, type ScenarioInput, scenarioToPlan } from '@seedraft/sim';
import { afterAll, describe, test } from 'vitest';
import { parseSeeds, type SeedRange, seedText } from '../campaign/seeds.ts';
import type { ScenarioSource } from '../campaign/task.ts';
import { type Config, ownOf, planOptions } from '../config/define.ts';
import { UsageError } from '../exit-codes.ts';
import { recordStory } from '../reporters/story.ts';
import { findScenarios, loadScenario } from '../scenarios.ts';
import { commandLine } from '../shell.ts';
import { assertPass } from './told.ts';

export interface ScenarioTestOptions {
  /** How many (`20` is 1..20), or which (`100..120`). Default 10. */
  readonly seeds?: number | string;
  /** Another family of seeds. Default: the usual one, of `seedraft fuzz`. */
  readonly root?: string;
  /** Your machine, workload and model. Default: the built-in key-value machine. */
  readonly config?: Config;
  /** Of one seed, ms. Default 60,000. */
  readonly timeout?: number;
}

/** A campaign's bound too. */
const UNDECIDED_SHARE = 0.05;
const TIMEOUT = 60_000;
const SEEDS = 10;

/**
 * Declares the tests of a scenario: a file, a folder of them, the name of a shipped one, or one written here. Call it where `describe` may
 * be called. Throws UsageError (with line and column) for a scenario that cannot run, and for seeds that are none.
 */
export function testScenario(
  scenario: string | ScenarioInput,
  options: ScenarioTestOptions = {},
): void {
  const seeds = rangeOf(options.seeds ?? SEEDS);
  for (const source of sourcesOf(scenario, options.config)) {
    describe(source.file, () => declare(source, seeds, options, typeof scenario === 'string'));
  }
}

function rangeOf(seeds: number | string): SeedRange {
  const range = parseSeeds(String(seeds));
  if (range === null) {
    throw new UsageError(`seeds: ${seeds}: give a number of seeds (20), or which (100..120).`);
  }
  return range;
}

function sourcesOf(scenario: string | ScenarioInput, config?: Config): ScenarioSource[] {
  const isNamed = typeof scenario === 'string';
  const scenarios = isNamed ? (config?.scenarios ?? []) : [scenario];
  // Without a config one written here has nowhere to stand but in one.
  const holder = { ...(config ?? ({} as Config)), scenarios };
  const inForce = { config: config || !isNamed ? holder : null, bundle: null, words: [] };
  return findScenarios([isNamed ? scenario : scenario.name], inForce);
}

function declare(
  source: ScenarioSource,
  { first, last }: SeedRange,
  { root = '', config, timeout = TIMEOUT }: ScenarioTestOptions,
  isNamed: boolean,
): void {
  const scenario = loadScenario(source);
  const own: RunOptions = config === undefined ? {} : ownOf(config);
  let judged = 0;
  let undecided = 0;
  for (let number = first; number <= last; number++) {
    const seed = seedText(root, number);
    test(`seed ${seed}`, { timeout }, async ({ annotate, skip }) => {
      const plan = scenarioToPlan(scenario, seed, planOptions(config));
      const told = recordStory();
      const result = run(plan, { ...own, observers: told.observers });
      await annotate(`seed ${seed}, hash ${result.hash}`, 'seedraft');
      judged++;
      if (result.verdict === 'inconclusive') {
        undecided++;
        skip(`not decided: ${result.reason}`);
      }
      const lines = isNamed ? linesFor(source.file, seed) : [];
      assertPass(result, { scenario: source.file, seed, story: told.lines(), lines });
    });
  }
  afterAll(() => {
    if (judged === 0 || undecided / judged <= UNDECIDED_SHARE) return;
    throw new Error(`${undecided} of ${judged} seeds could not be decided; 5 % may be.`);
  });
}

function linesFor(file: string, seed: string): string[] {
  return [
    `Run it again:     ${commandLine('run', file, '--seed', seed)}`,
    `Make it small:    ${commandLine('shrink', file, '--seed', seed)}`,
  ];
}
