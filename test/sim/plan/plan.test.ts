/**
 * Seed -> plan. Drawn plans are pinned by hash, apart from runs: a change here changes what every old seed means, and must be meant.
 * Also what is promised of them: swarm's shares, ranges, lengths, bytes, and the tag on clocks that stray.
 */
import { hash64 } from '@seedraft/codec';
import {
  classesOf,
  defineScenario,
  FAULT_CLASSES,
  FAULTS,
  faultNamed,
  knobClassesOf,
  type Plan,
  scenarioToPlan,
} from '@seedraft/sim';
import { describe, expect, test } from 'vitest';

const SWARM = defineScenario({ name: 'swarm', swarm: 'all' });
const PLANS: readonly Plan[] = Array.from({ length: 400 }, (_, seed) =>
  scenarioToPlan(SWARM, `seed-${seed}`),
);

/** The share of plans for which it holds. */
function share(holds: (plan: Plan) => boolean): number {
  return PLANS.filter(holds).length / PLANS.length;
}

describe('a drawn plan', () => {
  test('is pinned', () => {
    const hashes = PLANS.slice(0, 8).map((plan) => {
      const { hi, lo } = hash64(JSON.stringify(plan));
      return `${hi.toString(16)} ${lo.toString(16)}`;
    });
    expect(hashes).toMatchInlineSnapshot(`
      [
        "21473c29 76b81b6",
        "f8978c23 55a713fd",
        "1e52e07c f426bfa9",
        "6a8a660a 7217810e",
        "b5a7f1c9 964ec7f8",
        "a80dfa9f 6eac9ee2",
        "700e8ff7 b407b0e0",
        "185f6cfc 6398b1c7",
      ]
    `);
  });

  test('is the same every time, and plain JSON', () => {
    for (const plan of PLANS.slice(0, 20)) {
      expect(scenarioToPlan(SWARM, plan.seed)).toEqual(plan);
      expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
    }
  });

  test('holds integers only, but for the drift bound the core wants as a ratio', () => {
    const fractions = new Set<string>();
    const walk = (value: unknown, path: string): void => {
      if (typeof value === 'number' && !Number.isSafeInteger(value)) fractions.add(path);
      if (typeof value !== 'object' || value === null) return;
      for (const [key, inner] of Object.entries(value)) walk(inner, `${path}.${key}`);
    };
    for (const plan of PLANS) walk(plan, 'plan');
    expect([...fractions]).toEqual(['plan.raft.clockDriftBound']);
  });

  test('is calm for about one seed in ten, has everything for one in twenty', () => {
    const calm = share((plan) => plan.swarm.length === 0 && plan.faults.length === 0);
    expect(calm).toBeGreaterThan(0.06);
    expect(calm).toBeLessThan(0.14);
    const everything = share((plan) => plan.swarm.length === FAULT_CLASSES.length);
    expect(everything).toBeGreaterThan(0.02);
    expect(everything).toBeLessThan(0.09);
  });

  test('has each class on for about half of the other seeds (disk faults: a quarter)', () => {
    const disks = new Set(FAULTS.filter(({ group }) => group === 'disk').flatMap(classesOf));
    for (const name of FAULT_CLASSES) {
      const on = share((plan) => plan.swarm.includes(name));
      expect(on, name).toBeGreaterThan(disks.has(name) ? 0.18 : 0.38);
      expect(on, name).toBeLessThan(disks.has(name) ? 0.42 : 0.6);
    }
  });

  test('only strikes with what is on, inside the run, in windows that end with it', () => {
    for (const plan of PLANS) {
      for (const planned of plan.faults) {
        const fault = faultNamed(planned.fault);
        expect(fault, planned.fault).not.toBeNull();
        expect(plan.swarm.some((name) => name.split(':')[0] === planned.fault)).toBe(true);
        expect(planned.at).toBeGreaterThanOrEqual(600_000);
        expect(planned.at + planned.duration).toBeLessThanOrEqual(plan.duration);
        expect(planned.duration > 0).toBe(fault?.window !== undefined);
      }
    }
  });

  test('lasts at least 20 s and asks for at least 400 operations', () => {
    for (const { duration, workload } of PLANS) {
      expect(duration).toBeGreaterThanOrEqual(20_000_000);
      expect((workload.rate * duration) / 1_000_000).toBeGreaterThanOrEqual(400);
    }
  });

  test('goes through bytes whenever a disk is touched, and for a tenth of the others', () => {
    const disk = new Set(FAULTS.filter(({ group }) => group === 'disk').map(({ name }) => name));
    const touched = (plan: Plan) => plan.faults.some(({ fault }) => disk.has(fault));
    expect(PLANS.filter(touched).every(({ bytes }) => bytes)).toBe(true);
    const others = PLANS.filter((plan) => !touched(plan));
    const inBytes = others.filter(({ bytes }) => bytes).length / others.length;
    expect(inBytes).toBeGreaterThan(0.04);
    expect(inBytes).toBeLessThan(0.18);
  });

  test('is tagged exactly when a clock may stray beyond what leases assume', () => {
    for (const plan of PLANS) {
      const bound = plan.raft.clockDriftBound * 1_000_000;
      const strays = plan.faults.some(
        ({ fault, parameters }) =>
          fault === 'clock-step' ||
          fault === 'clock-freeze' ||
          (fault === 'clock-drift' && Math.abs(Number(parameters.drift)) > bound),
      );
      expect(plan.beyondDriftBound).toBe(strays);
    }
    expect(share((plan) => plan.raft.leaseReads && !plan.beyondDriftBound)).toBeGreaterThan(0.2);
  });

  test('leaves Raft a chance: heartbeats are shorter than any election timeout', () => {
    for (const { raft } of PLANS) {
      expect(raft.heartbeatInterval).toBeLessThan(raft.electionTimeoutMin);
      expect(raft.electionTimeoutMin).toBeLessThanOrEqual(raft.electionTimeoutMax);
      expect(raft.leaseReads && !raft.checkQuorum).toBe(false);
    }
  });

  test('over 64 seeds strikes with every class, and has every knob on', () => {
    for (const name of FAULT_CLASSES) {
      const [fault] = name.split(':');
      const seen = PLANS.slice(0, 64).some(
        (plan) =>
          (plan.swarm.includes(name) && plan.faults.some((planned) => planned.fault === fault)) ||
          (knobClassesOf(plan) as string[]).includes(name),
      );
      expect(seen, name).toBe(true);
    }
  });

  test('keeps each knob in its range', () => {
    for (const { network, members, snapshot, workload } of PLANS) {
      expect(network.latency.mean).toBeGreaterThanOrEqual(200);
      expect(network.latency.mean).toBeLessThanOrEqual(200_000);
      expect(network.latency.minimum).toBeLessThanOrEqual(network.latency.mean);
      expect(network.drop).toBeLessThanOrEqual(300_000);
      expect(network.duplicate).toBeLessThanOrEqual(300_000);
      expect(network.corrupt).toBeLessThanOrEqual(10_000);
      expect(network.capacity).toBeGreaterThanOrEqual(2);
      expect(members.filter(({ learner }) => !learner).length).toBeLessThanOrEqual(7);
      expect(members.filter(({ learner }) => learner).length).toBeLessThanOrEqual(2);
      expect(snapshot.everyEntries).toBeLessThanOrEqual(1_000);
      expect(workload.clients).toBeLessThanOrEqual(12);
    }
  });
});

