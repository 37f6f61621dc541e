/**
 * The client's side of a session (dissertation 6.3): which sequences are in use, and which is the lowest whose answer is still wanted, so
 * that members may forget the results below it.
 *
 * Kept: a sequence names one command for ever; firstIncomplete never passes a sequence that may be sent again.
 */

/** Sequences one may be ahead of the lowest incomplete: members remember 4096 results of a session and then refuse. */
const WINDOW = 2048;

export class Session {
  /** Of cluster time, ms. */
  readonly timeout: number;
  /** 0: not open yet. */
  id = 0;
  /** It will never execute anything again. */
  isExpired = false;
  /** When an answer last showed that it lives, and when a user last wrote, ms. */
  touchedAt = 0;
  usedAt = 0;
  #next = 1;
  #first = 1;
  /** Complete, beyond #first. */
  readonly #complete = new Set<number>();

  constructor(timeout: number) {
    this.timeout = timeout;
  }

  get firstIncomplete(): number {
    return this.#first;
  }

  get hasRoom(): boolean {
    return this.#next - this.#first < WINDOW;
  }

  get hasIncomplete(): boolean {
    return this.#next > this.#first;
  }

  take(): number {
    return this.#next++;
  }

  /** It will not be sent again: answered, or nobody waits for it any more. */
  complete(sequence: number): void {
    if (sequence !== this.#first) {
      if (sequence > this.#first) this.#complete.add(sequence);
      return;
    }
    this.#first++;
    while (this.#complete.delete(this.#first)) this.#first++;
  }
}
