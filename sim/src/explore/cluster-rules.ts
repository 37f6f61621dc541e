/**
 * The rules that take several members to break: S1, S3, S4, S5, S6, S9, S11 (the leader's half), S15. Judged at each step, between the
 * member that steps, the others as they are, and what history remembers.
 */
import type { Configuration, MemberId, PeerMessage } from '@seedraft/core';
import { Violation } from '../observer.ts';
import { incomingVoters, isQuorum, votersEver } from '../properties/quorum.ts';
import type { Histories, History } from './history.ts';
import { commonPrefix, contains, type LogNode, upTo } from './logs.ts';
import {
  configurationOf,
  isAcknowledgement,
  type MemberState,
  type Result,
} from './member-state.ts';

/** A step between members: before it, after it, and everybody after it. */
export interface ClusterStep {
  readonly before: MemberState;
  readonly after: MemberState;
  readonly result: Result;
  readonly members: readonly MemberState[];
  readonly bootstrap: Configuration;
}

type Holds = (id: MemberId) => boolean;

/** Runs a rule; what becomes of a violation is the caller's business. */
export type Attempt = (rule: () => void) => void;

/** Every rule in turn; then what is to be remembered. */
export function judgeCluster(
  step: ClusterStep,
  history: History,
  histories: Histories,
  attempt: Attempt,
): History {
  const { before, after, result } = step;
  let next = history;
  if (after.log !== before.log) {
    attempt(() => logsMatch(step));
    // A crash loses what was not durable yet: that was no truncation.
    if (result.effects.length > 0) attempt(() => committedStays(step, history));
  }
  if (result.becameLeader) {
    attempt(() => electedOnce(step, history));
    attempt(() => leaderComplete(step, history));
    next = histories.lead(next, after.term, after.id);
  }
  if (after.commit > before.commit) {
    const first = isFirstCommit(step, history);
    attempt(() => commitsWhatIsCommitted(step, history, first));
    const entry = upTo(after.log, after.commit);
    if (first) {
      attempt(() => durableOnQuorum(step, entry));
      next = histories.commit(next, entry, after.term);
    }
  }
  for (const { messages } of result.effects) {
    for (const rpc of messages) attempt(() => acknowledgesLeadersEntries(step, rpc));
  }
  return next;
}

function fail(rule: string, sentence: string): never {
  throw new Violation(rule, sentence);
}

const at = (log: LogNode): string => `${log.index}@${log.term}`;
const names = (ids: readonly MemberId[]): string =>
  ids.length === 0 ? 'nobody' : ids.map((id) => `n${id}`).join(', ');
const describe = (configuration: Configuration): string =>
  `{${names(incomingVoters(configuration))}}`;

function logsMatch({ after, members }: ClusterStep): void {
  for (const other of members) {
    if (other === after) continue;
    for (const log of other.log === other.disk.log ? [other.log] : [other.log, other.disk.log]) {
      const shared = sameTermAt(after.log, log);
      if (shared === null) continue;
      fail(
        'S3',
        `n${after.id} has ${shared} after or as another entry than the log of n${other.id} has it`,
      );
    }
  }
}

/** The highest entry of the same index and term in both, if they are not the same up to there. */
function sameTermAt(one: LogNode, other: LogNode): string | null {
  let left = upTo(one, other.index);
  let right = upTo(other, one.index);
  while (left !== right) {
    if (left.term === right.term) return at(left);
    left = left.parent as LogNode;
    right = right.parent as LogNode;
  }
  return null;
}

function committedStays({ before, after }: ClusterStep, history: History): void {
  const lost = commonPrefix(before.log, after.log).index + 1;
  const { committed } = history;
  if (lost > before.log.index || lost > committed.index) return;
  const entry = upTo(committed, lost);
  if (upTo(before.log, lost) !== entry) return;
  fail(
    'S9',
    `n${before.id} truncates its log from index ${lost}, although its entry ${at(entry)} is committed (the cluster has committed up to ${committed.index})`,
  );
}

