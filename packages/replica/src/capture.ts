/**
 * The whole replicated state at one index, to be carried out of the cluster (a backup): the very bytes of a snapshot, cut to the taker's
 * measure, but nothing is written here, the log is not compacted, and nobody else hears of it. Kept: what it says of itself was read at the
 * moment it was frozen, so bytes and digest are of one index; it is read to its end or released, since until then the machine records for it.
 */
import type { Configuration, Index, MemberId, Term } from '@seedraft/core';
import type { ReadMode } from './ports.ts';
import { SnapshotWriter } from './snapshot-stream.ts';
import type { ReplicatedState } from './state.ts';

/** Asked of a member by what drives it, never over the wire as it is. The answer is Ok with a Capture. */
export interface CaptureRequest {
  readonly type: 'Capture';
  /** How new it must be: as of a read at that moment. */
  readonly mode: ReadMode;
}

/** What a captured state is of. */
export interface CapturedState {
  /** The last entry applied to it, and that entry's term. */
  readonly index: Index;
  readonly term: Term;
  /** ms. */
  readonly clusterTime: number;
  /** 16 hex digits, over machine, sessions and cluster time. */
  readonly stateDigest: string;
  /** In force at `index`, and where its entry is. */
  readonly configuration: Configuration;
  readonly configurationIndex: Index;
}

/** With what a backup begins: which cluster's, taken from which member, of which version. */
export interface BackupHeader extends CapturedState {
  readonly clusterId: string;
  readonly member: MemberId;
  readonly version: string;
}

export class Capture {
  readonly about: CapturedState;
  readonly #pieces: Iterator<Uint8Array>;
  readonly #writer: SnapshotWriter;

  constructor(state: ReplicatedState, chunkBytes: number) {
    const { index, term, configuration, configurationIndex } = state;
    const { hi, lo } = state.digest();
    const stateDigest = hex(hi) + hex(lo);
    const clusterTime = state.time.now;
    this.about = { index, term, clusterTime, stateDigest, configuration, configurationIndex };
    this.#pieces = state.freeze();
    this.#writer = new SnapshotWriter(this.#pieces, chunkBytes);
  }

  /** Null: that was all, and `size` and `checksum` are final. Throws what the machine throws, and CodecError for what it cannot mean. */
  next(): Uint8Array | null {
    return this.#writer.next();
  }

  /** Bytes given out so far, and their CRC32C. */
  get size(): number {
    return this.#writer.size;
  }
  get checksum(): number {
    return this.#writer.checksum;
  }

  /** Nobody reads on. */
  release(): void {
    this.#pieces.return?.();
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
