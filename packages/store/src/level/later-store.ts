/**
 * The store as the node is given it: what it reports never comes within a call of it, so that a caller in the middle of a step is not
 * called back. The order of reports is that of the store; after `end` there are none.
 */
import type { Configuration, Persist, SnapshotMetadata } from '@seedraft/core';
import type { Store } from '@seedraft/replica';
import type { StoreEvents } from '../store-events.ts';

/** Between the store and whoever listens. */
export class LaterEvents implements StoreEvents {
  readonly #listener: StoreEvents;
  #waiting: (() => void)[] = [];
  #isWithin = false;
  #hasEnded = false;

  constructor(listener: StoreEvents) {
    this.#listener = listener;
  }

  /** What is reported within `call` waits for a later turn. */
  within(call: () => void): void {
    this.#isWithin = true;
    try {
      call();
    } finally {
      this.#isWithin = false;
    }
  }

  /** Resolves once nothing waits. */
  async drained(): Promise<void> {
    while (this.#waiting.length > 0) await new Promise((resolve) => setImmediate(resolve));
  }

  /** From now on nothing is reported. */
  end(): void {
    this.#hasEnded = true;
  }

  durable(seq: number): void {
    this.#report(() => this.#listener.durable(seq));
  }
  persisted(seq: number): void {
    this.#report(() => this.#listener.persisted(seq));
  }
  persistFailed(seq: number, code: string): void {
    this.#report(() => this.#listener.persistFailed(seq, code));
  }
  snapshotWritten(id: string, offset: number): void {
    this.#report(() => this.#listener.snapshotWritten(id, offset));
  }
  snapshotSealed(id: string): void {
    this.#report(() => this.#listener.snapshotSealed(id));
  }
  snapshotRead(id: string, offset: number, bytes: Uint8Array): void {
    this.#report(() => this.#listener.snapshotRead(id, offset, bytes));
  }
  snapshotFailed(id: string, code: string): void {
    this.#report(() => this.#listener.snapshotFailed(id, code));
  }
  bootstrapWritten(): void {
    this.#report(() => this.#listener.bootstrapWritten());
  }
  bootstrapFailed(code: string): void {
    this.#report(() => this.#listener.bootstrapFailed(code));
  }

  #report(report: () => void): void {
    if (this.#hasEnded) return;
    if (!this.#isWithin && this.#waiting.length === 0) {
      report();
      return;
    }
    if (this.#waiting.length === 0) setImmediate(() => this.#drain());
    this.#waiting.push(report);
  }

  #drain(): void {
    const waiting = this.#waiting;
    // Kept in place while they go out: what they lead to must come after them.
    for (let i = 0; i < waiting.length; i++) if (!this.#hasEnded) waiting[i]!();
    this.#waiting = [];
  }
}

export class LaterStore implements Store {
  readonly #store: Store;
  readonly #events: LaterEvents;

  constructor(store: Store, events: LaterEvents) {
    this.#store = store;
    this.#events = events;
  }

  persist(write: Persist): void {
    this.#events.within(() => this.#store.persist(write));
  }
  writeSnapshot(id: string, offset: number, bytes: Uint8Array): void {
    this.#events.within(() => this.#store.writeSnapshot(id, offset, bytes));
  }
  sealSnapshot(metadata: SnapshotMetadata, compactTo: number): void {
    this.#events.within(() => this.#store.sealSnapshot(metadata, compactTo));
  }
  readSnapshot(id: string, offset: number, length: number): void {
    this.#events.within(() => this.#store.readSnapshot(id, offset, length));
  }
  dropSnapshot(id: string): void {
    this.#events.within(() => this.#store.dropSnapshot(id));
  }
  writeBootstrap(configuration: Configuration): void {
    this.#events.within(() => this.#store.writeBootstrap(configuration));
  }
}
