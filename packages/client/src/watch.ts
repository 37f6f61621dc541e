/**
 * A watch as something to loop over. What comes is kept until the loop asks for it, up to a bound; beyond it the watch is given up as lost,
 * since a loop that cannot keep up would otherwise hold the memory of everything it missed.
 */
import type { Driver } from './driver.ts';
import type { Outcome } from './engine/index.ts';
import { errorOf, SeedraftError } from './error.ts';

export interface WatchEvent {
  /** Of the entry that brought it about. */
  readonly index: number;
  readonly value: unknown;
}

const MAX_KEPT = 16_384;

export class Watcher implements AsyncIterableIterator<WatchEvent> {
  readonly #stop: () => void;
  #kept: WatchEvent[] = [];
  #taken = 0;
  #end: SeedraftError | 'done' | null = null;
  #waiting: (() => void) | null = null;

  /** Fails after the driver's timeout if no member begins to watch. */
  constructor(driver: Driver, query: unknown) {
    const onEvent = (index: number, value: unknown) => {
      if (this.#kept.length - this.#taken >= MAX_KEPT) this.#overrun();
      else this.#kept.push({ index, value });
      this.#wake();
    };
    this.#stop = driver.begin({ type: 'watch', query, onEvent }, (outcome) =>
      this.#finish(endOf(outcome)),
    );
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The first event bears null: every change by an entry after its index will come. Rejects with WATCH_LOST when changes were missed. */
  async next(): Promise<IteratorResult<WatchEvent, undefined>> {
    while (this.#taken === this.#kept.length) {
      if (this.#end === 'done') return { done: true, value: undefined };
      if (this.#end !== null) throw this.#end;
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
    const value = this.#kept[this.#taken++]!;
    if (this.#taken === this.#kept.length) {
      this.#kept = [];
      this.#taken = 0;
    }
    return { done: false, value };
  }

  /** Stop watching. */
  async return(): Promise<IteratorResult<WatchEvent, undefined>> {
    this.#kept = [];
    this.#taken = 0;
    this.#finish('done');
    this.#stop();
    return { done: true, value: undefined };
  }

  #overrun(): void {
    const reason = 'WATCH_LOST: More changes came than were taken. Read what is watched anew.';
    this.#finish(new SeedraftError('WATCH_LOST', reason, 'not applied'));
    this.#stop();
  }

  #finish(end: SeedraftError | 'done'): void {
    this.#end ??= end;
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.();
  }
}

/** `done` when its reader or the client said so. */
function endOf(outcome: Outcome): SeedraftError | 'done' {
  if (outcome.ok || outcome.code === 'ABORTED' || outcome.code === 'CLOSED') return 'done';
  return errorOf(outcome);
}
