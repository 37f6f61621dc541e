/**
 * Shrinking, on planted bugs: what is left still breaks the same rule with the bug in place and passes without it, plan, scenario file and
 * test alike; a budget in runs decides the result; delta debugging leaves nothing that could go.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { fc, test } from '@fast-check/vitest';
import { KvMachine } from '@seedraft/kv';
import {
  defineScenario,
  failureOf,
  type Plan,
  planToBriefScenario,
  planToScenario,
  readScenario,
  run,
  sameFailureAs,
  scenarioToPlan,
  shrinkPlan,
} from '@seedraft/sim';
import { parseScenario } from 'seedraft';
import { afterAll, beforeAll, describe, expect, vi } from 'vitest';
import { ddmin } from '../../sim/src/shrink/ddmin.ts';
import { knobEdits, timingEdits } from '../../sim/src/shrink/edits.ts';
import { buildWith } from '../mutants/build.ts';
import { HOUSE } from '../mutants/house.ts';
import type * as Lab from '../mutants/lab.ts';
import { MUTANTS } from '../mutants/mutants.ts';

/** Hundreds of runs each: seconds on a quiet machine. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const place = mkdtempSync(path.join(tmpdir(), 'seedraft-shrink-'));
afterAll(() => rmSync(place, { recursive: true }));

async function labWith(id: string): Promise<typeof Lab> {
  const mutant = MUTANTS.find((known) => known.id === id);
  if (mutant === undefined) throw new Error(`no mutant ${id}`);
  const file = path.join(place, `${id}.mjs`);
  await buildWith([mutant], 'test/mutants/lab.ts', file);
  return (await import(pathToFileURL(file).href)) as typeof Lab;
}

const swarmText = readFileSync(path.join(HOUSE, 'scenarios/swarm.yaml'), 'utf8');
function swarm(seed: string): Plan {
  const read = parseScenario(swarmText);
  if (!read.ok) throw new Error('swarm.yaml');
  return scenarioToPlan(read.scenario, seed);
}

/** Rules by the mutants that break them, each under a seed of the swarm that finds it soon. */
describe.each([
  ['M1', 'S10', '1', 16],
  ['M6', 'S6', '1', 40],
])('a failure of mutant %s', (id, rule, seed, atMost) => {
  const origin = { scenario: 'swarm', seed };
  const plan = swarm(seed);
  let lab: typeof Lab;
  let shrunk: NonNullable<ReturnType<typeof Lab.shrinkRun>>;
  beforeAll(async () => {
    lab = await labWith(id);
    const options = { own: undefined, origin, budget: { runs: 150 }, onProgress: () => {} };
    shrunk = lab.shrinkRun(plan, lab.run(plan), options)!;
  });

  test('becomes one of few events, by the same rule', () => {
    expect(shrunk.failure).toEqual({ verdict: 'violation', rule });
    expect(shrunk.result).toMatchObject({ verdict: 'violation', rule });
    expect(shrunk.result.events).toBeLessThanOrEqual(atMost);
    expect(shrunk.plan.faults.length).toBeLessThanOrEqual(1);
  });

  test('fails as its scenario file with the bug, and passes without it', () => {
    const read = parseScenario(shrunk.artifacts.scenario);
    if (!read.ok) throw new Error(shrunk.artifacts.scenario);
    const again = scenarioToPlan(read.scenario, shrunk.plan.seed);
    expect(lab.run(again)).toMatchObject({ rule, hash: shrunk.result.hash });
    expect(run(again)).toMatchObject({ verdict: 'pass', rule: null });
    expect(shrunk.artifacts.test).toContain(`"${shrunk.plan.scenario} keeps ${rule} `);
  });
});

test('a failure of a disk becomes steps: it does not end with the plan', async () => {
  const lab = await labWith('M30');
  const scenario = defineScenario({
    name: 'one fault',
    cluster: { voters: 3 },
    workload: { kind: 'none', for: '501ms' },
    blackBox: false,
    liveness: false,
    faults: [{ at: '200ms', 'bit-rot': { target: 'leader', restart: '300ms' } }],
  });
  const plan = scenarioToPlan(scenario, '5');
  const options = { own: undefined, budget: { runs: 60 }, onProgress: () => {} };
  const origin = { scenario: 'one fault', seed: '5' };
  const shrunk = lab.shrinkRun(plan, lab.run(plan), { ...options, origin });
  expect(shrunk?.result).toMatchObject({ verdict: 'violation', rule: 'S11' });
  expect(shrunk?.plan.schedule?.some((text) => text.startsWith('bit-rot'))).toBe(true);
  expect(shrunk?.result.events).toBeLessThan(30);
});

