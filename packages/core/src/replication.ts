/**
 * Log replication (sections 5.3, 5.5; Figure 2, AppendEntries). A leader feeds each follower from nextIndex, pipelined; a follower checks,
 * repairs, appends and acknowledges what is durable. Invariants: a follower's log only changes where it conflicts with the leader's; a
 * committed entry never does; an acknowledgement never runs ahead of the disk.
 */
import { appendEntry, truncateLog } from './append.ts';
import { advanceCommitIndex } from './commit.ts';
import type { AppendEntries, AppendEntriesReply, Entry, Index } from './message.ts';
import { hold, send } from './outbox.ts';
import type { Progress } from './progress.ts';
import { hearLeader } from './role.ts';
import { resendStaleChunk, sendSnapshotChunk, startSnapshot } from './snapshot.ts';
import type { RaftState } from './state.ts';

const NO_ENTRIES: readonly Entry[] = Object.freeze([]);

// ------------------------------------------------------------------------------------------------------------------ leader

/** At the end of a step: whatever was appended or acknowledged in it goes out, or on, in as few messages as fit. */
export function flushAppends(raft: RaftState): void {
  const peers = raft.peers;
  for (let i = 0; i < peers.length; i += 1) {
    const progress = peers[i] as Progress;
    if (progress.state === 'replicate') feedReplicate(raft, progress);
    else if (progress.state === 'probe') feedProbe(raft, progress);
    else feedSnapshot(raft, progress);
    if (progress.beat !== 'none') sendBeat(raft, progress);
  }
}

/** F2 RS.L.3: if last log index >= nextIndex, send entries from nextIndex on; here without waiting for earlier answers, within the window. */
function feedReplicate(raft: RaftState, progress: Progress): void {
  const last = raft.log.lastIndex;
  while (progress.nextIndex <= last) {
    if (progress.nextIndex <= raft.log.baseIndex) {
      startSnapshot(raft, progress);
      return;
    }
    if (isWindowFull(raft, progress)) return;
    progress.nextIndex = sendEntries(raft, progress) + 1;
  }
}

/** One message at a time until the logs are known to agree at nextIndex - 1. */
function feedProbe(raft: RaftState, progress: Progress): void {
  if (progress.paused) return;
  if (progress.nextIndex <= raft.log.baseIndex) {
    startSnapshot(raft, progress);
    return;
  }
  progress.paused = true;
  if (progress.nextIndex <= raft.log.lastIndex) sendEntries(raft, progress);
  else progress.beat = 'heartbeat';
}

function feedSnapshot(raft: RaftState, progress: Progress): void {
  if (!progress.paused) sendSnapshotChunk(raft, progress);
  else if (progress.beat === 'heartbeat') resendStaleChunk(raft, progress);
}

function isWindowFull(raft: RaftState, progress: Progress): boolean {
  return (
    progress.inflightCount >= raft.config.maxInflightMessages ||
    progress.inflightBytes >= raft.config.maxInflightBytes
  );
}

/** Returns the last index sent. */
function sendEntries(raft: RaftState, progress: Progress): Index {
  const { config, log } = raft;
  const from = progress.nextIndex;
  const end = log.batchEnd(from, config.maxAppendEntries, config.maxAppendBytes);
  progress.addInflight(end, log.batchBytes);
  sendAppendEntries(raft, progress, from - 1, log.slice(from, end));
  progress.beat = 'none';
  return end;
}

/**
 * F2 RS.L.1: heartbeats. A heartbeat stands at nextIndex - 1, so that the refusal of a lost pipeline comes back as an answer; a bare round
 * (a read wants to know whether this member still leads) stands where it must match, so that reordering costs nothing.
 */
function sendBeat(raft: RaftState, progress: Progress): void {
  const probing = progress.beat === 'heartbeat' && progress.state !== 'snapshot';
  const prev = anchor(raft, probing ? progress.nextIndex - 1 : progress.matchIndex);
  progress.beat = 'none';
  sendAppendEntries(raft, progress, prev, NO_ENTRIES);
}

