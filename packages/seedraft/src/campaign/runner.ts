/**
 * Runs units: a pure function of the campaign's work and the unit's number, the same on any machine. What breaks here is an `error` of that
 * unit, which names its scenario and seed; it never takes the campaign with it.
 */
import {
  type Divergence,
  firstDivergence,
  type Plan,
  type PlanOptions,
  type RunOptions,
  type RunResult,
  run,
  type Scenario,
  scenarioToPlan,
} from '@seedraft/sim';
import { parseScenario } from '../scenario-file.ts';
import { seedText } from './seeds.ts';
import type { CampaignWork, ScenarioSource } from './task.ts';
import type { UnitResult, UnitVerdict } from './unit.ts';

/** Each scenario runs twice under one seed in so many. */
const TWICE_EVERY = 32;

/** Spread over seeds and scenarios alike, and the first unit of a campaign from seed 1 is among them. */
export function isRunTwice(seedNumber: number, scenario: number): boolean {
  return (seedNumber + 7 * scenario) % TWICE_EVERY === 1;
}

type Execute = (plan: Plan, options?: RunOptions) => RunResult;

export class UnitRunner {
  readonly #work: CampaignWork;
  readonly #execute: Execute;
  readonly #options: PlanOptions;
  readonly #parsed = new Map<ScenarioSource, Scenario>();

  /** `execute` is the simulator, with the user's machine or protocol where there is one; `options` is what plans must know of it. */
  constructor(work: CampaignWork, execute: Execute = run, options: PlanOptions = {}) {
    this.#work = work;
    this.#execute = execute;
    this.#options = options;
  }

  /** Units [from, to). Those that are due twice run first, and again after all others. `mark` is called before each run, and after it. */
  runAll(from: number, to: number, mark: (unit: number) => void = () => {}): UnitResult[] {
    const marked = (unit: number, action: () => UnitResult): UnitResult => {
      mark(unit);
      const result = action();
      mark(unit);
      return result;
    };
    const run = (unit: number): UnitResult => marked(unit, () => this.run(unit));
    const units = Array.from({ length: to - from }, (_, place) => from + place);
    const twice = units.filter((unit) => this.#isDueTwice(unit)).map(run);
    const once = units.filter((unit) => !this.#isDueTwice(unit)).map(run);
    return [...once, ...twice.map((first) => marked(first.unit, () => this.again(first)))];
  }

  run(unit: number): UnitResult {
    try {
      const plan = this.#planOf(unit);
      return summary(unit, plan, this.#execute(plan));
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return failedUnit(this.#work, unit, text);
    }
  }

  /** A second run of a unit, compared with its first. */
  again(first: UnitResult): UnitResult {
    if (first.verdict === 'error') return first;
    const second = this.run(first.unit);
    if (second.hash === first.hash && second.verdict === first.verdict) {
      return { ...first, twice: true };
    }
    const plan = this.#planOf(first.unit);
    const runner = (options: RunOptions): RunResult => this.#execute(plan, options);
    const divergence = firstDivergence(runner, runner);
    const sentence = differenceOf(first, second, divergence);
    return {
      ...first,
      twice: true,
      verdict: 'nondeterminism',
      rule: 'determinism',
      sentence,
      divergence,
    };
  }

  #isDueTwice(unit: number): boolean {
    const { seed, scenario } = placeOf(this.#work, unit);
    return isRunTwice(seed, scenario);
  }

  #planOf(unit: number): Plan {
    const { seed, scenario } = placeOf(this.#work, unit);
    const source = this.#work.scenarios[scenario]!;
    const text = seedText(this.#work.root, seed);
    return scenarioToPlan(this.#scenarioOf(source), text, this.#options);
  }

  #scenarioOf(source: ScenarioSource): Scenario {
    const known = this.#parsed.get(source);
    if (known !== undefined) return known;
    const loaded = parseScenario(source.text);
    if (!loaded.ok) throw new Error(`${source.file} was valid when the campaign began`);
    this.#parsed.set(source, loaded.scenario);
    return loaded.scenario;
  }
}

function differenceOf(first: UnitResult, second: UnitResult, found: Divergence | null): string {
  const hashes = `the same plan gave ${first.hash} and then, after other runs, ${second.hash}`;
  return found === null
    ? `${hashes}; two more runs agreed, so it depends on what ran before`
    : `${hashes}; they part where ${found.sentence}`;
}

/** A unit's seed number, and the place of its scenario. */
export function placeOf(work: CampaignWork, unit: number): { seed: number; scenario: number } {
  const count = work.scenarios.length;
  return { seed: Math.floor(unit / count), scenario: unit % count };
}

function summary(unit: number, plan: Plan, result: RunResult): UnitResult {
  const { verdict, rule, definition, hash, events, simulatedMicros } = result;
  const { faults, rules, messages, sometimes } = result;
  return {
    unit,
    scenario: plan.scenario,
    seed: plan.seed,
    verdict,
    rule,
    ...(definition !== undefined && { definition }),
    sentence: result.sentence ?? result.reason,
    hash,
    events,
    simulatedMicros,
    acknowledged: result.operations.acknowledged,
    faults,
    rules,
    messages,
    sometimes,
    twice: false,
    divergence: null,
  };
}

/** A unit of which nothing came: the tool itself failed, or it was given up. */
export function failedUnit(
  work: CampaignWork,
  unit: number,
  sentence: string,
  verdict: UnitVerdict = 'error',
): UnitResult {
  const { seed, scenario } = placeOf(work, unit);
  return {
    unit,
    scenario: work.scenarios[scenario]!.file,
    seed: seedText(work.root, seed),
    verdict,
    rule: null,
    sentence,
    hash: '',
    events: 0,
    simulatedMicros: 0,
    acknowledged: 0,
    faults: {},
    rules: {},
    messages: {},
    sometimes: {},
    twice: false,
    divergence: null,
  };
}
