/**
 * S15, only voters count (dissertation 4.2.1, 4.2.2; the store's incarnations): learners, removed members and a leader that is no longer
 * in its own configuration are never counted towards a commit or an election; and an id never answers under another incarnation.
 *
 * The first half explains a missing quorum: S1 and S6 leave it to this rule when counting the strangers would have made one. The second half
 * follows votes and acknowledgements that a member with a lost disk gives under its old id, and reports the peer that listens.
 * Counted: commits and elections in configurations that knew of members without a vote, and messages of such impostors.
 */
import type { Configuration, MemberId, PeerMessage } from '@seedraft/core';
import type { RecoveredMember } from '@seedraft/replica';
import { Violation } from '../observer.ts';
import type { Ledger } from './ledger.ts';
import { countVoters, incomingVoters, isQuorum, votersEver } from './quorum.ts';
import type { Rule, RuleDefinition, Step } from './rule.ts';
import type { MemberShadow } from './shadow.ts';

/** Members without a vote that, had they been counted, would have made a quorum out of those that `holds`; none if they are not why. */
export function strangersCounted(
  ledger: Ledger,
  configuration: Configuration,
  holds: (id: MemberId) => boolean,
): MemberId[] {
  const incoming = incomingVoters(configuration);
  const voters = votersEver(configuration);
  const strangers: MemberId[] = [];
  for (const { id } of ledger.shadows) if (!voters.includes(id) && holds(id)) strangers.push(id);
  const counted = incoming.filter(holds).length + strangers.length;
  return counted * 2 > incoming.length ? strangers : [];
}

export class OnlyVotersCount implements Rule {
  static readonly definition: RuleDefinition = {
    id: 'S15',
    name: 'Only voters count',
    definition:
      'Learners and removed members are never counted towards a commit or an election, and an id never answers under another incarnation.',
    antecedent:
      'commits and elections with members around that have no vote, and messages of members that lost their disk',
    catches: ['M22', 'M23', 'M32', 'FOUNDING-LAST', 'M32-REMOVED'],
  };
  readonly definition = OnlyVotersCount.definition;
  checks = 0;
  readonly receives = ['RequestVoteReply', 'AppendEntriesReply', 'InstallSnapshotReply'] as const;
  readonly #ledger: Ledger;
  /** What impostors said, for peers not to hear. */
  readonly #forged = new Set<string>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  onBoot(shadow: MemberShadow, recovered: RecoveredMember): void {
    if (!shadow.wiped || shadow.impostor) return;
    throw new Violation(
      'S15',
      `${shadow.name} came back as incarnation ${recovered.incarnation} although its disk was lost: it must answer under a new id`,
    );
  }

  onTransition(step: Step): void {
    const { shadow, role, term, raft } = step;
    if (role !== 'leader' || (shadow.role === 'leader' && shadow.term === term)) return;
    const votedForIt = (id: MemberId) => this.#ledger.shadowOf(id)?.votes.get(term) === shadow.id;
    this.#count(raft.configuration);
    if (isQuorum(raft.configuration, votedForIt)) return;
    this.#judge(
      step,
      raft.configuration,
      votedForIt,
      `became leader of term ${term} counting the votes of`,
    );
  }

  onCommit(step: Step): void {
    const ledger = this.#ledger;
    const { committing } = ledger;
    if (committing === null) return;
    const { configuration, durableOnQuorum } = committing;
    this.#count(configuration);
    // The voters alone are enough.
    if (durableOnQuorum) return;
    const { commit, shadow } = step;
    const term = shadow.claimed.termAt(commit);
    const holds = (id: MemberId) => ledger.durablyHolds(id, commit, term);
    this.#judge(step, configuration, holds, `committed ${commit}@${term} counting`);
  }

  onForged(step: Step, message: PeerMessage): void {
    const key = promise(message);
    if (key === null || this.#isTrueAnyway(step.shadow, message)) return;
    this.checks += 1;
    this.#forged.add(key);
  }

  onReceive(step: Step, message: PeerMessage): void {
    if (this.#forged.size === 0) return;
    const key = promise(message);
    if (key === null || !this.#forged.has(key)) return;
    const from = this.#ledger.name(message.from);
    throw new Violation(
      'S15',
      `${step.shadow.name} handled ${message.type} in term ${message.term} of ${from}, which lost its disk and answers under another incarnation than its id is bound to`,
    );
  }

  /** A decision of those with a vote, with others around. */
  #count(configuration: Configuration): void {
    if (this.#ledger.memberCount > countVoters(configuration)) this.checks += 1;
  }

  /** Those with a vote were not enough: is it that others were counted? */
  #judge(
    step: Step,
    configuration: Configuration,
    holds: (id: MemberId) => boolean,
    what: string,
  ): void {
    const ledger = this.#ledger;
    const strangers = strangersCounted(ledger, configuration, holds);
    if (strangers.length === 0) return;
    throw new Violation(
      'S15',
      `${step.shadow.name} ${what} ${ledger.names(strangers)}, without a vote in ${ledger.describe(configuration)}`,
    );
  }

  /** The same was said honestly before the disk was lost, and may still be on its way. */
  #isTrueAnyway(shadow: MemberShadow, message: PeerMessage): boolean {
    if (message.type === 'RequestVoteReply') return shadow.votes.get(message.term) === message.to;
    if (message.type === 'AppendEntriesReply' || message.type === 'InstallSnapshotReply') {
      return message.term === shadow.ackedTerm && message.matchIndex <= shadow.ackedIndex;
    }
    return false;
  }
}

/** Names a vote or an acknowledgement; null: the message promises nothing. */
function promise(message: PeerMessage): string | null {
  const { type, from, to, term } = message;
  if (type === 'RequestVoteReply') {
    return message.voteGranted ? `${type} ${from} ${to} ${term}` : null;
  }
  if (type === 'AppendEntriesReply' && !message.success) return null;
  if (type === 'InstallSnapshotReply' && !message.installed) return null;
  if (type !== 'AppendEntriesReply' && type !== 'InstallSnapshotReply') return null;
  if (message.matchIndex === 0) return null;
  return `${type} ${from} ${to} ${term} ${message.matchIndex}`;
}
