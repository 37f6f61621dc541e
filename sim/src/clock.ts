/**
 * A member's own clock: offset, rate error, steps forward, freezes; monotonic whatever happens to it. All conversions between true time
 * (integer microseconds) and the member's milliseconds are integer arithmetic, exact over any run, so that a lease can be judged to
 * the microsecond and no engine rounds differently.
 */
import type { Micros } from './observer.ts';

const MILLION = 1_000_000;

/** `rate` is what the clock advances in a true second, in its own microseconds. */
export class Clock {
  /** At true time #since the clock showed #shown microseconds and has run at #rate from then on. */
  #since: Micros = 0;
  #shown: Micros;
  #rate: number;
  #drift: number;
  #frozen = 0;

  /** `offset` in microseconds (what it shows at true time 0), `drift` in ppm. */
  constructor(offset: Micros, drift: number) {
    this.#shown = Math.round(offset);
    this.#drift = Math.round(drift);
    this.#rate = MILLION + this.#drift;
  }

  /** Rate error in ppm, as last set. */
  get drift(): number {
    return this.#drift;
  }

  get frozen(): boolean {
    return this.#frozen > 0;
  }

  /** Microseconds shown at true time `now`. */
  micros(now: Micros): Micros {
    const elapsed = now - this.#since;
    const seconds = Math.floor(elapsed / MILLION);
    const rest = elapsed - seconds * MILLION;
    return this.#shown + seconds * this.#rate + Math.floor((rest * this.#rate) / MILLION);
  }

  /** Milliseconds shown at true time `now`: what the member reads. */
  millis(now: Micros): number {
    return Math.floor(this.micros(now) / 1000);
  }

  /** The first true time, not before `now`, at which it shows at least `millis`; Infinity if frozen short of it, or never. */
  reaches(now: Micros, millis: number): Micros {
    if (millis === Infinity) return Infinity;
    const needed = millis * 1000 - this.#shown;
    if (needed <= 0 || this.micros(now) >= millis * 1000) return now;
    if (this.#rate <= 0) return Infinity;
    const seconds = Math.floor(needed / this.#rate);
    const rest = needed - seconds * this.#rate;
    return this.#since + seconds * MILLION + Math.ceil((rest * MILLION) / this.#rate);
  }

  /** Jumps forward; never back. */
  step(now: Micros, forward: Micros): void {
    this.#rebase(now);
    this.#shown += Math.max(0, Math.round(forward));
  }

  setDrift(now: Micros, ppm: number): void {
    this.#rebase(now);
    this.#drift = Math.max(1 - MILLION, Math.round(ppm));
    this.#applyRate();
  }

  /** Freezes stack: it runs again once each was undone. */
  freeze(now: Micros): void {
    this.#rebase(now);
    this.#frozen += 1;
    this.#applyRate();
  }

  unfreeze(now: Micros): void {
    this.#rebase(now);
    if (this.#frozen > 0) this.#frozen -= 1;
    this.#applyRate();
  }

  /** Runs from now on, at its rate or at the nearest within `bound` ppm of true time. */
  settle(now: Micros, bound: number): void {
    this.#rebase(now);
    this.#frozen = 0;
    this.#drift = Math.min(bound, Math.max(-bound, this.#drift));
    this.#applyRate();
  }

  #applyRate(): void {
    this.#rate = this.#frozen > 0 ? 0 : MILLION + this.#drift;
  }

  #rebase(now: Micros): void {
    this.#shown = this.micros(now);
    this.#since = now;
  }
}
