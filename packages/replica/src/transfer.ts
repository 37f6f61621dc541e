/**
 * Snapshots on their way between members (Figure 13). The core decides which chunk goes to whom; here the bytes are fetched for the
 * chunks that leave, stored for those that arrive, and read back to replace the state. A received snapshot counts as complete only when
 * the checksum of the whole agrees: each chunk may have come in a frame of its own, from different leaders.
 */
import { crc32c } from '@seedraft/codec';
import type {
  InstallSnapshot,
  Message,
  PeerMessage,
  SnapshotChunk,
  SnapshotMetadata,
} from '@seedraft/core';
import type { Store } from './ports.ts';
import { MemberStopped } from './stopped.ts';

/** Chunks to be sent, waiting for their bytes. */
export class OutgoingSnapshots {
  readonly #store: Store;
  #waiting: InstallSnapshot[] = [];

  constructor(store: Store) {
    this.#store = store;
  }

  fetch(message: InstallSnapshot): void {
    this.#waiting.push(message);
    this.#store.readSnapshot(message.snapshot.id, message.offset, message.length);
  }

  /** The message that waited for these bytes, complete; null when none did. */
  fill(id: string, offset: number, bytes: Uint8Array): PeerMessage | null {
    const at = this.#waiting.findIndex((m) => m.snapshot.id === id && m.offset === offset);
    if (at < 0) return null;
    const message = this.#waiting[at]!;
    this.#waiting.splice(at, 1);
    const data = bytes.length > message.length ? bytes.subarray(0, message.length) : bytes;
    return { ...message, length: data.length, data };
  }

  /** The snapshot cannot be read: nobody waits for it any more. True if someone did. */
  abandon(id: string): boolean {
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter((message) => message.snapshot.id !== id);
    return this.#waiting.length < before;
  }
}

/** The one snapshot being received. */
export class IncomingSnapshot {
  readonly #store: Store;
  #metadata: SnapshotMetadata | null = null;
  /** Bytes handed to the store, and their CRC32C. */
  #handed = 0;
  #checksum = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  isReceiving(id: string): boolean {
    return this.#metadata?.id === id;
  }

  /** False: the chunk does not continue what is there, and the transfer must start again. */
  store({ snapshot, offset, data }: SnapshotChunk): boolean {
    if (offset === 0) this.#begin(snapshot);
    if (this.#metadata?.id !== snapshot.id || offset !== this.#handed) return false;
    this.#handed += data.length;
    this.#checksum = crc32c(data, this.#checksum);
    this.#store.writeSnapshot(snapshot.id, offset, data);
    return true;
  }

  /** Everything before `offset` is stored: what to tell the core; null when that was an abandoned transfer's. */
  written(at: number, id: string, offset: number): Message | null {
    const metadata = this.#metadata;
    if (metadata?.id !== id || offset !== this.#handed) return null;
    const complete = offset === metadata.size;
    if (complete && this.#checksum !== metadata.checksum) {
      this.abandon();
      return { type: 'SnapshotUnavailable', at, snapshotId: id };
    }
    return { type: 'SnapshotStored', at, snapshotId: id, offset, complete };
  }

  /** The core has taken it over. */
  installed(): void {
    this.#metadata = null;
  }

  abandon(): void {
    if (this.#metadata !== null) this.#store.dropSnapshot(this.#metadata.id);
    this.#metadata = null;
  }

  #begin(snapshot: SnapshotMetadata): void {
    if (this.#metadata?.id !== snapshot.id) this.abandon();
    this.#metadata = snapshot;
    this.#handed = 0;
    this.#checksum = 0;
  }
}

/** A durable snapshot being read back into memory, to replace the state in one turn. */
export class SnapshotReading {
  readonly metadata: SnapshotMetadata;
  readonly #store: Store;
  readonly #chunkBytes: number;
  readonly bytes: Uint8Array;
  #offset = 0;
  /** Of the bytes so far: over all of them at once it would hold up everything else for a second or more. */
  #checksum = 0;

  constructor(metadata: SnapshotMetadata, store: Store, chunkBytes: number) {
    this.metadata = metadata;
    this.#store = store;
    this.#chunkBytes = chunkBytes;
    this.bytes = new Uint8Array(metadata.size);
    this.#askNext();
  }

  awaits(id: string, offset: number): boolean {
    return id === this.metadata.id && offset === this.#offset;
  }

  /** True when that was all, and the checksum agreed. */
  add(bytes: Uint8Array): boolean {
    const room = this.bytes.length - this.#offset;
    if (bytes.length === 0 || bytes.length > room) throw unreadable(this.metadata, 'its size');
    this.bytes.set(bytes, this.#offset);
    this.#offset += bytes.length;
    this.#checksum = crc32c(bytes, this.#checksum);
    if (bytes.length < room) {
      this.#askNext();
      return false;
    }
    if (this.#checksum !== this.metadata.checksum) {
      throw unreadable(this.metadata, 'its checksum');
    }
    return true;
  }

  #askNext(): void {
    const length = Math.min(this.#chunkBytes, this.bytes.length - this.#offset);
    this.#store.readSnapshot(this.metadata.id, this.#offset, length);
  }
}

/** The log before a base snapshot is gone, so a base that cannot be read leaves nothing to go on from. */
export function unreadable(snapshot: SnapshotMetadata, what: string): MemberStopped {
  return new MemberStopped(
    'SNAPSHOT_UNREADABLE',
    `snapshot ${snapshot.id}, which stands for entries 1..${snapshot.lastIncludedIndex}, cannot be read back: ${what} ` +
      `is not the recorded one. Restore the disk, or rejoin this member under a new id`,
  );
}
