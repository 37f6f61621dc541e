/**
 * LevelDB's bytes as LevelDB writes them: log framing, write batches, version edits, sorted tables (uncompressed). The simulator's half of
 * a pair: packages/store/src/leveldb reads what is written here, and in production what LevelDB wrote.
 */
import { crc32c, utf8Encode } from '@seedraft/codec';
import {
  type Batch,
  bytesOfKey,
  FIRST,
  FULL,
  fragmentChecksum,
  LAST,
  LOG_BLOCK_BYTES,
  LOG_HEADER_BYTES,
  MIDDLE,
  maskChecksum,
  TABLE_MAGIC,
  TAG_COMPARATOR,
  TAG_DELETED_FILE,
  TAG_LAST_SEQUENCE,
  TAG_LOG_NUMBER,
  TAG_NEW_FILE,
  TAG_NEXT_FILE_NUMBER,
  TYPE_DELETION,
  TYPE_VALUE,
} from '@seedraft/store';

/** A growing byte string with LevelDB's primitives. */
export class ByteWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  byte(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  fixed(value: number, width: number): this {
    let rest = value;
    for (let i = 0; i < width; i++) {
      this.byte(rest % 256);
      rest = Math.floor(rest / 256);
    }
    return this;
  }

  varint(value: number): this {
    let rest = value;
    while (rest >= 128) {
      this.byte(128 + (rest % 128));
      rest = Math.floor(rest / 128);
    }
    return this.byte(rest);
  }

  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  prefixed(bytes: Uint8Array): this {
    return this.varint(bytes.length).raw(bytes);
  }

  /** A copy of what was written so far. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(length: number): void {
    if (this.#length + length <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#length + length, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** The framed bytes of one record that is to be appended at `offset` of a log. */
export function frameRecord(record: Uint8Array, offset: number): Uint8Array {
  const writer = new ByteWriter();
  let from = 0;
  let isFirst = true;
  do {
    let left = LOG_BLOCK_BYTES - ((offset + writer.length) % LOG_BLOCK_BYTES);
    if (left < LOG_HEADER_BYTES) {
      writer.fixed(0, left);
      left = LOG_BLOCK_BYTES;
    }
    const length = Math.min(record.length - from, left - LOG_HEADER_BYTES);
    const isLast = from + length === record.length;
    const type = isFirst ? (isLast ? FULL : FIRST) : isLast ? LAST : MIDDLE;
    writer.fixed(fragmentChecksum(type, record, from, from + length), 4);
    writer
      .fixed(length, 2)
      .byte(type)
      .raw(record.subarray(from, from + length));
    from += length;
    isFirst = false;
  } while (from < record.length);
  return writer.take();
}

export function encodeWriteBatch(batch: Batch, firstSequence: number): Uint8Array {
  const writer = new ByteWriter();
  writer.fixed(firstSequence, 8).fixed(batch.deletes.length + batch.puts.length, 4);
  for (const key of batch.deletes) writer.byte(TYPE_DELETION).prefixed(bytesOfKey(key));
  for (const { key, value } of batch.puts) {
    writer.byte(TYPE_VALUE).prefixed(bytesOfKey(key)).prefixed(value);
  }
  return writer.take();
}

export interface TableRow {
  readonly key: string;
  readonly sequence: number;
  readonly value: Uint8Array | null;
}

export interface BuiltTable {
  readonly number: number;
  readonly level: number;
  readonly bytes: Uint8Array;
  /** The newest row of each key. */
  readonly rows: ReadonlyMap<string, Located>;
  readonly smallest: Uint8Array;
  readonly largest: Uint8Array;
}

/** Where the value of a row lies in its table. */
export interface Located {
  readonly sequence: number;
  /** Null: deleted. */
  readonly extent: { readonly offset: number; readonly length: number } | null;
}

export interface VersionEdit {
  readonly logNumber: number;
  readonly nextFileNumber: number;
  readonly lastSequence: number;
  readonly deleted: readonly { readonly level: number; readonly number: number }[];
  readonly added: readonly (Omit<BuiltTable, 'bytes' | 'rows'> & { readonly size: number })[];
}

export function encodeVersionEdit(edit: VersionEdit): Uint8Array {
  const writer = new ByteWriter();
  writer.varint(TAG_COMPARATOR).prefixed(utf8Encode('leveldb.BytewiseComparator'));
  writer.varint(TAG_LOG_NUMBER).varint(edit.logNumber);
  writer.varint(TAG_NEXT_FILE_NUMBER).varint(edit.nextFileNumber);
  writer.varint(TAG_LAST_SEQUENCE).varint(edit.lastSequence);
  for (const { level, number } of edit.deleted) {
    writer.varint(TAG_DELETED_FILE).varint(level).varint(number);
  }
  for (const { level, number, size, smallest, largest } of edit.added) {
    writer.varint(TAG_NEW_FILE).varint(level).varint(number).varint(size);
    writer.prefixed(smallest).prefixed(largest);
  }
  return writer.take();
}

const NOTHING = new Uint8Array(0);
const BLOCK_BYTES = 4096;
const RESTART_INTERVAL = 16;

/** A sorted table of rows in order of key, newest first within a key. At least one row. */
export function buildTable(number: number, level: number, rows: readonly TableRow[]): BuiltTable {
  const file = new ByteWriter();
  const index = new BlockWriter();
  let block = new BlockWriter();
  const smallest = internalKey(rows[0]!);
  const places = new Map<string, Located>();
  let lastKey = smallest;
  for (const row of rows) {
    const { key, sequence, value } = row;
    lastKey = internalKey(row);
    block.add(lastKey, value ?? NOTHING);
    // A block begins where the file ends now, and the value is the last thing in it.
    const length = value?.length ?? 0;
    const extent = value === null ? null : { offset: file.length + block.size - length, length };
    if (!places.has(key)) places.set(key, { sequence, extent });
    if (block.size < BLOCK_BYTES) continue;
    index.add(lastKey, writeBlock(file, block));
    block = new BlockWriter();
  }
  if (block.size > 0) index.add(lastKey, writeBlock(file, block));
  const metaindexHandle = writeBlock(file, new BlockWriter());
  const indexHandle = writeBlock(file, index);
  const footer = new ByteWriter().raw(metaindexHandle).raw(indexHandle);
  file.raw(footer.take()).fixed(0, 40 - footer.length);
  file.raw(Uint8Array.from(TABLE_MAGIC));
  return { number, level, bytes: file.take(), rows: places, smallest, largest: lastKey };
}

/** What a table sorts by: the key, then its sequence and type. */
export function internalKey({ key, sequence, value }: TableRow): Uint8Array {
  const name = bytesOfKey(key);
  const bytes = new Uint8Array(name.length + 8);
  bytes.set(name);
  bytes[name.length] = value === null ? TYPE_DELETION : TYPE_VALUE;
  let rest = sequence;
  for (let i = name.length + 1; i < bytes.length; i++) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

/** Appends a block with its trailer; returns its encoded handle. */
function writeBlock(file: ByteWriter, block: BlockWriter): Uint8Array {
  const bytes = block.finish();
  const handle = new ByteWriter().varint(file.length).varint(bytes.length).take();
  const uncompressed = Uint8Array.of(0);
  file.raw(bytes).raw(uncompressed);
  file.fixed(maskChecksum(crc32c(uncompressed, crc32c(bytes))), 4);
  return handle;
}

class BlockWriter {
  readonly #bytes = new ByteWriter();
  readonly #restarts: number[] = [0];
  #count = 0;
  #previous: Uint8Array = NOTHING;

  get size(): number {
    return this.#bytes.length;
  }

  add(key: Uint8Array, value: Uint8Array): void {
    let shared = 0;
    if (this.#count % RESTART_INTERVAL !== 0) {
      const limit = Math.min(key.length, this.#previous.length);
      while (shared < limit && key[shared] === this.#previous[shared]) shared += 1;
    } else if (this.#count > 0) {
      this.#restarts.push(this.#bytes.length);
    }
    this.#bytes
      .varint(shared)
      .varint(key.length - shared)
      .varint(value.length);
    this.#bytes.raw(key.subarray(shared)).raw(value);
    this.#previous = key;
    this.#count += 1;
  }

  finish(): Uint8Array {
    for (const restart of this.#restarts) this.#bytes.fixed(restart, 4);
    return this.#bytes.fixed(this.#restarts.length, 4).take();
  }
}
