/**
 * Role changes (Figure 4) and the election timer. Invariants: currentTerm only grows; a new term starts with no vote; whatever a role kept
 * for itself is gone when it is left.
 */
import { appendNoop } from './append.ts';
import { type MemberId, memberOf } from './configuration.ts';
import type { Role, Term } from './message.ts';
import { event } from './outbox.ts';
import { PURPOSE_ELECTION, uniform } from './random.ts';
import type { RaftState } from './state.ts';
import { adoptPeers, configurationInForce } from './tracker.ts';

/** F2 RS.A.2: a term greater than ours makes it ours, and us a follower in it, with no vote yet. */
export function becomeFollower(
  raft: RaftState,
  term: Term,
  leader: MemberId,
  reason: string,
): void {
  if (term > raft.currentTerm) enterTerm(raft, term, 0);
  const wasFollower = raft.role === 'follower';
  raft.role = 'follower';
  if (!wasFollower) {
    leaveRole(raft);
    resetElectionTimer(raft);
    announce(raft, 'follower', reason);
  }
  setLeader(raft, leader);
}

/** Dissertation 9.6: ask first, change nothing durable. */
export function becomePreCandidate(raft: RaftState, reason: string): void {
  leaveRole(raft);
  raft.role = 'pre-candidate';
  setLeader(raft, 0);
  resetElectionTimer(raft);
  announce(raft, 'pre-candidate', reason);
}

/** F2 RS.C.1: increment currentTerm, vote for self, reset the election timer (the requests go out when the vote is durable). */
export function becomeCandidate(raft: RaftState, reason: string): void {
  leaveRole(raft);
  raft.role = 'candidate';
  enterTerm(raft, raft.currentTerm + 1, raft.id);
  setLeader(raft, 0);
  resetElectionTimer(raft);
  announce(raft, 'candidate', reason);
}

/** F2 RS.C.2: votes from a majority make a leader. nextIndex and matchIndex start afresh; the no-op is its first entry. */
export function becomeLeader(raft: RaftState): void {
  leaveRole(raft);
  raft.role = 'leader';
  raft.electionDeadline = Infinity;
  raft.heartbeatDeadline = raft.now + raft.config.heartbeatInterval;
  raft.leaderlessTimeouts = 0;
  adoptPeers(raft);
  raft.confirmedRound = raft.round;
  raft.roundStartedAt = [];
  raft.leaseStart = -Infinity;
  raft.leaseSurrendered = false;
  raft.forwardSeen = [];
  raft.preferenceBackoff = 1;
  raft.nextPreferenceAt = raft.now + raft.config.electionTimeoutMax;
  raft.uncommittedBytes = raft.log.bytesBetween(raft.commitIndex + 1, raft.log.lastIndex);
  raft.aboveHighWater = false;
  setLeader(raft, raft.id);
  announce(raft, 'leader', 'elected by a majority');
  raft.termStartIndex = appendNoop(raft);
}

function enterTerm(raft: RaftState, term: Term, votedFor: MemberId): void {
  raft.currentTerm = term;
  raft.votedFor = votedFor;
  raft.hardStateDirty = true;
  raft.echoedRound = 0;
  raft.matchedIndex = 0;
  raft.leader = 0;
}

/** Whatever belonged to the role that is being left, matchIndexes above all. Open outcomes are ended when the step settles. */
function leaveRole(raft: RaftState): void {
  raft.heartbeatDeadline = Infinity;
  raft.peers = [];
  raft.incomingSlots = [];
  raft.outgoingSlots = [];
  raft.votesGranted = [];
}

function announce(raft: RaftState, role: Role, reason: string): void {
  raft.roleReason = reason;
  event(raft, { type: 'BecameRole', role, term: raft.currentTerm, reason });
}

function setLeader(raft: RaftState, leader: MemberId): void {
  if (raft.leader === leader) return;
  raft.leader = leader;
  if (leader !== 0) event(raft, { type: 'LeaderKnown', leader, term: raft.currentTerm });
}

/**
 * F2 RS.C.3 and the timer half of F2 RS.F.2: a leader of this term spoke. False: not one to listen to (a second leader of one term
 * cannot exist, so that message is damage).
 */
export function hearLeader(raft: RaftState, from: MemberId): boolean {
  if (raft.role === 'leader') return false;
  if (raft.leader !== from) {
    if (raft.leader !== 0) return false;
    becomeFollower(raft, raft.currentTerm, from, 'a leader of this term spoke');
  }
  raft.lastLeaderContact = raft.now;
  raft.leaderlessTimeouts = 0;
  raft.electionDeadline = raft.now + raft.electionTimeout;
  return true;
}

/** Draws a new timeout: once per wait, so that looking at a timer never changes it. */
export function resetElectionTimer(raft: RaftState): void {
  const { electionTimeoutMin, electionTimeoutMax } = raft.config;
  const drawn = uniform(
    raft.seed,
    PURPOSE_ELECTION,
    raft.drawOrdinal,
    electionTimeoutMin,
    electionTimeoutMax,
  );
  raft.drawOrdinal += 1;
  raft.electionTimeout = drawn + priorityHandicap(raft);
  raft.electionDeadline = raft.now + raft.electionTimeout;
}

/** Members less preferred wait longer, but each leaderless timeout halves it: a dead favourite delays nobody for long. */
function priorityHandicap(raft: RaftState): number {
  const members = configurationInForce(raft).members;
  const own = memberOf(configurationInForce(raft), raft.id)?.priority ?? 0;
  let rank = 0;
  for (const member of members) if (member.role === 'voter' && member.priority > own) rank += 1;
  const halvings = Math.min(raft.leaderlessTimeouts, 30);
  return (Math.min(rank, 4) * raft.config.electionTimeoutMin) >> halvings;
}
