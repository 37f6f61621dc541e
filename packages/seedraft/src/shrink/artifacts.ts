/**
 * A shrunk failure as files that people keep: a scenario and a vitest test. Neither is handed out on trust: each is read back from its own
 * text and run, and must fail as the shrunk run did, event for event.
 */
import {
  type Plan,
  type PlanOptions,
  planOptionsOf,
  planToBriefScenario,
  type RunOptions,
  type RunResult,
  readScenario,
  run,
  type Scenario,
  scenarioToPlan,
} from '@seedraft/sim';
import { Document, isMap, isSeq } from 'yaml';
import { ruleDefinition } from '../rules.ts';
import { parseScenario } from '../scenario-file.ts';
import { safeName } from '../shell.ts';

export interface Artifacts {
  /** scenario.yaml */
  readonly scenario: string;
  /** `swarm-S11.test.ts`: a name that vitest looks for. */
  readonly testFile: string;
  readonly test: string;
}

/** What is told about where it came from. */
export interface Origin {
  readonly scenario: string;
  readonly seed: string;
  /** What the test must import to have the user's config, from where it will lie. */
  readonly config?: string;
}

const WIDTH = 110;

/** Throws when one of them would not fail as `result` did: that is an error of ours. */
export function artifactsOf(
  plan: Plan,
  result: RunResult,
  origin: Origin,
  own: RunOptions['own'],
): Artifacts {
  const story = `Shrunk from ${origin.scenario}, seed ${origin.seed}. It breaks ${result.rule}: ${result.sentence}.`;
  const options = planOptionsFor(plan, own);
  const input = planToBriefScenario(plan, story, options);
  const scenario = scenarioText(input, plan.seed);
  const parsed = parseScenario(scenario);
  if (!parsed.ok)
    throw new Error(`the printed scenario is not one: ${parsed.problems[0]?.message}`);
  verify('scenario.yaml', parsed.scenario, plan, result, own);
  const literal = JSON.stringify(input, null, 2);
  const testFile = `${safeName(plan.scenario)}-${safeName(result.rule ?? '')}.test.ts`;
  const test = testText(literal, plan, result, origin.config ?? './seedraft.config.ts');
  const read = readScenario(JSON.parse(literal));
  if (!read.ok) throw new Error('the scenario of the printed test is not one');
  verify(testFile, read.scenario, plan, result, own);
  return { scenario, testFile, test };
}

/** A machine or a protocol of the user's. */
function isUsers({ kind }: Plan['workload']): boolean {
  return kind === 'own' || kind === 'protocol';
}

/** A plan that is about the built-in machine stays so, whatever config is in force. */
function planOptionsFor({ workload }: Plan, own: RunOptions['own']): PlanOptions {
  return isUsers(workload) ? planOptionsOf(own) : {};
}

function verify(
  file: string,
  scenario: Scenario,
  shrunk: Plan,
  result: RunResult,
  own: RunOptions['own'],
): void {
  const plan = scenarioToPlan(scenario, shrunk.seed, planOptionsFor(shrunk, own));
  const again = run(plan, own === undefined ? {} : { own });
  if (again.rule === result.rule && again.hash === result.hash) return;
  throw new Error(
    `${file} gives ${again.rule ?? again.verdict} (hash ${again.hash}), the shrunk run ${result.rule} (hash ${result.hash})`,
  );
}

/** One line a fault and a step; the rest in short maps. */
function scenarioText(input: object, seed: string): string {
  const document = new Document(input);
  document.commentBefore = ` Fails under --seed ${seed}`;
  if (isMap(document.contents)) {
    for (const { value } of document.contents.items) {
      if (isMap(value)) value.flow = true;
      if (isSeq(value)) for (const item of value.items) if (isMap(item)) item.flow = true;
    }
  }
  return document.toString({ lineWidth: WIDTH, flowCollectionPadding: true });
}

function testText(
  literal: string,
  { scenario, seed, workload }: Plan,
  result: RunResult,
  config: string,
): string {
  const rule = result.rule === null ? undefined : ruleDefinition(result.rule);
  const title = `${scenario} keeps ${result.rule} (${rule?.name ?? 'its rule'})`;
  const isOwn = isUsers(workload);
  const imports = isOwn
    ? ["import { simulate } from 'seedraft';", `import config from ${JSON.stringify(config)};`]
    : ["import { defineScenario, run, scenarioToPlan } from 'seedraft/sim';"];
  const act = isOwn
    ? `simulate(config, scenario, ${JSON.stringify(seed)})`
    : `run(scenarioToPlan(defineScenario(scenario), ${JSON.stringify(seed)}))`;
  return `/**
 * ${(result.sentence ?? '').replaceAll('*/', '* /')}.
 * Fails as long as the bug is there, and passes once it is gone.${isOwn ? ' Where it goes, what it imports must follow.' : ''}
 */
import { expect, test } from 'vitest';
${imports.join('\n')}

const scenario = ${literal};

test(${JSON.stringify(title)}, () => {
  const { verdict, rule, sentence } = ${act};
  expect({ verdict, rule, sentence }).toEqual({ verdict: 'pass', rule: null, sentence: null });
});
`;
}
