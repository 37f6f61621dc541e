/**
 * Leadership transfer (dissertation 3.10): catch the target up, tell it to campaign at once, or give up in bounded time. Also how a leader that
 * must go (removed, stuck disk) hands over. Invariants: TimeoutNow goes only to a target whose log is whole; the lease ends before it leaves.
 */
import type { MemberId } from './configuration.ts';
import { isDiskSlow } from './durability.ts';
import { campaign } from './election.ts';
import type { RefusalCode, TimeoutNow, TimeoutNowReply, TransferLeadership } from './message.ts';
import { reply, send } from './outbox.ts';
import type { Progress } from './progress.ts';
import { becomeFollower } from './role.ts';
import type { RaftState, Transfer } from './state.ts';
import { configurationInForce, findProgress } from './tracker.ts';

export function handleTransferLeadership(raft: RaftState, order: TransferLeadership): void {
  if (raft.role !== 'leader') {
    rejectTransfer(raft, order.id, raft.leader === 0 ? 'NO_LEADER' : 'NOT_LEADER');
    return;
  }
  if (raft.transfer !== null) {
    rejectTransfer(raft, order.id, 'TRANSFERRING');
    return;
  }
  const target = order.target === 0 ? (bestSuccessor(raft)?.id ?? 0) : order.target;
  if (target === raft.id) {
    reply(raft, {
      type: 'TransferReply',
      id: order.id,
      result: { outcome: 'transferred', to: target },
    });
    return;
  }
  const refusal = checkTarget(raft, target);
  if (refusal !== null) rejectTransfer(raft, order.id, refusal);
  else beginTransfer(raft, order.id, target);
}

/** Pre-check: a transfer stops all writes, so it is not begun towards someone who cannot take over soon. */
function checkTarget(raft: RaftState, target: MemberId): RefusalCode | null {
  if (target === 0) return 'LAGGING';
  const progress = findProgress(raft, target);
  if (progress === null) return 'UNKNOWN_MEMBER';
  if (!isVoter(raft, target)) return 'NOT_VOTER';
  return isResponsive(raft, progress) && progress.state !== 'snapshot' ? null : 'LAGGING';
}

function beginTransfer(raft: RaftState, id: number, target: MemberId): void {
  const deadline = raft.now + raft.config.transferTimeout;
  raft.transfer = { id, target, deadline, sentAt: -1 };
}

/** TimeoutNow once the target has every entry; again each heartbeat, since it may be lost. No proposal can move the goal meanwhile. */
export function advanceTransfer(raft: RaftState): void {
  const transfer = raft.transfer as Transfer;
  const progress = findProgress(raft, transfer.target);
  if (progress === null || !isVoter(raft, transfer.target)) {
    failTransfer(raft, 'UNKNOWN_MEMBER');
    return;
  }
  if (raft.now >= transfer.deadline) {
    failTransfer(raft, 'TRANSFER_TIMEOUT');
    return;
  }
  if (progress.matchIndex < raft.log.lastIndex) return;
  if (transfer.sentAt >= 0 && raft.now < transfer.sentAt + raft.config.heartbeatInterval) return;
  raft.transfer = { ...transfer, sentAt: raft.now };
  sendTimeoutNow(raft, transfer.target);
}

/** From here on the target may win against every follower's promise: no lease of this term is good any more. */
function sendTimeoutNow(raft: RaftState, to: MemberId): void {
  raft.leaseSurrendered = true;
  send(raft, { type: 'TimeoutNow', from: raft.id, to, term: raft.currentTerm });
}

function failTransfer(raft: RaftState, code: RefusalCode): void {
  const { id } = raft.transfer as Transfer;
  raft.transfer = null;
  rejectTransfer(raft, id, code);
}

function rejectTransfer(raft: RaftState, id: number, code: RefusalCode): void {
  // The leader's own wish (a preferred leader, a full disk) has nobody to tell.
  if (id === 0) return;
  const result = { outcome: 'rejected', code, leader: raft.leader } as const;
  reply(raft, { type: 'TransferReply', id, result });
}

/** Leadership is lost: to the target if it is the one that leads now or has this member's vote. */
export function endTransfer(raft: RaftState): void {
  const { id, target } = raft.transfer as Transfer;
  raft.transfer = null;
  if (raft.leader !== target && raft.votedFor !== target) rejectTransfer(raft, id, 'NOT_LEADER');
  else if (id !== 0) {
    reply(raft, { type: 'TransferReply', id, result: { outcome: 'transferred', to: target } });
  }
}

