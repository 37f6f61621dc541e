/**
 * Values of tables, read when they are asked for: a directory may hold far more than memory should (snapshots, and what is deleted but not
 * yet merged away), and recovery looks at each value once. What was read last is kept, so that a small directory is read once in all.
 *
 * A value read again may differ from the one whose block was verified. Every record bears a checksum of its own, so that this too is found.
 */
import type { FoundRecord } from '../engine.ts';
import { type Directory, type FileContents, readExtent, readWhole } from './directory.ts';

/** Bytes of whole files that are kept. */
const KEPT_BYTES = 32 << 20;
/** Values of at least this size are read by themselves, not with the file around them. */
const LARGE_BYTES = 64 << 10;

export class TableValues {
  readonly #directory: Directory;
  /** The one used longest ago first. */
  readonly #kept = new Map<string, Uint8Array>();
  #keptBytes = 0;

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  /** A whole file, to be verified. */
  load(file: string): FileContents {
    const contents = readWhole(this.#directory, file);
    this.#keep(file, contents.bytes);
    return contents;
  }

  /** Zeros stand for what cannot be read. */
  read(file: string, offset: number, length: number): Uint8Array {
    const kept = this.#kept.get(file);
    if (kept === undefined && length >= LARGE_BYTES) {
      return readExtent(this.#directory, file, offset, length).bytes;
    }
    if (kept !== undefined) {
      this.#kept.delete(file);
      this.#kept.set(file, kept);
    }
    const bytes = kept ?? this.load(file).bytes;
    return bytes.subarray(offset, offset + length);
  }

  #keep(file: string, bytes: Uint8Array): void {
    this.#kept.set(file, bytes);
    this.#keptBytes += bytes.length;
    for (const [oldest, { length }] of this.#kept) {
      if (this.#keptBytes <= KEPT_BYTES) return;
      this.#kept.delete(oldest);
      this.#keptBytes -= length;
    }
  }
}

/** A record whose value lies in a table. */
export class TableRecord implements FoundRecord {
  readonly key: string;
  readonly file: string;
  readonly offset: number;
  readonly #length: number;
  readonly #values: TableValues;

  constructor(key: string, file: string, offset: number, length: number, values: TableValues) {
    this.key = key;
    this.file = file;
    this.offset = offset;
    this.#length = length;
    this.#values = values;
  }

  get value(): Uint8Array {
    return this.#values.read(this.file, this.offset, this.#length);
  }
}
