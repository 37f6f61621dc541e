/**
 * Linearizable reads without log entries (section 8; dissertation 6.4): ReadIndex by rounds, leases, reads through followers.
 * Invariants: a read's index is the commitIndex of a leader that had committed in its term, and a quorum echoed a round begun after the
 * read arrived (or a lease held); an echo of an older round never confirms a newer one.
 */
import type { MemberId } from './configuration.ts';
import type { Index, ReadIndex, ReadIndexReply, RefusalCode } from './message.ts';
import { reply, send } from './outbox.ts';
import { broadcastBeat } from './replication.ts';
import type { ForwardedRead, PendingRead, RaftState } from './state.ts';
import { findProgress, quorumOf } from './tracker.ts';

/** A client of this member wants to read. */
export function handleRead(raft: RaftState, id: number, mode: 'readIndex' | 'lease'): void {
  if (mode === 'lease' && !raft.config.leaseReads) rejectRead(raft, id, 0, 'LEASE_DISABLED');
  else if (raft.role !== 'leader') readThroughLeader(raft, id);
  else if (mode === 'lease' && isLeaseValid(raft)) answerRead(raft, id, 0, raft.commitIndex);
  else queueRead(raft, id, 0);
}

// ------------------------------------------------------------------------------------------------------------------ leader

/** Step 1 of dissertation 6.4: before the first commit of its term a leader does not know what is committed. */
function hasCommittedInTerm(raft: RaftState): boolean {
  return raft.commitIndex >= raft.termStartIndex;
}

function queueRead(raft: RaftState, id: number, origin: MemberId): void {
  if (!hasCommittedInTerm(raft)) {
    raft.pendingReads.push({ id, origin, index: 0, round: 0 });
    return;
  }
  // With a round under way the read must wait for the next: the echoes of this one may have left before it arrived.
  const underWay = raft.pendingReads.length > 0 && raft.round > raft.confirmedRound;
  raft.pendingReads.push({ id, origin, index: raft.commitIndex, round: raft.round + 1 });
  if (!underWay) startReadRound(raft);
}

/** Step 3: is this member still the leader? Ask everyone; a quorum's echo says yes. */
function startReadRound(raft: RaftState): void {
  beginRound(raft);
  broadcastBeat(raft, 'round');
  confirmRounds(raft);
}

/** Rounds are numbered and never reused; heartbeats are rounds too. */
export function beginRound(raft: RaftState): void {
  raft.round += 1;
  if (raft.config.leaseReads) raft.roundStartedAt.push(raft.now);
}

/** The term's first commit is known: reads that came before it get their index now. */
export function releaseEarlyReads(raft: RaftState): void {
  const first = raft.pendingReads[0];
  if (first === undefined || first.index !== 0 || !hasCommittedInTerm(raft)) return;
  raft.pendingReads = raft.pendingReads.map((read) =>
    read.index === 0 ? { ...read, index: raft.commitIndex, round: raft.round + 1 } : read,
  );
  startReadRound(raft);
}

/** A quorum echoed up to some round: every read that asked for it, or an older one, is answered. */
export function confirmRounds(raft: RaftState): void {
  if (raft.pendingReads.length === 0 && !raft.config.leaseReads) return;
  const confirmed = quorumOf(raft, 'ackedRound');
  if (confirmed > raft.confirmedRound) {
    extendLease(raft, confirmed);
    raft.confirmedRound = confirmed;
    answerConfirmedReads(raft);
  }
  // Those that arrived during the round go together in the next.
  const waiting = raft.pendingReads[0];
  if (waiting !== undefined && waiting.index > 0 && waiting.round > raft.round)
    startReadRound(raft);
}

function answerConfirmedReads(raft: RaftState): void {
  const reads = raft.pendingReads;
  let done = 0;
  while (done < reads.length) {
    const read = reads[done] as PendingRead;
    if (read.index === 0 || read.round > raft.confirmedRound) break;
    answerRead(raft, read.id, read.origin, read.index);
    done += 1;
  }
  reads.splice(0, done);
}

/** A lease runs from when its round was *sent*: a follower's promise began no earlier. */
function extendLease(raft: RaftState, confirmed: number): void {
  if (!raft.config.leaseReads) return;
  const position = confirmed - raft.confirmedRound - 1;
  raft.leaseStart = raft.roundStartedAt[position] ?? raft.leaseStart;
  raft.roundStartedAt.splice(0, position + 1);
}

/**
 * Dissertation 6.4.1. Followers promise electionTimeoutMin by their clocks; ours and theirs may each stray by the drift bound, and both
 * read whole milliseconds. After TimeoutNow no promise binds anyone: the term has no lease any more.
 */
