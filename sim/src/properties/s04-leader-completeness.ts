/**
 * S4, Leader Completeness (Figure 3): if an entry is committed in a given term, it is present in the logs of the leaders of all later terms.
 *
 * This is what the vote restriction (5.4.1) is for; without it a new leader overwrites what clients were told is safe. A leader of an
 * older term that learns late of its election is no counterexample, so entries committed in later terms are not asked of it.
 * Counted: elections won when something had been committed in an earlier term.
 */
import { Violation } from '../observer.ts';
import type { Ledger } from './ledger.ts';
import type { Rule, RuleDefinition, Step } from './rule.ts';

export class LeaderCompleteness implements Rule {
  static readonly definition: RuleDefinition = {
    id: 'S4',
    name: 'Leader Completeness',
    definition:
      'An entry committed in a term is present in the logs of the leaders of all later terms.',
    antecedent: 'elections won when something had been committed in an earlier term',
    catches: ['M1', 'M4', 'M5', 'M7', 'M8', 'M19', 'M20', 'M29'],
  };
  readonly definition = LeaderCompleteness.definition;
  checks = 0;
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  onTransition(step: Step): void {
    const { shadow, role, term } = step;
    if (role !== 'leader' || (shadow.role === 'leader' && shadow.term === term)) return;
    const { canonical, commitTerms } = this.#ledger;
    let index = this.#ledger.committed;
    while (index > 0 && (commitTerms[index] as number) >= term) index -= 1;
    const recorded = canonical[index];
    if (index === 0 || recorded === undefined || recorded === null) return;
    this.checks += 1;
    if (this.#ledger.contains(shadow.claimed, index, recorded.entry.term)) return;
    throw new Violation(
      'S4',
      `${shadow.name} became leader of term ${term} without entry ${index}@${recorded.entry.term}, which was committed in term ${commitTerms[index]}; its log ends at ${shadow.claimed.lastIndex}@${shadow.claimed.lastTerm}`,
    );
  }
}