/** Where a message without entries stands. The term of a compacted entry is unknown; index 0 matches everywhere. */
function anchor(raft: RaftState, index: Index): Index {
  return index < raft.log.baseIndex ? 0 : index;
}

function sendAppendEntries(
  raft: RaftState,
  progress: Progress,
  prevLogIndex: Index,
  entries: readonly Entry[],
): void {
  progress.commitSent = Math.min(raft.commitIndex, prevLogIndex + entries.length);
  send(raft, {
    type: 'AppendEntries',
    from: raft.id,
    to: progress.id,
    term: raft.currentTerm,
    prevLogIndex,
    prevLogTerm: raft.log.termAt(prevLogIndex) as number,
    entries,
    leaderCommit: raft.commitIndex,
    round: raft.round,
  });
}

/** Marks every follower for a heartbeat (or a bare round) at the end of the step; entries that go out anyway carry it. */
export function broadcastBeat(raft: RaftState, beat: 'round' | 'heartbeat'): void {
  for (const progress of raft.peers) if (progress.beat !== 'heartbeat') progress.beat = beat;
}

/** F2 RS.L.3a / F2 RS.L.3b: success moves matchIndex and nextIndex on; inconsistency moves nextIndex back and asks again. */
export function handleAppendEntriesReply(
  raft: RaftState,
  progress: Progress,
  rpc: AppendEntriesReply,
): void {
  if (rpc.matchIndex > raft.log.lastIndex || rpc.rejectedIndex > raft.log.lastIndex) return;
  progress.lastIndex = rpc.lastIndex;
  if (rpc.success) acceptAcknowledgement(raft, progress, rpc.matchIndex);
  else acceptRefusal(raft, progress, rpc);
}

/** F2 RS.L.3a. matchIndex only grows: acknowledgements overtake one another. */
function acceptAcknowledgement(raft: RaftState, progress: Progress, matchIndex: Index): void {
  if (matchIndex > progress.matchIndex) {
    progress.matchIndex = matchIndex;
    progress.matchRound = raft.round;
    progress.freeInflight(matchIndex);
    if (progress.nextIndex <= matchIndex) progress.nextIndex = matchIndex + 1;
    raft.commitCheckDue = true;
  }
  if (progress.state === 'probe') {
    progress.becomeReplicate(Math.max(progress.nextIndex, progress.matchIndex + 1));
  } else if (progress.state === 'snapshot' && progress.matchIndex >= raft.log.baseIndex) {
    progress.becomeProbe(progress.matchIndex + 1);
  }
}

/** F2 RS.L.3b. Only the refusal of what is being asked now counts; a late one would throw the pipeline away. */
function acceptRefusal(raft: RaftState, progress: Progress, rpc: AppendEntriesReply): void {
  if (progress.state === 'snapshot') return;
  if (rpc.conflictIndex >= rpc.rejectedIndex) {
    feedUnacknowledging(raft, progress, rpc);
    return;
  }
  if (rpc.rejectedIndex <= progress.matchIndex) {
    // It refuses what it acknowledged, and was asked after that acknowledgement came: its disk lost it. Never count it again for that.
    if (rpc.round <= progress.matchRound || rpc.lastIndex >= progress.matchIndex) return;
    progress.matchIndex = 0;
  } else if (progress.state === 'probe' && rpc.rejectedIndex !== progress.nextIndex - 1) {
    return;
  }
  const hint = raft.log.lastIndexWithTermAtMost(
    Math.min(rpc.conflictIndex, rpc.rejectedIndex - 1),
    rpc.conflictTerm,
  );
  progress.becomeProbe(Math.max(hint, progress.matchIndex, 0) + 1);
}

