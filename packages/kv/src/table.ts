/**
 * The data: namespaces of keys, with what is derived from it kept up to date at every change: digest, size, and the frozen versions that
 * snapshots are read from.
 *
 * An entry is never changed but in `live`: a put makes a new one. So a frozen version costs nothing at its start: it walks the live maps and
 * takes what is older than itself, while every change hands it the entry it displaces if the walk has not passed there yet. Two facts make
 * that exact: a key keeps its position in a Map while it exists, and a key that was deleted and came back is newer than the version.
 *
 * Kept: every entry that was there at freeze comes out of that version exactly once; equal contents have equal digests whatever the history.
 */
import { Hash64 } from '@seedraft/codec';
import type { KvType } from './command.ts';
import type { Pages } from './pages.ts';

export interface Namespace {
  readonly name: string;
  readonly entries: Map<string, Entry>;
  /** Where it stands in the order of creation. */
  readonly position: number;
  readonly seedHi: number;
  readonly seedLo: number;
  /** Keys in order, rebuilt when asked for after keys came or went. */
  sorted: readonly string[] | null;
  /** Keys in the order of their hashes, likewise. */
  hashed: readonly HashedKey[] | null;
  /** Its share of digest and size, so that it can go as a whole. */
  hi: number;
  lo: number;
  size: number;
  /** False once it went, with all its entries. */
  live: boolean;
}

export interface HashedKey {
  readonly key: string;
  /** 32 bits, the same on every member. */
  readonly hash: number;
}

/** What a key holds, whenever it expires. */
export interface Content {
  readonly type: KvType;
  /**
   * A value's canonical encoding: immutable whatever a client does to a value, comparable, and of known size. Of other types, what
   * ring.ts and the sketches say.
   */
  readonly bytes: Uint8Array;
  /** Of sketches. */
  readonly pages: Pages | null;
}

export interface Entry extends Content {
  readonly namespace: Namespace;
  readonly key: string;
  readonly revision: number;
  /** Cluster time, ms; Infinity: never. */
  readonly expires: number;
  /** Where its key stands in the order of insertion within the namespace. */
  readonly position: number;
  /** How many versions had been frozen when it was made. */
  readonly generation: number;
  /** Signed, so that they lie in the object and not in boxes of their own. */
  readonly hi: number;
  readonly lo: number;
  /** False once displaced; still true when its whole namespace went: see `isLive`. */
  live: boolean;
}

export function isLive(entry: Entry): boolean {
  return entry.live && entry.namespace.live;
}

/** What an entry costs besides its key and value, roughly: the objects around it, in bytes. */
const ENTRY_OVERHEAD = 160;

/** In the digest of an entry that is no plain value. */
const TYPE_WORDS: Readonly<Record<KvType, number>> = {
  value: 0,
  ring: 1,
  hyperloglog: 2,
  bloom: 3,
};

export class Table {
  readonly #namespaces = new Map<string, Namespace>();
  readonly #versions = new Set<FrozenVersion>();
  readonly #hash = new Hash64();
  #positions = 0;
  #generation = 0;
  #hi = 0;
  #lo = 0;
  #size = 0;

