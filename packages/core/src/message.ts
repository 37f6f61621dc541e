/**
 * Everything that enters the core, and everything that leaves it. Only shapes live here; the rules are in the files named by the rule.
 *
 * A member's whole life is a list of `Message`s: it can be logged, replayed and hashed. Every message bears `at`, the member's own
 * monotonic clock in integer milliseconds, read by the driver immediately before the step; it never decreases.
 * Objects that crossed this boundary are immutable: the core, the network and the store share entries and payloads by reference.
 */
import type { Configuration, MemberChange, MemberId } from './configuration.ts';
import type { Limits } from './options.ts';

/** A log position, 1-based; 0 is "before the first entry". A safe integer. */
export type Index = number;
/** An election term; 0 before the first election. A safe integer. */
export type Term = number;

/**
 * One log entry. `command` carries opaque bytes; `noop` starts a term; `configuration` carries the membership in force from this index on.
 * `checksum` is the proposer's end-to-end CRC32C of `data`: the core carries it untouched, the store and the replica verify it.
 */
export interface Entry {
  readonly index: Index;
  readonly term: Term;
  readonly kind: 'command' | 'noop' | 'configuration';
  /** The command's bytes; empty for the other kinds. */
  readonly data: Uint8Array;
  readonly checksum: number;
  /** Set exactly when `kind` is `configuration`. */
  readonly configuration: Configuration | null;
}

/** Figure 2's persistent state that is not the log. */
export interface HardState {
  readonly term: Term;
  /** 0 = nobody. */
  readonly votedFor: MemberId;
}

/** What a snapshot stands for (Figure 13), without its bytes. `configuration` is the one at lastIncludedIndex. */
export interface SnapshotMetadata {
  /** Names these very bytes: two snapshots with one id are byte-identical, so a transfer may resume across leaders. */
  readonly id: string;
  readonly lastIncludedIndex: Index;
  readonly lastIncludedTerm: Term;
  readonly configuration: Configuration;
  /** The index of the entry that `configuration` came from (0 for the bootstrap one). */
  readonly configurationIndex: Index;
  /** Bytes in all. */
  readonly size: number;
  /** CRC32C of all bytes. */
  readonly checksum: number;
}

// ---------------------------------------------------------------------------------------------------------------- peer to peer

interface Rpc {
  readonly from: MemberId;
  readonly to: MemberId;
  /** The sender's currentTerm (for PreVote: the term it would campaign in). */
  readonly term: Term;
}
/** Figure 2. `transfer` is set when TimeoutNow caused it: vote stickiness then yields (dissertation 3.10, 4.2.3). */
export interface RequestVote extends Rpc {
  readonly type: 'RequestVote';
  readonly lastLogIndex: Index;
  readonly lastLogTerm: Term;
  readonly transfer: boolean;
}
export interface RequestVoteReply extends Rpc {
  readonly type: 'RequestVoteReply';
  readonly voteGranted: boolean;
}
/** Dissertation 9.6: would you vote for me in `term`? Changes nothing durable on either side. */
export interface PreVote extends Rpc {
  readonly type: 'PreVote';
  readonly lastLogIndex: Index;
  readonly lastLogTerm: Term;
}
/** `term` is the asked one when granted, the refuser's currentTerm when not. */
export interface PreVoteReply extends Rpc {
  readonly type: 'PreVoteReply';
  readonly voteGranted: boolean;
}
/** Figure 2; without entries it is a heartbeat. `round` is the leader's ReadIndex and CheckQuorum counter: a reply echoes it. */
export interface AppendEntries extends Rpc {
  readonly type: 'AppendEntries';
  readonly prevLogIndex: Index;
  readonly prevLogTerm: Term;
  readonly entries: readonly Entry[];
  readonly leaderCommit: Index;
  readonly round: number;
}
/**
 * `matchIndex`: when successful, the last index known durable here and identical to the leader's.
 * When refused, `conflictIndex`/`conflictTerm` describe where the leader should look next (section 5.3's optimisation): the last index here,
 * before the refused one, whose term is at most prevLogTerm, and its term. A member under repair refuses even what it takes; conflictIndex,
 * then not before rejectedIndex, is where it got to.
 */
