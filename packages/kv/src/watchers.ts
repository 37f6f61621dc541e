/**
 * Who wants to hear of which keys, and telling them. Watching is no part of the state: it is neither in snapshots nor in the digest, and
 * nothing here is asked when a command is answered.
 *
 * Kept: whoever watches hears each change of a key with its prefix exactly once, in the order of the entries; with nobody watching, a change
 * costs one comparison. Watchers are found by the prefixes of the changed key, of the lengths that are watched at all, so that thousands
 * who each watch one key cost no more than one.
 */
import type { KvValue, WatchOptions } from './command.ts';
import { itemOf } from './item.ts';
import type { KvChange, KvChangeKind, KvItem, KvRingChange } from './result.ts';
import type { Entry } from './table.ts';

export type Notify = (index: number, change: KvChange) => void;

/** A change as the table knows it: nothing is decoded unless somebody wants to hear of it. */
export interface Happening {
  readonly kind: KvChangeKind;
  readonly namespace: string;
  readonly key: string;
  /** What is there from now on. */
  readonly item?: Entry | undefined;
  readonly previous?: Entry | undefined;
  readonly wanted?: KvValue;
  readonly ring?: KvRingChange | undefined;
}

interface Watcher {
  readonly notify: Notify;
  readonly previous: boolean;
  readonly conflicts: boolean;
}

interface Watched {
  /** By prefix. */
  readonly watchers: Map<string, Set<Watcher>>;
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
  add(namespace: string, prefix: string, options: WatchOptions, notify: Notify): () => void {
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
    const { previous = false, conflicts = false } = options;
    const watcher = { notify, previous, conflicts };
    group.add(watcher);
    const joined = group;
    return () => {
      if (joined.delete(watcher) && joined.size === 0) this.#drop(namespace, prefix);
    };
  }

  tell(index: number, happening: Happening): void {
    const { namespace, key, kind } = happening;
    const watched = this.#namespaces.get(namespace);
    if (watched === undefined) return;
    const telling = new Telling(happening);
    for (const length of watched.lengths.keys()) {
      if (length > key.length) continue;
      const group = watched.watchers.get(key.slice(0, length));
      if (group === undefined) continue;
      for (const { notify, previous, conflicts } of group) {
        if (kind === 'conflict' && !conflicts) continue;
        notify(index, previous ? telling.whole : telling.brief);
      }
    }
  }

  /** To everybody in the namespace, whatever the prefix. */
  tellFlush(index: number, namespace: string): void {
    const watched = this.#namespaces.get(namespace);
    if (watched === undefined) return;
    const change: KvChange = { kind: 'flush', namespace, key: '', item: null };
    for (const group of watched.watchers.values()) {
      for (const { notify } of group) notify(index, change);
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

/** One change in the two forms it is told in, each made once and only if wanted. */
class Telling {
  readonly #happening: Happening;
  #brief: KvChange | null = null;
  #whole: KvChange | null = null;

  constructor(happening: Happening) {
    this.#happening = happening;
  }

  get brief(): KvChange {
    this.#brief ??= this.#told();
    return this.#brief;
  }

  get whole(): KvChange {
    this.#whole ??= { ...this.brief, previous: shown(this.#happening.previous) };
    return this.#whole;
  }

  #told(): KvChange {
    const { kind, namespace, key, item, wanted, ring } = this.#happening;
    const change = { kind, namespace, key, item: shown(item) };
    if (ring !== undefined) return { ...change, ring };
    return wanted === undefined ? change : { ...change, wanted };
  }
}

function shown(entry: Entry | undefined): KvItem | null {
  return entry === undefined ? null : itemOf(entry);
}
