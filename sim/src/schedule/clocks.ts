/**
 * Whether clocks can have shown this. In a schedule they are free, but leases stand on a bound of their drift: a lease read that is stale
 * because one clock ran twice as fast as another is nobody's bug. Here the clocks that members read, in the order of the steps, are held
 * against true time: there must be times for the steps, in their order, at which clocks within the bound show these milliseconds.
 *
 * These are difference constraints (Bellman and Ford): of two readings of one member, r milliseconds apart, true time between them is more
 * than (r - 1) / (1 + bound) and less than (r + 1) / (1 - bound), for clocks show whole milliseconds.
 */
import type { Message } from '@seedraft/core';
import type { MemberView, Micros, Observer } from '../observer.ts';

interface Reading {
  readonly member: number;
  /** Milliseconds. */
  readonly shown: number;
}

export class ClockReadings implements Observer {
  readonly #readings: Reading[] = [];
  #leaseReads = 0;

  /** A read was answered under a lease. */
  get countsOnLeases(): boolean {
    return this.#leaseReads > 0;
  }

  onStep({ id: member }: MemberView, { at: shown }: Message): void {
    const last = this.#readings.at(-1);
    if (last?.member !== member || last.shown !== shown) this.#readings.push({ member, shown });
  }

  onRead(_member: MemberView, _operation: unknown, mode: string): void {
    if (mode === 'lease') this.#leaseReads += 1;
  }

  /** With clocks whose rates are at most `bound` off. */
  isPossible(bound: number): boolean {
    return hasTimes(this.#readings, bound);
  }
}

/** Just short of a millisecond: what a reading may be off. */
const ROUNDING: Micros = 999;

/** More than any honest run has needed; whoever needs more is refused, which is the safe side. */
const PASSES = 100;

/** Earliest times: lower bounds on the way forward, upper ones on the way back, until none is broken. */
function hasTimes(readings: readonly Reading[], bound: number): boolean {
  const times = new Float64Array(readings.length);
  const own = placesOf(readings);
  const shownBetween = (sooner: number, later: number): number =>
    ((readings[later] as Reading).shown - (readings[sooner] as Reading).shown) * 1_000;
  // All pairs of a member's readings: neighbours alone would let each add its rounding.
  const forward = (): void => {
    for (let later = 1; later < times.length; later += 1) {
      let time = Math.max(times[later] as number, times[later - 1] as number);
      for (const sooner of own[later] as readonly number[]) {
        if (sooner >= later) break;
        const least = Math.ceil((shownBetween(sooner, later) - ROUNDING) / (1 + bound));
        time = Math.max(time, (times[sooner] as number) + least);
      }
      times[later] = time;
    }
  };
  const backward = (): boolean => {
    let changed = false;
    for (let later = times.length - 1; later > 0; later -= 1) {
      for (const sooner of own[later] as readonly number[]) {
        if (sooner >= later) break;
        const most = Math.floor((shownBetween(sooner, later) + ROUNDING) / (1 - bound));
        if ((times[sooner] as number) >= (times[later] as number) - most) continue;
        times[sooner] = (times[later] as number) - most;
        changed = true;
      }
    }
    return changed;
  };
  for (let pass = 0; pass < PASSES; pass += 1) {
    forward();
    if (!backward()) return true;
  }
  return false;
}

/** By place: all places of the same member, in order. */
function placesOf(readings: readonly Reading[]): readonly (readonly number[])[] {
  const own = new Map<number, number[]>();
  return readings.map(({ member }, place) => {
    const places = own.get(member) ?? [];
    own.set(member, places);
    places.push(place);
    return places;
  });
}