/** A member under repair took the entries and acknowledges none: go on behind them, one message at a time, and count nothing. */
function feedUnacknowledging(raft: RaftState, progress: Progress, rpc: AppendEntriesReply): void {
  const { log } = raft;
  // The probe may be lost and what it asked about compacted since: then heartbeats ask at the anchor, and its answer moves the leader on.
  const asked = anchor(raft, progress.nextIndex - 1);
  if (progress.state === 'probe' && rpc.rejectedIndex !== asked) return;
  const taken = log.lastIndexWithTermAtMost(rpc.conflictIndex, rpc.conflictTerm);
  if (progress.state === 'replicate') {
    // The refusal may be that of a bare round, which stands at matchIndex: its own lastIndex is the better guess.
    const guess = Math.min(progress.nextIndex - 1, rpc.lastIndex);
    progress.becomeProbe(Math.max(taken, guess, progress.matchIndex) + 1);
  } else if (taken >= progress.nextIndex) progress.becomeProbe(taken + 1);
  else if (progress.nextIndex <= log.lastIndex) progress.paused = false;
}

// ---------------------------------------------------------------------------------------------------------------- follower

/** F2 AE.1: a leader of an older term is refused; the reply's term tells it. */
export function refuseStaleAppend(raft: RaftState, rpc: AppendEntries): void {
  sendAppendReply(raft, rpc, false, 0);
}

/** AppendEntries of this term: F2 AE.2 to F2 AE.5 in the paper's order. */
export function handleAppendEntries(raft: RaftState, rpc: AppendEntries): void {
  if (!isWellFormed(rpc) || !hearLeader(raft, rpc.from)) return;
  if (!matchesPrevious(raft, rpc)) {
    sendAppendReply(raft, rpc, false, 0);
    return;
  }
  const firstNew = firstDifference(raft, rpc);
  if (!deleteConflicting(raft, rpc, firstNew)) return;
  appendNewEntries(raft, rpc, firstNew);
  const lastNewIndex = rpc.prevLogIndex + rpc.entries.length;
  if (lastNewIndex > raft.matchedIndex) raft.matchedIndex = lastNewIndex;
  adoptLeaderCommit(raft, rpc.leaderCommit, lastNewIndex);
  acknowledge(raft, rpc, lastNewIndex);
}

/** Indexes without gaps, terms that never decrease and never pass the leader's: else it was not a leader who wrote this. */
function isWellFormed(rpc: AppendEntries): boolean {
  let index = rpc.prevLogIndex;
  let term = rpc.prevLogTerm;
  if (index < 0 || term > rpc.term) return false;
  const entries = rpc.entries;
  for (let i = 0; i < entries.length; i += 1) {
    const entry = entries[i] as Entry;
    index += 1;
    if (entry.index !== index || entry.term < term || entry.term > rpc.term) return false;
    term = entry.term;
  }
  return true;
}

/**
 * F2 AE.2: reply false if the log has no entry at prevLogIndex whose term is prevLogTerm. What is compacted is committed, so it matches
 * whatever its forgotten term was, as long as the entry at the base agrees; a term beyond the end matches nothing.
 */
function matchesPrevious(raft: RaftState, rpc: AppendEntries): boolean {
  const { log } = raft;
  if (rpc.prevLogIndex >= log.baseIndex) return log.termAt(rpc.prevLogIndex) === rpc.prevLogTerm;
  const atBase = rpc.entries[log.baseIndex - rpc.prevLogIndex - 1];
  return atBase === undefined || atBase.term === log.baseTerm;
}

/** The position in rpc.entries of the first that is not in the log already. */
function firstDifference(raft: RaftState, rpc: AppendEntries): number {
  const { log } = raft;
  const entries = rpc.entries;
  let position = Math.max(0, log.baseIndex - rpc.prevLogIndex);
  const overlap = Math.min(entries.length, log.lastIndex - rpc.prevLogIndex);
  while (position < overlap) {
    const entry = entries[position] as Entry;
    if (log.termAt(entry.index) !== entry.term) return position;
    position += 1;
  }
  return position;
}

