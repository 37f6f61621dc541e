/**
 * Everything a member remembers, as plain data. The rules are functions over it, in the files named by the rule; nothing else holds state.
 * Arrays of records hold immutable records (replaced, never changed), so a copy is a slice; `Log` and `Progress` copy themselves.
 * Fields listed in TRANSIENT live within one step only and are no part of the state.
 */
import type { Configuration, MemberId } from './configuration.ts';
import { EMPTY_CONFIGURATION } from './configuration.ts';
import { Log } from './log.ts';
import type {
  Entry,
  Event,
  Index,
  PeerMessage,
  Reply,
  Role,
  SnapshotChunk,
  SnapshotMetadata,
  Term,
} from './message.ts';
import type { RaftConfig } from './options.ts';
import type { Progress } from './progress.ts';
import { mix, PURPOSE_REQUEST_IDS, type Seed } from './random.ts';

/** A persist effect not yet answered. `lastIndex` is what its completion makes durable of the log *as it is now*: truncation lowers it. */
export interface OutstandingWrite {
  readonly seq: number;
  readonly issuedAt: number;
  readonly term: Term;
  readonly votedFor: MemberId;
  readonly lastIndex: Index;
}

/** A message that must not leave before write `seq` is durable, nor if the term has moved on by then. */
export interface HeldMessage {
  readonly seq: number;
  readonly term: Term;
  readonly message: PeerMessage;
}

/** A proposal in the leader's log whose outcome is open. `origin` 0: proposed here; else who forwarded it under `id`. */
export interface OpenProposal {
  readonly id: number;
  readonly index: Index;
  readonly term: Term;
  readonly origin: MemberId;
}

/** A read waiting at the leader for a round. `index` 0: for the term's first commit. `origin` as above. */
export interface PendingRead {
  readonly id: number;
  readonly origin: MemberId;
  readonly index: Index;
  readonly round: number;
}

/** A read of this follower's clients that rides on ReadIndex request `request`. */
export interface ForwardedRead {
  readonly id: number;
  readonly request: number;
}

/** A proposal handed to the leader under `request`. */
export interface ForwardedProposal {
  readonly id: number;
  readonly request: number;
  readonly expiresAt: number;
}

/** Highest forwarded request appended, per asker and boot, in this term: a duplicate must not run twice. */
export interface ForwardSeen {
  readonly from: MemberId;
  readonly boot: number;
  readonly highest: number;
}

/** A snapshot on its way in. `handedOut` bytes went to the store, `stored` of them are durable. */
export interface IncomingSnapshot {
  readonly snapshot: SnapshotMetadata;
  readonly handedOut: number;
  readonly stored: number;
}

export interface Transfer {
  readonly id: number;
  readonly target: MemberId;
  readonly deadline: number;
  /** When TimeoutNow last went out; -1: not yet. */
  readonly sentAt: number;
}

/** Slot of this member itself in a voter list; others are positions in `peers`. */
export const SELF = -1;

/** Request ids of one boot are boot * REQUESTS_PER_BOOT + n: those of an earlier boot are never mistaken for ours. */
export const REQUESTS_PER_BOOT = 0x200000;

export class RaftState {
  // ---- built with
  readonly id: MemberId;
  config: RaftConfig;
  readonly seed: Seed;

  // ---- Figure 2, persistent state
  currentTerm: Term = 0;
  votedFor: MemberId = 0;
  log: Log = new Log(0, 0);
  /** The latest snapshot this member could send. */
  snapshot: SnapshotMetadata | null = null;
  /** The configurations from the latest compacted one onward, and the indexes of their entries: a stack. */
  configurations: Configuration[] = [EMPTY_CONFIGURATION];
  configurationIndexes: Index[] = [0];

  // ---- Figure 2, volatile state
  role: Role = 'follower';
  leader: MemberId = 0;
  commitIndex: Index = 0;
  lastApplied: Index = 0;
  /** Handed out in `commits` up to here. */
  deliveredIndex: Index = 0;
  roleReason = 'started';

  // ---- derived from the configuration in force (tracker.ts)
  incomingVoters: readonly MemberId[] = [];
  outgoingVoters: readonly MemberId[] = [];
  /** A leader's followers, sorted by id; empty for other roles. */
  peers: Progress[] = [];
  incomingSlots: readonly number[] = [];
  outgoingSlots: readonly number[] = [];
  /** A voter in some configuration from the latest committed one onward (dissertation 4.2.2). */
  electable = false;

