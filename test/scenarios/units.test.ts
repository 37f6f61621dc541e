/** Durations and ratios: what is written is what is meant, exactly, and printing is the inverse of reading. */
import { fc, test } from '@fast-check/vitest';
import { formatDuration, formatRatio, parseDuration, parseRatio } from '@seedraft/sim';
import { expect } from 'vitest';

test.each([
  ['900ms', 900_000],
  ['2s', 2_000_000],
  ['1.5s', 1_500_000],
  ['250us', 250],
  ['1m', 60_000_000],
  ['0s', 0],
  ['61m', null],
  ['5', null],
  ['5 s', null],
  ['-1s', null],
  ['s', null],
])('duration %s', (text, micros) => {
  expect(parseDuration(text)).toBe(micros);
});

test.each([
  ['5%', 50_000],
  ['0.5%', 5_000],
  ['200ppm', 200],
  ['-1%', -10_000],
  ['5', null],
  ['%', null],
])('ratio %s', (text, ppm) => {
  expect(parseRatio(text)).toBe(ppm);
});

test.prop([fc.integer({ min: 0, max: 3_600_000_000 })])('durations survive printing', (micros) => {
  expect(parseDuration(formatDuration(micros))).toBe(micros);
});

test.prop([fc.integer({ min: -1_000_000, max: 100_000_000 })])('ratios survive printing', (ppm) => {
  expect(parseRatio(formatRatio(ppm))).toBe(ppm);
});
