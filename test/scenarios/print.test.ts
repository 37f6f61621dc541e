/** A plan printed as a scenario, read again under its seed, is the same plan: what the shrinker hands to people is what it ran. */
import { fc, test } from '@fast-check/vitest';
import { defineScenario, type Plan, planToScenario, scenarioToPlan } from '@seedraft/sim';
import { describe, expect } from 'vitest';
import { stringify } from 'yaml';
import { parseScenario } from '../../packages/seedraft/src/scenario-file.ts';

const SWARM = defineScenario({ name: 'swarm', swarm: 'all' });

/** Through text, as a person would get it. */
function again(plan: Plan): Plan {
  const parsed = parseScenario(stringify(planToScenario(plan)));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return scenarioToPlan(parsed.scenario, plan.seed);
}

describe('a printed plan', () => {
  test.prop([fc.string({ minLength: 1, maxLength: 8 })], { numRuns: 60 })('is the plan', (seed) => {
    const plan = scenarioToPlan(SWARM, seed);
    // Which classes were switched on is how it was drawn, not what it does.
    expect(again(plan)).toEqual({ ...plan, swarm: [] });
  });

  test('keeps the ids of faults when others were dropped', () => {
    const drawn = scenarioToPlan(SWARM, 'seed-7');
    const plan = {
      ...drawn,
      swarm: [],
      faults: drawn.faults.filter((_, place) => place % 3 === 1),
    };
    expect(again(plan)).toEqual(plan);
  });

  test('says what it expects', () => {
    const plan: Plan = { ...scenarioToPlan(SWARM, '1'), swarm: [], expect: { violation: 'S16' } };
    expect(planToScenario(plan).expect).toBe('violation S16');
    expect(again(plan)).toEqual(plan);
  });
});
