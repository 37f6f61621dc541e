/**
 * Client commands (Figure 2, "Rules for Servers, Leaders"): append, refuse with a reason, or hand to the leader; and the one terminal outcome of each.
 * Invariants: an id is answered exactly once; `rejected` only if it was appended nowhere; `superseded` only if something else is committed in its place.
 */
import { appendOwnEntry } from './append.ts';
import { advanceCommitIndex } from './commit.ts';
import type { MemberId } from './configuration.ts';
import { entrySize } from './log.ts';
import type {
  Entry,
  ForwardProposal,
  ForwardProposalReply,
  Proposal,
  ProposalOutcome,
  RefusalCode,
} from './message.ts';
import { replyToProposal, send } from './outbox.ts';
import { requestSnapshot } from './snapshot.ts';
import {
  type ForwardedProposal,
  type OpenProposal,
  type RaftState,
  REQUESTS_PER_BOOT,
} from './state.ts';

/** What an entry costs besides its data. */
const EMPTY_ENTRY_SIZE = entrySize({
  index: 0,
  term: 0,
  kind: 'noop',
  data: new Uint8Array(0),
  checksum: 0,
  configuration: null,
} satisfies Entry);

/** F2 RS.L.2: a command from a client: append it to the log, respond after it is committed. */
export function handlePropose(raft: RaftState, proposals: readonly Proposal[]): void {
  for (let i = 0; i < proposals.length; i += 1) {
    const { id, data, checksum } = proposals[i] as Proposal;
    if (raft.role === 'leader') proposeHere(raft, id, 0, data, checksum);
    else proposeElsewhere(raft, id, data, checksum);
  }
}

function proposeHere(
  raft: RaftState,
  id: number,
  origin: MemberId,
  data: Uint8Array,
  checksum: number,
): void {
  const refusal = refusalFor(raft, data.length);
  if (refusal !== null) {
    reject(raft, id, origin, refusal);
    return;
  }
  const index = appendOwnEntry(raft, 'command', data, checksum, null);
  openProposal(raft, id, index, origin);
}

/** Back-pressure and the states in which nothing new is taken on. */
function refusalFor(raft: RaftState, length: number): RefusalCode | null {
  const { config } = raft;
  if (raft.transfer !== null) return 'TRANSFERRING';
  if (raft.diskFull) return 'NO_SPACE';
  if (length > config.maxEntryBytes) return 'ENTRY_TOO_LARGE';
  const size = length + EMPTY_ENTRY_SIZE;
  if (raft.uncommittedBytes > 0 && raft.uncommittedBytes + size > config.maxUncommittedBytes) {
    return 'UNCOMMITTED_LIMIT';
  }
  if (raft.log.bytes + size > config.maxLogBytes) {
    requestSnapshot(raft, 'bytes');
    return 'LOG_LIMIT';
  }
  return null;
}

/** Its outcome is owed from now on. */
export function openProposal(raft: RaftState, id: number, index: number, origin: MemberId): void {
  raft.proposals.push({ id, index, term: raft.currentTerm, origin });
}

export function reject(raft: RaftState, id: number, origin: MemberId, code: RefusalCode): void {
  replyToProposal(raft, id, origin, { outcome: 'rejected', code, leader: raft.leader });
}

function proposeElsewhere(raft: RaftState, id: number, data: Uint8Array, checksum: number): void {
  if (raft.leader === 0) {
    reject(raft, id, 0, 'NO_LEADER');
    return;
  }
  if (!raft.config.forwardProposals) {
    reject(raft, id, 0, 'NOT_LEADER');
    return;
  }
  const request = raft.nextRequest;
  raft.nextRequest += 1;
  raft.forwardTerm = raft.currentTerm;
  raft.forwardLeader = raft.leader;
  raft.forwardedProposals.push({
    id,
    request,
    expiresAt: raft.now + 2 * raft.config.electionTimeoutMax,
  });
  send(raft, {
    type: 'ForwardProposal',
    from: raft.id,
    to: raft.leader,
    term: raft.currentTerm,
    id: request,
    data,
    checksum,
    hops: 1,
  });
}

/**
 * A follower's client's command. Only the leader of the asker's own term takes it: one term has one leader, so a copy that the network
 * made, or a stale hint, cannot make it run twice.
 */
