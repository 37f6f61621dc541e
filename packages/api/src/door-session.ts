/**
 * The session a door writes under (dissertation 6.3): which sequences are in use, and which is the lowest that may be sent again. Kept: a
 * sequence names one request for ever; firstIncomplete never passes a sequence that is still in use.
 */

/** Sequences one may be ahead of the lowest in use: members remember 4096 results of a session and then refuse. */
const WINDOW = 2048;

/** Of cluster time, ms. Far above the time any ask is repeated for. */
export const SESSION_TIMEOUT = 60_000;

export class DoorSession {
  readonly id: number;
  /** When it last showed that it lives, ms. */
  usedAt: number;
  #next = 1;
  #first = 1;
  /** Done, beyond #first. */
  readonly #done = new Set<number>();

  constructor(id: number, usedAt: number) {
    this.id = id;
    this.usedAt = usedAt;
  }

  /** It may have expired, or be about to: what is begun under it now could be cut off from its result. */
  isStale(now: number): boolean {
    return now - this.usedAt > SESSION_TIMEOUT / 3;
  }

  get firstIncomplete(): number {
    return this.#first;
  }

  /** 0: there is no room now. */
  take(): number {
    return this.#next - this.#first < WINDOW ? this.#next++ : 0;
  }

  /** It will not be sent again. */
  done(sequence: number): void {
    this.#done.add(sequence);
    while (this.#done.delete(this.#first)) this.#first++;
  }
}