export function isLeaseValid(raft: RaftState): boolean {
  const { electionTimeoutMin, clockDriftBound, leaseReads } = raft.config;
  if (!leaseReads || raft.leaseSurrendered || !hasCommittedInTerm(raft)) return false;
  return raft.now - raft.leaseStart < (electionTimeoutMin - 2) / (1 + 2 * clockDriftBound);
}

function answerRead(raft: RaftState, id: number, origin: MemberId, index: Index): void {
  if (origin === 0) {
    reply(raft, { type: 'ReadReply', id, result: { outcome: 'ready', index } });
    return;
  }
  sendReadReply(raft, origin, id, index, null);
  // A follower serves the read when it has applied `index`; without this it would learn that commitIndex a heartbeat later.
  const progress = findProgress(raft, origin);
  if (progress !== null && progress.commitSent < index && progress.beat === 'none') {
    progress.beat = 'round';
  }
}

function rejectRead(raft: RaftState, id: number, origin: MemberId, code: RefusalCode): void {
  if (origin === 0) {
    const result = { outcome: 'rejected', code, leader: raft.leader } as const;
    reply(raft, { type: 'ReadReply', id, result });
  } else sendReadReply(raft, origin, id, 0, code);
}

function sendReadReply(
  raft: RaftState,
  to: MemberId,
  id: number,
  index: Index,
  refusal: RefusalCode | null,
): void {
  const message: ReadIndexReply = {
    type: 'ReadIndexReply',
    from: raft.id,
    to,
    term: raft.currentTerm,
    id,
    index,
    refusal,
  };
  send(raft, message);
}

/** Leadership is lost: no round can be confirmed any more. */
export function rejectPendingReads(raft: RaftState): void {
  for (const { id, origin } of raft.pendingReads) rejectRead(raft, id, origin, 'NOT_LEADER');
  raft.pendingReads = [];
}

// ---------------------------------------------------------------------------------------------------------------- follower

/** A follower or learner asks for an index on behalf of its clients. */
export function handleReadIndex(raft: RaftState, rpc: ReadIndex): void {
  if (raft.role !== 'leader') rejectRead(raft, rpc.id, rpc.from, 'NOT_LEADER');
  else queueRead(raft, rpc.id, rpc.from);
}

/** One request is out at a time and carries all reads that arrived before it left. */
function readThroughLeader(raft: RaftState, id: number): void {
  if (raft.leader === 0) {
    rejectRead(raft, id, 0, 'NO_LEADER');
    return;
  }
  if (raft.readRequest !== 0) {
    raft.forwardedReads.push({ id, request: 0 });
    return;
  }
  raft.forwardTerm = raft.currentTerm;
  raft.forwardLeader = raft.leader;
  raft.readRequest = raft.nextRequest;
  raft.nextRequest += 1;
  raft.forwardedReads.push({ id, request: raft.readRequest });
  askForReadIndex(raft);
}

/** The same request again if its answer is late: whichever copy is answered, its index was taken after the reads arrived. */
export function askForReadIndex(raft: RaftState): void {
  // This very step lost the leader: there is nobody to ask, and settling ends these reads.
  if (raft.leader === 0) return;
  raft.readRetryAt = raft.now + raft.config.electionTimeoutMin;
  send(raft, {
    type: 'ReadIndex',
    from: raft.id,
    to: raft.leader,
    term: raft.currentTerm,
    id: raft.readRequest,
  });
}

export function handleReadIndexReply(raft: RaftState, rpc: ReadIndexReply): void {
  if (raft.readRequest === 0 || rpc.id !== raft.readRequest) return;
  const reads = raft.forwardedReads;
  let done = 0;
  while (done < reads.length && (reads[done] as ForwardedRead).request === rpc.id) {
    const { id } = reads[done] as ForwardedRead;
    if (rpc.refusal === null) answerRead(raft, id, 0, rpc.index);
    else rejectRead(raft, id, 0, rpc.refusal);
    done += 1;
  }
  reads.splice(0, done);
  raft.readRequest = 0;
  raft.readRetryAt = Infinity;
  if (reads.length > 0) sendWaitingReads(raft);
}

function sendWaitingReads(raft: RaftState): void {
  raft.readRequest = raft.nextRequest;
  raft.nextRequest += 1;
  raft.forwardedReads = raft.forwardedReads.map(({ id }) => ({ id, request: raft.readRequest }));
  askForReadIndex(raft);
}

/** The leader that was asked is the leader no more. */
export function endForwardedReads(raft: RaftState): void {
  if (raft.forwardTerm === raft.currentTerm && raft.forwardLeader === raft.leader) return;
  for (const { id } of raft.forwardedReads) rejectRead(raft, id, 0, 'NO_LEADER');
  raft.forwardedReads = [];
  raft.readRequest = 0;
  raft.readRetryAt = Infinity;
}