/** F2 AE.3: an entry that conflicts (same index, other term) goes, and all that follow it; never one that agrees. */
function deleteConflicting(raft: RaftState, rpc: AppendEntries, firstNew: number): boolean {
  if (firstNew >= rpc.entries.length) return true;
  const index = rpc.prevLogIndex + firstNew + 1;
  if (index > raft.log.lastIndex) return index === raft.log.lastIndex + 1;
  // No leader can contradict what is committed: this is damage, not a message.
  if (index <= raft.commitIndex) return false;
  truncateLog(raft, index);
  return true;
}

/** F2 AE.4: append what is not yet in the log. */
function appendNewEntries(raft: RaftState, rpc: AppendEntries, firstNew: number): void {
  const entries = rpc.entries;
  for (let i = firstNew; i < entries.length; i += 1) appendEntry(raft, entries[i] as Entry);
  if (firstNew === 0 && entries.length > 0) raft.log.shareSlice(entries);
}

/** F2 AE.5: if leaderCommit > commitIndex, commitIndex = min(leaderCommit, index of the last new entry). */
function adoptLeaderCommit(raft: RaftState, leaderCommit: Index, lastNewIndex: Index): void {
  advanceCommitIndex(raft, Math.min(leaderCommit, lastNewIndex));
}

/**
 * F2 RS.F.1: respond, but only to what is durable. What is not yet waits for its write; the echo of a new round does not, since it says
 * nothing about entries.
 */
function acknowledge(raft: RaftState, rpc: AppendEntries, lastNewIndex: Index): void {
  if (raft.repairUntil > 0) {
    finishRepair(raft, rpc.leaderCommit);
    sendAppendReply(raft, rpc, false, lastNewIndex);
    return;
  }
  const durable = Math.min(lastNewIndex, raft.durableIndex);
  if (durable === lastNewIndex) {
    sendAppendReply(raft, rpc, true, lastNewIndex);
    return;
  }
  if (rpc.round > raft.echoedRound) sendAppendReply(raft, rpc, true, durable);
  sendAppendReply(raft, rpc, true, lastNewIndex);
}

/** Until everything once acknowledged and everything committed is durable again, this member neither votes nor acknowledges. */
function finishRepair(raft: RaftState, leaderCommit: Index): void {
  const whole = Math.min(raft.durableIndex, raft.matchedIndex);
  if (whole >= raft.repairUntil && whole >= leaderCommit) raft.repairUntil = 0;
}

/**
 * A refusal says where to look next: before the refused index, the last index here whose term is at most prevLogTerm (what is committed
 * cannot conflict). A member under repair refuses what it took (`index`): the place to look next is then at or behind the refused one.
 */
function conflictHint(raft: RaftState, rpc: AppendEntries, index: Index): Index {
  if (index > 0) return index;
  const before = Math.max(0, rpc.prevLogIndex - 1);
  const hint = raft.log.lastIndexWithTermAtMost(before, rpc.prevLogTerm);
  return Math.min(before, Math.max(hint, raft.commitIndex));
}

/** `index`: what is acknowledged; in a refusal what was taken all the same, or 0. */
function sendAppendReply(
  raft: RaftState,
  rpc: AppendEntries,
  success: boolean,
  index: Index,
): void {
  const { log } = raft;
  const conflictIndex = success ? 0 : conflictHint(raft, rpc, index);
  const message: AppendEntriesReply = {
    type: 'AppendEntriesReply',
    from: raft.id,
    to: rpc.from,
    term: raft.currentTerm,
    success,
    matchIndex: success ? index : 0,
    rejectedIndex: success ? 0 : rpc.prevLogIndex,
    conflictIndex,
    conflictTerm: success ? 0 : (log.termAt(conflictIndex) ?? 0),
    round: rpc.round,
    lastIndex: log.lastIndex,
  };
  if (rpc.term === raft.currentTerm && rpc.round > raft.echoedRound) raft.echoedRound = rpc.round;
  if (message.matchIndex > raft.durableIndex) hold(raft, message);
  else send(raft, message);
}
