/**
 * The one reading of real time, and the one file with timers: the member's monotonic clock in whole milliseconds, the tick at the replica's
 * deadline, and delays for sockets. Timers may be late; nothing relies on more than that they are never early.
 */

/** setTimeout takes no more. */
const LONGEST = 2 ** 31 - 1;

export type Cancel = () => void;

export class Clock {
  readonly #onDue: () => void;
  #timer: NodeJS.Timeout | undefined;
  #armedFor = Number.POSITIVE_INFINITY;

  /** `onDue`: a deadline that was armed for may have come. */
  constructor(onDue: () => void) {
    this.#onDue = onDue;
  }

  /** The member's own clock: monotonic, integer milliseconds. */
  now(): number {
    return Math.floor(performance.now());
  }

  /** Sees to it that `onDue` comes at `deadline` or soon after. A pending earlier one stays: whoever it calls arms again. */
  arm(deadline: number): void {
    if (deadline >= this.#armedFor) return;
    clearTimeout(this.#timer);
    this.#armedFor = deadline;
    const delay = Math.min(Math.max(Math.ceil(deadline - performance.now()), 0), LONGEST);
    this.#timer = setTimeout(() => {
      this.#armedFor = Number.POSITIVE_INFINITY;
      this.#onDue();
    }, delay);
  }

  /** `action` after `delay` ms, unless cancelled before. Does not keep the process alive. */
  after(delay: number, action: () => void): Cancel {
    const timer = setTimeout(action, Math.min(delay, LONGEST));
    timer.unref();
    return () => clearTimeout(timer);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#armedFor = Number.NEGATIVE_INFINITY;
  }
}