export function handleForwardProposal(raft: RaftState, rpc: ForwardProposal): void {
  if (raft.role === 'leader' && rpc.term === raft.currentTerm && !isFirstSeen(raft, rpc)) return;
  if (rpc.hops > raft.config.maxForwardHops) reject(raft, rpc.id, rpc.from, 'TOO_MANY_HOPS');
  else if (raft.role !== 'leader' || rpc.term !== raft.currentTerm) {
    reject(raft, rpc.id, rpc.from, 'NOT_LEADER');
  } else proposeHere(raft, rpc.id, rpc.from, rpc.data, rpc.checksum);
}

/** A repeated or overtaken request gets no answer: the first copy's outcome is the outcome, and the asker ends a lost one as unknown. */
function isFirstSeen(raft: RaftState, rpc: ForwardProposal): boolean {
  const boot = Math.floor(rpc.id / REQUESTS_PER_BOOT);
  const at = raft.forwardSeen.findIndex((seen) => seen.from === rpc.from && seen.boot === boot);
  const seen = { from: rpc.from, boot, highest: rpc.id };
  if (at === -1) {
    raft.forwardSeen.push(seen);
    return true;
  }
  if ((raft.forwardSeen[at]?.highest ?? 0) >= rpc.id) return false;
  raft.forwardSeen[at] = seen;
  return true;
}

export function handleForwardProposalReply(raft: RaftState, rpc: ForwardProposalReply): void {
  const at = raft.forwardedProposals.findIndex((forwarded) => forwarded.request === rpc.id);
  if (at === -1) return;
  const { id } = raft.forwardedProposals[at] as ForwardedProposal;
  raft.forwardedProposals.splice(at, 1);
  adoptOutcome(raft, rpc.outcome);
  replyToProposal(raft, id, 0, rpc.outcome);
}

/**
 * What is committed at (index, term) is this log's entry there, and all before it, if this log has an entry of that term there (Log Matching, 5.3). Else
 * whoever asked would wait for the next heartbeat to say what the leader has just said.
 */
function adoptOutcome(raft: RaftState, outcome: ProposalOutcome): void {
  if (outcome.outcome !== 'committed') return;
  if (raft.log.termAt(outcome.index) === outcome.term) advanceCommitIndex(raft, outcome.index);
}

/** Handed on, and no answer can be trusted to come: the leader changed, or it took too long. */
export function endForwardedProposals(raft: RaftState): void {
  const changed = raft.forwardTerm !== raft.currentTerm || raft.forwardLeader !== raft.leader;
  const open = raft.forwardedProposals;
  let ended = 0;
  while (ended < open.length) {
    const { id, expiresAt } = open[ended] as ForwardedProposal;
    if (!changed && expiresAt > raft.now) break;
    replyToProposal(raft, id, 0, { outcome: 'unknown', index: 0, term: raft.forwardTerm });
    ended += 1;
  }
  open.splice(0, ended);
}

/** A leader's proposals end as committed when their entries are handed to the state machine, in log order. */
export function endCommittedProposals(raft: RaftState): void {
  const open = raft.proposals;
  let head = raft.proposalsHead;
  while (head < open.length) {
    const { id, index, term, origin } = open[head] as OpenProposal;
    if (index > raft.deliveredIndex) break;
    replyToProposal(raft, id, origin, { outcome: 'committed', index, term });
    head += 1;
  }
  raft.proposalsHead = head;
  if (head === open.length) {
    while (open.length > 0) open.pop();
    raft.proposalsHead = 0;
  } else if (head >= 1024) {
    open.splice(0, head);
    raft.proposalsHead = 0;
  }
}

/** Leadership is lost: every open proposal ends now, with what is known at the end of this step. */
export function endAllProposals(raft: RaftState): void {
  for (let i = raft.proposalsHead; i < raft.proposals.length; i += 1) {
    const open = raft.proposals[i] as OpenProposal;
    replyToProposal(raft, open.id, open.origin, outcomeOnLoss(raft, open));
  }
  raft.proposals = [];
  raft.proposalsHead = 0;
}

/**
 * An entry that was overwritten here may live on elsewhere and still be committed (Figure 8), so only a different *committed* entry in its
 * place proves that it is gone.
 */
function outcomeOnLoss(raft: RaftState, open: OpenProposal): ProposalOutcome {
  const { index, term } = open;
  const termThere = index <= raft.commitIndex ? raft.log.termAt(index) : undefined;
  if (termThere === undefined) return { outcome: 'unknown', index, term };
  return { outcome: termThere === term ? 'committed' : 'superseded', index, term };
}
