/** A campaign's figures and hash: the same in any order, additive over shards, and changed by any change of any run. */
import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { Tally } from '../../packages/seedraft/src/campaign/tally.ts';
import type { UnitResult } from '../../packages/seedraft/src/campaign/unit.ts';
import { unitResult } from './unit-results.ts';

function tallyOf(units: readonly UnitResult[]): Tally {
  const tally = new Tally();
  for (const unit of units) tally.take(unit);
  return tally;
}

const sum = (...hashes: string[]): string =>
  BigInt.asUintN(
    64,
    hashes.map((hash) => BigInt(`0x${hash}`)).reduce((a, b) => a + b),
  )
    .toString(16)
    .padStart(16, '0');

const verdicts = fc.constantFrom('pass', 'violation', 'liveness', 'inconclusive', 'error');
const units = fc
  .array(fc.record({ verdict: verdicts, hash: fc.stringMatching(/^[0-9a-f]{16}$/) }), {
    minLength: 1,
    maxLength: 30,
  })
  .map((all) => all.map((over, n) => unitResult(n, over as Partial<UnitResult>)));

test.prop([units, fc.nat()])('order does not matter', (all, turn) => {
  const at = turn % all.length;
  const turned = [...all.slice(at), ...all.slice(0, at)];
  const [a, b] = [tallyOf(all), tallyOf(turned)];
  expect(b.hash).toBe(a.hash);
  expect([b.units, b.passed, b.inconclusive, b.events, b.faults]).toEqual([
    a.units,
    a.passed,
    a.inconclusive,
    a.events,
    a.faults,
  ]);
});

test.prop([units, fc.nat()])('the hashes of two shards add up to that of both', (all, cut) => {
  const at = cut % all.length;
  const whole = tallyOf(all);
  expect(sum(tallyOf(all.slice(0, at)).hash, tallyOf(all.slice(at)).hash)).toBe(whole.hash);
});

test.prop([units, fc.nat()])('one other run is another hash', (all, place) => {
  const at = place % all.length;
  const other = all.map((unit, n) => (n === at ? { ...unit, hash: 'changed' } : unit));
  expect(tallyOf(other).hash).not.toBe(tallyOf(all).hash);
});

test('what a campaign reports', () => {
  const tally = tallyOf([
    unitResult(0),
    unitResult(1, { verdict: 'violation', rule: 'S1' }),
    unitResult(2, { verdict: 'inconclusive', sentence: 'majority wiped' }),
    unitResult(3, { twice: true }),
    unitResult(4, { verdict: 'nondeterminism', twice: true }),
  ]);
  expect(tally).toMatchObject({ units: 5, passed: 2, inconclusive: 1, twice: 2, events: 510 });
  expect(tally.failures.map(({ unit }) => unit)).toEqual([1, 4]);
  expect(tally.reasons).toEqual({ 'majority wiped': 1 });
  expect(tally.undecided).toMatchObject([{ unit: 2, seed: '3', reason: 'majority wiped' }]);
  expect(tally.faults).toEqual({ crash: 5 });
  expect(tally.medianSimulatedSeconds).toBe(3);
  expect(tally.medianOperations).toBe(2);
});

test('medians of an even number, and of nothing', () => {
  expect(tallyOf([unitResult(0), unitResult(3)]).medianSimulatedSeconds).toBe(2.5);
  expect(new Tally().medianOperations).toBe(0);
});
