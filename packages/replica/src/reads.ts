/**
 * Reads between the question and the answer (dissertation 6.4). First the core finds an index at or past everything acknowledged before
 * the read began; then the read waits until the machine has applied that far; then it is answered at once, from whatever is applied.
 */
import type { Index } from '@seedraft/core';
import type { ReadMode } from './ports.ts';

/** In the place of a query: the whole state is asked for. */
export const WHOLE_STATE: unique symbol = Symbol('the whole state');

export interface OpenRead {
  readonly requestId: number;
  readonly mode: ReadMode;
  /** The machine's, or WHOLE_STATE. */
  readonly query: unknown;
  /** What was promised; 0 until the core says. */
  readIndex: Index;
}

const NONE: readonly OpenRead[] = Object.freeze([]);

export class Reads {
  /** Asked of the core, by the id it was asked under. */
  readonly #asked = new Map<number, OpenRead>();
  /** Promised an index; ascending, first come first among equals. */
  readonly #waiting: OpenRead[] = [];

  ask(id: number, requestId: number, mode: ReadMode, query: unknown): void {
    this.#asked.set(id, { requestId, mode, query, readIndex: 0 });
  }

  /** The core is done with it, in whichever way. */
  take(id: number): OpenRead {
    const read = this.#asked.get(id)!;
    this.#asked.delete(id);
    return read;
  }

  wait(read: OpenRead): void {
    const waiting = this.#waiting;
    let at = waiting.length;
    // Promises nearly always come in order, so this loop rarely turns.
    while (at > 0 && waiting[at - 1]!.readIndex > read.readIndex) at--;
    waiting.splice(at, 0, read);
  }

  /** Gives up those that were promised more than `index`. */
  beyond(index: Index): readonly OpenRead[] {
    const waiting = this.#waiting;
    let at = waiting.length;
    while (at > 0 && waiting[at - 1]!.readIndex > index) at--;
    return at === waiting.length ? NONE : waiting.splice(at);
  }

  /** The next read that may be answered at `applied`; undefined: none. */
  next(applied: Index): OpenRead | undefined {
    const first = this.#waiting[0];
    return first !== undefined && first.readIndex <= applied ? this.#waiting.shift() : undefined;
  }
}
