/**
 * The write side of the contract: what becomes true when a persist is answered, and what a slow, full or broken disk means.
 * Invariants: `durable*` speak of completed writes only; a held message leaves after its write (by seq) and in its own term, or never.
 */

import { assert } from './invariants.ts';
import type { Persist, PersistFailed } from './message.ts';
import { isDirty, release } from './outbox.ts';
import type { HeldMessage, OutstandingWrite, RaftState } from './state.ts';

const NO_ENTRIES: readonly never[] = Object.freeze([]);

/** The step's one write, numbered; null when nothing has to become durable. */
export function issuePersist(raft: RaftState): Persist | null {
  if (!isDirty(raft)) return null;
  raft.issuedSeq += 1;
  const log = raft.log;
  const appended = raft.appendedFrom !== 0;
  const installed = raft.installing === null ? 0 : raft.installing.lastIncludedIndex;
  raft.outstanding.push({
    seq: raft.issuedSeq,
    issuedAt: raft.now,
    term: raft.currentTerm,
    votedFor: raft.votedFor,
    lastIndex: appended ? log.lastIndex : installed,
  });
  return {
    seq: raft.issuedSeq,
    hardState: { term: raft.currentTerm, votedFor: raft.votedFor },
    truncateFrom: raft.truncatedFrom,
    entries: appended ? log.slice(raft.appendedFrom, log.lastIndex) : NO_ENTRIES,
    snapshot: raft.installing,
  };
}

/** Every write up to `seq` is durable: believe it, and let go of what waited for it. */
export function notePersisted(raft: RaftState, seq: number): void {
  assert(seq <= raft.issuedSeq, 'local', 'the driver answered a persist that was never issued');
  if (seq <= raft.persistedSeq) return;
  raft.persistedSeq = seq;
  raft.diskFull = false;
  let done = 0;
  while (done < raft.outstanding.length) {
    const write = raft.outstanding[done] as OutstandingWrite;
    if (write.seq > seq) break;
    raft.durableTerm = write.term;
    raft.durableVotedFor = write.votedFor;
    if (write.lastIndex > raft.durableIndex) raft.durableIndex = write.lastIndex;
    done += 1;
  }
  dropFirst(raft.outstanding, done);
  releaseHeld(raft);
  raft.commitCheckDue = true;
}

/** Of several append acknowledgements that come due together only the last says anything. */
function releaseHeld(raft: RaftState): void {
  const held = raft.held;
  let due = 0;
  while (due < held.length && (held[due] as HeldMessage).seq <= raft.persistedSeq) due += 1;
  if (due === 0) return;
  for (let i = 0; i < due; i += 1) {
    const { term, message } = held[i] as HeldMessage;
    if (term !== raft.currentTerm) continue;
    const next = i + 1 < due ? (held[i + 1] as HeldMessage) : null;
    if (next !== null && isCoveredBy(message, next.message)) continue;
    release(raft, message);
  }
  dropFirst(held, due);
}

/** Nearly always all of them, and few: popping keeps the array's memory, setting its length does not. */
function dropFirst(list: unknown[], count: number): void {
  if (count === list.length) while (list.length > 0) list.pop();
  else if (count > 0) list.splice(0, count);
}

function isCoveredBy(message: HeldMessage['message'], next: HeldMessage['message']): boolean {
  return (
    message.type === 'AppendEntriesReply' &&
    next.type === 'AppendEntriesReply' &&
    message.success &&
    next.success &&
    message.to === next.to &&
    message.term === next.term &&
    message.matchIndex <= next.matchIndex &&
    message.round <= next.round
  );
}

/**
 * NO_SPACE: the writes stay outstanding, new proposals are refused, reads go on; the driver writes the same effects again, in order, and
 * answers Persisted. Anything else: what reached the disk is unknown and retrying would be a lie, so this member falls silent for good.
 */
export function notePersistFailed(raft: RaftState, failure: PersistFailed): void {
  if (failure.code === 'NO_SPACE') raft.diskFull = true;
  else raft.stopped = true;
}

/** When the oldest outstanding write will have waited for an election timeout; Infinity: none is outstanding. */
export function slowDiskDeadline(raft: RaftState): number {
  if (raft.outstanding.length === 0) return Infinity;
  const { issuedAt } = raft.outstanding[0] as OutstandingWrite;
  return issuedAt + raft.config.electionTimeoutMax;
}

/** The disk has kept a write for longer than an election timeout: no member to lead, or to become leader. */
export function isDiskSlow(raft: RaftState): boolean {
  return raft.now >= slowDiskDeadline(raft);
}
