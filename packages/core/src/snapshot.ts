/**
 * Snapshots (section 7, Figure 13): chunks out, chunks in, installation, compaction. Transfers resume: equal ids are equal bytes.
 * Invariants: only a snapshot newer than what is committed here is installed; the log is kept where it agrees with it; an installed
 * snapshot is acknowledged only once durable; nothing undelivered is compacted.
 */
import { capDurable } from './append.ts';
import { advanceCommitIndex } from './commit.ts';
import { assert } from './invariants.ts';
import type {
  Compact,
  Index,
  InstallSnapshot,
  InstallSnapshotReply,
  SnapshotMetadata,
  SnapshotStored,
} from './message.ts';
import { event, hold, send } from './outbox.ts';
import type { Progress } from './progress.ts';
import { hearLeader } from './role.ts';
import type { RaftState } from './state.ts';
import { foldConfigurations, refreshElectable, resetConfigurations } from './tracker.ts';

// ------------------------------------------------------------------------------------------------------------------ leader

/** The follower needs entries that are compacted: feed it the snapshot, or ask for one to be taken. */
export function startSnapshot(raft: RaftState, progress: Progress): void {
  if (raft.snapshot === null || raft.snapshot.lastIncludedIndex < raft.log.baseIndex) {
    progress.paused = true;
    requestSnapshot(raft, 'lagging follower');
    return;
  }
  progress.becomeSnapshot(raft.snapshot);
  sendSnapshotChunk(raft, progress);
}

/** Asked once, until a new one comes. */
export function requestSnapshot(raft: RaftState, reason: 'bytes' | 'lagging follower'): void {
  if (raft.snapshotRequested) return;
  raft.snapshotRequested = true;
  event(raft, { type: 'SnapshotNeeded', reason });
}

/** One chunk is in flight at a time: the rest of the leader's link is for entries. The replica fills in the bytes. */
export function sendSnapshotChunk(raft: RaftState, progress: Progress): void {
  const snapshot = progress.snapshot as SnapshotMetadata;
  progress.paused = true;
  progress.snapshotSentAt = raft.now;
  send(raft, {
    type: 'InstallSnapshot',
    from: raft.id,
    to: progress.id,
    term: raft.currentTerm,
    snapshot,
    offset: progress.snapshotOffset,
    length: Math.min(raft.config.snapshotChunkBytes, snapshot.size - progress.snapshotOffset),
    data: null,
    round: raft.round,
  });
}

/** Half of the memory for the log is used. After a compaction that freed little it must grow again first, or snapshots would never end. */
export function watchLogBytes(raft: RaftState): void {
  if (hasRoom(raft)) return;
  if ((raft.log.bytes - raft.compactedBytes) * 8 <= raft.config.maxLogBytes) return;
  requestSnapshot(raft, 'bytes');
}

/** A chunk or its answer may be lost; storing it may take long. */
export function resendStaleChunk(raft: RaftState, progress: Progress): void {
  if (raft.now < progress.snapshotSentAt + raft.config.electionTimeoutMax) return;
  sendSnapshotChunk(raft, progress);
}

/** The follower tells how much of which snapshot it has: continue from there, or go back to entries. */
export function handleInstallSnapshotReply(
  raft: RaftState,
  progress: Progress,
  rpc: InstallSnapshotReply,
): void {
  const snapshot = progress.snapshot;
  if (progress.state !== 'snapshot' || rpc.snapshotId !== snapshot?.id) return;
  if (rpc.installed) {
    // Where to go on, not what to count: the probe that follows brings the acknowledgement (or none, from a member under repair).
    progress.becomeProbe(Math.max(progress.matchIndex, snapshot.lastIncludedIndex) + 1);
    return;
  }
  if (rpc.offset === progress.snapshotOffset) return;
  if (!Number.isSafeInteger(rpc.offset) || rpc.offset < 0 || rpc.offset > snapshot.size) return;
  progress.snapshotOffset = rpc.offset;
  // All bytes are there and no verdict yet: wait for it, or for the resend that asks again.
  if (rpc.offset < snapshot.size) sendSnapshotChunk(raft, progress);
}

