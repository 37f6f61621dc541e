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

/** The knobs that may change while a member runs (`Resize`). */
export type Limits = Pick<
  RaftConfig,
  | 'maxInflightMessages'
  | 'maxInflightBytes'
  | 'maxAppendEntries'
  | 'maxAppendBytes'
  | 'maxEntryBytes'
  | 'maxUncommittedBytes'
  | 'maxLogBytes'
  | 'snapshotChunkBytes'
>;

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
   * Set while entries known to have been durable are missing (the store, "damaged"): no vote and no acknowledgement until the log reaches
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

/** Safe on a local network with an ordinary disk. */
export const defaultConfig: RaftConfig = Object.freeze({
  electionTimeoutMin: 1000,
  electionTimeoutMax: 2000,
  heartbeatInterval: 200,
  preVote: true,
  checkQuorum: true,
  leaseReads: false,
  clockDriftBound: 0.001,
  maxInflightMessages: 64,
  maxInflightBytes: 8 * 1024 * 1024,
  maxAppendEntries: 1024,
  maxAppendBytes: 1024 * 1024,
  maxEntryBytes: 4 * 1024 * 1024,
  maxUncommittedBytes: 32 * 1024 * 1024,
  maxLogBytes: 64 * 1024 * 1024,
  snapshotChunkBytes: 256 * 1024,
  autoPromote: false,
  forwardProposals: false,
  maxForwardHops: 1,
  transferTimeout: 2000,
});

/** Knobs that must be integers of at least 1. */
const POSITIVE_INTEGERS = [
  'electionTimeoutMin',
  'electionTimeoutMax',
  'heartbeatInterval',
  'maxInflightMessages',
  'maxInflightBytes',
  'maxAppendEntries',
  'maxAppendBytes',
  'maxEntryBytes',
  'maxUncommittedBytes',
  'maxLogBytes',
  'snapshotChunkBytes',
  'maxForwardHops',
  'transferTimeout',
] as const;

/** What is wrong with a configuration of knobs, a sentence each; empty: nothing. */
export function validateConfig(config: RaftConfig): string[] {
  const wrong: string[] = [];
  for (const knob of POSITIVE_INTEGERS) {
    if (!Number.isSafeInteger(config[knob]) || config[knob] < 1) {
      wrong.push(`${knob} must be an integer of at least 1, not ${config[knob]}.`);
    }
  }
  if (config.electionTimeoutMax < config.electionTimeoutMin) {
    wrong.push('electionTimeoutMax must not be less than electionTimeoutMin.');
  }
  if (config.heartbeatInterval >= config.electionTimeoutMin) {
    wrong.push('heartbeatInterval must be less than electionTimeoutMin, or no leader can stay.');
  }
  if (!(config.clockDriftBound >= 0 && config.clockDriftBound < 1)) {
    wrong.push('clockDriftBound must be at least 0 and less than 1.');
  }
  if (config.leaseReads && !config.checkQuorum) {
    wrong.push('leaseReads needs checkQuorum: a lease rests on the promise that voters keep to.');
  }
  return wrong;
}
