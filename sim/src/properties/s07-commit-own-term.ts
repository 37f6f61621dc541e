/**
 * S7, commit by counting only in the leader's own term (5.4.2, Figure 8): a leader concludes that an entry is committed from its being
 * on a quorum only if the entry is of its current term; earlier ones commit with it.
 *
 * Figure 8 shows an entry of an old term on a majority that a later leader may still overwrite.
 * Counted: commits by a leader while entries of former terms were waiting in its log.
 */
import { Violation } from '../observer.ts';
import type { Rule, RuleDefinition, Step } from './rule.ts';

export class CommitOwnTerm implements Rule {
  static readonly definition: RuleDefinition = {
    id: 'S7',
    name: 'Commit by counting in the own term only',
    definition:
      'A leader advances commitIndex only to an entry of its own current term; earlier entries commit with it.',
    antecedent: 'commits by a leader while entries of former terms were waiting',
    catches: ['M5'],
  };
  readonly definition = CommitOwnTerm.definition;
  checks = 0;

  onCommit(step: Step): void {
    const { shadow, term, commit } = step;
    if (shadow.role !== 'leader' || shadow.term !== term) return;
    const { claimed } = shadow;
    if (claimed.termAt(shadow.commit + 1) < term) this.checks += 1;
    const entryTerm = claimed.termAt(commit);
    if (entryTerm === term) return;
    throw new Violation(
      'S7',
      `${shadow.name}, leader of term ${term}, advances commitIndex from ${shadow.commit} to ${commit}, an entry of term ${entryTerm}`,
    );
  }
}
