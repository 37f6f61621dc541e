/**
 * Who wants to hear of which keys, and telling them. Watching is no part of the state: it is neither in snapshots nor in the digest, and
 * nothing here is asked when a command is answered.
 *
 * Kept: whoever watches hears each change of a key with its prefix exactly once, in the order of the entries; with nobody watching, a change
 * costs one comparison. Watchers are found by the prefixes of the changed key, of the lengths that are watched at all, so that thousands
 * who each watch one key cost no more than one.
 */
import type { KvChange, KvItem } from './result.ts';

export type Notify = (index: number, change: KvChange) => void;

interface Watched {
  /** By prefix. */
  readonly watchers: Map<string, Set<{ readonly notify: Notify }>>;
  /** How many prefixes there are of each length. */
  readonly lengths: Map<number, number>;
}

export class Watchers {
  readonly #namespaces = new Map<string, Watched>();

  /** Nobody watches anything: then `tell` need not be called. */
  get isEmpty(): boolean {
    return this.#namespaces.size === 0;
  }

  /** Returns how to stop it, which may be called again without effect. */
  add(namespace: string, prefix: string, notify: Notify): () => void {
    let watched = this.#namespaces.get(namespace);
    if (watched === undefined) {
      watched = { watchers: new Map(), lengths: new Map() };
      this.#namespaces.set(namespace, watched);
    }
    let group = watched.watchers.get(prefix);
    if (group === undefined) {
      group = new Set();
      watched.watchers.set(prefix, group);
      watched.lengths.set(prefix.length, (watched.lengths.get(prefix.length) ?? 0) + 1);
    }
    // An object of its own: one function may watch twice.
    const watcher = { notify };
    group.add(watcher);
    const joined = group;
    return () => {
      if (joined.delete(watcher) && joined.size === 0) this.#drop(namespace, prefix);
    };
  }

  tell(index: number, namespace: string, key: string, item: KvItem | null): void {
    const watched = this.#namespaces.get(namespace);
    if (watched === undefined) return;
    const kind = item === null ? 'delete' : 'put';
    const change: KvChange = { kind, namespace, key, item };
    for (const length of watched.lengths.keys()) {
      if (length > key.length) continue;
      const group = watched.watchers.get(key.slice(0, length));
      if (group !== undefined) for (const { notify } of group) notify(index, change);
    }
  }

  /** Forget everybody: the state was replaced, and nobody can say what changed. */
  clear(): void {
    for (const { watchers } of this.#namespaces.values()) {
      for (const group of watchers.values()) group.clear();
    }
    this.#namespaces.clear();
  }

  #drop(namespace: string, prefix: string): void {
    const { watchers, lengths } = this.#namespaces.get(namespace)!;
    watchers.delete(prefix);
    const left = lengths.get(prefix.length)! - 1;
    if (left > 0) lengths.set(prefix.length, left);
    else lengths.delete(prefix.length);
    if (watchers.size === 0) this.#namespaces.delete(namespace);
  }
}
