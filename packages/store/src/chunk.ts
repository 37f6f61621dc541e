/**
 * Snapshot bytes, in records of at most 256 KiB under keys of snapshot and offset. A snapshot counts only through a final record in the
 * chain (a seal or an install), so bytes that were never finished are garbage, not a snapshot.
 */
import { crc32c } from '@seedraft/codec';
import type { SnapshotMetadata } from '@seedraft/core';
import { isIntact } from './integrity.ts';
import { chunkKey } from './keys.ts';
import { encodeRecord, type Opened, openRecord } from './record.ts';
import { asBytes, asCount, asText, asTuple, readOrNull } from './tuple.ts';

export const MAX_CHUNK_BYTES = 256 * 1024;

export function encodeChunk(id: string, offset: number, bytes: Uint8Array): Uint8Array {
  return encodeRecord(chunkKey(id, offset), [id, offset, bytes]);
}

export type OpenedChunk =
  | { readonly status: 'intact'; readonly bytes: Uint8Array }
  | Exclude<Opened, { status: 'intact' }>;

export function openChunk(id: string, offset: number, record: Uint8Array): OpenedChunk {
  const opened = openRecord(chunkKey(id, offset), record);
  if (opened.status !== 'intact') return opened;
  const chunk = readOrNull(() => {
    const [recordedId, recordedOffset, bytes] = asTuple(opened.body, 3);
    return { id: asText(recordedId), offset: asCount(recordedOffset), bytes: asBytes(bytes) };
  });
  if (chunk === null || chunk.id !== id || chunk.offset !== offset) {
    return { status: 'damaged', reason: 'is not the chunk its key says' };
  }
  return { status: 'intact', bytes: chunk.bytes };
}

export interface ChunkExtent {
  readonly offset: number;
  readonly length: number;
}

/** Which bytes of a snapshot are where, and their sum so far. */
export class ChunkIndex {
  readonly extents: ChunkExtent[] = [];
  size = 0;
  checksum = 0;

  /** Bytes that follow the last ones. */
  append(bytes: Uint8Array): void {
    this.extents.push({ offset: this.size, length: bytes.length });
    this.size += bytes.length;
    this.checksum = crc32c(bytes, this.checksum);
  }

  /** True when these are all the bytes `snapshot` was promised to have, and no others. */
  isWhole(snapshot: SnapshotMetadata): boolean {
    return this.size === snapshot.size && isIntact(snapshot.checksum, this.checksum);
  }

  /** The chunks that hold [offset, end). */
  covering(offset: number, end: number): ChunkExtent[] {
    return this.extents.filter((e) => e.offset < end && e.offset + e.length > offset);
  }
}
