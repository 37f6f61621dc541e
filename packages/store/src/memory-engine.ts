/**
 * An engine in memory: what was written is there, in order, until `crash` takes what was not settled. For tests, and the reference that
 * other engines are compared with. Completions wait for `settle`, so a test decides what happens between a write and its end.
 */
import type { Batch, Engine, FoundRecord, Scan, WriteFailure } from './engine.ts';
import type { FreshDirectory } from './fresh.ts';
import type { MemberStore } from './member-store.ts';
import type { Slot } from './witness.ts';

export class MemoryEngine implements Engine {
  #store: MemberStore | null = null;
  #values = new Map<string, Uint8Array>();
  #witness: [Uint8Array, Uint8Array] | null = null;
  #waiting: ((store: MemberStore) => void)[] = [];
  /** When set, the next write fails so. */
  failNext: WriteFailure | null = null;

  /** Whose doors completions go to. */
  attach(store: MemberStore): void {
    this.#store = store;
  }

  /** Replace everything by a fresh directory. */
  format(fresh: FreshDirectory): void {
    this.#values = new Map(fresh.puts.map(({ key, value }) => [key, value]));
    this.#witness = [fresh.witness, fresh.witness];
  }

  write(token: number, batch: Batch): void {
    this.#waiting.push((store) => {
      const failure = this.failNext;
      this.failNext = null;
      if (failure !== null) {
        store.writeFailed(token, failure);
        return;
      }
      for (const key of batch.deletes) this.#values.delete(key);
      for (const { key, value } of batch.puts) this.#values.set(key, value);
      store.written(token);
    });
  }

  writeWitness(token: number, slot: Slot, bytes: Uint8Array, _sync: boolean): void {
    this.#waiting.push((store) => {
      this.#witness![slot] = bytes;
      store.witnessWritten(token);
    });
  }

  read(token: number, key: string): void {
    this.#waiting.push((store) => store.valueRead(token, this.#values.get(key) ?? null));
  }

  /** Executes the oldest call under way; false when there is none. */
  settleOne(): boolean {
    const next = this.#waiting.shift();
    if (next === undefined || this.#store === null) return false;
    next(this.#store);
    return true;
  }

  settle(): void {
    while (this.settleOne());
  }

  /** What was not settled never happened. */
  crash(): void {
    this.#waiting = [];
    this.#store = null;
  }

  scan(): Scan {
    const keys = [...this.#values.keys()].sort();
    const records = keys.map(
      (key): FoundRecord => ({ key, value: this.#values.get(key)!, file: 'memory', offset: 0 }),
    );
    const empty = this.#witness === null && records.length === 0;
    const slots = this.#witness;
    const witness = slots === null ? null : ([[slots[0]], [slots[1]]] as const);
    return { records, defects: [], witness, empty, rewrite: false, cut: null };
  }

  /** For tests that damage: the value itself, not a copy. */
  valueOf(key: string): Uint8Array | undefined {
    return this.#values.get(key);
  }
}