export interface AppendEntriesReply extends Rpc {
  readonly type: 'AppendEntriesReply';
  readonly success: boolean;
  readonly matchIndex: Index;
  /** The refused prevLogIndex, so that a late refusal is recognised; 0 when successful. */
  readonly rejectedIndex: Index;
  readonly conflictIndex: Index;
  readonly conflictTerm: Term;
  readonly round: number;
  /** Follower's own lastIndex: progress for catch-up rounds and status. */
  readonly lastIndex: Index;
}
/** Figure 13. Leaves the core with `data` null; the replica fills in bytes [offset, offset + length) of the snapshot from the store. */
export interface InstallSnapshot extends Rpc {
  readonly type: 'InstallSnapshot';
  readonly snapshot: SnapshotMetadata;
  readonly offset: number;
  readonly length: number;
  readonly data: Uint8Array | null;
  readonly round: number;
}
/** `offset`: how many leading bytes of `snapshotId` are durable here; the leader continues from it. `installed` once durable and in force. */
export interface InstallSnapshotReply extends Rpc {
  readonly type: 'InstallSnapshotReply';
  readonly snapshotId: string;
  readonly offset: number;
  readonly installed: boolean;
  /** lastIncludedIndex once installed (or already covered): the follower's new matchIndex. */
  readonly matchIndex: Index;
  readonly round: number;
}
/** Dissertation 3.10: campaign at once. */
export interface TimeoutNow extends Rpc {
  readonly type: 'TimeoutNow';
}
/** A TimeoutNow declined, with the reason, so that the leader need not wait for its deadline. */
export interface TimeoutNowReply extends Rpc {
  readonly type: 'TimeoutNowReply';
  readonly reason: RefusalCode;
}
/** A follower or learner asks for a read index (dissertation 6.4); `id` is the asker's own counter. */
export interface ReadIndex extends Rpc {
  readonly type: 'ReadIndex';
  readonly id: number;
}
/** `index` is 0 when refused. */
export interface ReadIndexReply extends Rpc {
  readonly type: 'ReadIndexReply';
  readonly id: number;
  readonly index: Index;
  readonly refusal: RefusalCode | null;
}
/** A proposal handed on to the leader; `hops` stops a ring of stale leader hints. */
export interface ForwardProposal extends Rpc {
  readonly type: 'ForwardProposal';
  readonly id: number;
  readonly data: Uint8Array;
  readonly checksum: number;
  readonly hops: number;
}
export interface ForwardProposalReply extends Rpc {
  readonly type: 'ForwardProposalReply';
  readonly id: number;
  readonly outcome: ProposalOutcome;
}

/** What members say to each other. */
export type PeerMessage =
  | RequestVote
  | RequestVoteReply
  | PreVote
  | PreVoteReply
  | AppendEntries
  | AppendEntriesReply
  | InstallSnapshot
  | InstallSnapshotReply
  | TimeoutNow
  | TimeoutNowReply
  | ReadIndex
  | ReadIndexReply
  | ForwardProposal
  | ForwardProposalReply;

// -------------------------------------------------------------------------------------------------------------- into the core

