/**
 * A version of the table as chunks, and back. The first chunk is ['seedraft-kv', format]; each other one a list of rows
 * [namespace, key, the value's encoding, revision, expires or 0]. Damage is found by checksums around the chunks before they come here;
 * what is malformed nevertheless is a broken invariant, and the member must not go on with half a state.
 */
import type { FrozenVersion } from './table.ts';
import { Table } from './table.ts';

const FORMAT = 1;
/** A chunk is closed once it has this many bytes of keys and values, or rows: well under a millisecond of work. */
export const CHUNK_BYTES = 64 * 1024;
const CHUNK_ROWS = 512;

type Row = readonly [
  namespace: string,
  key: string,
  bytes: Uint8Array,
  revision: number,
  expires: number,
];

/** Not a generator: one that is never started could not be ended, and its version would be recorded for ever. */
export class ChunkIterator implements Iterator<unknown> {
  readonly #version: FrozenVersion;
  readonly #chunkBytes: number;
  #begun = false;

  constructor(version: FrozenVersion, chunkBytes: number) {
    this.#version = version;
    this.#chunkBytes = chunkBytes;
  }

  next(): IteratorResult<unknown, undefined> {
    if (!this.#begun) {
      this.#begun = true;
      return { done: false, value: ['seedraft-kv', FORMAT] };
    }
    const rows: Row[] = [];
    let bytes = 0;
    while (rows.length < CHUNK_ROWS && bytes < this.#chunkBytes) {
      const { done, value } = this.#version.next();
      if (done) break;
      const expires = value.expires === Number.POSITIVE_INFINITY ? 0 : value.expires;
      rows.push([value.namespace.name, value.key, value.bytes, value.revision, expires]);
      bytes += value.key.length + value.bytes.length;
    }
    return rows.length > 0 ? { done: false, value: rows } : { done: true, value: undefined };
  }

  return(): IteratorResult<unknown, undefined> {
    this.#version.return();
    return { done: true, value: undefined };
  }
}

/** The table that the chunks of a snapshot describe. Throws when they are not such chunks. */
export function restoreTable(chunks: Iterable<unknown>): Table {
  const table = new Table();
  let begun = false;
  for (const chunk of chunks) {
    if (!Array.isArray(chunk)) throw new Error('a kv snapshot has a chunk that is no list');
    if (begun) for (const row of chunk) restoreRow(table, row);
    else if (chunk[0] !== 'seedraft-kv') throw new Error('this is no kv snapshot');
    else if (chunk[1] !== FORMAT)
      throw new Error(`kv snapshot of format ${chunk[1]}, not ${FORMAT}`);
    begun = true;
  }
  if (!begun) throw new Error('a kv snapshot without a first chunk');
  return table;
}

function restoreRow(table: Table, row: unknown): void {
  const [namespace, key, bytes, revision, expires] = (Array.isArray(row) ? row : []) as unknown[];
  if (
    typeof namespace !== 'string' ||
    typeof key !== 'string' ||
    !(bytes instanceof Uint8Array) ||
    !Number.isSafeInteger(revision) ||
    !Number.isSafeInteger(expires)
  ) {
    throw new Error('a kv snapshot has a malformed row');
  }
  if (table.get(namespace, key) !== undefined) throw new Error(`a kv snapshot has ${key} twice`);
  const until = expires === 0 ? Number.POSITIVE_INFINITY : (expires as number);
  table.put(namespace, key, bytes, revision as number, until);
}