  /** Sums of the entries' hashes: order and history do not show, and what is taken out is subtracted exactly. */
  digest(): { readonly hi: number; readonly lo: number } {
    return { hi: this.#hi >>> 0, lo: this.#lo >>> 0 };
  }

  /** Approximate bytes in memory. */
  get size(): number {
    return this.#size;
  }

  get(namespace: string, key: string): Entry | undefined {
    return this.#namespaces.get(namespace)?.entries.get(key);
  }

  put(name: string, key: string, content: Content, revision: number, expires: number): Entry {
    const { type, bytes, pages } = content;
    const namespace = this.#namespaces.get(name) ?? this.#open(name);
    const old = namespace.entries.get(key);
    if (old === undefined) forgetOrder(namespace);
    else this.#displace(old);
    const hash = this.#hash.reset(namespace.seedHi, namespace.seedLo).text(key).bytes(bytes);
    hash.number(revision).number(expires === Number.POSITIVE_INFINITY ? 0 : expires);
    if (type !== 'value') hash.word(TYPE_WORDS[type]);
    if (pages !== null) hash.word(pages.sums.hi).word(pages.sums.lo);
    const entry: Entry = {
      namespace,
      key,
      type,
      bytes,
      pages,
      revision,
      expires,
      position: old === undefined ? ++this.#positions : old.position,
      generation: this.#generation,
      hi: hash.hi | 0,
      lo: hash.lo | 0,
      live: true,
    };
    namespace.entries.set(key, entry);
    this.#account(entry, 1);
    return entry;
  }

  remove(entry: Entry): void {
    const { namespace } = entry;
    this.#displace(entry);
    namespace.entries.delete(entry.key);
    forgetOrder(namespace);
    if (namespace.entries.size === 0) this.#namespaces.delete(namespace.name);
  }

  /** A namespace with everything in it, in constant time. Says how many keys it had. */
  drop(name: string): number {
    const namespace = this.#namespaces.get(name);
    if (namespace === undefined) return 0;
    this.#namespaces.delete(name);
    namespace.live = false;
    this.#hi = (this.#hi - namespace.hi) | 0;
    this.#lo = (this.#lo - namespace.lo) | 0;
    this.#size -= namespace.size;
    for (const version of this.#versions) version.dropped(namespace);
    return namespace.entries.size;
  }

  /** Keys of a namespace. */
  count(name: string): number {
    return this.#namespaces.get(name)?.entries.size ?? 0;
  }

  /** Keys of a namespace in order of UTF-16 units. */
  keys(name: string): readonly string[] {
    const namespace = this.#namespaces.get(name);
    if (namespace === undefined) return [];
    namespace.sorted ??= [...namespace.entries.keys()].sort();
    return namespace.sorted;
  }

  /** Keys of a namespace in order of their hashes, which nobody chose: a cursor into it is a number. */
  hashedKeys(name: string): readonly HashedKey[] {
    const namespace = this.#namespaces.get(name);
    if (namespace === undefined) return [];
    namespace.hashed ??= [...namespace.entries.keys()]
      .map((key) => ({ key, hash: this.#hash.reset().text(key).lo }))
      .sort((a, b) => a.hash - b.hash || (a.key < b.key ? -1 : 1));
    return namespace.hashed;
  }

  /** The contents as they are now, to be pulled while they change. Read it to its end, or `return()` it: until then changes are recorded. */
  freeze(): FrozenVersion {
    const version = new FrozenVersion(
      ++this.#generation,
      this.#positions,
      this.#namespaces,
      this.#versions,
    );
    this.#versions.add(version);
    return version;
  }

  #open(name: string): Namespace {
    const { hi, lo } = this.#hash.reset().text(name).digest();
    const position = ++this.#positions;
    const entries = new Map<string, Entry>();
    const namespace: Namespace = {
      name,
      entries,
      position,
      seedHi: hi,
      seedLo: lo,
      sorted: null,
      hashed: null,
      hi: 0,
      lo: 0,
      size: 0,
      live: true,
    };
    this.#namespaces.set(name, namespace);
    return namespace;
  }

  #displace(entry: Entry): void {
    if (!isLive(entry)) throw new Error(`invariant broken: ${entry.key} is displaced twice`);
    entry.live = false;
    this.#account(entry, -1);
    if (this.#versions.size > 0) for (const version of this.#versions) version.displaced(entry);
  }

  /** An entry comes (1) or goes (-1). */
  #account(entry: Entry, sign: 1 | -1): void {
    const { namespace } = entry;
    const size = sign * sizeOf(entry);
    const hi = sign * entry.hi;
    const lo = sign * entry.lo;
    namespace.hi = (namespace.hi + hi) | 0;
    namespace.lo = (namespace.lo + lo) | 0;
    namespace.size += size;
    this.#hi = (this.#hi + hi) | 0;
    this.#lo = (this.#lo + lo) | 0;
    this.#size += size;
  }
}

function sizeOf({ key, bytes, pages }: Entry): number {
  return ENTRY_OVERHEAD + 2 * key.length + bytes.length + (pages?.sums.size ?? 0);
}

function forgetOrder(namespace: Namespace): void {
  namespace.sorted = null;
  namespace.hashed = null;
}

/** One frozen version, pulled entry by entry, in no promised order. */
export class FrozenVersion implements Iterator<Entry> {
  readonly #generation: number;
  /** The last position given out before it was frozen: what stands beyond is newer, and so is all that follows. */
  readonly #lastPosition: number;
  readonly #open: Set<FrozenVersion>;
  readonly #namespaces: Iterator<Namespace>;
  /** Gone as a whole before the walk came by: their maps change no more, and are walked at the end. */
  readonly #dropped: Namespace[] = [];
  #entries: Iterator<Entry> | null = null;
  /** The walk has passed every live entry up to here. */
  #namespacePosition = 0;
  #entryPosition = 0;
  /** Displaced before the walk came by: still to be given. */
  readonly #displaced: Entry[] = [];

  constructor(
    generation: number,
    lastPosition: number,
    namespaces: ReadonlyMap<string, Namespace>,
    open: Set<FrozenVersion>,
  ) {
    this.#generation = generation;
    this.#lastPosition = lastPosition;
    this.#namespaces = namespaces.values();
    this.#open = open;
  }

  next(): IteratorResult<Entry, undefined> {
    // Displaced ones first: nothing else holds them, so they are given back to memory soonest.
    const displaced = this.#displaced.pop();
    if (displaced !== undefined) return { done: false, value: displaced };
    const value = this.#walk();
    if (value !== null) return { done: false, value };
    return this.return();
  }

  /** Ends it early; changes are no longer recorded for it. */
  return(): IteratorResult<Entry, undefined> {
    this.#open.delete(this);
    this.#displaced.length = 0;
    this.#dropped.length = 0;
    return { done: true, value: undefined };
  }

  /** The table lets go of an entry. */
  displaced(entry: Entry): void {
    if (entry.generation >= this.#generation) return;
    const { position } = entry.namespace;
    const passed =
      position < this.#namespacePosition ||
      (position === this.#namespacePosition && entry.position <= this.#entryPosition);
    if (!passed) this.#displaced.push(entry);
  }

  /** The table lets go of a namespace. The one being walked goes on being walked. */
  dropped(namespace: Namespace): void {
    if (namespace.position > this.#namespacePosition) this.#dropped.push(namespace);
  }

  /** The next namespace that was there at freeze, or null. */
  #nextNamespace(): Namespace | null {
    if (this.#namespacePosition !== Number.POSITIVE_INFINITY) {
      const { done, value } = this.#namespaces.next();
      if (!done && value.position <= this.#lastPosition) {
        this.#namespacePosition = value.position;
        return value;
      }
      // What is still live has been passed, all of it.
      this.#namespacePosition = Number.POSITIVE_INFINITY;
    }
    return this.#dropped.pop() ?? null;
  }

  #walk(): Entry | null {
    for (;;) {
      if (this.#entries === null) {
        const value = this.#nextNamespace();
        if (value === null) return null;
        this.#entries = value.entries.values();
        this.#entryPosition = 0;
      }
      const { done, value } = this.#entries.next();
      if (done || value.position > this.#lastPosition) {
        this.#entries = null;
        continue;
      }
      this.#entryPosition = value.position;
      if (value.generation < this.#generation) return value;
    }
  }
}
