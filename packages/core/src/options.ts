/**
 * What a core is built with: knobs (RaftConfig), what it remembers (Recovered), and a recorded seed.
 */
import type { Configuration, MemberId } from './configuration.ts';
import type { Entry, HardState, Index, SnapshotMetadata } from './message.ts';

/** Knobs. Times in integer milliseconds of the member's own clock, sizes in bytes. `defaultConfig` holds safe values. */
export interface RaftConfig {
  /** Drawn once per wait, uniformly from [min, max]. */
  readonly electionTimeoutMin: number;
  readonly electionTimeoutMax: number;
  readonly heartbeatInterval: number;
  readonly preVote: boolean;
  readonly checkQuorum: boolean;
  /** Opt-in. A lease lasts (electionTimeoutMin - 2) / (1 + 2 * clockDriftBound), counted from the send of its round. */
  readonly leaseReads: boolean;
  /** Assumed bound on the relative rate error of any member's clock: 0.001 = 1000 ppm. */
  readonly clockDriftBound: number;
  readonly maxInflightMessages: number;
  readonly maxInflightBytes: number;
  readonly maxAppendEntries: number;
  readonly maxAppendBytes: number;
  readonly maxEntryBytes: number;
  /** Proposals are refused above this many uncommitted bytes (one proposal is always let through). */
  readonly maxUncommittedBytes: number;
  /** The uncompacted suffix of the log in memory. */
  readonly maxLogBytes: number;
  readonly snapshotChunkBytes: number;
  /** Promote learners that caught up. */
  readonly autoPromote: boolean;
  readonly forwardProposals: boolean;
  readonly maxForwardHops: number;
  /** Give up a transfer after this long. */
  readonly transferTimeout: number;
}

/** What survived: the durable state a member starts from. A brand-new member: term 0, vote 0, no entries, the bootstrap configuration. */
export interface Recovered {
  readonly hardState: HardState;
  /** Stands for everything up to its lastIncludedIndex; null: the log starts at 1 over `configuration`. */
  readonly snapshot: SnapshotMetadata | null;
  /** Contiguous, from lastIncludedIndex + 1 (or less, when the snapshot's prefix was kept). */
  readonly entries: readonly Entry[];
  /** The bootstrap configuration (index 0); empty members for one that joins. Ignored when `snapshot` is set. */
  readonly configuration: Configuration;
  /** The state machine already holds everything up to here (= the snapshot's lastIncludedIndex, or 0). */
  readonly applied: Index;
  /**
   * Set while entries known to have been durable are missing (storage.md 5): no vote and no acknowledgement until the log reaches
   * both this index and a leader's commitIndex. 0 otherwise.
   */
  readonly repairUntil: Index;
}

export interface RaftOptions {
  readonly id: MemberId;
  readonly config: RaftConfig;
  readonly recovered: Recovered;
  /** Four 32-bit words, new at each boot, recorded by the driver. */
  readonly seed: readonly [number, number, number, number];
  /** The member's clock at start, integer milliseconds. */
  readonly at: number;
}
