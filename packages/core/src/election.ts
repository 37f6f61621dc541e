/**
 * Leader election (sections 5.2, 5.4.1; dissertation 3.10, 4.2.3, 9.6): PreVote, RequestVote, stickiness.
 * Invariants: one vote a term, durable before it is spoken of; only for a log at least as up to date; PreVote changes nothing durable.
 */
import { type MemberId, memberOf } from './configuration.ts';
import { isDiskSlow } from './durability.ts';
import type {
  Index,
  PreVote,
  PreVoteReply,
  RequestVote,
  RequestVoteReply,
  Term,
} from './message.ts';
import { hold, send } from './outbox.ts';
import { PURPOSE_ELECTION, uniform } from './random.ts';
import {
  becomeCandidate,
  becomeFollower,
  becomeLeader,
  becomePreCandidate,
  resetElectionTimer,
} from './role.ts';
import type { RaftState } from './state.ts';
import { configurationInForce, isQuorumGranted, isVoterInForce } from './tracker.ts';

/** F2 RS.F.2 and F2 RS.C.4: the election timeout elapsed without a leader or a decision. */
export function onElectionTimeout(raft: RaftState): void {
  raft.leaderlessTimeouts += 1;
  if (raft.role === 'candidate' && raft.durableTerm !== raft.currentTerm) {
    // Its requests have not left yet. A new term now would only push them further away on a slow disk.
    resetElectionTimer(raft);
    return;
  }
  if (!mayCampaign(raft)) {
    becomeFollower(raft, raft.currentTerm, 0, 'the leader fell silent');
    resetElectionTimer(raft);
    return;
  }
  startElection(raft, 'the election timeout elapsed');
}

/** An operator's order. A lease that rests on this member's promise to its leader outranks it: then it waits for the promise to lapse. */
export function handleCampaign(raft: RaftState): void {
  if (raft.role === 'leader' || !mayCampaign(raft)) return;
  if (raft.config.leaseReads && isSticky(raft)) {
    const promisedUntil = raft.lastLeaderContact + raft.config.electionTimeoutMin;
    raft.electionDeadline = Math.max(promisedUntil, raft.refuseVotesUntil);
    return;
  }
  startElection(raft, 'ordered to campaign');
}

/**
 * A leader whose process is gone will not be heard again: it binds nobody any more, and its followers need not sit out the election timeout.
 * Each waits about a heartbeat, in which the others find out too and they come apart. Evidence of that kind may be false (a firewall that
 * answers for a leader which lives behind it), so it outranks no lease, and without PreVote, which lets a majority object, it is not listened
 * to; one more word of the leader takes it back (hearLeader).
 */
export function handlePeerDown(raft: RaftState, id: MemberId): void {
  const { leaseReads, preVote, heartbeatInterval } = raft.config;
  if (raft.leader !== id || raft.role === 'leader' || leaseReads || !preVote) return;
  raft.lastLeaderContact = -Infinity;
  const longest = Math.min(2 * heartbeatInterval, raft.config.electionTimeoutMin);
  const wait = uniform(
    raft.seed,
    PURPOSE_ELECTION,
    raft.drawOrdinal,
    heartbeatInterval >> 1,
    longest,
  );
  raft.drawOrdinal += 1;
  raft.electionDeadline = Math.min(raft.electionDeadline, raft.now + wait);
}

/** May this member stand of itself? Not a learner, nor one that is not fit. */
export function mayCampaign(raft: RaftState): boolean {
  return raft.electable && isFit(raft);
}

/** Not while entries it once acknowledged are missing, not with a stuck disk. */
function isFit(raft: RaftState): boolean {
  return raft.repairUntil === 0 && !isDiskSlow(raft) && !raft.diskFull;
}

/**
 * Whoever asks counts this member among the voters. A learner by its own, later log never stands of itself and must refuse, though perhaps nobody
 * can win without it (swarm seed 30757). Then it stands too. It counts no vote of its own, and hands over once it committed.
 */
function isInTheWay(
  raft: RaftState,
  { lastLogIndex, lastLogTerm }: RequestVote | PreVote,
): boolean {
  if (raft.electable || raft.role !== 'follower' || !isFit(raft)) return false;
  if (memberOf(configurationInForce(raft), raft.id) === undefined) return false;
  return !isBoundToALeader(raft) && !isUpToDate(raft, lastLogIndex, lastLogTerm);
}

function startElection(raft: RaftState, reason: string): void {
  if (raft.config.preVote) preCampaign(raft, reason);
  else campaign(raft, false, reason);
}

function preCampaign(raft: RaftState, reason: string): void {
  becomePreCandidate(raft, reason);
  const { lastIndex, lastTerm } = raft.log;
  for (const to of voterIds(raft)) {
    if (to === raft.id) continue;
    send(raft, {
      type: 'PreVote',
      from: raft.id,
      to,
      term: raft.currentTerm + 1,
      lastLogIndex: lastIndex,
      lastLogTerm: lastTerm,
    });
  }
  if (isVoterInForce(raft)) countPreVote(raft, raft.id);
}

/** F2 RS.C.1, requests: one RequestVote to every voter. They leave when term and own vote are durable. */
export function campaign(raft: RaftState, transfer: boolean, reason: string): void {
  becomeCandidate(raft, reason);
  const { lastIndex, lastTerm } = raft.log;
  for (const to of voterIds(raft)) {
    if (to === raft.id) continue;
    send(raft, {
      type: 'RequestVote',
      from: raft.id,
      to,
      term: raft.currentTerm,
      lastLogIndex: lastIndex,
      lastLogTerm: lastTerm,
      transfer,
    });
  }
}

