/**
 * The rules that one member can break by itself, whatever the others do: S2, S7, S8, S10, S11 (its half), S12, S13 (PreVote), S14. The words
 * and the meaning are those of ../properties; here each is a comparison of one member before and after one step, because exploration has
 * no history but what is in the state.
 */
import type { Configuration, Entry, PeerMessage, Persist } from '@seedraft/core';
import { Violation } from '../observer.ts';
import { quorumsIntersect, sameVoters } from '../properties/quorum.ts';
import { commonPrefix, type LogNode, upTo } from './logs.ts';
import {
  configurationOf,
  type Doing,
  isAcknowledgement,
  type MemberState,
  type Write,
} from './member-state.ts';

type Try = (rule: () => void) => void;

/** In the order of the rulebook: persist, transition, commit, receive, send, step. */
export function judgeStep(doing: Doing, attempt: Try): void {
  const { persist } = doing.effects;
  if (persist !== null) {
    attempt(() => leaderAppendsOnly(doing, persist));
    attempt(() => acknowledgedStays(doing));
    attempt(() => configurationsOverlap(doing, persist));
  }
  attempt(() => termsAndVotesStay(doing));
  attempt(() => preVoteChangesNothing(doing));
  attempt(() => commitsOwnTerm(doing));
  attempt(() => votesForUpToDate(doing));
  for (const rpc of doing.effects.messages) {
    attempt(() => saysWhatIsDurable(doing, rpc));
    attempt(() => acknowledgesWhatIsDurable(doing, rpc));
    attempt(() => neverOverstates(doing, rpc));
  }
  attempt(() => indexesInOrder(doing));
  attempt(() => latestConfigurationInForce(doing));
}

/** S10, the disk's half: no term goes back, no vote changes within a term. */
export function judgeDurable(member: MemberState, write: Write): void {
  const { disk, id } = member;
  if (write.term < disk.term) {
    fail('S10', `n${id} wrote term ${write.term} over term ${disk.term} on its disk`);
  }
  if (write.term === disk.term && disk.vote !== 0 && write.vote !== disk.vote) {
    fail(
      'S10',
      `n${id} wrote a vote for ${name(write.vote)} in term ${write.term} over its vote for ${name(disk.vote)}`,
    );
  }
}

function fail(rule: string, sentence: string): never {
  throw new Violation(rule, sentence);
}

function name(id: number): string {
  return id === 0 ? 'nobody' : `n${id}`;
}

const at = (log: LogNode): string => `${log.index}@${log.term}`;

function leaderAppendsOnly({ before, raft, log }: Doing, persist: Persist): void {
  if (raft.role !== 'leader') return;
  const term = raft.currentTerm;
  const who = `n${before.id}, leader of term ${term},`;
  const led = before.role === 'leader' && before.term === term;
  if (led && commonPrefix(before.log, log) !== before.log) {
    fail('S2', `${who} replaces its own log, which ended at ${at(before.log)}`);
  }
  const first = persist.entries[0];
  if (first === undefined || (first.index === before.log.index + 1 && first.term === term)) return;
  fail(
    'S2',
    `${who} writes ${first.index}@${first.term} into a log that ended at ${at(before.log)}`,
  );
}

function acknowledgedStays({ before, raft, log }: Doing): void {
  if (raft.currentTerm !== before.ackedTerm) return;
  const lost = commonPrefix(before.log, log).index + 1;
  if (lost > before.ackedIndex || lost > before.log.index) return;
  fail(
    'S11',
    `n${before.id} drops entry ${lost} in term ${before.ackedTerm}, although it acknowledged up to ${before.ackedIndex} to the leader of that term`,
  );
}

function configurationsOverlap(doing: Doing, persist: Persist): void {
  if (doing.raft.role !== 'leader') return;
  let { index } = doing.before.log.configured;
  let configuration = configurationOf(doing.before.log, doing.bootstrap);
  for (const entry of persist.entries) {
    if (entry.configuration === null) continue;
    judgeConfiguration(doing, entry, index, configuration, entry.configuration);
    ({ index } = entry);
    ({ configuration } = entry);
  }
}

function judgeConfiguration(
  { raft, before, log }: Doing,
  entry: Entry,
  previousIndex: number,
  previous: Configuration,
  next: Configuration,
): void {
  const { commitIndex, currentTerm } = raft;
  const who = `n${before.id}, leader of term ${currentTerm}, appends configuration ${entry.index}@${entry.term}`;
  if (previousIndex > commitIndex) {
    fail(
      'S14',
      `${who} while the one at ${previousIndex} is uncommitted (commitIndex ${commitIndex})`,
    );
  }
  if (sameVoters(previous, next)) return;
  if (!quorumsIntersect(previous, next)) {
    fail('S14', `${who}, which can decide without any member of a quorum of its predecessor`);
  }
  const single = previous.outgoing === null && next.outgoing === null;
  const committed = upTo(log, commitIndex);
  if (!single || committed.term === currentTerm) return;
  fail(
    'S14',
    `${who}, a single-server change, before it committed an entry of its own term (commitIndex ${commitIndex}, of term ${committed.term})`,
  );
}

function termsAndVotesStay({ before, raft }: Doing): void {
  const { currentTerm, votedFor } = raft;
  if (currentTerm < before.term) {
    fail('S10', `n${before.id} went back from term ${before.term} to ${currentTerm}`);
  }
  if (currentTerm === before.term && before.vote !== 0 && votedFor !== before.vote) {
    fail(
      'S10',
      `n${before.id} changed its vote in term ${currentTerm} from ${name(before.vote)} to ${name(votedFor)}`,
    );
  }
}

