/**
 * The same plan gives the same run: twice in a row, after other runs, whatever is recorded. And when a run is not deterministic, the report
 * names the first event that differs, or after which members differ: shown on two machines that cheat.
 */
import { KvMachine } from '@seedraft/kv';
import { firstDivergence, type Plan, type RunOptions, run, runTwice } from '@seedraft/sim';
import { describe, expect, it } from 'vitest';
import { plainPlan, plannedFault } from './plans.ts';

const plans: Plan[] = [
  plainPlan('calm', { duration: 3_000_000 }),
  plainPlan('rough', {
    voters: 5,
    bytes: true,
    duration: 4_000_000,
    network: {
      drop: 50_000,
      duplicate: 100_000,
      reorder: 200_000,
      reorderWindow: 20_000,
      corrupt: 5_000,
    },
    faults: [
      plannedFault(1, 1_000_000, 'crash', { target: 'leader', disk: 'torn', restart: '300ms' }),
      plannedFault(2, 2_000_000, 'wipe', { target: 'follower', rejoin: '300ms' }),
    ],
  }),
];

describe('a plan determines its run', () => {
  it('hash, counts and checkpoints are equal twice, and after other seeds', () => {
    const first = plans.map((plan) => run(plan));
    run(plainPlan('another', { duration: 1_000_000 }));
    plans.toReversed().forEach((plan, n) => {
      expect(run(plan)).toEqual(first[plans.length - 1 - n]);
    });
    expect(first.map(({ verdict }) => verdict)).toEqual(['pass', 'pass']);
  });

  it('runTwice finds nothing to say', () => {
    const { result, divergence } = runTwice(plans[0]!, () => run(plans[1]!));
    expect(result.verdict).toBe('pass');
    expect(divergence).toBeNull();
  });

  it('another seed gives another run', () => {
    const hashes = ['a', 'b', 'c'].map((seed) => run(plainPlan(seed, { duration: 500_000 })).hash);
    expect(new Set(hashes).size).toBe(3);
  });
});

describe('a run that is not deterministic', () => {
  /** The plan, on a machine that in one of the runs answers its n-th command differently. */
  const cheating = (plan: Plan, at: number, cheat: (machine: KvMachine) => void) => {
    return (options: RunOptions) => {
      const machine = () => {
        const kv = new KvMachine();
        const apply = kv.apply.bind(kv);
        let applied = 0;
        kv.apply = (command, context) => {
          applied += 1;
          if (applied === at) cheat(kv);
          return apply(command, context);
        };
        return kv;
      };
      return run(plan, { ...options, machine, rules: [] });
    };
  };
  const honest = (plan: Plan) => cheating(plan, 0, () => {});

  it('is found inside a member, at the event that did it', () => {
    const plan = plainPlan('cheat', { duration: 2_000_000 });
    const extra = (machine: KvMachine) =>
      void machine.apply(['put', 'smuggled', 'key', 1], { index: 1, time: 0, sessionId: 0 });
    const divergence = firstDivergence(honest(plan), cheating(plan, 40, extra));
    expect(divergence).not.toBeNull();
    expect(divergence?.sentence).toMatch(/is the same in both runs .* leaves members that differ/);
    // It names an event in which a member applied something.
    const [ours, theirs] = divergence!.traces;
    const event = `#${divergence!.event} `;
    expect(ours.some((line) => line.startsWith(event))).toBe(true);
    expect(theirs.some((line) => line.startsWith(event) && line.includes('Applied'))).toBe(true);
  });

  it('is found in the events when nothing else differs', () => {
    const plan = plainPlan('drift', { duration: 2_000_000 });
    const faults = [plannedFault(7, 900_000, 'crash', { target: 'n2' })];
    const other: Plan = { ...plan, faults };
    const divergence = firstDivergence(
      (options) => run(plan, options),
      (options) => run(other, options),
    );
    expect(divergence?.time).toBe(900_000);
    expect(divergence?.sentence).toContain('Inject');
  });

  it('says nothing when there is nothing', () => {
    const plan = plainPlan('same', { duration: 300_000 });
    const runner = (options: RunOptions) => run(plan, options);
    expect(firstDivergence(runner, runner)).toBeNull();
  });
});