/** Own bytes cannot be read: nobody gets this snapshot any more. Or an incoming one failed its checksum: its sender starts again. */
export function handleSnapshotUnavailable(raft: RaftState, snapshotId: string): void {
  if (raft.snapshot?.id === snapshotId) {
    raft.snapshot = null;
    raft.snapshotRequested = false;
    requestSnapshot(raft, 'lagging follower');
  }
  for (const progress of raft.peers) {
    if (progress.snapshot?.id === snapshotId) progress.becomeProbe(progress.nextIndex);
  }
  if (raft.incoming?.snapshot.id === snapshotId) {
    raft.incoming = null;
    if (raft.leader !== 0 && raft.role === 'follower') sendOffset(raft, snapshotId, 0);
  }
}

// ---------------------------------------------------------------------------------------------------------------- follower

/** F13 IS.1: a leader of an older term is refused at once; the reply's term tells it. */
export function refuseStaleSnapshot(raft: RaftState, rpc: InstallSnapshot): void {
  sendSnapshotReply(raft, rpc.from, rpc.snapshot.id, 0, false, 0, 0);
}

/** InstallSnapshot of this term: F13 IS.2 to IS.5 here, IS.6 to IS.8 when the last byte is stored. */
export function handleInstallSnapshot(raft: RaftState, rpc: InstallSnapshot): void {
  if (rpc.data === null || rpc.data.length !== rpc.length || !isSane(rpc)) return;
  if (!hearLeader(raft, rpc.from)) return;
  if (rpc.round > raft.echoedRound) raft.echoedRound = rpc.round;
  if (isCovered(raft, rpc.snapshot)) acknowledgeCovered(raft, rpc.snapshot, rpc.round);
  else acceptChunk(raft, rpc);
}

function isSane(rpc: InstallSnapshot): boolean {
  const { snapshot, offset, length } = rpc;
  return (
    snapshot.lastIncludedIndex > 0 &&
    snapshot.lastIncludedTerm > 0 &&
    snapshot.lastIncludedTerm <= rpc.term &&
    snapshot.configurationIndex <= snapshot.lastIncludedIndex &&
    Number.isSafeInteger(offset) &&
    offset >= 0 &&
    offset + length <= snapshot.size
  );
}

/**
 * F13 IS.6: is everything the snapshot stands for here already, committed or as an entry with its last index and term? Then the log, and
 * whatever follows in it, is kept, and nothing older may replace newer state.
 */
function isCovered(raft: RaftState, snapshot: SnapshotMetadata): boolean {
  const { lastIncludedIndex, lastIncludedTerm } = snapshot;
  if (lastIncludedIndex <= raft.commitIndex) return true;
  return raft.log.termAt(lastIncludedIndex) === lastIncludedTerm;
}

function acknowledgeCovered(raft: RaftState, snapshot: SnapshotMetadata, round: number): void {
  const index = snapshot.lastIncludedIndex;
  // Log matching: an equal entry means an equal prefix, and what a snapshot holds is committed.
  advanceCommitIndex(raft, index);
  if (raft.incoming !== null && isCovered(raft, raft.incoming.snapshot)) raft.incoming = null;
  sendSnapshotReply(raft, raft.leader, snapshot.id, snapshot.size, true, index, round);
}

/** F13 IS.2 to F13 IS.5: offset 0 starts afresh, bytes go to the store in order, the rest is waited for, an older partial one is dropped. */
function acceptChunk(raft: RaftState, rpc: InstallSnapshot): void {
  const { snapshot, offset, data } = rpc;
  const known = raft.incoming;
  if (known === null || known.snapshot.id !== snapshot.id) {
    if (offset !== 0) {
      sendOffset(raft, snapshot.id, 0);
      return;
    }
    raft.incoming = { snapshot, handedOut: 0, stored: 0 };
  }
  const incoming = raft.incoming as NonNullable<typeof known>;
  const restarts = offset === 0 && incoming.handedOut === 0;
  if (offset === incoming.handedOut && (restarts || offset < snapshot.size)) {
    raft.incoming = { snapshot, handedOut: offset + rpc.length, stored: incoming.stored };
    raft.outChunk = { snapshot, offset, data: data as Uint8Array };
    return;
  }
  // A repeated chunk while the store is busy gets its answer from SnapshotStored; otherwise say where to go on.
  if (incoming.stored === incoming.handedOut) sendOffset(raft, snapshot.id, incoming.stored);
}

