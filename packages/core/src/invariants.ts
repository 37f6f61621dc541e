/**
 * What must hold of one member after every step: of its state at rest (basic) and between before and after (delta). Always on, O(1) a step.
 * `rule` is the id of the cluster rule of which the invariant is this member's share (S8, S9, ...), or `local` when it is the driver that
 * broke the contract. A throw means: stop this member; nothing of this step may be carried out.
 */
import type { RaftState } from './state.ts';

export class InvariantError extends Error {
  readonly rule: string;
  constructor(rule: string, sentence: string) {
    super(`${rule}: ${sentence}`);
    this.name = 'InvariantError';
    this.rule = rule;
  }
}

/** The sentence is a constant, so that a holding assertion builds nothing. */
export function assert(condition: boolean, rule: string, sentence: string): asserts condition {
  if (!condition) throw new InvariantError(rule, sentence);
}

/** The state at rest. */
export function assertBasic(raft: RaftState): void {
  const log = raft.log;
  assert(raft.commitIndex <= log.lastIndex, 'S8', 'commitIndex is past the end of the log');
  assert(raft.deliveredIndex <= raft.commitIndex, 'S8', 'delivered an entry not committed');
  assert(raft.lastApplied <= raft.deliveredIndex, 'S8', 'applied an entry never delivered');
  assert(log.baseIndex <= raft.commitIndex, 'S8', 'compacted past commitIndex');
  assert(raft.durableIndex <= log.lastIndex, 'S11', 'durableIndex is past the end of the log');
  assert(raft.durableTerm <= raft.currentTerm, 'S10', 'a term is durable that was never entered');
  assert(
    raft.role !== 'leader' || (raft.leader === raft.id && raft.durableTerm === raft.currentTerm),
    'S1',
    'leads in a term that is not durable here',
  );
  const configurationIndex = raft.configurationIndexes[
    raft.configurationIndexes.length - 1
  ] as number;
  assert(configurationIndex <= log.lastIndex, 'S14', 'a configuration outlived its log entry');
}

/** Before against after. The `before*` fields were taken when the step began. */
export function assertDelta(raft: RaftState): void {
  assert(raft.currentTerm >= raft.beforeTerm, 'S10', 'currentTerm went back');
  assert(
    raft.currentTerm > raft.beforeTerm ||
      raft.beforeVotedFor === 0 ||
      raft.votedFor === raft.beforeVotedFor,
    'S10',
    'the vote of a term changed',
  );
  assert(raft.commitIndex >= raft.beforeCommitIndex, 'S8', 'commitIndex went back');
  assert(
    raft.truncatedFrom === 0 || raft.truncatedFrom > raft.beforeCommitIndex,
    'S9',
    'a committed entry was truncated',
  );
  assert(
    raft.truncatedFrom === 0 || raft.role !== 'leader',
    'S2',
    'a leader truncated its own log',
  );
}
