/**
 * A version of the table as chunks, and back. The first chunk is ['seedraft-kv', format]; each other one a list of rows
 * [namespace, key, bytes, revision, expires or 0, type?, length?, pages?]: the last three only where a key holds no plain value, the last
 * two only where it has pages (null: zeros). Pages that do not fit into their row's chunk follow as rows [pages].
 * Format 1 knew plain values only, and is format 2 without the others.
 *
 * Damage is found by checksums around the chunks before they come here; what is malformed nevertheless is a broken invariant, and the member
 * must not go on with half a state.
 */
import type { KvType } from './command.ts';
import { PAGE_BYTES, Pages } from './pages.ts';
import { type Entry, type FrozenVersion, Table } from './table.ts';

const FORMAT = 2;
/** A chunk is closed once it has this many bytes of keys and values, or rows: well under a millisecond of work. */
export const CHUNK_BYTES = 64 * 1024;
const CHUNK_ROWS = 512;

const TYPES: readonly KvType[] = ['value', 'ring', 'hyperloglog', 'bloom'];

/** Not a generator: one that is never started could not be ended, and its version would be recorded for ever. */
export class ChunkIterator implements Iterator<unknown> {
  readonly #version: FrozenVersion;
  readonly #chunkBytes: number;
  #begun = false;
  /** Pages that did not fit into the chunk before. */
  #pages: Pages | null = null;
  #nextPage = 0;

  constructor(version: FrozenVersion, chunkBytes: number) {
    this.#version = version;
    this.#chunkBytes = chunkBytes;
  }

  next(): IteratorResult<unknown, undefined> {
    if (!this.#begun) {
      this.#begun = true;
      return { done: false, value: ['seedraft-kv', FORMAT] };
    }
    const rows: unknown[] = [];
    let bytes = 0;
    while (rows.length < CHUNK_ROWS && bytes < this.#chunkBytes) {
      if (this.#pages !== null) {
        const pages = this.#takePages(this.#pages, this.#chunkBytes - bytes);
        rows.push([pages]);
        bytes += pages.length * PAGE_BYTES;
        continue;
      }
      const { done, value } = this.#version.next();
      if (done) break;
      rows.push(this.#rowOf(value));
      bytes += value.key.length + value.bytes.length;
    }
    return rows.length > 0 ? { done: false, value: rows } : { done: true, value: undefined };
  }

  return(): IteratorResult<unknown, undefined> {
    this.#version.return();
    return { done: true, value: undefined };
  }

  #rowOf(entry: Entry): unknown {
    const { namespace, key, bytes, revision, type, pages } = entry;
    const expires = entry.expires === Number.POSITIVE_INFINITY ? 0 : entry.expires;
    const plain = [namespace.name, key, bytes, revision, expires];
    if (type === 'value') return plain;
    if (pages === null) return [...plain, type];
    if (pages.count > 0) {
      this.#pages = pages;
      this.#nextPage = 0;
    }
    return [...plain, type, pages.length, []];
  }

  #takePages(pages: Pages, room: number): (Uint8Array | null)[] {
    const taken: (Uint8Array | null)[] = [];
    do {
      taken.push(pages.page(this.#nextPage));
      this.#nextPage++;
    } while (taken.length * PAGE_BYTES < room && this.#nextPage < pages.count);
    if (this.#nextPage === pages.count) this.#pages = null;
    return taken;
  }
}

/** The table that the chunks of a snapshot describe. Throws when they are not such chunks. */
export function restoreTable(chunks: Iterable<unknown>): Table {
  const restoring = new Restoring();
  let begun = false;
  for (const chunk of chunks) {
    if (!Array.isArray(chunk)) throw new Error('a kv snapshot has a chunk that is no list');
    if (begun) for (const row of chunk) restoring.take(row);
    else assertHeader(chunk);
    begun = true;
  }
  if (!begun) throw new Error('a kv snapshot without a first chunk');
  return restoring.done();
}

function assertHeader([name, format]: readonly unknown[]): void {
  if (name !== 'seedraft-kv') throw new Error('this is no kv snapshot');
  if (format !== 1 && format !== FORMAT) {
    throw new Error(`kv snapshot of format ${format}; this version reads up to ${FORMAT}`);
  }
}

interface Restored {
  readonly namespace: string;
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly revision: number;
  readonly expires: number;
  readonly type: KvType;
  /** Of its pages; null: it has none. */
  readonly length: number | null;
}

class Restoring {
  readonly #table = new Table();
  /** Waits for its pages. */
  #open: Restored | null = null;
  #pages: unknown[] = [];

  take(row: unknown): void {
    if (!Array.isArray(row)) throw malformed();
    if (row.length === 1 && this.#open !== null) this.#takePages(row[0]);
    else {
      this.#close();
      this.#open = restored(row);
      if (row.length === 8) this.#takePages(row[7]);
    }
  }

  done(): Table {
    this.#close();
    return this.#table;
  }

  #takePages(pages: unknown): void {
    if (!Array.isArray(pages) || this.#open?.length === null) throw malformed();
    for (const page of pages) this.#pages.push(page);
  }

  #close(): void {
    if (this.#open === null) return;
    const { namespace, key, bytes, revision, expires, type, length } = this.#open;
    if (this.#table.get(namespace, key) !== undefined) {
      throw new Error(`a kv snapshot has ${key} twice`);
    }
    const pages = length === null ? null : pagesOf(length, this.#pages);
    const until = expires === 0 ? Number.POSITIVE_INFINITY : expires;
    this.#table.put(namespace, key, { type, bytes, pages }, revision, until);
    this.#open = null;
    this.#pages = [];
  }
}

function restored(row: readonly unknown[]): Restored {
  const [namespace, key, bytes, revision, expires, type = 'value', length = null] = row;
  if (
    typeof namespace !== 'string' ||
    typeof key !== 'string' ||
    !(bytes instanceof Uint8Array) ||
    !isNatural(revision) ||
    !isNatural(expires) ||
    !TYPES.includes(type as KvType) ||
    !(length === null || isNatural(length)) ||
    (row.length > 6 && row.length !== 8)
  ) {
    throw malformed();
  }
  return { namespace, key, bytes, revision, expires, type: type as KvType, length };
}

function isNatural(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function pagesOf(length: number, pages: readonly unknown[]): Pages {
  try {
    return Pages.from(length, pages);
  } catch {
    throw malformed();
  }
}

function malformed(): Error {
  return new Error('a kv snapshot has a malformed row');
}