interface Local {
  /** The member's own monotonic clock, integer milliseconds, never decreasing. */
  readonly at: number;
}
/** A peer's message arrived. For InstallSnapshot `rpc.data` is non-null here. */
export interface Receive extends Local {
  readonly type: 'Receive';
  readonly rpc: PeerMessage;
}
/** Time passed. Due when `raft.deadline <= at`; harmless earlier. */
export interface Tick extends Local {
  readonly type: 'Tick';
}
/** One opaque command to replicate. `id` is the driver's, unique in this boot, > 0; exactly one terminal `Reply` bears it. */
export interface Proposal {
  readonly id: number;
  readonly data: Uint8Array;
  readonly checksum: number;
}
/** Commands to replicate, appended in order in one step. Each has its own outcome. */
export interface Propose extends Local {
  readonly type: 'Propose';
  readonly proposals: readonly Proposal[];
}
/** Ask for an index that, once applied, makes a local read linearizable. `lease` only if configured (dissertation 6.4.1). */
export interface Read extends Local {
  readonly type: 'Read';
  readonly id: number;
  readonly mode: 'readIndex' | 'lease';
}
/** Change the configuration (dissertation ch. 4). Empty `changes` leaves a joint configuration. */
export interface ChangeMembership extends Local {
  readonly type: 'ChangeMembership';
  readonly id: number;
  readonly changes: readonly MemberChange[];
  /** `single`: at most one voter changes. `joint`: enter joint, leave automatically. `explicit`: enter joint, wait for the empty change. */
  readonly mode: 'single' | 'joint' | 'explicit';
}
/** Hand leadership to `target` (0: the best match). */
export interface TransferLeadership extends Local {
  readonly type: 'TransferLeadership';
  readonly id: number;
  readonly target: MemberId;
}
/** An operator's order to start an election now (stickiness still holds at the voters). */
export interface Campaign extends Local {
  readonly type: 'Campaign';
}
/**
 * The driver has evidence that the process of member `id` is gone: its connection broke, and nothing listens where it listened. It may be
 * wrong; what follows from it is safe all the same.
 */
export interface PeerDown extends Local {
  readonly type: 'PeerDown';
  readonly id: MemberId;
}
/** The persist effect numbered `seq`, and every one before it, is durable. */
export interface Persisted extends Local {
  readonly type: 'Persisted';
  readonly seq: number;
}
/** `NO_SPACE`: nothing of seq or later was written; the driver will write again when told to retry. Any other code must stop the member. */
export interface PersistFailed extends Local {
  readonly type: 'PersistFailed';
  readonly seq: number;
  readonly code: string;
}
/** The state machine has applied everything up to `index`. */
export interface Applied extends Local {
  readonly type: 'Applied';
  readonly index: Index;
}
/** Every byte of an incoming snapshot up to `offset` is stored; `complete` once the checksum of the whole agreed. */
export interface SnapshotStored extends Local {
  readonly type: 'SnapshotStored';
  readonly snapshotId: string;
  readonly offset: number;
  readonly complete: boolean;
}
/** A snapshot could not be read (to send it) or failed its checksum (on receipt): forget it and start again. */
export interface SnapshotUnavailable extends Local {
  readonly type: 'SnapshotUnavailable';
  readonly snapshotId: string;
}
/** A local snapshot is durable: the log up to its lastIncludedIndex may be dropped, and lagging followers get this snapshot. */
export interface Compact extends Local {
  readonly type: 'Compact';
  readonly snapshot: SnapshotMetadata;
  /** Keep this many entries at or before lastIncludedIndex for followers slightly behind. */
  readonly keep: number;
}

/**
 * Other limits from now on: windows, batches, back-pressure. Timeouts, PreVote, CheckQuorum and leases are fixed for a boot, since other
 * members rely on them.
 */
export interface Resize extends Local {
  readonly type: 'Resize';
  readonly limits: Partial<Limits>;
}

/** Everything that enters the core. */
export type Message =
  | Receive
  | Tick
  | Propose
  | Read
  | ChangeMembership
  | TransferLeadership
  | Campaign
  | PeerDown
  | Persisted
  | PersistFailed
  | Applied
  | SnapshotStored
  | SnapshotUnavailable
  | Compact
  | Resize;

// ------------------------------------------------------------------------------------------------------------ out of the core

/**
 * A write that must become durable, in order of `seq`, atomically, and be answered with `Persisted{seq}`.
 * Order inside: install `snapshot` (drop the whole log but entries after it that are in `entries`), drop entries at or after `truncateFrom`
 * (0: none), append `entries`, set `hardState`.
 */
export interface Persist {
  readonly seq: number;
  readonly hardState: HardState;
  readonly truncateFrom: Index;
  readonly entries: readonly Entry[];
  /** Set when a received snapshot replaces the log up to its lastIncludedIndex. */
  readonly snapshot: SnapshotMetadata | null;
}

