/** Seed ranges and shards: what is written is what is run, and the shards of a range are the range, each seed once. */
import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import {
  formatSeeds,
  parseSeeds,
  seedsIn,
  seedText,
  shardOf,
} from '../../packages/seedraft/src/campaign/seeds.ts';

describe('a seed range', () => {
  test.each([
    ['10', { first: 1, last: 10 }],
    ['5..9', { first: 5, last: 9 }],
    ['0..0', { first: 0, last: 0 }],
    [' 3 ', { first: 1, last: 3 }],
    ['1..999999999999', { first: 1, last: 999_999_999_999 }],
    ['0', null],
    ['9..5', null],
    ['-3', null],
    ['1e3', null],
    ['1..', null],
    ['..5', null],
    ['1.5', null],
    ['1...5', null],
    ['0x10', null],
    ['', null],
    ['1000000000000', null],
  ])('%j', (text, range) => {
    expect(parseSeeds(text)).toEqual(range);
  });

  test.prop([fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: 0, max: 1e9 })])(
    'is printed as it is read',
    (first, more) => {
      const range = { first, last: first + more };
      expect(parseSeeds(formatSeeds(range) ?? '')).toEqual(range);
      expect(seedsIn(range)).toBe(more + 1);
    },
  );

  test('is printed as nothing when it is empty', () => {
    expect(formatSeeds({ first: 1, last: 0 })).toBeNull();
  });
});

test.prop([fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 1, max: 300 }), fc.nat(40)])(
  'shards lie side by side, and differ by one seed at most',
  (first, count, spare) => {
    const range = { first, last: first + count - 1 + spare };
    const shards = Array.from({ length: count }, (_, n) => shardOf(range, n + 1, count));
    expect(shards[0]?.first).toBe(range.first);
    expect(shards.at(-1)?.last).toBe(range.last);
    for (const [n, shard] of shards.entries()) {
      expect(shards[n + 1]?.first ?? shard.last + 1).toBe(shard.last + 1);
    }
    const sizes = shards.map(seedsIn);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  },
);

test('a root is another family of seeds', () => {
  expect(seedText('', 7)).toBe('7');
  expect(seedText('night', 7)).toBe('night/7');
});
