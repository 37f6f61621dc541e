/**
 * S6, a commit is durable (5.3, and section 6 for joint configurations): when an entry first commits, it is durable on a quorum of the
 * committing leader's latest configuration, on a majority of both halves if that is joint; and everything before it commits with it.
 *
 * Read from the pristine layer of the disks, not from what members say: an acknowledgement that ran ahead of its fsync, or a leader that
 * counts its own unsynced append, is caught at the commit itself, long before a crash makes it visible. Members whose disk was lost or
 * damaged since count with what they had, as the fault, not the commit, destroyed it.
 * Counted: first commits in a configuration of more than one voter.
 */
import { Violation } from '../observer.ts';
import type { Ledger } from './ledger.ts';
import { countVoters, votersEver } from './quorum.ts';
import type { Rule, RuleDefinition, Step } from './rule.ts';
import { strangersCounted } from './s15-only-voters-count.ts';

export class CommitIsDurable implements Rule {
  static readonly definition: RuleDefinition = {
    id: 'S6',
    name: 'Commit is durable on a quorum',
    definition:
      "When an entry first commits it is durable on a quorum of the committing leader's latest configuration (both halves if joint), and everything before it commits with it.",
    antecedent: 'first commits in a configuration of more than one voter',
    catches: ['M6', 'M7', 'M8', 'M12', 'M13', 'M21', 'M13-ACK'],
  };
  readonly definition = CommitIsDurable.definition;
  checks = 0;
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  onCommit(step: Step): void {
    const ledger = this.#ledger;
    const { committing } = ledger;
    if (committing === null) return;
    const { shadow, term, commit } = step;
    const { configuration, from } = committing;
    if (countVoters(configuration) > 1) this.checks += 1;
    const entryTerm = shadow.claimed.termAt(commit);
    for (let index = from; index <= commit; index++) {
      if (shadow.claimed.termAt(index) >= 0 || index <= shadow.claimed.base) continue;
      throw new Violation(
        'S6',
        `${shadow.name}, leader of term ${term}, commits up to ${commit} but has no entry at ${index}; its log ends at ${shadow.claimed.lastIndex}`,
      );
    }
    if (committing.durableOnQuorum) return;
    const holds = (id: number) => ledger.durablyHolds(id, commit, entryTerm);
    if (strangersCounted(ledger, configuration, holds).length > 0) return;
    throw new Violation(
      'S6',
      `${shadow.name}, leader of term ${term}, commits ${commit}@${entryTerm}, which is durable on ${ledger.names(votersEver(configuration).filter(holds))} only: no quorum of ${ledger.describe(configuration)}`,
    );
  }
}
