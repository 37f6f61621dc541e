/** Which files of a LevelDB directory count: the sum of the edits in its MANIFEST. Source: LevelDB's version_edit.cc. */
import { ByteReader } from './byte-reader.ts';

export const TAG_COMPARATOR = 1;
export const TAG_LOG_NUMBER = 2;
export const TAG_NEXT_FILE_NUMBER = 3;
export const TAG_LAST_SEQUENCE = 4;
export const TAG_COMPACT_POINTER = 5;
export const TAG_DELETED_FILE = 6;
export const TAG_NEW_FILE = 7;
export const TAG_PREVIOUS_LOG_NUMBER = 9;

export interface TableFile {
  readonly number: number;
  readonly level: number;
  readonly size: number;
  /** Its first and last keys, as it sorts them: key, type, sequence. */
  readonly smallest: Uint8Array;
  readonly largest: Uint8Array;
}

export class Version {
  /** Logs of lower numbers are already in tables. */
  logNumber = 0;
  previousLogNumber = 0;
  nextFileNumber = 0;
  lastSequence = 0;
  /** By file number. */
  readonly tables = new Map<number, TableFile>();

  /** False: not an edit; some of it may have been applied. */
  apply(edit: Uint8Array): boolean {
    const reader = new ByteReader(edit);
    while (!reader.atEnd) {
      if (!this.#applyField(reader.varint(), reader)) return false;
    }
    return !reader.failed;
  }

  #applyField(tag: number, reader: ByteReader): boolean {
    switch (tag) {
      case TAG_COMPARATOR:
        reader.prefixed();
        return true;
      case TAG_LOG_NUMBER:
        this.logNumber = reader.varint();
        return true;
      case TAG_PREVIOUS_LOG_NUMBER:
        this.previousLogNumber = reader.varint();
        return true;
      case TAG_NEXT_FILE_NUMBER:
        this.nextFileNumber = reader.varint();
        return true;
      case TAG_LAST_SEQUENCE:
        this.lastSequence = reader.varint();
        return true;
      case TAG_COMPACT_POINTER:
        reader.varint();
        reader.prefixed();
        return true;
      case TAG_DELETED_FILE:
        reader.varint();
        this.tables.delete(reader.varint());
        return true;
      case TAG_NEW_FILE:
        this.#addTable(reader);
        return true;
      default:
        return false;
    }
  }

  #addTable(reader: ByteReader): void {
    const level = reader.varint();
    const number = reader.varint();
    const size = reader.varint();
    const smallest = reader.prefixed();
    const largest = reader.prefixed();
    if (!reader.failed) this.tables.set(number, { number, level, size, smallest, largest });
  }
}