describe('a scenario and a seed', () => {
  test('what the file fixes, no seed changes', () => {
    const scenario = defineScenario({
      name: 'fixed',
      cluster: {
        voters: 3,
        learners: 1,
        raft: { preVote: false, electionTimeout: ['200ms', 400] },
      },
      network: { drop: '7%' },
      workload: { rate: 33, for: '25s' },
      clocks: { n2: { drift: '-100ppm' } },
      faults: [{ at: '3s', crash: 'leader', restart: '1s' }],
      swarm: 'all',
    });
    for (let seed = 0; seed < 50; seed += 1) {
      const plan = scenarioToPlan(scenario, `${seed}`);
      expect(plan.members).toHaveLength(4);
      expect(plan.members[3]?.learner).toBe(true);
      expect(plan.members[1]?.clock).toEqual({ offset: 0, drift: -100 });
      expect(plan.raft).toMatchObject({
        preVote: false,
        electionTimeoutMin: 200,
        electionTimeoutMax: 400,
      });
      expect(plan.network.drop).toBe(70_000);
      expect(plan.workload.rate).toBe(33);
      expect(plan.duration).toBe(25_000_000);
      expect(plan.faults[0]).toMatchObject({ id: 0, at: 3_000_000, fault: 'crash' });
    }
  });

  test('swarm: only the groups named are left to the seed', () => {
    const scenario = defineScenario({ name: 'disks', swarm: ['disk'] });
    const groups = new Set<string>();
    for (let seed = 0; seed < 50; seed += 1) {
      const plan = scenarioToPlan(scenario, `${seed}`);
      for (const { fault } of plan.faults) groups.add(faultNamed(fault)?.group ?? '');
      expect(plan.network.drop).toBe(0);
      expect(plan.members).toHaveLength(5);
    }
    expect([...groups]).toEqual(['disk']);
  });

  test('without swarm the seed changes nothing but the draws of the run itself', () => {
    const scenario = defineScenario({ name: 'none', bytes: false, blackBox: false });
    const { root: _one, seed: _s1, ...one } = scenarioToPlan(scenario, '1');
    const { root: _two, seed: _s2, ...two } = scenarioToPlan(scenario, '2');
    expect(one).toEqual(two);
  });
});