/** The leader's order overrides the promise this member gave to that same leader, and PreVote. */
export function handleTimeoutNow(raft: RaftState, rpc: TimeoutNow): void {
  if (raft.role === 'leader' || raft.role === 'candidate') return;
  const refusal = refusalOfTimeoutNow(raft, rpc);
  if (refusal === null) campaign(raft, true, 'the leader handed over');
  else refuseTimeoutNow(raft, rpc, refusal);
}

function refusalOfTimeoutNow(raft: RaftState, rpc: TimeoutNow): RefusalCode | null {
  if (!raft.electable) return 'NOT_VOTER';
  if (raft.leader !== 0 && raft.leader !== rpc.from) return 'NOT_LEADER';
  if (raft.repairUntil > 0 || isDiskSlow(raft)) return 'NOT_READY';
  return raft.diskFull ? 'NO_SPACE' : null;
}

export function refuseTimeoutNow(raft: RaftState, rpc: TimeoutNow, reason: RefusalCode): void {
  send(raft, {
    type: 'TimeoutNowReply',
    from: raft.id,
    to: rpc.from,
    term: raft.currentTerm,
    reason,
  });
}

export function handleTimeoutNowReply(raft: RaftState, rpc: TimeoutNowReply): void {
  if (raft.role !== 'leader' || raft.transfer?.target !== rpc.from) return;
  if (raft.transfer.sentAt >= 0) failTransfer(raft, rpc.reason);
}

// --------------------------------------------------------------------------------------------------------------- hand-over

function isVoter(raft: RaftState, id: MemberId): boolean {
  return raft.incomingVoters.includes(id);
}

function isResponsive(raft: RaftState, progress: Progress): boolean {
  return raft.now < progress.lastContact + raft.config.electionTimeoutMax;
}

function priorityOf(raft: RaftState, id: MemberId): number {
  const member = configurationInForce(raft).members.find((candidate) => candidate.id === id);
  return member?.priority ?? 0;
}

/** The responsive voter with the longest match; among equals the preferred one, then the lowest id. */
function bestSuccessor(raft: RaftState): Progress | null {
  let best: Progress | null = null;
  for (const progress of raft.peers) {
    if (!isVoter(raft, progress.id) || !isResponsive(raft, progress)) continue;
    if (best === null || progress.matchIndex > best.matchIndex) best = progress;
    else if (
      progress.matchIndex === best.matchIndex &&
      priorityOf(raft, progress.id) > priorityOf(raft, best.id)
    ) {
      best = progress;
    }
  }
  return best;
}

/** Go now, and leave the cluster to the best match instead of to an election timeout. */
export function handOver(raft: RaftState, reason: string): void {
  const successor = bestSuccessor(raft);
  if (successor !== null) sendTimeoutNow(raft, successor.id);
  becomeFollower(raft, raft.currentTerm, 0, reason);
}

/**
 * "No faux leader": a leader whose disk has kept a write for an election timeout goes, if there is anyone else. With a full disk it can still
 * serve reads, so it offers leadership without leaving.
 */
export function onSlowDisk(raft: RaftState): void {
  raft.diskCheckAt = raft.now + raft.config.electionTimeoutMax;
  if (!raft.peers.some((progress) => isVoter(raft, progress.id))) return;
  if (!raft.diskFull) {
    handOver(raft, 'its own disk kept a write for longer than an election timeout');
    return;
  }
  const successor = raft.transfer === null ? bestSuccessor(raft) : null;
  if (successor?.matchIndex === raft.log.lastIndex) beginTransfer(raft, 0, successor.id);
}

/** A caught-up member with a higher priority gets leadership; each failure doubles the wait before the next attempt. */
export function considerPreferredLeader(raft: RaftState): void {
  if (raft.transfer !== null || raft.now < raft.nextPreferenceAt) return;
  raft.nextPreferenceAt = raft.now + raft.config.electionTimeoutMax * raft.preferenceBackoff;
  const own = priorityOf(raft, raft.id);
  let preferred: Progress | null = null;
  for (const progress of raft.peers) {
    const priority = priorityOf(raft, progress.id);
    if (priority <= own || checkTarget(raft, progress.id) !== null) continue;
    if (progress.matchIndex < raft.log.lastIndex) continue;
    if (preferred === null || priority > priorityOf(raft, preferred.id)) preferred = progress;
  }
  if (preferred === null) return;
  raft.preferenceBackoff = Math.min(raft.preferenceBackoff * 2, 1024);
  beginTransfer(raft, 0, preferred.id);
}
