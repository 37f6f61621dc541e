/**
 * Own snapshots (section 7): when one is taken, how it gets to disk a chunk per turn, and which ones are kept. One at a time; the log may
 * be compacted only once the store has sealed it, since until then the entries are the only durable copy.
 */
import type { Configuration, Index, SnapshotMetadata, Term } from '@seedraft/core';
import type { Store } from './ports.ts';
import { SnapshotWriter } from './snapshot-stream.ts';
import type { ReplicatedState } from './state.ts';

export interface SnapshotPolicy {
  /** Take a snapshot after this many applied entries, or bytes of log, since the last. */
  readonly everyEntries: number;
  readonly everyBytes: number;
  /** A state larger than `everyBytes` is written out only after as many bytes of log as it has itself, but at the latest after so many. Absent: `everyBytes`. */
  readonly mostBytes?: number;
  /** Entries kept behind it for followers slightly behind. */
  readonly keep: number;
  /** Of these, no more than make up so many bytes; absent: however many. */
  readonly keepBytes?: number;
}

/** Under way. What it stands for was fixed when it began, while applies went on. */
interface Taking {
  readonly id: string;
  readonly writer: SnapshotWriter;
  readonly index: Index;
  readonly term: Term;
  readonly configuration: Configuration;
  readonly configurationIndex: Index;
  /** Entries before it that stay. */
  readonly keep: number;
  /** Set once all bytes are written and the store was asked to seal it. */
  sealing: SnapshotMetadata | null;
}

export class OwnSnapshots {
  readonly #policy: SnapshotPolicy;
  readonly #chunkBytes: number;
  readonly #store: Store;
  /** Names no other snapshot begins with: this boot of this member (the seed is new at each boot). */
  readonly #prefix: string;
  #ordinal = 0;
  #entries = 0;
  #bytes = 0;
  #taking: Taking | null = null;
  /** The newest durable one that can be read. */
  #base: SnapshotMetadata | null;
  /** Durable ones by when a chunk of them was last asked for, on the own clock. */
  readonly #kept = new Map<string, number>();

  constructor(
    policy: SnapshotPolicy,
    chunkBytes: number,
    store: Store,
    prefix: string,
    base: SnapshotMetadata | null,
  ) {
    this.#policy = policy;
    this.#chunkBytes = chunkBytes;
    this.#store = store;
    this.#prefix = prefix;
    this.#base = base;
    if (base !== null) this.#kept.set(base.id, 0);
  }

  get base(): SnapshotMetadata | null {
    return this.#base;
  }

  get isTaking(): boolean {
    return this.#taking !== null;
  }

  /** `stateBytes`: what a snapshot would write, about. */
  isDue(stateBytes: number): boolean {
    if (this.#taking !== null) return false;
    const { everyEntries, everyBytes, mostBytes = everyBytes } = this.#policy;
    if (this.#entries >= everyEntries) return true;
    return this.#bytes >= Math.max(everyBytes, Math.min(stateBytes, mostBytes));
  }

  noteApplied(bytes: number): void {
    this.#entries++;
    this.#bytes += bytes;
  }

  /** Freeze the state and write the first chunk. The caller saw to it that none is being taken. */
  begin(state: ReplicatedState, keep = this.#policy.keep): void {
    this.#entries = 0;
    this.#bytes = 0;
    this.#taking = {
      id: `${state.index}-${state.term}-${this.#prefix}-${++this.#ordinal}`,
      writer: new SnapshotWriter(state.freeze(), this.#chunkBytes),
      index: state.index,
      term: state.term,
      configuration: state.configuration,
      configurationIndex: state.configurationIndex,
      keep,
      sealing: null,
    };
    this.#writeNext(this.#taking);
  }

  /** A chunk is written: go on with the next, one in flight, so that a large state never holds up a turn. */
  written(id: string): void {
    if (this.#taking?.id === id) this.#writeNext(this.#taking);
  }

  /** The store sealed it: the metadata to compact the log by; null if it was given up meanwhile. */
  sealed(id: string, retainSince: number): SnapshotMetadata | null {
    const metadata = this.#taking?.id === id ? this.#taking.sealing : null;
    if (metadata === null) {
      this.#store.dropSnapshot(id);
      return null;
    }
    this.#taking = null;
    this.#replaceBase(metadata, retainSince);
    return metadata;
  }

  /** The store failed on the one being taken; the next try comes after as many entries as ever. False: it was not that one. */
  failed(id: string): boolean {
    if (this.#taking?.id !== id) return false;
    this.#taking.writer.giveUp();
    this.#taking = null;
    this.#store.dropSnapshot(id);
    return true;
  }

  /** Stop taking one: it failed, or a received one is about to replace the state it shows. False: none was being taken. */
  giveUp(): boolean {
    const taking = this.#taking;
    if (taking === null) return false;
    taking.writer.giveUp();
    this.#taking = null;
    // One being sealed is dropped when the store answers: dropping it now could overtake the seal.
    if (taking.sealing === null) this.#store.dropSnapshot(taking.id);
    return true;
  }

  /** A received snapshot is durable and in force. */
  installed(metadata: SnapshotMetadata, retainSince: number): void {
    this.#entries = 0;
    this.#bytes = 0;
    this.#replaceBase(metadata, retainSince);
  }

  /** It cannot be read: it is of no use to anyone, though the log before it is gone. Its bytes stay, for whoever repairs the disk. */
  forget(id: string): void {
    this.#kept.delete(id);
    if (this.#base?.id === id) this.#base = null;
  }

  /** A follower is being sent this one at own time `at`: keep it a while, or slow transfers would never end. */
  noteSent(id: string, at: number): void {
    if (this.#kept.has(id)) this.#kept.set(id, at);
  }

  /** Older ones go, unless a follower asked for a chunk since `retainSince`. */
  #replaceBase(metadata: SnapshotMetadata, retainSince: number): void {
    this.#base = metadata;
    this.#kept.delete(metadata.id);
    for (const [id, sentAt] of this.#kept) {
      if (sentAt > 0 && sentAt >= retainSince) continue;
      this.#kept.delete(id);
      this.#store.dropSnapshot(id);
    }
    this.#kept.set(metadata.id, 0);
  }

  #writeNext(taking: Taking): void {
    const { writer } = taking;
    const offset = writer.size;
    const chunk = writer.next();
    if (chunk !== null) {
      this.#store.writeSnapshot(taking.id, offset, chunk);
      return;
    }
    taking.sealing = {
      id: taking.id,
      lastIncludedIndex: taking.index,
      lastIncludedTerm: taking.term,
      configuration: taking.configuration,
      configurationIndex: taking.configurationIndex,
      size: writer.size,
      checksum: writer.checksum,
    };
    this.#store.sealSnapshot(taking.sealing, Math.max(0, taking.index - taking.keep));
  }
}
