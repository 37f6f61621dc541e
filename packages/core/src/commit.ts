/**
 * commitIndex, and what it hands to the state machine (sections 5.3, 5.4.2). Invariants: commitIndex only grows; an entry is delivered once a
 * boot, in order, and only when it is committed *and* durable here.
 */
import type { Index } from './message.ts';
import { event } from './outbox.ts';
import type { RaftState } from './state.ts';
import { configurationIndexInForce, quorumOf, refreshElectable } from './tracker.ts';

/**
 * F2 RS.L.4: if a majority's matchIndex reaches N > commitIndex and log[N].term is the current term, commitIndex = N.
 * An entry of an older term is never committed by counting (Figure 8): it commits with one of this term.
 */
export function commitByCounting(raft: RaftState): void {
  const index = quorumOf(raft, 'matchIndex');
  if (index <= raft.commitIndex) return;
  if (raft.log.termAt(index) !== raft.currentTerm) return;
  releaseUncommittedBytes(raft, index);
  advanceCommitIndex(raft, index);
}

/** Never moves back. */
export function advanceCommitIndex(raft: RaftState, index: Index): void {
  if (index <= raft.commitIndex) return;
  const decides = configurationIndexInForce(raft) > raft.commitIndex;
  raft.commitIndex = index;
  if (decides) refreshElectable(raft);
}

function releaseUncommittedBytes(raft: RaftState, index: Index): void {
  raft.uncommittedBytes -= raft.log.bytesBetween(raft.commitIndex + 1, index);
  if (!raft.aboveHighWater || raft.uncommittedBytes * 2 > raft.config.maxUncommittedBytes) return;
  raft.aboveHighWater = false;
  event(raft, { type: 'LowWater', uncommittedBytes: raft.uncommittedBytes });
}

/** F2 RS.A.1: if commitIndex > lastApplied, apply log[lastApplied + 1..]: here, hand over what is also durable. */
export function deliverCommitted(raft: RaftState): void {
  const deliverable = Math.min(raft.commitIndex, raft.durableIndex);
  if (deliverable <= raft.deliveredIndex) return;
  raft.outCommits = raft.log.slice(raft.deliveredIndex + 1, deliverable);
  raft.deliveredIndex = deliverable;
}
