/**
 * S1, Election Safety (Figure 3): at most one leader can be elected in a given term.
 *
 * Two leaders of one term would append different entries under the same (index, term), and everything else falls with that. White-box
 * half: whoever leads a term holds the durable votes of a quorum of its own latest configuration (both halves of a joint one), so a
 * wrong quorum is caught at the first election it wins, not only when a second one collides with it.
 * Counted: elections won after another member has already led.
 */
import { Violation } from '../observer.ts';
import type { Ledger } from './ledger.ts';
import { isQuorum } from './quorum.ts';
import { type Rule, type RuleDefinition, type Step, seconds } from './rule.ts';
import { strangersCounted } from './s15-only-voters-count.ts';

export class ElectionSafety implements Rule {
  static readonly definition: RuleDefinition = {
    id: 'S1',
    name: 'Election Safety',
    definition:
      'At most one leader is elected in a term, and it holds the durable votes of a quorum of its latest configuration.',
    antecedent: 'elections won after another member had already led',
    catches: ['M1', 'M2', 'M3', 'M6', 'M21', 'M13', 'M32-UNBOUND'],
  };
  readonly definition = ElectionSafety.definition;
  checks = 0;
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  onTransition(step: Step): void {
    const { shadow, role, term, raft } = step;
    if (role !== 'leader' || (shadow.role === 'leader' && shadow.term === term)) return;
    const ledger = this.#ledger;
    const earlier = ledger.leaders.get(term);
    if (earlier !== undefined) {
      const who = earlier.leader === shadow.id ? 'it' : ledger.name(earlier.leader);
      throw new Violation(
        'S1',
        `${shadow.name} became leader of term ${term}, but ${who} already became leader of term ${term} at ${seconds(earlier.at)}`,
      );
    }
    if (ledger.leaders.size > 0) this.checks += 1;
    const votedForIt = (id: number) => ledger.shadowOf(id)?.votes.get(term) === shadow.id;
    if (isQuorum(raft.configuration, votedForIt)) return;
    if (strangersCounted(ledger, raft.configuration, votedForIt).length > 0) return;
    const votes = ledger.shadows.filter((voter) => votedForIt(voter.id)).map((voter) => voter.id);
    throw new Violation(
      'S1',
      `${shadow.name} became leader of term ${term} with the durable votes of ${ledger.names(votes)} only, which is no quorum of ${ledger.describe(raft.configuration)}`,
    );
  }
}
