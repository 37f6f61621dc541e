/**
 * All keys of all namespaces, and whoever is to know when one changes: the table, what expires next, who watches. What a command means is
 * said elsewhere; every change of the state is one of the few verbs here.
 *
 * Kept: nothing changes without its watchers being told, once, in order; what expires is removed by `expire` and by nothing else.
 */
import type { KvValue } from './command.ts';
import { ExpiryQueue } from './expiry.ts';
import type { KvChangeKind, KvRingChange } from './result.ts';
import { ChunkIterator, restoreTable } from './snapshot.ts';
import { type Content, type Entry, type HashedKey, Table } from './table.ts';
import { Watchers } from './watchers.ts';

/** A key that stays. */
export const NEVER = Number.POSITIVE_INFINITY;

export class Keyspace {
  readonly watchers = new Watchers();
  #table = new Table();
  #expiry = new ExpiryQueue();

  get size(): number {
    return this.#table.size;
  }

  digest(): { readonly hi: number; readonly lo: number } {
    return this.#table.digest();
  }

  find(namespace: string, key: string): Entry | undefined {
    return this.#table.get(namespace, key);
  }

  count(namespace: string): number {
    return this.#table.count(namespace);
  }

  keys(namespace: string): readonly string[] {
    return this.#table.keys(namespace);
  }

  hashedKeys(namespace: string): readonly HashedKey[] {
    return this.#table.hashedKeys(namespace);
  }

  /** A key holds this from now on, until `expires` (cluster time, ms) or NEVER. */
  write(
    kind: KvChangeKind,
    namespace: string,
    key: string,
    content: Content,
    expires: number,
    index: number,
    ring?: KvRingChange,
  ): Entry {
    const old = this.watchers.isEmpty ? undefined : this.find(namespace, key);
    const entry = this.#table.put(namespace, key, content, index, expires);
    if (expires !== NEVER) this.#expiry.add(entry);
    if (!this.watchers.isEmpty) {
      this.watchers.tell(index, { kind, namespace, key, item: entry, previous: old, ring });
    }
    return entry;
  }

  remove(entry: Entry, index: number, kind: 'delete' | 'expire' = 'delete'): void {
    this.#table.remove(entry);
    if (this.watchers.isEmpty) return;
    const { namespace, key } = entry;
    this.watchers.tell(index, { kind, namespace: namespace.name, key, previous: entry });
  }

  /** Every key of the namespace goes, in constant time. Says how many went. */
  flush(namespace: string, index: number): number {
    const count = this.#table.drop(namespace);
    if (count === 0) return 0;
    this.#expiry.shed();
    this.watchers.tellFlush(index, namespace);
    return count;
  }

  /** A cas wanted `wanted` there and found something else. */
  tellConflict(namespace: string, key: string, wanted: KvValue, index: number): void {
    if (this.watchers.isEmpty) return;
    const item = this.find(namespace, key);
    this.watchers.tell(index, { kind: 'conflict', namespace, key, item, previous: item, wanted });
  }

  /** When something expires next; NEVER: nothing does. */
  get nextDeadline(): number {
    return this.#expiry.first()?.expires ?? NEVER;
  }

  /** A key is there up to its deadline, and gone at it. */
  expire(time: number, index: number): void {
    for (
      let due = this.#expiry.first();
      due !== null && due.expires <= time;
      due = this.#expiry.first()
    ) {
      this.remove(due, index, 'expire');
    }
  }

  snapshot(chunkBytes: number): Iterator<unknown> {
    return new ChunkIterator(this.#table.freeze(), chunkBytes);
  }

  /** A snapshot that is still being read goes on over the state it froze. */
  restore(chunks: Iterable<unknown>): void {
    const table = restoreTable(chunks);
    const expiry = new ExpiryQueue();
    const version = table.freeze();
    for (let next = version.next(); !next.done; next = version.next()) {
      if (next.value.expires !== NEVER) expiry.add(next.value);
    }
    this.#table = table;
    this.#expiry = expiry;
    this.watchers.clear();
  }
}