/** Every voter of either half, sorted: the order of messages is part of the behaviour. */
function voterIds(raft: RaftState): readonly MemberId[] {
  if (raft.outgoingVoters.length === 0) return raft.incomingVoters;
  const ids = raft.incomingVoters.slice();
  for (const id of raft.outgoingVoters) if (!ids.includes(id)) ids.push(id);
  return ids.sort((a, b) => a - b);
}

/** A candidate's own vote counts when it is durable, like anyone's, and only if it is a voter in its latest configuration. */
export function countOwnVote(raft: RaftState): void {
  if (raft.role !== 'candidate' || raft.durableTerm !== raft.currentTerm) return;
  if (raft.durableVotedFor !== raft.id || !isVoterInForce(raft)) return;
  countVote(raft, raft.id);
}

function countVote(raft: RaftState, from: MemberId): void {
  if (!raft.votesGranted.includes(from)) raft.votesGranted = [...raft.votesGranted, from];
  if (isQuorumGranted(raft, raft.votesGranted)) becomeLeader(raft);
}

function countPreVote(raft: RaftState, from: MemberId): void {
  if (!raft.votesGranted.includes(from)) raft.votesGranted = [...raft.votesGranted, from];
  if (isQuorumGranted(raft, raft.votesGranted)) {
    campaign(raft, false, 'a majority would vote for it');
  }
}

/**
 * Was a leader heard lately (dissertation 4.2.3)? Then nobody else's candidacy is listened to. Only with CheckQuorum, which guarantees that a
 * leader that cannot hear a majority gives up. By time alone: a lease rests on this promise, and a greater term that comes by another
 * message must not cancel it. Also while a lease that this member backed before its restart may still run.
 */
export function isSticky(raft: RaftState): boolean {
  return raft.config.checkQuorum && isBoundToALeader(raft);
}

function isBoundToALeader(raft: RaftState): boolean {
  if (raft.now < raft.refuseVotesUntil) return true;
  if (raft.role === 'leader') return true;
  return raft.now < raft.lastLeaderContact + raft.config.electionTimeoutMin;
}

/**
 * RequestVote of this term (older ones were refused, newer ones adopted, before). Stickiness is asked again: the term may have come by
 * another message, and a promise to an older term's leader still binds.
 */
export function handleRequestVote(raft: RaftState, rpc: RequestVote): void {
  const bound = !rpc.transfer && isSticky(raft);
  const granted =
    !bound && mayVoteFor(raft, rpc.from) && isUpToDate(raft, rpc.lastLogIndex, rpc.lastLogTerm);
  if (granted) {
    grantVote(raft, rpc.from);
    return;
  }
  sendVoteReply(raft, rpc.from, false);
  if (isInTheWay(raft, rpc)) startElection(raft, 'a voter with an older log asked for its vote');
}

/** F2 RV.1: a candidate of an older term gets no vote, and learns the term. */
export function refuseStaleVote(raft: RaftState, rpc: RequestVote): void {
  sendVoteReply(raft, rpc.from, false);
}

/** F2 RV.2, first half: votedFor is null or this candidate. */
function mayVoteFor(raft: RaftState, candidate: MemberId): boolean {
  if (raft.repairUntil > 0) return false;
  return raft.votedFor === 0 || raft.votedFor === candidate;
}

/** F2 RV.2, second half (section 5.4.1): the candidate's log ends in a later term, or as late and no shorter. */
function isUpToDate(raft: RaftState, lastLogIndex: Index, lastLogTerm: Term): boolean {
  const { lastIndex, lastTerm } = raft.log;
  if (lastLogTerm !== lastTerm) return lastLogTerm > lastTerm;
  return lastLogIndex >= lastIndex;
}

/** The vote becomes durable before anyone hears of it. */
function grantVote(raft: RaftState, candidate: MemberId): void {
  if (raft.votedFor !== candidate) {
    raft.votedFor = candidate;
    raft.hardStateDirty = true;
  }
  raft.electionDeadline = raft.now + raft.electionTimeout;
  sendVoteReply(raft, candidate, true);
}

function sendVoteReply(raft: RaftState, to: MemberId, voteGranted: boolean): void {
  const message: RequestVoteReply = {
    type: 'RequestVoteReply',
    from: raft.id,
    to,
    term: raft.currentTerm,
    voteGranted,
  };
  const durable = raft.durableTerm === raft.currentTerm && raft.durableVotedFor === raft.votedFor;
  if (voteGranted && !durable) hold(raft, message);
  else send(raft, message);
}

/** F2 RS.C.2: votes are counted once per voter, in the term they were asked for. */
export function handleRequestVoteReply(raft: RaftState, rpc: RequestVoteReply): void {
  if (raft.role !== 'candidate' || !rpc.voteGranted) return;
  countVote(raft, rpc.from);
}

/** Dissertation 9.6: would this member vote for `from` in `rpc.term`? Nothing here changes because of the question. */
export function handlePreVote(raft: RaftState, rpc: PreVote): void {
  const voteGranted =
    rpc.term > raft.currentTerm &&
    raft.repairUntil === 0 &&
    !isSticky(raft) &&
    isUpToDate(raft, rpc.lastLogIndex, rpc.lastLogTerm);
  send(raft, {
    type: 'PreVoteReply',
    from: raft.id,
    to: rpc.from,
    term: voteGranted ? rpc.term : raft.currentTerm,
    voteGranted,
  });
  if (isInTheWay(raft, rpc)) preCampaign(raft, 'a voter with an older log asked for its vote');
}

export function handlePreVoteReply(raft: RaftState, rpc: PreVoteReply): void {
  if (raft.role !== 'pre-candidate' || !rpc.voteGranted) return;
  if (rpc.term !== raft.currentTerm + 1) return;
  countPreVote(raft, rpc.from);
}