describe('the budget', () => {
  // A failure without a bug: what is expected never comes, so any run without a crash of a leader stands for it.
  const plan = swarm('3');
  const few = (candidate: Plan) =>
    candidate.members.length >= 2 &&
    candidate.faults.some(({ fault }) => fault === plan.faults[4]!.fault)
      ? { events: 10 + candidate.faults.length, simulatedMicros: 5 }
      : null;

  test('decides the result, which is never one that does not fail', () => {
    for (const runs of [1, 7, 40]) {
      const one = shrinkPlan(plan, few, { runs });
      expect(one.runs).toBeLessThanOrEqual(runs);
      expect(one).toEqual(shrinkPlan(plan, few, { runs }));
      expect(few(one.plan)).not.toBeNull();
    }
    const whole = shrinkPlan(plan, few, { runs: 10_000 });
    expect(whole).toMatchObject({ finished: true });
    expect(whole.plan.members).toHaveLength(2);
    expect(whole.plan.faults).toHaveLength(1);
  });

  test('may be time: then it stops when told', () => {
    expect(shrinkPlan(plan, few, { runs: 99, stop: () => true })).toMatchObject({
      runs: 1,
      finished: false,
    });
  });
});

test('a run that passes, or that expects another failure, has nothing to shrink', () => {
  const plan = scenarioToPlan(
    defineScenario({
      name: 'short',
      workload: { for: '300ms' },
      liveness: false,
      expect: 'violation S1',
    }),
    '1',
  );
  expect(failureOf(run(plan))).toBeNull();
  expect(failureOf(run({ ...plan, expect: 'pass' }))).toBeNull();
  const oracle = sameFailureAs({ verdict: 'violation', rule: 'S1' });
  expect(oracle({ ...plan, expect: 'pass' }, 10_000)).toBeNull();
});

/** Only the safety phase was stopped early, so that a bug which never comes to rest once healed could have run for two million events. */
test('no candidate runs beyond the events that it may take, in the liveness phase neither', () => {
  const story = defineScenario({ name: 'long end', workload: { kind: 'kv', for: '300ms' } });
  const plan = scenarioToPlan(story, '1');
  const safety = run({ ...plan, liveness: false }).events;
  let steps = 0;
  class Counted extends KvMachine {
    override digest() {
      steps += 1;
      return super.digest();
    }
  }
  const oracle = sameFailureAs(
    { verdict: 'violation', rule: 'S1' },
    { machine: () => new Counted() },
  );
  const looksWithin = (events: number): number => {
    steps = 0;
    expect(oracle(plan, events)).toBeNull();
    return steps;
  };
  expect(looksWithin(safety + 5)).toBeLessThan(looksWithin(Infinity));
});

/** A longest election timeout below the shortest one came of setting knobs back one by one (mutant M14). */
test('whatever knob is set back, the plan can still be said as a scenario', () => {
  let tried = 0;
  for (let seed = 1; seed <= 8; seed += 1) {
    const plan = swarm(String(seed));
    for (const { what, apply } of [...knobEdits(plan), ...timingEdits(plan)]) {
      const edited = apply(plan);
      if (edited === null) continue;
      tried += 1;
      const read = readScenario(planToScenario(edited));
      expect(read.ok ? [] : read.problems, `${what} of seed ${seed}`).toEqual([]);
    }
  }
  expect(tried).toBeGreaterThan(150);
});

test('the brief scenario of a plan draws that plan again and says nothing it need not', () => {
  const drawn = swarm('3');
  const plan = { ...drawn, swarm: [], faults: drawn.faults.slice(0, 4) };
  const read = readScenario(planToBriefScenario(plan, 'a story'));
  if (!read.ok) throw new Error('it is no scenario');
  const { beyondDriftBound, ...rest } = plan;
  expect(scenarioToPlan(read.scenario, '3')).toMatchObject(rest);
  const calm = scenarioToPlan(defineScenario({ name: 'calm', bytes: false }), '1');
  expect(planToBriefScenario(calm)).toEqual({ name: 'calm' });
});

test.prop([
  fc.uniqueArray(fc.nat(40), { maxLength: 24 }),
  fc.uniqueArray(fc.nat(40), { maxLength: 5 }),
])('delta debugging keeps exactly what is needed, in order', (items, needed) => {
  const all = [...new Set([...items, ...needed])];
  const fails = (kept: readonly number[]): boolean => needed.every((one) => kept.includes(one));
  expect(ddmin(all, fails)).toEqual(all.filter((one) => needed.includes(one)));
});
