/**
 * The member's state machine: one door, `step`. This file is the table of contents: which rule answers which message, and in which order a
 * step settles. The state is in state.ts, each rule in the file named by it. Invariants: invariants.ts, asserted after every step.
 */
import { commitByCounting, deliverCommitted } from './commit.ts';
import type { Configuration, MemberId } from './configuration.ts';
import type { Digest } from './digest.ts';
import { issuePersist, notePersisted, notePersistFailed, slowDiskDeadline } from './durability.ts';
import * as election from './election.ts';
import { onHeartbeatTimeout } from './heartbeat.ts';
import { assert, assertBasic, assertDelta } from './invariants.ts';
import type { LogView } from './log.ts';
import * as membership from './membership.ts';
import type {
  AppendEntriesReply,
  Effects,
  Index,
  InstallSnapshotReply,
  Message,
  PeerMessage,
  Role,
  SnapshotMetadata,
  Term,
} from './message.ts';
import { type Limits, type RaftOptions, validateConfig } from './options.ts';
import { beginStep, reply, takeEffects } from './outbox.ts';
import { digestState, forkState, plainState, restoreState } from './plain.ts';
import * as proposal from './proposal.ts';
import * as read from './read.ts';
import { recover } from './recovery.ts';
import * as replication from './replication.ts';
import { becomeFollower } from './role.ts';
import * as snapshot from './snapshot.ts';
import { RaftState } from './state.ts';
import { type Status, statusOf } from './status.ts';
import * as tracker from './tracker.ts';
import * as transfer from './transfer.ts';

/**
 * One member. Pure at the boundary: the same construction and the same messages give the same effects, on any machine.
 * @throws InvariantError from `step` when an invariant is broken: the member must be stopped and the step's effects discarded.
 */
export class Raft {
  readonly #raft: RaftState;

  constructor(options: RaftOptions | RaftState) {
    this.#raft = options instanceof RaftState ? options : recover(options);
  }

  /** Restores exactly what `state()` gave. */
  static restore(state: unknown): Raft {
    return new Raft(restoreState(state));
  }

  /** The one door: everything that enters is a message, everything that leaves is in the effects. */
  step(message: Message): Effects {
    const raft = this.#raft;
    beginStep(raft, message.at);
    if (raft.stopped) refuseStopped(raft, message);
    else {
      dispatch(raft, message);
      settle(raft);
    }
    assertBasic(raft);
    assertDelta(raft);
    return takeEffects(raft, issuePersist(raft));
  }

