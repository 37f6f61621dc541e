/**
 * Reads a sorted table, every block of it, with its checksum. LevelDB itself verifies none of them unless asked, and its binding cannot
 * ask. Blocks are read uncompressed: our databases are opened without compression, since one flipped byte must stay one flipped byte.
 * Source: LevelDB's doc/table_format.md.
 */
import { copyInto, crc32c } from '@seedraft/codec';
import { isIntact } from '../integrity.ts';
import { textOfKey } from '../keys.ts';
import { ByteReader } from './byte-reader.ts';
import { maskChecksum } from './log-format.ts';
import type { BadPlace } from './log-reader.ts';
import { type Change, TYPE_VALUE } from './write-batch.ts';

export const FOOTER_BYTES = 48;
export const BLOCK_TRAILER_BYTES = 5;
/** Little-endian 0xdb4775248b80fb57. */
export const TABLE_MAGIC = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb] as const;

export interface TableChange extends Change {
  /** Where its value lies in the file (its block, for a deletion). */
  readonly offset: number;
}

export interface TableContents {
  readonly changes: readonly TableChange[];
  readonly defects: readonly BadPlace[];
}

interface Handle {
  readonly offset: number;
  readonly size: number;
}

/** `trusting`: believes every checksum, as LevelDB's own compactions do. */
export function readTable(bytes: Uint8Array, trusting = false): TableContents {
  return new TableReader(bytes, trusting).read();
}

class TableReader {
  readonly #bytes: Uint8Array;
  readonly #trusting: boolean;
  readonly #changes: TableChange[] = [];
  readonly #defects: BadPlace[] = [];

  constructor(bytes: Uint8Array, trusting: boolean) {
    this.#bytes = bytes;
    this.#trusting = trusting;
  }

  read(): TableContents {
    const footer = this.#bytes.length - FOOTER_BYTES;
    if (footer < 0) {
      this.#bad(0, 'the table has no footer');
    } else {
      const magic = TABLE_MAGIC.every((byte, i) => this.#bytes[footer + 40 + i] === byte);
      if (!magic) this.#bad(footer + 40, 'the footer is not that of a table');
      const reader = new ByteReader(this.#bytes, footer, footer + 40);
      const metaindex = readHandle(reader);
      const index = readHandle(reader);
      if (reader.failed) this.#bad(footer, 'the footer does not say where the index is');
      else this.#readBlocks(metaindex, index);
    }
    return { changes: this.#changes, defects: this.#defects };
  }

  #readBlocks(metaindex: Handle, index: Handle): void {
    this.#verifyMeta(metaindex);
    if (!this.#verify(index, 'the index')) return;
    const isRead = this.#forEach(index, (_key, _length, value) => {
      const reader = new ByteReader(value);
      const handle = readHandle(reader);
      if (reader.failed) this.#bad(index.offset, 'the index points nowhere');
      else if (this.#verify(handle, 'a block')) this.#readData(handle);
    });
    if (!isRead) this.#bad(index.offset, 'the index cannot be decoded');
  }

  /** What it names is the filter: LevelDB would miss a value that a damaged one denies. */
  #verifyMeta(metaindex: Handle): void {
    if (!this.#verify(metaindex, 'the metaindex')) return;
    const isRead = this.#forEach(metaindex, (_key, _length, value) => {
      const reader = new ByteReader(value);
      const handle = readHandle(reader);
      if (reader.failed) this.#bad(metaindex.offset, 'the metaindex points nowhere');
      else this.#verify(handle, 'the filter');
    });
    if (!isRead) this.#bad(metaindex.offset, 'the metaindex cannot be decoded');
  }

  #readData(handle: Handle): void {
    const isRead = this.#forEach(handle, (internalKey, length, value, offset) => {
      // A key of ours, a byte of type, seven bytes of sequence.
      const end = length - 8;
      const type = end < 0 ? 0xff : internalKey[end]!;
      const sequence = end < 0 ? 0 : sequenceAt(internalKey, end + 1);
      const key = textOfKey(internalKey, Math.max(0, end));
      if (type > TYPE_VALUE || key === null || !Number.isSafeInteger(sequence)) {
        this.#bad(offset, 'a key cannot be decoded');
        return;
      }
      this.#changes.push({
        key,
        sequence,
        value: type === TYPE_VALUE ? value : null,
        offset,
      });
    });
    if (!isRead) this.#bad(handle.offset, 'a block cannot be decoded');
  }

  /** False, and a defect, when the block is not what was written. */
  #verify({ offset, size }: Handle, what: string): boolean {
    const bytes = this.#bytes;
    const trailer = offset + size;
    if (trailer + BLOCK_TRAILER_BYTES > bytes.length) {
      return this.#bad(offset, `${what} lies beyond the end`);
    }
    const recorded = new ByteReader(bytes, trailer + 1).fixed32();
    const computed = maskChecksum(crc32c(bytes, 0, offset, trailer + 1));
    if (!this.#trusting && !isIntact(recorded, computed)) {
      return this.#bad(offset, `${what} fails its checksum`);
    }
    if (bytes[trailer] !== 0) return this.#bad(trailer, `${what} is compressed`);
    return true;
  }

  /**
   * Visits the entries of a block; false when it is not one. Keys are shared prefixes plus their rest: each is built over the one before,
   * in the first `length` bytes of the same array.
   */
  #forEach(
    { offset, size }: Handle,
    visit: (key: Uint8Array, length: number, value: Uint8Array, valueOffset: number) => void,
  ): boolean {
    const end = offset + size;
    if (size < 4) return false;
    const restarts = new ByteReader(this.#bytes, end - 4, end).fixed32();
    const limit = end - 4 - 4 * restarts;
    if (limit < offset) return false;
    const reader = new ByteReader(this.#bytes, offset, limit);
    let key = new Uint8Array(64);
    let keyLength = 0;
    while (!reader.atEnd) {
      const shared = reader.varint();
      const unshared = reader.varint();
      const length = reader.varint();
      const from = reader.position;
      reader.skip(unshared);
      if (reader.failed || shared > keyLength) return false;
      keyLength = shared + unshared;
      if (keyLength > key.length) key = withRoom(key, keyLength);
      copyInto(key, shared, this.#bytes, from, from + unshared);
      const value = reader.slice(length);
      if (reader.failed) return false;
      visit(key, keyLength, value, reader.position - length);
    }
    return true;
  }

  #bad(offset: number, reason: string): false {
    this.#defects.push({ offset, reason });
    return false;
  }
}

/** Seven bytes, little-endian. */
function sequenceAt(bytes: Uint8Array, at: number): number {
  const low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
  const high =
    bytes[at + 3]! | (bytes[at + 4]! << 8) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 24);
  return low + (high >>> 0) * 0x100_0000;
}

function withRoom(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(length, 2 * bytes.length));
  larger.set(bytes);
  return larger;
}

function readHandle(reader: ByteReader): Handle {
  return { offset: reader.varint(), size: reader.varint() };
}
