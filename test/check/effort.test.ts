/**
 * Proves that the search stays cheap where it must: long histories of ten clients, crashed operations among them,
 * illegal ones with their window. Measured in steps, which do not depend on the machine (a million is
 * well under a second on one core).
 */
import {
  casRegister,
  checkLinearizability,
  kv,
  type Operation,
  pairHistory,
} from '@seedraft/check';
import { expect, test } from 'vitest';
import { generate, spoil, type Workload } from './generate.ts';

const long: Workload = { seed: 1, clients: 10, operations: 50_000, values: 5, crashes: 0 };

function history(workload: Workload): readonly Operation[] {
  const paired = pairHistory(generate(workload));
  if (!paired.ok) throw new Error(paired.errors[0]!.sentence);
  return paired.operations;
}

test.each([
  { what: 'few values', ...long, million: 1 },
  { what: 'every value of its own', ...long, values: 0, million: 2 },
  { what: '5 % crashed', ...long, operations: 20_000, crashes: 50, million: 1 },
  {
    what: 'twenty keys, 2 % crashed',
    ...long,
    operations: 20_000,
    keys: 20,
    values: 50,
    crashes: 20,
    million: 1,
  },
])('$operations operations of ten clients: $what', ({ million, ...workload }) => {
  const model = workload.keys === undefined ? casRegister() : kv();
  const verdict = checkLinearizability(history(workload), model);
  expect(verdict.verdict).toBe('ok');
  expect(verdict.steps).toBeLessThan(million * 1_000_000);
});

test.each([
  { what: '20,000 operations', ...long, operations: 20_000, seed: 3, million: 6 },
  {
    what: '2,000 operations, 2 % crashed',
    ...long,
    seed: 4,
    operations: 2000,
    crashes: 20,
    million: 6,
  },
])('an illegal history and its window: $what', ({ million, ...workload }) => {
  const operations = history(workload);
  const verdict = checkLinearizability(spoil(operations, operations.length / 2, 77), casRegister());
  if (verdict.verdict !== 'illegal') throw new Error(`it is ${verdict.verdict}`);
  expect(verdict.steps).toBeLessThan(million * 1_000_000);
  expect(verdict.window.length).toBeLessThan(8);
  expect(verdict.blocking.output).toBe(77);
});