function preVoteChangesNothing({ before, raft, message, effects }: Doing): void {
  const raised = raft.currentTerm !== before.term;
  if (raft.role === 'pre-candidate' && raised) {
    if (message.type === 'Receive' && message.rpc.term >= raft.currentTerm) return;
    fail(
      'S13',
      `n${before.id} raised its term to ${raft.currentTerm} while only asking for pre-votes`,
    );
  }
  if (message.type !== 'Receive' || message.rpc.type !== 'PreVote') return;
  if (!raised && raft.votedFor === before.vote && effects.persist === null) return;
  fail('S13', `n${before.id} changed its durable state on a PreVote of n${message.rpc.from}`);
}

function commitsOwnTerm({ before, raft, log }: Doing): void {
  const term = raft.currentTerm;
  const { commitIndex } = raft;
  if (commitIndex === before.commit || before.role !== 'leader' || before.term !== term) return;
  const entryTerm = upTo(log, commitIndex).term;
  if (entryTerm === term) return;
  fail(
    'S7',
    `n${before.id}, leader of term ${term}, advances commitIndex from ${before.commit} to ${commitIndex}, an entry of term ${entryTerm}`,
  );
}

function votesForUpToDate({ before, raft, message }: Doing): void {
  if (message.type !== 'Receive' || message.rpc.type !== 'RequestVote') return;
  const { from, term, lastLogIndex, lastLogTerm } = message.rpc;
  if (raft.votedFor !== from || raft.currentTerm !== term) return;
  if (before.vote === from && before.term === term) return;
  const own = before.log;
  if (lastLogTerm > own.term || (lastLogTerm === own.term && lastLogIndex >= own.index)) return;
  fail(
    'S12',
    `n${before.id} votes for n${from} in term ${term}, whose log ends at ${lastLogIndex}@${lastLogTerm}, before its own at ${at(own)}`,
  );
}

const SPEAKS_FOR_ITS_TERM: ReadonlySet<PeerMessage['type']> = new Set([
  'RequestVote',
  'RequestVoteReply',
  'AppendEntries',
  'AppendEntriesReply',
]);

function saysWhatIsDurable({ before, disk }: Doing, rpc: PeerMessage): void {
  if (!SPEAKS_FOR_ITS_TERM.has(rpc.type)) return;
  const isGrant = rpc.type === 'RequestVoteReply' && rpc.voteGranted;
  if (rpc.term > disk.term) {
    // A refusal may name a higher term than its sender's own: it promises nothing.
    if (rpc.type === 'RequestVoteReply' && !isGrant) return;
    fail(
      'S10',
      `n${before.id} sends ${rpc.type} in term ${rpc.term} to n${rpc.to}, but only term ${disk.term} is durable there`,
    );
  }
  if (!isGrant || (disk.term === rpc.term && disk.vote === rpc.to)) return;
  fail(
    'S10',
    `n${before.id} grants its vote in term ${rpc.term} to n${rpc.to}, but its durable vote in that term is for ${name(disk.vote)}`,
  );
}

function acknowledgesWhatIsDurable({ before, disk, log }: Doing, rpc: PeerMessage): void {
  if (!isAcknowledgement(rpc)) return;
  const { matchIndex, to } = rpc;
  if (rpc.term === before.ackedTerm && matchIndex <= before.ackedIndex) return;
  if (matchIndex <= disk.log.index && upTo(disk.log, matchIndex) === upTo(log, matchIndex)) return;
  fail(
    'S11',
    `n${before.id} acknowledges ${matchIndex} to n${to}, but its durable log ends at ${at(disk.log)}`,
  );
}

function neverOverstates({ before, log }: Doing, rpc: PeerMessage): void {
  if (rpc.type !== 'RequestVote') return;
  const { lastLogIndex, lastLogTerm } = rpc;
  if (lastLogTerm < log.term || (lastLogTerm === log.term && lastLogIndex <= log.index)) return;
  fail(
    'S12',
    `n${before.id} asks for votes with a log ending at ${lastLogIndex}@${lastLogTerm}, but its log ends at ${at(log)}`,
  );
}

function indexesInOrder({ before, raft, effects, log }: Doing): void {
  const { commitIndex, lastApplied } = raft;
  const who = `n${before.id} has`;
  if (commitIndex < before.commit)
    fail('S8', `${who} commitIndex from ${before.commit} back to ${commitIndex}`);
  if (commitIndex > log.index)
    fail('S8', `${who} commitIndex ${commitIndex} above its last index ${log.index}`);
  if (lastApplied < before.raft.lastApplied)
    fail('S8', `${who} lastApplied back to ${lastApplied}`);
  if (lastApplied > commitIndex)
    fail('S8', `${who} lastApplied ${lastApplied} above commit ${commitIndex}`);
  let expected = before.raft.lastApplied + 1;
  for (const entry of effects.commits) {
    if (entry.index !== expected)
      fail('S8', `${who} applied ${entry.index} instead of ${expected}`);
    if (upTo(log, entry.index).entry !== entry) judgeApplied(before, upTo(log, entry.index), entry);
    expected += 1;
  }
}

function judgeApplied(before: MemberState, held: LogNode, entry: Entry): void {
  if (held.term === entry.term && held.entry?.kind === entry.kind) return;
  fail(
    'S5',
    `n${before.id} applied ${entry.index}@${entry.term}, but its log has ${at(held)} there`,
  );
}

function latestConfigurationInForce({ before, raft, log, effects }: Doing): void {
  if (effects.persist === null || log.configured.index === raft.configurationIndex) return;
  fail(
    'S14',
    `n${before.id} acts under the configuration of index ${raft.configurationIndex}, but the latest in its log is at ${log.configured.index}`,
  );
}
