/**
 * What a step asks of the world, collected. The one place that decides whether a message may leave now or is held until a write is durable
 * ("respond after updating stable storage", Figure 2). Invariant: no message leaves in a term that is not durable here.
 */
import type {
  Effects,
  Entry,
  Event,
  PeerMessage,
  Persist,
  ProposalOutcome,
  Reply,
} from './message.ts';
import type { RaftState } from './state.ts';

const NONE: readonly never[] = Object.freeze([]);

/** A step that asks nothing. Shared and frozen. */
const NO_EFFECTS: Effects = Object.freeze({
  messages: NONE,
  persist: null,
  commits: NONE,
  replies: NONE,
  snapshotChunk: null,
  events: NONE,
});

/** Is there something in this step that must become durable? */
export function isDirty(raft: RaftState): boolean {
  return (
    raft.hardStateDirty ||
    raft.appendedFrom !== 0 ||
    raft.truncatedFrom !== 0 ||
    raft.installing !== null
  );
}

/** Sends `message`, at once if the term it speaks for is durable here, else as soon as it is. */
export function send(raft: RaftState, message: PeerMessage): void {
  if (raft.durableTerm !== raft.currentTerm) hold(raft, message);
  else if (raft.outMessages === null) raft.outMessages = [message];
  else raft.outMessages.push(message);
}

/** Sends `message` when everything written so far, this step's write included, is durable, if the term is still the same then. */
export function hold(raft: RaftState, message: PeerMessage): void {
  const seq = raft.issuedSeq + (isDirty(raft) ? 1 : 0);
  raft.held.push({ seq, term: raft.currentTerm, message });
}

/** Puts a message that waited long enough on its way. */
export function release(raft: RaftState, message: PeerMessage): void {
  if (raft.outMessages === null) raft.outMessages = [message];
  else raft.outMessages.push(message);
}

export function reply(raft: RaftState, outcome: Reply): void {
  if (raft.outReplies === null) raft.outReplies = [outcome];
  else raft.outReplies.push(outcome);
}

export function event(raft: RaftState, happened: Event): void {
  if (raft.outEvents === null) raft.outEvents = [happened];
  else raft.outEvents.push(happened);
}

/** Ends a proposal: to the local driver, or to the member that forwarded it. */
export function replyToProposal(
  raft: RaftState,
  id: number,
  origin: number,
  outcome: ProposalOutcome,
): void {
  if (origin === 0) {
    // Configuration entries that the leader proposed by itself have nobody to tell.
    if (id !== 0) reply(raft, { type: 'ProposalReply', id, result: outcome });
    return;
  }
  send(raft, {
    type: 'ForwardProposalReply',
    from: raft.id,
    to: origin,
    term: raft.currentTerm,
    id,
    outcome,
  });
}

export function beginStep(raft: RaftState, at: number): void {
  if (at > raft.now) raft.now = at;
  raft.beforeTerm = raft.currentTerm;
  raft.beforeVotedFor = raft.votedFor;
  raft.beforeCommitIndex = raft.commitIndex;
}

/** Closes the step: one immutable value, and nothing of it left behind. */
export function takeEffects(raft: RaftState, persist: Persist | null): Effects {
  const messages = raft.outMessages;
  const commits: readonly Entry[] | null = raft.outCommits;
  const replies = raft.outReplies;
  const events = raft.outEvents;
  const snapshotChunk = raft.outChunk;
  raft.hardStateDirty = false;
  raft.appendedFrom = 0;
  raft.truncatedFrom = 0;
  raft.installing = null;
  raft.commitCheckDue = false;
  if (
    messages === null &&
    persist === null &&
    commits === null &&
    replies === null &&
    events === null &&
    snapshotChunk === null
  ) {
    return NO_EFFECTS;
  }
  raft.outMessages = null;
  raft.outCommits = null;
  raft.outReplies = null;
  raft.outEvents = null;
  raft.outChunk = null;
  return {
    messages: messages ?? NONE,
    persist,
    commits: commits ?? NONE,
    replies: replies ?? NONE,
    snapshotChunk,
    events: events ?? NONE,
  };
}
