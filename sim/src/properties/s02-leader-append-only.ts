/**
 * S2, Leader Append-Only (Figure 3): a leader never overwrites or deletes entries in its own log; it only appends new ones.
 *
 * Followers copy the leader's log; a leader that rewrites itself would make two different logs with one term. Also: what it appends
 * bears its own term, since only entries of former terms may have been created by others.
 * Counted: writes of entries by a member that led before and after the step.
 */
import type { Persist } from '@seedraft/core';
import { Violation } from '../observer.ts';
import { describeEntries } from './ledger.ts';
import type { Rule, RuleDefinition, Step } from './rule.ts';

export class LeaderAppendOnly implements Rule {
  static readonly definition: RuleDefinition = {
    id: 'S2',
    name: 'Leader Append-Only',
    definition:
      'A leader never overwrites or deletes entries in its own log; it appends, in its own term.',
    antecedent: 'writes of entries by a leader',
    catches: [],
  };
  readonly definition = LeaderAppendOnly.definition;
  checks = 0;

  onPersist(step: Step, persist: Persist): void {
    const { shadow, role, term } = step;
    if (role !== 'leader') return;
    const led = shadow.role === 'leader' && shadow.term === term;
    const { snapshot, truncateFrom, entries } = persist;
    const last = shadow.claimed.lastIndex;
    if (led && (snapshot !== null || (truncateFrom > 0 && truncateFrom <= last))) {
      const from = snapshot === null ? truncateFrom : snapshot.lastIncludedIndex;
      throw new Violation(
        'S2',
        `${shadow.name}, leader of term ${term}, replaces its own log from index ${from}; it ended at ${last}`,
      );
    }
    const first = entries[0];
    if (first === undefined) return;
    this.checks += 1;
    if (first.index !== last + 1 || first.term !== term) {
      throw new Violation(
        'S2',
        `${shadow.name}, leader of term ${term}, writes ${describeEntries(entries)} into a log that ended at ${last}`,
      );
    }
  }
}
