/** Runs that take long: named after a minute, or soon once nothing else is awaited; given up after the time that one may take; never between two. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { markIn, UnitWatch, type WatchedTask } from '../../packages/seedraft/src/campaign/watch.ts';

const task = { from: 8, to: 11 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watched(unitMilliseconds: number, isOver = () => false) {
  const named: [unit: number, seconds: number][] = [];
  const onLong = (unit: number, seconds: number): void => void named.push([unit, seconds]);
  const watch = new UnitWatch({ unitMilliseconds, isOver, onLong });
  const under: WatchedTask = watch.begin(task);
  return { watch, under, named, mark: markIn(under.pulse, task) };
}

const pass = (seconds: number): unknown => vi.advanceTimersByTime(1000 * seconds);

describe('a unit', () => {
  test('is named once after a minute, and given up after its time', () => {
    const { under, named, mark } = watched(100_000);
    mark(8);
    mark(8);
    mark(10);
    pass(60);
    expect(named).toEqual([]);
    pass(30);
    expect([named, under.signal.aborted]).toEqual([[[10, 60]], false]);
    pass(30);
    expect(named).toHaveLength(1);
    expect(under).toMatchObject({ overdue: 10, ended: [8], signal: { aborted: true } });
  });

  test('has its time for each of its runs, and none passes between them', () => {
    const { under, named, mark } = watched(50_000);
    pass(200);
    for (const unit of [9, 9, 9, 9, 8]) {
      mark(unit);
      pass(45);
    }
    expect([named, under.signal.aborted]).toEqual([[], false]);
    expect(under.ended).toEqual([9]);
  });

  test('is never given up when there is no such time', () => {
    const { under, mark } = watched(Number.POSITIVE_INFINITY);
    mark(8);
    pass(86_400);
    expect(under.signal.aborted).toBe(false);
  });

  test('is named soon when the campaign is over, and at an interruption, which ends it', () => {
    let isOver = false;
    const { under, named, mark, watch } = watched(300_000, () => isOver);
    mark(9);
    pass(10);
    expect(named).toEqual([]);
    isOver = true;
    pass(1);
    expect(named).toEqual([[9, 10]]);
    mark(9);
    mark(10);
    pass(3);
    watch.interrupt();
    expect([named.length, under.signal.aborted, under.overdue]).toEqual([1, true, null]);
  });

  test('of a task that is over is watched no more', () => {
    const { under, named, mark, watch } = watched(1_000);
    mark(8);
    watch.end(under);
    pass(100);
    expect([named, under.overdue]).toEqual([[], null]);
  });
});
