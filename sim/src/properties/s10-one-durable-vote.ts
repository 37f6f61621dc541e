/**
 * S10, terms and votes (Figure 2: currentTerm and votedFor are updated on stable storage before responding to RPCs): a member's term never
 * goes back, it votes for one candidate a term, both across crashes, and whatever says otherwise to others is durable before it leaves.
 *
 * Messages are compared with the pristine layer as of the moment they leave; a step's own write does not count yet. A leader's AppendEntries
 * must wait for its term as well: it could otherwise win the same term twice, with different logs.
 * Counted: votes granted, and restarts with a vote on record.
 */
import type { PeerMessage, Persist } from '@seedraft/core';
import { Violation } from '../observer.ts';
import type { Ledger } from './ledger.ts';
import type { Rule, RuleDefinition, Step } from './rule.ts';
import type { MemberShadow } from './shadow.ts';

export class OneDurableVote implements Rule {
  static readonly definition: RuleDefinition = {
    id: 'S10',
    name: 'One vote a term, durable before it is told',
    definition:
      "A member's term never goes back and it votes for one candidate a term, across crashes; its term and vote are durable before a message that depends on them leaves.",
    antecedent: 'votes granted, and restarts with a vote on record',
    catches: ['M1', 'M2', 'M3'],
  };
  readonly definition = OneDurableVote.definition;
  checks = 0;
  readonly sends = [
    'RequestVote',
    'RequestVoteReply',
    'AppendEntries',
    'AppendEntriesReply',
    'InstallSnapshot',
    'InstallSnapshotReply',
  ] as const;
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  onBoot(shadow: MemberShadow): void {
    if (shadow.boots > 1 && shadow.durableVote !== 0) this.checks += 1;
  }

  onTransition(step: Step): void {
    const { shadow, term, vote } = step;
    if (term < shadow.term) {
      throw new Violation('S10', `${shadow.name} went back from term ${shadow.term} to ${term}`);
    }
    if (term === shadow.term && shadow.vote !== 0 && vote !== shadow.vote) {
      throw new Violation(
        'S10',
        `${shadow.name} changed its vote in term ${term} from ${this.#ledger.name(shadow.vote)} to ${this.#ledger.name(vote)}`,
      );
    }
  }

  onSend(step: Step, message: PeerMessage): void {
    const { shadow } = step;
    if (message.term > shadow.durableTerm) {
      // A refusal may name a higher term than its sender's own: it promises nothing.
      if (message.type === 'RequestVoteReply' && !message.voteGranted) return;
      throw new Violation(
        'S10',
        `${shadow.name} sends ${message.type} in term ${message.term} to ${this.#ledger.name(message.to)}, but only term ${shadow.durableTerm} is durable there`,
      );
    }
    if (message.type !== 'RequestVoteReply' || !message.voteGranted) return;
    this.checks += 1;
    if (shadow.votes.get(message.term) === message.to) return;
    const durable = shadow.votes.get(message.term) ?? 0;
    throw new Violation(
      'S10',
      `${shadow.name} grants its vote in term ${message.term} to ${this.#ledger.name(message.to)}, but its durable vote in that term is for ${this.#ledger.name(durable)}`,
    );
  }

  onDurable(shadow: MemberShadow, persist: Persist): void {
    const { term, votedFor } = persist.hardState;
    if (term < shadow.durableTerm) {
      throw new Violation(
        'S10',
        `${shadow.name} wrote term ${term} over term ${shadow.durableTerm} on its disk`,
      );
    }
    if (term !== shadow.durableTerm) return;
    const { durableVote } = shadow;
    if (durableVote === 0 || votedFor === durableVote) return;
    throw new Violation(
      'S10',
      `${shadow.name} wrote a vote for ${this.#ledger.name(votedFor)} in term ${term} over its vote for ${this.#ledger.name(durableVote)}`,
    );
  }
}
