/**
 * One turn of the event loop: everything that arrived while the sockets and the disk were polled is carried out in one go, then every socket
 * that was written to is flushed once, and then the disk is asked. Batches form by themselves: the busier the member, the more a turn bears.
 */

export interface Flushable {
  flush(): void;
}

export class Turn {
  readonly #work: () => void;
  readonly #afterwards: () => void;
  readonly #flushes: Flushable[] = [];
  #isScheduled = false;
  #isRunning = false;
  readonly #run = (): void => {
    this.#isScheduled = false;
    this.#isRunning = true;
    this.#work();
    // A flush may hand bytes on to somebody who is then flushed too.
    for (let i = 0; i < this.#flushes.length; i++) this.#flushes[i]!.flush();
    this.#flushes.length = 0;
    this.#afterwards();
    this.#isRunning = false;
  };

  /** `afterwards`: once everything that the turn sends is with the kernel. */
  constructor(work: () => void, afterwards: () => void) {
    this.#work = work;
    this.#afterwards = afterwards;
  }

  /** Something arrived. */
  request(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // After the poll phase: what other sockets have ready by then belongs to the same turn.
    setImmediate(this.#run);
  }

  /** `flushable` has something to write at the end of this turn, or of the next. */
  flushLater(flushable: Flushable): void {
    this.#flushes.push(flushable);
    if (!this.#isRunning) this.request();
  }
}