  get id(): MemberId {
    return this.#raft.id;
  }
  get role(): Role {
    return this.#raft.role;
  }
  get currentTerm(): Term {
    return this.#raft.currentTerm;
  }
  get votedFor(): MemberId {
    return this.#raft.votedFor;
  }
  /** 0: unknown. */
  get leader(): MemberId {
    return this.#raft.leader;
  }
  get commitIndex(): Index {
    return this.#raft.commitIndex;
  }
  /** As told by `Applied`. */
  get lastApplied(): Index {
    return this.#raft.lastApplied;
  }
  /** The log is durable here up to this index, by answered persists. */
  get durableIndex(): Index {
    return this.#raft.durableIndex;
  }
  get log(): LogView {
    return this.#raft.log;
  }
  /** Above 0: entries once acknowledged may be missing, and until a leader has brought them back it neither votes nor acknowledges. */
  get repairUntil(): Index {
    return this.#raft.repairUntil;
  }
  /** The latest snapshot this member could send; null: none. */
  get snapshot(): SnapshotMetadata | null {
    return this.#raft.snapshot;
  }
  /** In force: the latest in the log. */
  get configuration(): Configuration {
    return tracker.configurationInForce(this.#raft);
  }
  get configurationIndex(): Index {
    return tracker.configurationIndexInForce(this.#raft);
  }
  /** The configuration that held at `index` (not before the log's base) and its entry's index: what a snapshot there carries. */
  configurationAt(index: Index): { readonly index: Index; readonly configuration: Configuration } {
    return tracker.configurationAt(this.#raft, index);
  }

  /** When it next wants a Tick, on its own clock in ms; Infinity: never. */
  get deadline(): number {
    return deadlineOf(this.#raft);
  }

  /** An independent copy: same future, no shared mutable state. */
  fork(): Raft {
    return new Raft(forkState(this.#raft));
  }
  /** Two 32-bit lanes over the whole state: equal futures for equal digests. Costs O(what changed in the log since the last). */
  digest(): Digest {
    return digestState(this.#raft);
  }
  /** Plain data (structured-clonable) from which `restore` rebuilds it. Shares immutable records: do not change it. */
  state(): unknown {
    return plainState(this.#raft);
  }
  /** For people and dashboards. */
  status(): Status {
    return statusOf(this.#raft);
  }
}

// ---------------------------------------------------------------------------------------------------------------- messages in

function dispatch(raft: RaftState, message: Message): void {
  switch (message.type) {
    case 'Receive':
      receive(raft, message.rpc);
      break;
    case 'Persisted':
      notePersisted(raft, message.seq);
      election.countOwnVote(raft);
      break;
    case 'Propose':
      proposal.handlePropose(raft, message.proposals);
      break;
    case 'Applied':
      noteApplied(raft, message.index);
      break;
    case 'Tick':
      tick(raft);
      break;
    case 'Read':
      read.handleRead(raft, message.id, message.mode);
      break;
    case 'ChangeMembership':
      membership.handleChangeMembership(raft, message);
      break;
    case 'TransferLeadership':
      transfer.handleTransferLeadership(raft, message);
      break;
    case 'Campaign':
      election.handleCampaign(raft);
      break;
    case 'PeerDown':
      election.handlePeerDown(raft, message.id);
      break;
    case 'PersistFailed':
      notePersistFailed(raft, message);
      if (raft.stopped) becomeFollower(raft, raft.currentTerm, 0, 'a write failed');
      break;
    case 'SnapshotStored':
      snapshot.handleSnapshotStored(raft, message);
      break;
    case 'SnapshotUnavailable':
      snapshot.handleSnapshotUnavailable(raft, message.snapshotId);
      break;
    case 'Compact':
      snapshot.handleCompact(raft, message);
      break;
    case 'Resize':
      resize(raft, message.limits);
      break;
  }
}

function resize(raft: RaftState, limits: Partial<Limits>): void {
  const config = { ...raft.config, ...limits };
  assert(validateConfig(config).length === 0, 'local', 'the driver set limits that are not valid');
  raft.config = config;
}

function noteApplied(raft: RaftState, index: Index): void {
  assert(index <= raft.deliveredIndex, 'local', 'the driver applied an entry never delivered');
  if (index > raft.lastApplied) raft.lastApplied = index;
}

function receive(raft: RaftState, rpc: PeerMessage): void {
  if (rpc.to !== raft.id || rpc.from === raft.id) return;
  if (rpc.term > raft.currentTerm && !adoptTerm(raft, rpc)) return;
  if (rpc.term < raft.currentTerm) receiveStale(raft, rpc);
  else receiveCurrent(raft, rpc);
}

/** F2 RS.A.2, and who is exempt from it. False: the message must not be listened to at all. */
function adoptTerm(raft: RaftState, rpc: PeerMessage): boolean {
  // A PreVote names a term that nobody has entered yet, and so does the consent to it.
  if (rpc.type === 'PreVote' || (rpc.type === 'PreVoteReply' && rpc.voteGranted)) return true;
  if (rpc.type === 'RequestVote' && !rpc.transfer && election.isSticky(raft)) return false;
  becomeFollower(raft, rpc.term, 0, `a message of term ${rpc.term} came`);
  return true;
}

/** An older term: requests are refused with ours, replies say nothing any more. */
function receiveStale(raft: RaftState, rpc: PeerMessage): void {
  switch (rpc.type) {
    case 'AppendEntries':
      replication.refuseStaleAppend(raft, rpc);
      break;
    case 'InstallSnapshot':
      snapshot.refuseStaleSnapshot(raft, rpc);
      break;
    case 'RequestVote':
      election.refuseStaleVote(raft, rpc);
      break;
    case 'PreVote':
      election.handlePreVote(raft, rpc);
      break;
    case 'TimeoutNow':
      transfer.refuseTimeoutNow(raft, rpc, 'NOT_LEADER');
      break;
    case 'ReadIndex':
      read.handleReadIndex(raft, rpc);
      break;
    case 'ForwardProposal':
      proposal.handleForwardProposal(raft, rpc);
      break;
    default:
      break;
  }
}

function receiveCurrent(raft: RaftState, rpc: PeerMessage): void {
  switch (rpc.type) {
    case 'AppendEntries':
      replication.handleAppendEntries(raft, rpc);
      break;
    case 'AppendEntriesReply':
    case 'InstallSnapshotReply':
      receiveFollowerReply(raft, rpc);
      break;
    case 'InstallSnapshot':
      snapshot.handleInstallSnapshot(raft, rpc);
      break;
    case 'RequestVote':
      election.handleRequestVote(raft, rpc);
      break;
    case 'RequestVoteReply':
      election.handleRequestVoteReply(raft, rpc);
      break;
    case 'PreVote':
      election.handlePreVote(raft, rpc);
      break;
    case 'PreVoteReply':
      election.handlePreVoteReply(raft, rpc);
      break;
    case 'TimeoutNow':
      transfer.handleTimeoutNow(raft, rpc);
      break;
    case 'TimeoutNowReply':
      transfer.handleTimeoutNowReply(raft, rpc);
      break;
    case 'ReadIndex':
      read.handleReadIndex(raft, rpc);
      break;
    case 'ReadIndexReply':
      read.handleReadIndexReply(raft, rpc);
      break;
    case 'ForwardProposal':
      proposal.handleForwardProposal(raft, rpc);
      break;
    case 'ForwardProposalReply':
      proposal.handleForwardProposalReply(raft, rpc);
      break;
  }
}

/** A follower of this leader answered: it lives, it still follows, and it has got so far. */
function receiveFollowerReply(
  raft: RaftState,
  rpc: AppendEntriesReply | InstallSnapshotReply,
): void {
  if (raft.role !== 'leader' || rpc.round > raft.round) return;
  const progress = tracker.findProgress(raft, rpc.from);
  if (progress === null) return;
  progress.lastContact = raft.now;
  if (rpc.type === 'AppendEntriesReply') {
    replication.handleAppendEntriesReply(raft, progress, rpc);
  } else snapshot.handleInstallSnapshotReply(raft, progress, rpc);
  membership.noteCatchUp(raft, progress);
  if (rpc.round > progress.ackedRound) {
    progress.ackedRound = rpc.round;
    read.confirmRounds(raft);
  }
}

// ---------------------------------------------------------------------------------------------------------------------- time

function tick(raft: RaftState): void {
  if (raft.role === 'leader') {
    if (raft.now >= diskDeadline(raft)) transfer.onSlowDisk(raft);
    if (raft.now >= raft.heartbeatDeadline) onHeartbeatTimeout(raft);
  } else if (raft.now >= electionDeadline(raft)) election.onElectionTimeout(raft);
  if (raft.now >= raft.readRetryAt) read.askForReadIndex(raft);
}

/** A member that neither campaigns nor can lose a leader has nothing to wait for. */
function electionDeadline(raft: RaftState): number {
  if (raft.electable || raft.leader !== 0 || raft.role !== 'follower') return raft.electionDeadline;
  return Infinity;
}

function diskDeadline(raft: RaftState): number {
  return Math.max(slowDiskDeadline(raft), raft.diskCheckAt);
}

function deadlineOf(raft: RaftState): number {
  if (raft.stopped) return Infinity;
  let deadline = raft.readRetryAt;
  if (raft.role === 'leader') {
    deadline = Math.min(deadline, raft.heartbeatDeadline, diskDeadline(raft));
    if (raft.transfer !== null) deadline = Math.min(deadline, raft.transfer.deadline);
  } else deadline = Math.min(deadline, electionDeadline(raft));
  const forwarded = raft.forwardedProposals[0];
  return forwarded === undefined ? deadline : Math.min(deadline, forwarded.expiresAt);
}

// ------------------------------------------------------------------------------------------------------------ how a step settles

/** What the message changed has consequences, always in this order: commit, change of members, hand-over, send, deliver, answer. */
function settle(raft: RaftState): void {
  if (raft.role === 'leader') settleLeader(raft);
  deliverCommitted(raft);
  settleOutcomes(raft);
  snapshot.watchLogBytes(raft);
}

function settleLeader(raft: RaftState): void {
  if (raft.commitCheckDue) commitByCounting(raft);
  const committed = raft.commitIndex > raft.beforeCommitIndex;
  if (committed) {
    membership.leaveCommittedJoint(raft);
    read.releaseEarlyReads(raft);
  }
  if (raft.config.autoPromote) membership.promoteCaughtUpLearner(raft);
  if (raft.transfer !== null) transfer.advanceTransfer(raft);
  replication.flushAppends(raft);
  if (committed) membership.stepDownIfRemoved(raft);
}

function settleOutcomes(raft: RaftState): void {
  if (raft.role === 'leader') {
    if (raft.proposals.length > 0) proposal.endCommittedProposals(raft);
  } else {
    if (raft.proposals.length > 0) proposal.endAllProposals(raft);
    if (raft.pendingReads.length > 0) read.rejectPendingReads(raft);
    if (raft.transfer !== null) transfer.endTransfer(raft);
  }
  if (raft.forwardedProposals.length > 0) proposal.endForwardedProposals(raft);
  if (raft.forwardedReads.length > 0) read.endForwardedReads(raft);
}

// ------------------------------------------------------------------------------------------------------------------- stopped

/** After a failed write nothing leaves this member, but every question still gets its one answer. */
function refuseStopped(raft: RaftState, message: Message): void {
  const refused = { outcome: 'rejected', code: 'STOPPED', leader: 0 } as const;
  if (message.type === 'Propose') {
    for (const { id } of message.proposals)
      reply(raft, { type: 'ProposalReply', id, result: refused });
  } else if (message.type === 'ChangeMembership') {
    reply(raft, { type: 'ProposalReply', id: message.id, result: refused });
  } else if (message.type === 'Read') {
    reply(raft, { type: 'ReadReply', id: message.id, result: refused });
  } else if (message.type === 'TransferLeadership') {
    reply(raft, { type: 'TransferReply', id: message.id, result: refused });
  }
}