  // ---- durability (durability.ts)
  issuedSeq = 0;
  persistedSeq = 0;
  durableTerm: Term = 0;
  durableVotedFor: MemberId = 0;
  durableIndex: Index = 0;
  outstanding: OutstandingWrite[] = [];
  held: HeldMessage[] = [];
  diskFull = false;
  /** A slow disk was acted upon: not again before this. */
  diskCheckAt: number = -Infinity;
  stopped = false;
  /** While > 0: entries known to have been durable are missing. */
  repairUntil: Index = 0;

  // ---- time (milliseconds of this member's clock)
  now: number;
  electionTimeout = 0;
  electionDeadline: number = Infinity;
  /** Timeouts drawn so far. */
  drawOrdinal = 0;
  /** Election timeouts in a row without a leader: what priorities decay by. */
  leaderlessTimeouts = 0;
  lastLeaderContact: number = -Infinity;
  /** Leases: votes given before the last boot may still hold someone's lease. */
  refuseVotesUntil: number = -Infinity;
  heartbeatDeadline: number = Infinity;

  // ---- candidate
  votesGranted: MemberId[] = [];

  // ---- follower
  /** The highest round echoed to the current leader. */
  echoedRound = 0;
  /** The log is known to equal the leader's up to here, in this term. */
  matchedIndex: Index = 0;
  incoming: IncomingSnapshot | null = null;

  // ---- leader
  /** The index of this term's no-op. */
  termStartIndex: Index = 0;
  round = 0;
  confirmedRound = 0;
  /** Send times of the rounds after confirmedRound; kept only for leases. */
  roundStartedAt: number[] = [];
  leaseStart: number = -Infinity;
  leaseSurrendered = false;
  uncommittedBytes = 0;
  aboveHighWater = false;
  transfer: Transfer | null = null;
  /** Hand-overs to a preferred leader that failed: the next is tried later. */
  nextPreferenceAt = 0;
  preferenceBackoff = 1;
  snapshotRequested = false;
  /** The log's bytes after the last compaction. */
  compactedBytes = 0;

  // ---- open outcomes
  proposals: OpenProposal[] = [];
  proposalsHead = 0;
  pendingReads: PendingRead[] = [];
  forwardSeen: ForwardSeen[] = [];
  forwardedReads: ForwardedRead[] = [];
  forwardedProposals: ForwardedProposal[] = [];
  /** The term in which the forwarded ones were sent. */
  forwardTerm: Term = 0;
  forwardLeader: MemberId = 0;
  nextRequest: number;
  /** The ReadIndex request awaiting its reply; 0: none. */
  readRequest = 0;
  readRetryAt: number = Infinity;

  // ---- TRANSIENT: one step only
  hardStateDirty = false;
  appendedFrom: Index = 0;
  truncatedFrom: Index = 0;
  installing: SnapshotMetadata | null = null;
  commitCheckDue = false;
  outMessages: PeerMessage[] | null = null;
  outReplies: Reply[] | null = null;
  outEvents: Event[] | null = null;
  outChunk: SnapshotChunk | null = null;
  outCommits: readonly Entry[] | null = null;
  beforeTerm: Term = 0;
  beforeVotedFor: MemberId = 0;
  beforeCommitIndex: Index = 0;

  constructor(id: MemberId, config: RaftConfig, seed: Seed, now: number) {
    this.id = id;
    this.config = config;
    this.seed = seed;
    this.now = now;
    this.nextRequest = (mix(seed, PURPOSE_REQUEST_IDS, 0) >>> 1) * REQUESTS_PER_BOOT + 1;
  }
}

/** Fields that live within one step and hold their initial value between steps. */
export const TRANSIENT: ReadonlySet<string> = new Set([
  'hardStateDirty',
  'appendedFrom',
  'truncatedFrom',
  'installing',
  'commitCheckDue',
  'outMessages',
  'outReplies',
  'outEvents',
  'outChunk',
  'outCommits',
  'beforeTerm',
  'beforeVotedFor',
  'beforeCommitIndex',
]);
