/**
 * LevelDB's bytes as LevelDB writes them: log framing, write batches, version edits, sorted tables (uncompressed). The simulator's half of
 * a pair: packages/store/src/leveldb reads what is written here, and in production what LevelDB wrote.
 */
import { copyInto, crc32c, utf8Encode } from '@seedraft/codec';
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
  type TableFile,
  TYPE_DELETION,
  TYPE_VALUE,
} from '@seedraft/store';

/** A growing byte string with LevelDB's primitives. */
export class ByteWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Empty again; what `view` gave is void. */
  reset(): this {
    this.#length = 0;
    return this;
  }

  byte(value: number): this {
    const at = this.#reserve(1);
    this.#bytes[at] = value;
    return this;
  }

  fixed16(value: number): this {
    const at = this.#reserve(2);
    this.#bytes[at] = value;
    this.#bytes[at + 1] = value >>> 8;
    return this;
  }

  fixed32(value: number): this {
    const at = this.#reserve(4);
    const bytes = this.#bytes;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
    return this;
  }

  /** A safe integer >= 0. */
  fixed64(value: number): this {
    return this.fixed32(value >>> 0).fixed32(Math.floor(value / 0x1_0000_0000));
  }

  zeros(count: number): this {
    const at = this.#reserve(count);
    this.#bytes.fill(0, at, at + count);
    return this;
  }

  /** A safe integer >= 0. */
  varint(value: number): this {
    let rest = value;
    while (rest >= 128) {
      this.byte(128 + (rest % 128));
      rest = Math.floor(rest / 128);
    }
    return this.byte(rest);
  }

  /** bytes[from, to). */
  raw(bytes: Uint8Array, from = 0, to = bytes.length): this {
    const at = this.#reserve(to - from);
    copyInto(this.#bytes, at, bytes, from, to);
    return this;
  }

  prefixed(bytes: Uint8Array): this {
    return this.varint(bytes.length).raw(bytes);
  }

  /** A key, prefixed by its length. */
  key(key: string): this {
    // All but some ids of snapshots are ASCII: then the bytes are the units, and nothing needs to be made for them.
    const before = this.#length;
    this.varint(key.length);
    const at = this.#reserve(key.length);
    for (let i = 0; i < key.length; i++) {
      const unit = key.charCodeAt(i);
      if (unit > 0x7f) {
        this.#length = before;
        return this.prefixed(bytesOfKey(key));
      }
      this.#bytes[at + i] = unit;
    }
    return this;
  }

  /** The CRC32C of what was written from `from` on. */
  checksum(from: number): number {
    return crc32c(this.#bytes, 0, from, this.#length);
  }

  /** What was written so far, until anything is written or reset. */
  view(): Uint8Array {
    return new Uint8Array(this.#bytes.buffer, 0, this.#length);
  }

  /** A copy of what was written so far. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(length: number): number {
    const at = this.#length;
    const end = at + length;
    if (end > this.#bytes.length) this.#grow(end);
    this.#length = end;
    return at;
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

/** The framed bytes of one record that is to be appended at `offset` of a log. */
export function frameRecord(record: Uint8Array, offset: number): Uint8Array {
  return writeFrames(new ByteWriter(), record, offset).take();
}

/** As `frameRecord`, to an empty writer. */
export function writeFrames(writer: ByteWriter, record: Uint8Array, offset: number): ByteWriter {
  let from = 0;
  let isFirst = true;
  do {
    let left = LOG_BLOCK_BYTES - ((offset + writer.length) % LOG_BLOCK_BYTES);
    if (left < LOG_HEADER_BYTES) {
      writer.zeros(left);
      left = LOG_BLOCK_BYTES;
    }
    const length = Math.min(record.length - from, left - LOG_HEADER_BYTES);
    const to = from + length;
    const isLast = to === record.length;
    const type = isFirst ? (isLast ? FULL : FIRST) : isLast ? LAST : MIDDLE;
    writer.fixed32(fragmentChecksum(type, record, from, to));
    writer.fixed16(length).byte(type).raw(record, from, to);
    from = to;
    isFirst = false;
  } while (from < record.length);
  return writer;
}

export function writeBatch(writer: ByteWriter, batch: Batch, firstSequence: number): ByteWriter {
  writer.fixed64(firstSequence).fixed32(batch.deletes.length + batch.puts.length);
  for (const key of batch.deletes) writer.byte(TYPE_DELETION).key(key);
  for (const { key, value } of batch.puts) writer.byte(TYPE_VALUE).key(key).prefixed(value);
  return writer;
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
  readonly smallest: Uint8Array;
  readonly largest: Uint8Array;
}

export interface VersionEdit {
  readonly logNumber: number;
  readonly nextFileNumber: number;
  readonly lastSequence: number;
  readonly deleted: readonly TableFile[];
  readonly added: readonly TableFile[];
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
const UNCOMPRESSED = 0;

interface BlockHandle {
  /** The last key in the block. */
  readonly key: Uint8Array;
  readonly offset: number;
  readonly size: number;
}

/** A sorted table of rows in order of key, newest first within a key. At least one row. */
export function buildTable(number: number, level: number, rows: readonly TableRow[]): BuiltTable {
  const file = new ByteWriter();
  const handles: BlockHandle[] = [];
  const smallest = internalKey(rows[0]!);
  let largest = smallest;
  let block = new BlockWriter(file);
  for (const row of rows) {
    largest = internalKey(row);
    block.add(largest, row.value ?? NOTHING);
    if (block.size < BLOCK_BYTES) continue;
    handles.push(block.finish(largest));
    block = new BlockWriter(file);
  }
  if (block.size > 0) handles.push(block.finish(largest));
  const metaindex = new BlockWriter(file).finish(NOTHING);
  const index = new BlockWriter(file);
  const value = new ByteWriter();
  for (const handle of handles) index.add(handle.key, writeHandle(value.reset(), handle).view());
  const indexHandle = index.finish(NOTHING);
  const footer = file.length;
  writeHandle(writeHandle(file, metaindex), indexHandle);
  file.zeros(footer + 40 - file.length).raw(Uint8Array.from(TABLE_MAGIC));
  return { number, level, bytes: file.take(), smallest, largest };
}

function writeHandle(writer: ByteWriter, { offset, size }: BlockHandle): ByteWriter {
  return writer.varint(offset).varint(size);
}

/** What a table sorts by: the key, then its sequence and type. */
function internalKey({ key, sequence, value }: TableRow): Uint8Array {
  const name = bytesOfKey(key);
  const bytes = new Uint8Array(name.length + 8);
  copyInto(bytes, 0, name, 0, name.length);
  bytes[name.length] = value === null ? TYPE_DELETION : TYPE_VALUE;
  let rest = sequence;
  for (let i = name.length + 1; i < bytes.length; i++) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

/** Writes a block where the file ends. One at a time. */
class BlockWriter {
  readonly #file: ByteWriter;
  readonly #offset: number;
  readonly #restarts: number[] = [0];
  #count = 0;
  #previous: Uint8Array = NOTHING;

  constructor(file: ByteWriter) {
    this.#file = file;
    this.#offset = file.length;
  }

  get size(): number {
    return this.#file.length - this.#offset;
  }

  add(key: Uint8Array, value: Uint8Array): void {
    let shared = 0;
    if (this.#count % RESTART_INTERVAL !== 0) {
      const limit = Math.min(key.length, this.#previous.length);
      while (shared < limit && key[shared] === this.#previous[shared]) shared += 1;
    } else if (this.#count > 0) {
      this.#restarts.push(this.size);
    }
    this.#file
      .varint(shared)
      .varint(key.length - shared)
      .varint(value.length)
      .raw(key, shared)
      .raw(value);
    this.#previous = key;
    this.#count += 1;
  }

  /** Ends the block with its trailer. */
  finish(key: Uint8Array): BlockHandle {
    for (const restart of this.#restarts) this.#file.fixed32(restart);
    this.#file.fixed32(this.#restarts.length);
    const handle = { key, offset: this.#offset, size: this.size };
    this.#file.byte(UNCOMPRESSED);
    this.#file.fixed32(maskChecksum(this.#file.checksum(this.#offset)));
    return handle;
  }
}
