/**
 * Every fault class bites in a real run: injected into a small cluster, it finds its target, is counted under its class and breaks no rule.
 * (That the right thing happened to the world is the engine's tests'; that it can do harm is the mutants'.)
 */
import {
  classesOf,
  defineScenario,
  FAULTS,
  type FaultPlan,
  type Plan,
  Randomness,
  run,
  scenarioToPlan,
} from '@seedraft/sim';
import { describe, expect, test } from 'vitest';

/** Classes that need something to have happened before: what makes it happen. */
const PREPARED: Readonly<Record<string, Partial<FaultPlan>>> = {
  'crash:joint': { fault: 'joint-change', parameters: { add: ['new'], remove: [], demote: [] } },
  'crash:behind-snapshot': {
    fault: 'partition',
    duration: 600_000,
    parameters: { shape: 'isolate', target: 'n3', direction: 'symmetric', clients: false },
  },
  'crash:unapplied': {
    fault: 'disk-slow',
    duration: 1_000_000,
    parameters: { target: 'n3', factor: 100 },
  },
  'crash:elected': { fault: 'transfer', parameters: { to: 'follower' } },
  'crash:candidate': { fault: 'transfer', parameters: { to: 'follower' } },
};

const SMALL = defineScenario({
  name: 'bite',
  cluster: { voters: 4, learners: 1, snapshot: { everyEntries: 10, keep: 0 } },
  workload: { clients: 4, rate: 40, for: '3s', sessionTimeout: '60s' },
  network: { latency: '2ms' },
  liveness: false,
});

/** One strike of this class after a second, and what prepares it a little before. */
function planOf(name: string, seed: string): Plan {
  const [fault = '', variant] = name.split(':');
  const found = FAULTS.find((one) => one.name === fault);
  if (found === undefined) throw new Error(`no fault ${fault}`);
  const plan = scenarioToPlan(SMALL, seed);
  const draw = new Randomness(plan.root).draw('bite', 0);
  const strike: FaultPlan = {
    id: 1,
    at: 1_000_000,
    duration: found.window === undefined ? 0 : 1_000_000,
    fault,
    parameters: found.draw(draw, variant),
  };
  const bytes = found.group === 'disk';
  const before = PREPARED[name];
  const prepared = { id: 0, at: 1_200_000, duration: 0, fault: '', parameters: {}, ...before };
  return { ...plan, bytes, faults: before === undefined ? [strike] : [strike, prepared] };
}

describe('every fault class bites', () => {
  test.each(FAULTS.flatMap(classesOf))('%s', (name) => {
    // A drawn target may be absent under one seed: three seeds are enough for any that can be there at all.
    for (let seed = 1; ; seed += 1) {
      const result = run(planOf(name, `bite ${seed}`));
      expect([result.verdict, result.rule, result.sentence ?? result.reason]).toEqual([
        'pass',
        null,
        null,
      ]);
      if ((result.faults[name] ?? 0) > 0) return;
      expect(
        seed,
        `${name} was never counted; seen: ${JSON.stringify(result.faults)}`,
      ).toBeLessThan(4);
    }
  });
});
