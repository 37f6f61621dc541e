/**
 * What a turn asks of the disk is handed over at its end, after what it sends. A leader may write to its own log while its followers write to
 * theirs (dissertation, 10.2.1), and its messages must not wait until a group is built and another thread has taken the core they need.
 * Kept: the order of the calls, and each exactly once; a turn that throws hands nothing over.
 */
import type { Configuration, Persist, SnapshotMetadata } from '@seedraft/core';
import type { Store } from '@seedraft/replica';

export class StoreOutbox implements Store {
  readonly #store: Store;
  #calls: (() => void)[] = [];

  constructor(store: Store) {
    this.#store = store;
  }

  /** Everything asked for so far goes to the store. */
  flush(): void {
    if (this.#calls.length === 0) return;
    const calls = this.#calls;
    this.#calls = [];
    for (const call of calls) call();
  }

  persist(write: Persist): void {
    this.#calls.push(() => this.#store.persist(write));
  }
  writeSnapshot(id: string, offset: number, bytes: Uint8Array): void {
    this.#calls.push(() => this.#store.writeSnapshot(id, offset, bytes));
  }
  sealSnapshot(metadata: SnapshotMetadata, compactTo: number): void {
    this.#calls.push(() => this.#store.sealSnapshot(metadata, compactTo));
  }
  readSnapshot(id: string, offset: number, length: number): void {
    this.#calls.push(() => this.#store.readSnapshot(id, offset, length));
  }
  dropSnapshot(id: string): void {
    this.#calls.push(() => this.#store.dropSnapshot(id));
  }
  writeBootstrap(configuration: Configuration): void {
    this.#calls.push(() => this.#store.writeBootstrap(configuration));
  }
}
