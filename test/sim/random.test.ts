/** The random stream: pinned by known answers, keyed (no draw moves another), uniform enough, and quick. */
import { fc, test as property } from '@fast-check/vitest';
import { expandSeed, Randomness, Stream, scale } from '@seedraft/sim';
import { describe, expect, it } from 'vitest';

describe('the stream is pinned', () => {
  it('expands a seed by seedrandom to four words, the same for ever', () => {
    expect(expandSeed('1')).toEqual([2259355072, 526750310, 2051790815, 2669053944]);
    expect(expandSeed('a scenario/42')).toEqual([3771245464, 2035868918, 2450333936, 2991020103]);
  });

  it('draws known words for known keys', () => {
    const randomness = new Randomness([1, 2, 3, 4]);
    const latency = randomness.stream('network.latency', 2, 3);
    expect([latency.uint32(), latency.uint32(), latency.uint32()]).toEqual([
      1257185567, 3920609599, 905901848,
    ]);
    expect(randomness.stream('network.latency', 3, 2).uint32()).toBe(2190140206);
    expect(randomness.words('boot', 1, 1)).toEqual([3739052240, 532841746, 2538589387, 2823407877]);
  });
});

describe('draws are keyed', () => {
  const key = fc.record({
    purpose: fc.constantFrom('network.latency', 'network.drop', 'disk', 'client'),
    a: fc.nat(5),
    b: fc.nat(5),
  });

  property.prop([fc.array(key, { maxLength: 60 }), key, fc.nat(20)])(
    'other draws in between never move the n-th draw of a key',
    (others, asked, count) => {
      const alone = new Randomness([9, 8, 7, 6]);
      const mixed = new Randomness([9, 8, 7, 6]);
      const same = (k: typeof asked): boolean =>
        k.purpose === asked.purpose && k.a === asked.a && k.b === asked.b;
      for (let n = 0; n <= count; n += 1) {
        for (const other of others) {
          if (!same(other)) mixed.stream(other.purpose, other.a, other.b).uint32();
        }
        const expected = alone.stream(asked.purpose, asked.a, asked.b).uint32();
        expect(mixed.stream(asked.purpose, asked.a, asked.b).uint32()).toBe(expected);
      }
    },
  );

  it('neighbouring keys, roots and ordinals share no words', () => {
    const seen = new Set<number>();
    let drawn = 0;
    for (let root = 0; root < 4; root += 1) {
      for (let a = 0; a < 8; a += 1) {
        for (let b = 0; b < 8; b += 1) {
          const stream = new Stream([root, 0, 0, 0], 17, a, b);
          for (let n = 0; n < 40; n += 1) {
            seen.add(stream.uint32());
            drawn += 1;
          }
        }
      }
    }
    // 10,240 draws of 32 bits: about 0.01 collisions are expected.
    expect(seen.size).toBeGreaterThan(drawn - 3);
  });
});

describe('distributions', () => {
  property.prop([fc.integer({ min: 1, max: 0xffffffff }), fc.nat(0xffffffff)])(
    'scale is the exact high part of the product',
    (n, word) => {
      expect(scale(word, n)).toBe(Number((BigInt(word) * BigInt(n)) >> 32n));
    },
  );

  it('fills buckets evenly, per ordinal and per key', () => {
    const along = new Stream([5, 6, 7, 8], 3, 1, 2);
    const buckets = new Array<number>(16).fill(0);
    const across = new Array<number>(16).fill(0);
    for (let n = 0; n < 32_000; n += 1) {
      const one = along.below(16);
      buckets[one] = (buckets[one] ?? 0) + 1;
      const two = new Stream([5, 6, 7, 8], 3, n, 2).below(16);
      across[two] = (across[two] ?? 0) + 1;
    }
    for (const count of [...buckets, ...across]) expect(Math.abs(count - 2000)).toBeLessThan(200);
  });

  it('every input bit moves about half of the output bits', () => {
    let moved = 0;
    let pairs = 0;
    for (let n = 0; n < 500; n += 1) {
      const word = new Stream([n, 2, 3, 4], 5, 6, 7).at(8);
      const changed = [
        new Stream([n ^ 0x80000000, 2, 3, 4], 5, 6, 7).at(8),
        new Stream([n, 3, 3, 4], 5, 6, 7).at(8),
        new Stream([n, 2, 3, 4], 4, 6, 7).at(8),
        new Stream([n, 2, 3, 4], 5, 7, 7).at(8),
        new Stream([n, 2, 3, 4], 5, 6, 6).at(8),
        new Stream([n, 2, 3, 4], 5, 6, 7).at(9),
      ];
      for (const other of changed) {
        let bits = word ^ other;
        while (bits !== 0) {
          moved += bits & 1;
          bits >>>= 1;
        }
        pairs += 1;
      }
    }
    expect(moved / pairs).toBeGreaterThan(15.5);
    expect(moved / pairs).toBeLessThan(16.5);
  });
});

describe('the draws of a fault', () => {
  it('are keyed by its id and purpose', () => {
    const randomness = new Randomness([1, 2, 3, 4]);
    const first = randomness.draw('fault', 1);
    const second = randomness.draw('fault', 2);
    expect(first.uint32('target')).not.toBe(second.uint32('target'));
    expect(first.shuffle('order', [1, 2, 3, 4, 5]).sort()).toEqual([1, 2, 3, 4, 5]);
    expect([7, 8, 9]).toContain(second.pick('one', [7, 8, 9]));
    expect(first.chance('never', 0)).toBe(false);
    expect(first.chance('always', 1_000_000)).toBe(true);
    for (let n = 0; n < 50; n += 1) {
      const between = first.between('range', -3, 3);
      expect(between).toBeGreaterThanOrEqual(-3);
      expect(between).toBeLessThanOrEqual(3);
    }
  });
});
