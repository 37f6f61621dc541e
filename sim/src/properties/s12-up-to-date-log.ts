/**
 * S12, the election restriction (5.4.1): a member votes only for a candidate whose log is at least as up-to-date as its own: a later last
 * term, or the same last term and a log at least as long.
 *
 * Judged at the step that decides the vote, with the log as it is then. Also: a candidate never overstates its log, a member whose once
 * durable entries are missing does not vote at all, and a leader that stays until its heir has won (dissertation 3.10) sends TimeoutNow
 * only to one that has its whole log: another would be refused, and the cluster without a leader for nothing.
 * Counted: RequestVotes from candidates whose log differs from the voter's, and TimeoutNow of such leaders.
 */
import type { PeerMessage } from '@seedraft/core';
import { Violation } from '../observer.ts';
import type { Ledger } from './ledger.ts';
import type { Rule, RuleDefinition, Step } from './rule.ts';

export class UpToDateLog implements Rule {
  static readonly definition: RuleDefinition = {
    id: 'S12',
    name: 'Votes only for an up-to-date log',
    definition:
      'A member votes only for a candidate whose log is at least as up-to-date as its own, candidates never overstate their log, and leadership is transferred only to a member with the whole log.',
    antecedent:
      "RequestVotes from candidates whose log differs from the voter's, and leadership transfers",
    catches: ['M4', 'M29'],
  };
  readonly definition = UpToDateLog.definition;
  checks = 0;
  readonly sends = ['RequestVote', 'TimeoutNow'] as const;
  readonly receives = ['RequestVote'] as const;
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  onSend(step: Step, message: PeerMessage): void {
    if (message.type === 'TimeoutNow') this.#onTransfer(step, message);
    if (message.type !== 'RequestVote') return;
    const { lastIndex, lastTerm } = step.shadow.claimed;
    const { lastLogIndex, lastLogTerm } = message;
    // Requests held back until the own vote is durable may understate a log that has grown since: that costs votes, nothing else.
    if (lastLogTerm < lastTerm || (lastLogTerm === lastTerm && lastLogIndex <= lastIndex)) return;
    throw new Violation(
      'S12',
      `${step.shadow.name} asks for votes in term ${message.term} with a log ending at ${lastLogIndex}@${lastLogTerm}, but its log ends at ${lastIndex}@${lastTerm}`,
    );
  }

  /** A leader that leaves at once (removed, its disk stuck) hands over to the best there is: that is no transfer. */
  #onTransfer({ shadow, role }: Step, message: PeerMessage): void {
    if (role !== 'leader') return;
    this.checks += 1;
    const { lastIndex, lastTerm } = shadow.claimed;
    if (this.#ledger.durablyHolds(message.to, lastIndex, lastTerm)) return;
    throw new Violation(
      'S12',
      `${shadow.name} hands leadership of term ${message.term} over to ${this.#ledger.name(message.to)}, which does not have its last entry, ${lastIndex}@${lastTerm}`,
    );
  }

  onReceive(step: Step, message: PeerMessage): void {
    if (message.type !== 'RequestVote') return;
    const { shadow } = step;
    const { lastLogIndex, lastLogTerm, from, term } = message;
    const { lastIndex, lastTerm } = shadow.claimed;
    if (lastLogIndex === lastIndex && lastLogTerm === lastTerm && shadow.repairUntil === 0) return;
    this.checks += 1;
    const decided =
      step.vote === from && step.term === term && (shadow.vote !== from || shadow.term !== term);
    if (!decided) return;
    const candidate = this.#ledger.name(from);
    if (shadow.repairUntil > shadow.durable.lastIndex) {
      throw new Violation(
        'S12',
        `${shadow.name} votes for ${candidate} in term ${term} while entries up to ${shadow.repairUntil}, once durable here, are still missing`,
      );
    }
    if (lastLogTerm > lastTerm || (lastLogTerm === lastTerm && lastLogIndex >= lastIndex)) return;
    throw new Violation(
      'S12',
      `${shadow.name} votes for ${candidate} in term ${term}, whose log ends at ${lastLogIndex}@${lastLogTerm}, before its own at ${lastIndex}@${lastTerm}`,
    );
  }
}