/** S1; and S15 where those without a vote explain the missing quorum. */
function electedOnce(step: ClusterStep, history: History): void {
  const { before, after, bootstrap } = step;
  const { term } = after;
  const who = `n${after.id} became leader of term ${term}`;
  const earlier = history.leaders[term] ?? 0;
  if (earlier !== 0) fail('S1', `${who}, but n${earlier} already became leader of term ${term}`);
  const configuration = configurationOf(before.log, bootstrap);
  const granted = grantedBy(step);
  const holds: Holds = (id) => granted.includes(id);
  if (isQuorum(configuration, holds)) return;
  judgeStrangers(step, configuration, holds, `${who} counting the votes of`);
  fail(
    'S1',
    `${who} with the durable votes of ${names(granted)} only, which is no quorum of ${describe(configuration)}`,
  );
}

/** Each vote handed to it was durable when it was sent (S10), and each of its own is if its disk says so. */
function grantedBy({ before, after, result }: ClusterStep): readonly MemberId[] {
  const { term, id, disk } = after;
  const granted = before.role === 'candidate' && before.term === term ? before.granted.slice() : [];
  const last = result.granting;
  if (last !== 0 && !granted.includes(last)) granted.push(last);
  if (disk.term === term && disk.vote === id) granted.push(id);
  return granted.sort((a, b) => a - b);
}

function leaderComplete({ before, after }: ClusterStep, history: History): void {
  const { committed, commitTerms } = history;
  let { index } = committed;
  while (index > 0 && (commitTerms[index] as number) >= after.term) index -= 1;
  const asked = upTo(committed, index);
  if (contains(after.log, asked)) return;
  fail(
    'S4',
    `n${after.id} became leader of term ${after.term} without entry ${at(asked)}, which was committed before; its log ended at ${at(before.log)}`,
  );
}

/** A leader that commits its own removal steps down in the same step. */
function isFirstCommit({ before, after }: ClusterStep, { committed }: History): boolean {
  const led = before.role === 'leader' && before.term === after.term;
  return (led || after.role === 'leader') && after.commit > committed.index;
}

function commitsWhatIsCommitted({ after }: ClusterStep, history: History, first: boolean): void {
  const { committed } = history;
  const { commit, log, id } = after;
  if (!first && commit > committed.index) {
    fail(
      'S5',
      `n${id} takes index ${commit} as committed, but no leader has committed beyond ${committed.index}`,
    );
  }
  const known = Math.min(commit, committed.index);
  const expected = upTo(committed, known);
  const found = upTo(log, known);
  if (found === expected) return;
  fail(
    'S5',
    `n${id} takes index ${known} as committed with ${at(found)}, but the entry committed there is ${at(expected)}`,
  );
}

/** S6, and S15 as above. A step that commits may also append the next configuration: it counted in the one before. */
function durableOnQuorum(step: ClusterStep, entry: LogNode): void {
  const { after, members, result, bootstrap } = step;
  const holds: Holds = (id) => {
    const member = members[id - 1];
    return member !== undefined && contains(member.disk.log, entry);
  };
  const configuration = configurationOf(after.log, bootstrap);
  if (isQuorum(configuration, holds) || isQuorum(result.configurationBefore, holds)) return;
  const who = `n${after.id}, leader of term ${after.term},`;
  judgeStrangers(step, configuration, holds, `${who} committed ${at(entry)} counting`);
  fail(
    'S6',
    `${who} commits ${at(entry)}, which is durable on ${names(votersEver(configuration).filter(holds))} only: no quorum of ${describe(configuration)}`,
  );
}

/** Those with a vote were not enough: is it that others were counted? */
function judgeStrangers(
  { members }: ClusterStep,
  configuration: Configuration,
  holds: Holds,
  what: string,
): void {
  const voters = votersEver(configuration);
  const incoming = incomingVoters(configuration);
  const strangers = members.map(({ id }) => id).filter((id) => !voters.includes(id) && holds(id));
  const counted = incoming.filter(holds).length + strangers.length;
  if (strangers.length === 0 || counted * 2 <= incoming.length) return;
  fail('S15', `${what} ${names(strangers)}, without a vote in ${describe(configuration)}`);
}

function acknowledgesLeadersEntries({ after, members }: ClusterStep, rpc: PeerMessage): void {
  if (!isAcknowledgement(rpc)) return;
  const leader = members[rpc.to - 1];
  if (leader === undefined || leader.role !== 'leader' || leader.term !== rpc.term) return;
  const own = upTo(after.disk.log, rpc.matchIndex);
  if (own.index < rpc.matchIndex || contains(leader.log, own)) return;
  fail('S11', `n${after.id} acknowledges ${at(own)} to n${leader.id}, whose log is another there`);
}
