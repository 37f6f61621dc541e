/**
 * Cluster membership changes (section 6; dissertation ch. 4): single-server and joint, learners first, one change in flight.
 * Invariants: no change before the term's first commit nor while another is uncommitted or joint; any two configurations that can be in
 * force at once share a member in every pair of quorums; a removed leader never counts itself.
 */
import { appendConfiguration } from './append.ts';
import {
  type Configuration,
  changeSingle,
  enterJoint,
  leaveJoint,
  type MemberChange,
} from './configuration.ts';
import type { ChangeMembership, RefusalCode } from './message.ts';
import type { Progress } from './progress.ts';
import { openProposal, reject } from './proposal.ts';
import type { RaftState } from './state.ts';
import {
  configurationIndexInForce,
  configurationInForce,
  findProgress,
  isVoterInForce,
} from './tracker.ts';
import { handOver } from './transfer.ts';

/** A change is an entry; it ends, like any proposal, when that entry is committed (for a joint change: the joint entry). */
export function handleChangeMembership(raft: RaftState, order: ChangeMembership): void {
  const refusal = refusalOfChange(raft);
  if (refusal !== null) {
    reject(raft, order.id, 0, refusal);
    return;
  }
  const next = nextConfiguration(raft, order);
  if (typeof next === 'string') {
    reject(raft, order.id, 0, next);
    return;
  }
  openProposal(raft, order.id, appendConfiguration(raft, next), 0);
}

function refusalOfChange(raft: RaftState): RefusalCode | null {
  if (raft.role !== 'leader') return raft.leader === 0 ? 'NO_LEADER' : 'NOT_LEADER';
  if (raft.transfer !== null) return 'TRANSFERRING';
  if (raft.diskFull) return 'NO_SPACE';
  // The bug of 2015: without it a change of an earlier leader may still commit beside this one, with disjoint majorities.
  if (raft.commitIndex < raft.termStartIndex) return 'NO_COMMIT_IN_TERM';
  return isChangeInFlight(raft) ? 'CHANGE_IN_FLIGHT' : null;
}

function isChangeInFlight(raft: RaftState): boolean {
  return configurationIndexInForce(raft) > raft.commitIndex;
}

function nextConfiguration(raft: RaftState, order: ChangeMembership): Configuration | RefusalCode {
  const configuration = configurationInForce(raft);
  if (order.changes.length === 0) return leaveJoint(configuration);
  if (configuration.outgoing !== null) return 'CHANGE_IN_FLIGHT';
  for (const change of order.changes) {
    if (change.type === 'promote' && isLagging(raft, change)) return 'LAGGING';
  }
  if (order.mode === 'single') return changeSingle(configuration, order.changes);
  return enterJoint(configuration, order.changes, order.mode === 'joint');
}

function isLagging(raft: RaftState, change: MemberChange & { readonly type: 'promote' }): boolean {
  const progress = findProgress(raft, change.id);
  return progress !== null && !isCaughtUp(raft, progress);
}

// ------------------------------------------------------------------------------------------------------------ catching up

/**
 * Dissertation 4.2.1: replication to a new member in rounds, each up to where the log ended when it began. Once a round takes less than an
 * election timeout the rest is short enough to wait for.
 */
export function noteCatchUp(raft: RaftState, progress: Progress): void {
  if (progress.matchIndex < progress.catchUpTarget) return;
  progress.caughtUp = raft.now - progress.catchUpStartedAt < raft.config.electionTimeoutMin;
  progress.catchUpTarget = raft.log.lastIndex;
  progress.catchUpStartedAt = raft.now;
}

function isCaughtUp(raft: RaftState, progress: Progress): boolean {
  const responsive = raft.now < progress.lastContact + raft.config.electionTimeoutMax;
  return progress.caughtUp && responsive && progress.state === 'replicate';
}

/** Opt-in: a learner that caught up becomes a voter, one at a time. */
export function promoteCaughtUpLearner(raft: RaftState): void {
  if (refusalOfChange(raft) !== null) return;
  const configuration = configurationInForce(raft);
  if (configuration.outgoing !== null) return;
  for (const { id, role } of configuration.members) {
    if (role !== 'learner') continue;
    const progress = findProgress(raft, id);
    if (progress === null || progress.matchIndex === 0 || !isCaughtUp(raft, progress)) continue;
    const next = changeSingle(configuration, [{ type: 'promote', id }]);
    if (typeof next === 'string') continue;
    appendConfiguration(raft, next);
    return;
  }
}

// ---------------------------------------------------------------------------------------------- what a commit brings about

/** A joint configuration that is committed is left, by whoever leads: also by a leader that did not enter it. */
export function leaveCommittedJoint(raft: RaftState): void {
  const configuration = configurationInForce(raft);
  if (configuration.outgoing === null || !configuration.autoLeave) return;
  if (isChangeInFlight(raft) || raft.commitIndex < raft.termStartIndex) return;
  const next = leaveJoint(configuration);
  if (typeof next !== 'string') appendConfiguration(raft, next);
}

/** Dissertation 4.2.2: a leader that is no voter any more leads until that is committed, then goes, and says to whom. */
export function stepDownIfRemoved(raft: RaftState): void {
  if (isVoterInForce(raft) || isChangeInFlight(raft)) return;
  handOver(raft, 'removed from the voters');
}