/** The store has the bytes; with all of them, verified, the snapshot takes the log's place. */
export function handleSnapshotStored(raft: RaftState, stored: SnapshotStored): void {
  const incoming = raft.incoming;
  if (incoming === null || incoming.snapshot.id !== stored.snapshotId) return;
  if (stored.complete) {
    raft.incoming = null;
    completeSnapshot(raft, incoming.snapshot);
    return;
  }
  raft.incoming = { ...incoming, stored: Math.max(incoming.stored, stored.offset) };
  if (raft.role === 'follower' && raft.leader !== 0) {
    sendOffset(raft, stored.snapshotId, raft.incoming.stored);
  }
}

function completeSnapshot(raft: RaftState, snapshot: SnapshotMetadata): void {
  // While the chunks came in, entries may have come by another way, or this member may have become a leader: newer state stays.
  if (!isCovered(raft, snapshot)) {
    if (raft.role !== 'follower') return;
    installSnapshot(raft, snapshot);
  }
  if (raft.leader === 0 || raft.role !== 'follower') return;
  acknowledgeCovered(raft, snapshot, raft.echoedRound);
}

/** F13 IS.7 and F13 IS.8: discard the entire log, take state and configuration from the snapshot; the persist effect carries it. */
function installSnapshot(raft: RaftState, snapshot: SnapshotMetadata): void {
  const { lastIncludedIndex, lastIncludedTerm } = snapshot;
  assert(lastIncludedIndex > raft.commitIndex, 'S9', 'a snapshot would replace newer state');
  capDurable(raft, raft.commitIndex);
  raft.log.reset(lastIncludedIndex, lastIncludedTerm);
  raft.compactedBytes = 0;
  raft.commitIndex = lastIncludedIndex;
  raft.deliveredIndex = lastIncludedIndex;
  raft.matchedIndex = Math.max(raft.matchedIndex, lastIncludedIndex);
  resetConfigurations(raft, snapshot.configurationIndex, snapshot.configuration);
  raft.snapshot = snapshot;
  raft.snapshotRequested = false;
  raft.installing = snapshot;
  event(raft, { type: 'SnapshotInstalled', snapshot });
}

function sendOffset(raft: RaftState, snapshotId: string, offset: number): void {
  sendSnapshotReply(raft, raft.leader, snapshotId, offset, false, 0, raft.echoedRound);
}

function sendSnapshotReply(
  raft: RaftState,
  to: number,
  snapshotId: string,
  offset: number,
  installed: boolean,
  matchIndex: Index,
  round: number,
): void {
  const message: InstallSnapshotReply = {
    type: 'InstallSnapshotReply',
    from: raft.id,
    to,
    term: raft.currentTerm,
    snapshotId,
    offset,
    installed,
    matchIndex: raft.repairUntil > 0 ? 0 : matchIndex,
    round,
  };
  if (installed && matchIndex > raft.durableIndex) hold(raft, message);
  else send(raft, message);
}

// -------------------------------------------------------------------------------------------------------------- compaction

/** Section 7: a durable snapshot of applied state lets the log before it go, but for what slightly slower followers still need. */
export function handleCompact(raft: RaftState, compact: Compact): void {
  const { snapshot, keep } = compact;
  const index = snapshot.lastIncludedIndex;
  assert(index <= raft.lastApplied, 'local', 'a local snapshot holds more than was applied');
  if (raft.snapshot !== null && index < raft.snapshot.lastIncludedIndex) return;
  raft.snapshot = snapshot;
  raft.snapshotRequested = false;
  const compactTo = hasRoom(raft) ? Math.min(index - keep, slowestNeed(raft, index)) : index;
  if (compactTo > raft.log.baseIndex) {
    foldConfigurations(raft, compactTo);
    raft.log.compactTo(compactTo);
    refreshElectable(raft);
  }
  raft.compactedBytes = raft.log.bytes;
}

/** Keeping entries for others is a favour: with the log half full it would end in LOG_LIMIT. */
function hasRoom(raft: RaftState): boolean {
  return raft.log.bytes * 2 <= raft.config.maxLogBytes;
}

/** What a live follower still lacks: its entries are cheaper than a snapshot. */
function slowestNeed(raft: RaftState, index: Index): Index {
  let need = index;
  for (const progress of raft.peers) {
    const live = raft.now < progress.lastContact + raft.config.electionTimeoutMax;
    if (live && progress.state === 'replicate') need = Math.min(need, progress.matchIndex);
  }
  return need;
}
