/** Units of a campaign: a crash is an error that names its unit, and a run that is not reproduced is found and placed. */
import { type Plan, type RunOptions, type RunResult, run } from '@seedraft/sim';
import { describe, expect, test } from 'vitest';
import { isRunTwice, placeOf, UnitRunner } from '../../packages/seedraft/src/campaign/runner.ts';

const TINY = 'name: tiny\nworkload: { for: 1s }\nliveness: false\n';
const OTHER = 'name: other\nworkload: { for: 1s, rate: 10 }\nliveness: false\n';
const work = {
  scenarios: [
    { file: 'tiny.yaml', text: TINY },
    { file: 'other.yaml', text: OTHER },
  ],
  root: '',
};

describe('a unit', () => {
  test('is a scenario under a seed, by its number', () => {
    expect([2, 3, 4, 7].map((unit) => placeOf(work, unit))).toEqual([
      { seed: 1, scenario: 0 },
      { seed: 1, scenario: 1 },
      { seed: 2, scenario: 0 },
      { seed: 3, scenario: 1 },
    ]);
    const result = new UnitRunner({ ...work, root: 'r' }).run(5);
    expect(result).toMatchObject({ unit: 5, scenario: 'other', seed: 'r/2', verdict: 'pass' });
  });

  test('gives the same in any company', () => {
    const runner = new UnitRunner(work);
    const alone = new UnitRunner(work).run(4);
    const amongOthers = runner.runAll(2, 6).find(({ unit }) => unit === 4);
    expect(amongOthers).toEqual(alone);
  });

  test('is marked before and after each of its runs, also the second', () => {
    const marks: number[] = [];
    new UnitRunner(work).runAll(2, 4, (unit) => marks.push(unit));
    expect(marks).toEqual([2, 2, 3, 3, 2, 2]);
  });

  test('whose run breaks is an error that names it', () => {
    const broken = new UnitRunner(work, () => {
      throw new Error('the simulator broke');
    });
    const [result] = broken.runAll(5, 6);
    expect(result).toMatchObject({ verdict: 'error', scenario: 'other.yaml', seed: '2' });
    expect(result?.sentence).toContain('the simulator broke');
  });
});

describe('running twice', () => {
  test('happens to the first unit, and to one in 32 of each scenario', () => {
    expect(isRunTwice(1, 0)).toBe(true);
    for (let scenario = 0; scenario < 60; scenario++) {
      const seeds = Array.from({ length: 320 }, (_, n) => n + 1);
      expect(seeds.filter((seed) => isRunTwice(seed, scenario))).toHaveLength(10);
    }
  });

  test('agrees, and says so', () => {
    const results = new UnitRunner(work).runAll(2, 4);
    expect(results.map(({ unit, twice, verdict }) => [unit, twice, verdict])).toEqual([
      [3, false, 'pass'],
      [2, true, 'pass'],
    ]);
  });

  test('finds what leaks from one run into the next, and the first event that differs', () => {
    let runs = 0;
    // As if members had drawn from something that outlives a run: every other run is of another seed.
    const leaky = (plan: Plan, options?: RunOptions): RunResult => {
      runs += 1;
      return run(runs % 2 === 1 ? plan : { ...plan, root: [1, 2, 3, 4] }, options);
    };
    const result = new UnitRunner(work, leaky).runAll(2, 3)[0];
    expect(result).toMatchObject({ verdict: 'nondeterminism', rule: 'determinism', twice: true });
    expect(result?.sentence).toMatch(/gave [0-9a-f]{16} and then, after other runs, [0-9a-f]{16}/);
    expect(result?.divergence?.sentence).toMatch(/event \d+/);
    const [first, second] = result?.divergence?.traces ?? [[], []];
    expect(first).not.toEqual(second);
  });

  test('finds a difference that does not come again', () => {
    let runs = 0;
    const once = (plan: Plan, options?: RunOptions): RunResult => {
      runs += 1;
      return run(runs === 1 ? { ...plan, root: [1, 2, 3, 4] } : plan, options);
    };
    const result = new UnitRunner(work, once).runAll(2, 3)[0];
    expect(result).toMatchObject({ verdict: 'nondeterminism', divergence: null });
    expect(result?.sentence).toContain('depends on what ran before');
  });
});
