/** Latency draws: the promised mean and bounds, and one known answer each, since recorded runs depend on every microsecond. */
import type { LatencyKnobs } from '@seedraft/sim';
import { sampleLatency } from '@seedraft/sim';
import { describe, expect, it } from 'vitest';

const knobs = (distribution: LatencyKnobs['distribution']): LatencyKnobs => ({
  distribution,
  minimum: 1000,
  mean: 5000,
});
const DRAWS = 1 << 16;

describe('sampleLatency', () => {
  for (const distribution of ['uniform', 'exponential', 'bimodal'] as const) {
    it(`${distribution}: whole microseconds, never below the minimum, of the mean asked for`, () => {
      let sum = 0;
      let wrong = 0;
      for (let i = 0; i < DRAWS; i++) {
        // An odd multiplier walks through all of [0, 2^32) evenly in every byte.
        const sample = sampleLatency(knobs(distribution), Math.imul(i, 0x9e3779b1) >>> 0);
        if (!Number.isInteger(sample) || sample < 1000) wrong += 1;
        sum += sample;
      }
      expect(wrong).toBe(0);
      expect(Math.abs(sum / DRAWS - 5000)).toBeLessThan(25);
    });
  }

  it('keeps its bounds at the ends of the draw', () => {
    expect(sampleLatency(knobs('uniform'), 0)).toBe(1000);
    expect(sampleLatency(knobs('uniform'), 0xffffffff)).toBe(9000);
    expect(sampleLatency(knobs('exponential'), 0)).toBe(1000);
    expect(sampleLatency(knobs('exponential'), 0xffffffff)).toBeLessThan(1000 + 23 * 4000);
    expect(sampleLatency(knobs('bimodal'), 0)).toBe(1000 + 40_000);
    expect(sampleLatency(knobs('bimodal'), 0x1000_0000)).toBe(1000);
    expect(sampleLatency({ distribution: 'uniform', minimum: 7, mean: 7 }, 123)).toBe(7);
  });

  it('is pinned: the same draws give the same latencies on every engine and version', () => {
    const draws = [1, 0x1234_5678, 0x8000_0000, 0xdead_beef, 0xfedc_ba98];
    const pinned = (['uniform', 'exponential', 'bimodal'] as const).map((distribution) =>
      draws.map((draw) => sampleLatency(knobs(distribution), draw)),
    );
    expect(pinned).toMatchInlineSnapshot(`
      [
        [
          1000,
          1568,
          5000,
          7959,
          8965,
        ],
        [
          1000,
          1295,
          3772,
          9156,
          22798,
        ],
        [
          41000,
          1367,
          1000,
          3446,
          3477,
        ],
      ]
    `);
  });
});
