/** Senseless bounds are refused by name, and the sets behind the walk keep what they are given. */
import { DEFAULT_BOUNDS, validateBounds } from '@seedraft/sim';
import { expect, test } from 'vitest';
import { Frontier } from '../../sim/src/explore/frontier.ts';
import { Seen, Words } from '../../sim/src/explore/seen.ts';

test('bounds', () => {
  expect(validateBounds(DEFAULT_BOUNDS)).toEqual([]);
  expect(validateBounds({ ...DEFAULT_BOUNDS, voters: 0, crashes: 1.5 })).toEqual([
    'voters must be a whole number from 1 to 5, not 0.',
    'crashes must be a whole number from 0 to 15, not 1.5.',
  ]);
});

test('a set of hashes knows what it was given, also after it grew', () => {
  const seen = new Seen();
  let wrong = 0;
  for (let i = 0; i < 150_000; i += 1) {
    const number = i % 100_000;
    const isNew = seen.add(Math.imul(number, 0x9e3779b1), Math.imul(number, 0x85ebca6b));
    if (isNew !== i < 100_000) wrong += 1;
  }
  expect(wrong).toBe(0);
  expect(seen.size).toBe(100_000);
});

test('rows come back in order, across chunks', () => {
  const frontier = new Frontier();
  const row = new Int32Array(64);
  const rows = 30_000;
  for (let i = 0; i < rows; i += 1) frontier.push(row.fill(i), 1 + (i % 40));
  let wrong = 0;
  for (let i = 0; i < rows; i += 1) {
    if (frontier.shift(row.fill(-1)) !== 1 + (i % 40) || row[i % 40] !== i) wrong += 1;
  }
  expect(wrong).toBe(0);
  expect(frontier.shift(row)).toBe(-1);
  const words = new Words();
  for (let i = 0; i < 600_000; i += 1) words.push(i);
  expect([words.at(0), words.at(262_144), words.at(599_999)]).toEqual([0, 262_144, 599_999]);
});