/** A chunk of an incoming snapshot to store; answered with SnapshotStored (or SnapshotUnavailable). Offset 0 starts afresh. */
export interface SnapshotChunk {
  readonly snapshot: SnapshotMetadata;
  readonly offset: number;
  readonly data: Uint8Array;
}

/** Why something was refused; `refusalSentence` (refusal.ts) says what to do about each. */
export type RefusalCode =
  | 'NOT_LEADER'
  | 'NO_LEADER'
  | 'NOT_READY'
  | 'TRANSFERRING'
  | 'UNCOMMITTED_LIMIT'
  | 'LOG_LIMIT'
  | 'NO_SPACE'
  | 'CHANGE_IN_FLIGHT'
  | 'NO_COMMIT_IN_TERM'
  | 'INVALID_CHANGE'
  | 'NOT_JOINT'
  | 'UNKNOWN_MEMBER'
  | 'NOT_VOTER'
  | 'LEASE_DISABLED'
  | 'LEASE_EXPIRED'
  | 'LAGGING'
  | 'TRANSFER_TIMEOUT'
  | 'TOO_MANY_HOPS'
  | 'ENTRY_TOO_LARGE'
  | 'STOPPED';

/** committed: durable and decided. rejected: never appended anywhere. superseded: seen overwritten. unknown: may or may not commit. */
export type ProposalOutcome =
  | { readonly outcome: 'committed'; readonly index: Index; readonly term: Term }
  | { readonly outcome: 'rejected'; readonly code: RefusalCode; readonly leader: MemberId }
  | { readonly outcome: 'superseded'; readonly index: Index; readonly term: Term }
  | { readonly outcome: 'unknown'; readonly index: Index; readonly term: Term };

export type ReadOutcome =
  | { readonly outcome: 'ready'; readonly index: Index }
  | { readonly outcome: 'rejected'; readonly code: RefusalCode; readonly leader: MemberId };

export type TransferOutcome =
  | { readonly outcome: 'transferred'; readonly to: MemberId }
  | { readonly outcome: 'rejected'; readonly code: RefusalCode; readonly leader: MemberId };

/** The one terminal outcome of a Proposal, Read, ChangeMembership (a proposal too) or TransferLeadership. */
export type Reply =
  | { readonly type: 'ProposalReply'; readonly id: number; readonly result: ProposalOutcome }
  | { readonly type: 'ReadReply'; readonly id: number; readonly result: ReadOutcome }
  | { readonly type: 'TransferReply'; readonly id: number; readonly result: TransferOutcome };

export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader';

/** What happened, as data: for logs, metrics and traces. Nothing may depend on them for safety. */
export type Event =
  | {
      readonly type: 'BecameRole';
      readonly role: Role;
      readonly term: Term;
      readonly reason: string;
    }
  | { readonly type: 'LeaderKnown'; readonly leader: MemberId; readonly term: Term }
  | {
      readonly type: 'ConfigurationInForce';
      readonly index: Index;
      readonly configuration: Configuration;
    }
  | { readonly type: 'Truncated'; readonly fromIndex: Index }
  | { readonly type: 'SnapshotInstalled'; readonly snapshot: SnapshotMetadata }
  | { readonly type: 'SnapshotNeeded'; readonly reason: 'bytes' | 'lagging follower' }
  | { readonly type: 'HighWater'; readonly uncommittedBytes: number }
  | { readonly type: 'LowWater'; readonly uncommittedBytes: number };

/** Everything one step asks of the world. Lists that hold nothing are shared and frozen. */
export interface Effects {
  /** May be sent the moment they come out; the core already held back what durability must precede. */
  readonly messages: readonly PeerMessage[];
  readonly persist: Persist | null;
  /** Entries that are now committed *and* durable here, in order, each exactly once per boot. */
  readonly commits: readonly Entry[];
  readonly replies: readonly Reply[];
  readonly snapshotChunk: SnapshotChunk | null;
  readonly events: readonly Event[];
}
