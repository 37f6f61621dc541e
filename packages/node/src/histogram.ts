/** Counts of durations in fixed classes, for figures that a mean would hide: how long writes take, how long a turn is. */

/** Upper bounds in milliseconds; beyond the last is one more class. */
export const BOUNDS_MS = [
  0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000,
] as const;

export interface HistogramSnapshot {
  readonly boundsMilliseconds: readonly number[];
  /** One more than bounds; not cumulative. */
  readonly counts: readonly number[];
  readonly count: number;
  readonly sumMilliseconds: number;
}

export class Histogram {
  readonly #counts = new Array<number>(BOUNDS_MS.length + 1).fill(0);
  #count = 0;
  #sum = 0;

  add(milliseconds: number): void {
    let at = 0;
    while (at < BOUNDS_MS.length && milliseconds > BOUNDS_MS[at]!) at += 1;
    this.#counts[at]! += 1;
    this.#count += 1;
    this.#sum += milliseconds;
  }

  snapshot(): HistogramSnapshot {
    return {
      boundsMilliseconds: BOUNDS_MS,
      counts: [...this.#counts],
      count: this.#count,
      sumMilliseconds: this.#sum,
    };
  }
}
