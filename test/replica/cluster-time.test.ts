/** Cluster time never goes back, keeps the pace of the leader's clock, and survives a change of leader between unlike clocks. */
import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { ClusterTime } from '../../packages/replica/src/cluster-time.ts';

describe('cluster time', () => {
  test('a new leader continues from the last applied stamp plus its own elapsed time, whatever its clock shows', () => {
    const time = new ClusterTime(1_000_000);
    time.advance(500, 1_000_040, false);
    expect(time.stamp(1_000_040)).toBe(500);
    expect(time.stamp(1_000_100)).toBe(560);
    expect(time.dueAt(700)).toBe(1_000_240);
    expect(time.stamp(time.dueAt(700))).toBe(700);
  });

  test('under a closed loop of commands a leader loses no time between stamp and apply', () => {
    const time = new ClusterTime(0);
    let stamp = time.stamp(0);
    for (let at = 10; at <= 1000; at += 10) {
      time.advance(stamp, at, true);
      stamp = time.stamp(at);
    }
    expect(stamp).toBe(1000);
  });

  test('a follower whose clock runs fast does not run ahead: each applied stamp is its now', () => {
    const time = new ClusterTime(0);
    for (let i = 1; i <= 100; i++) time.advance(i * 10, i * 20, false);
    expect(time.now).toBe(1000);
    expect(time.stamp(2000)).toBe(1000);
  });

  test.prop([
    fc.array(
      fc.record({
        stamp: fc.integer({ min: 0, max: 10_000 }),
        elapsed: fc.nat(100),
        leading: fc.boolean(),
      }),
    ),
  ])('never goes backwards, and no stamp is below what is applied', (steps) => {
    const time = new ClusterTime(77);
    let at = 77;
    for (const { stamp, elapsed, leading } of steps) {
      const before = time.now;
      at += elapsed;
      time.advance(stamp, at, leading);
      expect(time.now).toBe(Math.max(before, stamp));
      expect(time.stamp(at)).toBeGreaterThanOrEqual(time.now);
    }
  });
});
