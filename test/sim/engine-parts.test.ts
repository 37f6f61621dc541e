/** The event queue against a sorted list, clocks against exact arithmetic in BigInt, the choice log against what was put in. */
import { fc, test as property } from '@fast-check/vitest';
import { ChoiceLog, Clock, decodeChoices, EventQueue, firstDifference } from '@seedraft/sim';
import { describe, expect, it } from 'vitest';

describe('the event queue', () => {
  property.prop([fc.array(fc.option(fc.nat(50), { nil: null }), { maxLength: 400 })])(
    'gives events by time, then by order of scheduling, like a sorted list',
    (script) => {
      const queue = new EventQueue();
      const list: { time: number; n: number }[] = [];
      script.forEach((time, n) => {
        if (time === null) {
          list.sort((x, y) => x.time - y.time || x.n - y.n);
          const expected = list.shift();
          expect(queue.pop()).toBe(expected !== undefined);
          if (expected !== undefined) {
            expect([queue.time, queue.a, queue.item]).toEqual([
              expected.time,
              expected.n,
              expected.n,
            ]);
          }
        } else {
          queue.push(time, 1, n, -n, n);
          list.push({ time, n });
        }
        expect(queue.size).toBe(list.length);
      });
    },
  );

  property.prop([
    fc.array(fc.tuple(fc.nat(50), fc.nat(1), fc.nat(1)), { maxLength: 60 }),
    fc.nat(50),
  ])(
    'hastens events of one kind and owner, keeps their order, and leaves the others alone',
    (events, latest) => {
      const queue = new EventQueue();
      for (const [n, [time, kind, a]] of events.entries()) queue.push(time, kind, a, 0, n);
      queue.hasten(1, 1, latest);
      const seen: number[][] = [];
      while (queue.pop()) seen.push([queue.item as number, queue.time]);
      const isMeant = (n: number) => events[n]![1] === 1 && events[n]![2] === 1;
      for (const [n, time] of seen as [number, number][]) {
        expect(time).toBe(isMeant(n) ? Math.min(events[n]![0], latest) : events[n]![0]);
      }
      const byTime = (x: number, y: number) => events[x]![0] - events[y]![0] || x - y;
      for (const group of [isMeant, (n: number) => !isMeant(n)]) {
        const order = seen.map(([n]) => n!).filter(group);
        expect(order).toEqual(order.toSorted(byTime));
      }
      expect(seen).toHaveLength(events.length);
    },
  );

  it('grows past its first slots and loses nothing', () => {
    const queue = new EventQueue();
    for (let n = 0; n < 5000; n += 1) queue.push((n * 7919) % 1000, 2, n, 0, null);
    let last = -1;
    let count = 0;
    while (queue.pop()) {
      expect(queue.time).toBeGreaterThanOrEqual(last);
      last = queue.time;
      count += 1;
    }
    expect(count).toBe(5000);
    expect(queue.nextTime).toBe(Infinity);
  });
});

describe('a clock', () => {
  const drift = fc.integer({ min: -400_000, max: 400_000 });

  property.prop([fc.nat(1e9), drift, fc.nat(1e12)])(
    'shows offset plus elapsed time at its rate, exactly',
    (offset, ppm, now) => {
      const clock = new Clock(offset, ppm);
      const exact = BigInt(offset) + (BigInt(now) * BigInt(1_000_000 + ppm)) / 1_000_000n;
      expect(BigInt(clock.micros(now))).toBe(exact);
    },
  );

  property.prop([fc.nat(1e7), drift, fc.nat(1e9), fc.nat(1e6)])(
    'reaches a time at the first microsecond that shows it, and not before',
    (offset, ppm, now, ahead) => {
      const clock = new Clock(offset, ppm);
      const target = clock.millis(now) + ahead;
      const at = clock.reaches(now, target);
      expect(clock.millis(at)).toBeGreaterThanOrEqual(target);
      if (at > now) expect(clock.millis(at - 1)).toBeLessThan(target);
    },
  );

  const action = fc.oneof(
    fc.record({ kind: fc.constant('step' as const), by: fc.nat(5_000_000) }),
    fc.record({ kind: fc.constant('drift' as const), by: drift }),
    fc.record({ kind: fc.constant('freeze' as const), by: fc.constant(0) }),
    fc.record({ kind: fc.constant('unfreeze' as const), by: fc.constant(0) }),
  );
  property.prop([fc.array(fc.tuple(fc.nat(1_000_000), action), { maxLength: 30 })])(
    'never goes back, whatever is done to it; frozen it stands still',
    (script) => {
      const clock = new Clock(0, 100);
      let now = 0;
      let shown = 0;
      for (const [wait, { kind, by }] of script) {
        const frozen = clock.frozen;
        now += wait;
        const before = clock.micros(now);
        expect(before).toBeGreaterThanOrEqual(shown);
        if (frozen) expect(before).toBe(shown);
        if (kind === 'step') clock.step(now, by);
        else if (kind === 'drift') clock.setDrift(now, by);
        else if (kind === 'freeze') clock.freeze(now);
        else clock.unfreeze(now);
        shown = clock.micros(now);
        expect(shown).toBeGreaterThanOrEqual(before);
      }
    },
  );

  it('never reaches anything while frozen', () => {
    const clock = new Clock(0, 0);
    clock.freeze(1000);
    expect(clock.reaches(2000, 5)).toBe(Infinity);
    clock.unfreeze(3000);
    expect(clock.reaches(3000, 5)).toBe(7000);
  });
});

describe('the choice log', () => {
  it('gives back what was put in, and the hash feels every field', () => {
    const hashes = new Set<string>();
    const events: [number, number, number, number, number][] = [
      [1, 10, 2, 3, 4],
      [2, 10, 2, 3, 4],
      [1, 11, 2, 3, 4],
      [1, 10, 3, 2, 4],
      [1, 10, 2, 4, 4],
      [1, 10, 2, 3, 5],
    ];
    for (const event of events) {
      const log = new ChoiceLog(true);
      log.add(...event);
      log.add(1, 20, 65_540, 7, 8);
      hashes.add(log.hash);
      const [kind, time, a, b, ordinal] = event;
      expect(decodeChoices(log.words()!)).toEqual([
        { kind, time, a, b, ordinal },
        { kind: 1, time: 20, a: 65_540, b: 7, ordinal: 8 },
      ]);
    }
    expect(hashes.size).toBe(events.length);
  });

  it('says where two runs part', () => {
    const log = (ordinals: number[]): Int32Array => {
      const one = new ChoiceLog(true);
      for (const ordinal of ordinals) one.add(1, ordinal, 1, 2, ordinal);
      return one.words()!;
    };
    expect(firstDifference(log([1, 2, 3]), log([1, 2, 3]))).toBe(-1);
    expect(firstDifference(log([1, 2, 3]), log([1, 5, 3]))).toBe(1);
    expect(firstDifference(log([1, 2]), log([1, 2, 3]))).toBe(2);
  });
});
