/** The contents of a write-ahead log's record: first sequence (8 bytes), count (4 bytes), then puts and deletes. */
import { textOfKey } from '../keys.ts';
import { ByteReader } from './byte-reader.ts';

export const TYPE_DELETION = 0;
export const TYPE_VALUE = 1;

/** One change of one key; the highest sequence wins. */
export interface Change {
  readonly key: string;
  readonly sequence: number;
  /** Null: deleted. A view of the bytes read. */
  readonly value: Uint8Array | null;
}

/** Null: not a write batch. */
export function decodeWriteBatch(bytes: Uint8Array): Change[] | null {
  const reader = new ByteReader(bytes);
  const first = reader.fixed64();
  const count = reader.fixed32();
  const changes: Change[] = [];
  while (!reader.atEnd) {
    const type = reader.byte();
    const key = textOfKey(reader.prefixed());
    if (key === null || type > TYPE_VALUE) return null;
    const value = type === TYPE_VALUE ? reader.prefixed() : null;
    changes.push({ key, sequence: first + changes.length, value });
  }
  return reader.failed || changes.length !== count ? null : changes;
}
