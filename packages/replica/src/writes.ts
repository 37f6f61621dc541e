/**
 * Writes from the order to the answer. On a full disk nothing of the failed write, nor of any after it, is on the disk; the core keeps
 * waiting for them, so the same writes are issued again, in order, every now and then until there is room. Any other failure is the
 * member's end (replica.ts): only of NO_SPACE is it known that nothing was written.
 */
import type { Persist } from '@seedraft/core';
import type { Store } from './ports.ts';

export class Writes {
  readonly #store: Store;
  /** Milliseconds between two tries on a full disk. */
  readonly #spacing: number;
  /** Not yet answered, by seq. */
  readonly #outstanding: Persist[] = [];
  /** On the own clock; Infinity: the disk is not known to be full. */
  #retryAt = Number.POSITIVE_INFINITY;

  constructor(store: Store, spacing: number) {
    this.#store = store;
    this.#spacing = spacing;
  }

  /** When to try again. */
  get dueAt(): number {
    return this.#retryAt;
  }

  issue(write: Persist): void {
    this.#outstanding.push(write);
    // While the disk is full a later write must not overtake the ones that wait.
    if (this.#retryAt === Number.POSITIVE_INFINITY) this.#store.persist(write);
  }

  done(seq: number): void {
    const outstanding = this.#outstanding;
    while (outstanding.length > 0 && outstanding[0]!.seq <= seq) outstanding.shift();
  }

  /** No room. Writes issued together may each say so: the first one counts. */
  failed(at: number): void {
    if (this.#retryAt === Number.POSITIVE_INFINITY) this.#retryAt = at + this.#spacing;
  }

  retry(): void {
    this.#retryAt = Number.POSITIVE_INFINITY;
    for (const write of this.#outstanding) this.#store.persist(write);
  }
}
