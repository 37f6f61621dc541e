/**
 * S5, State Machine Safety (Figure 3): if a member has applied an entry at an index, no other member ever applies a different one there.
 *
 * Held against the canonical list, which only leaders' first commits extend: whatever a member takes as committed, or applies, must be
 * that list's entry. So a follower that commits too far is caught before it applies.
 * Counted: entries applied at an index that another member had applied before.
 */
import type { Entry } from '@seedraft/core';
import { Violation } from '../observer.ts';
import type { Ledger } from './ledger.ts';
import type { Rule, RuleDefinition, Step } from './rule.ts';
import { isSame } from './s03-log-matching.ts';
import type { MemberShadow } from './shadow.ts';

export class StateMachineSafety implements Rule {
  static readonly definition: RuleDefinition = {
    id: 'S5',
    name: 'State Machine Safety',
    definition:
      'If a member has applied an entry at an index, no member ever applies a different entry at that index.',
    antecedent: 'entries applied at an index that another member had applied before',
    catches: ['M5', 'M9', 'M11', 'M13'],
  };
  readonly definition = StateMachineSafety.definition;
  checks = 0;
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  onCommit(step: Step): void {
    const { shadow, commit } = step;
    const { canonical, committed, committing } = this.#ledger;
    if (committing === null && commit > committed) {
      throw new Violation(
        'S5',
        `${shadow.name} takes index ${commit} as committed, but no leader has committed beyond ${committed}`,
      );
    }
    const { claimed } = shadow;
    const to = Math.min(commit, committed);
    for (let index = Math.max(shadow.commit, claimed.base) + 1; index <= to; index++) {
      const expected = canonical[index];
      const term = claimed.termAt(index);
      if (expected === null || expected === undefined || expected.entry.term === term) continue;
      const found = term < 0 ? 'nothing there' : `an entry of term ${term}`;
      throw new Violation(
        'S5',
        `${shadow.name} takes index ${index} as committed with ${found}, but the entry committed there is of term ${expected.entry.term}`,
      );
    }
  }

  onApply(shadow: MemberShadow, entry: Entry): void {
    const { canonical, digests } = this.#ledger;
    const earlier = digests[entry.index];
    if (earlier !== undefined && earlier.by !== shadow.id) this.checks += 1;
    const expected = canonical[entry.index];
    if (expected === null) return;
    if (expected === undefined) {
      throw new Violation(
        'S5',
        `${shadow.name} applied ${entry.index}@${entry.term}, which no leader has committed`,
      );
    }
    if (expected.entry.term === entry.term && isSame(expected.entry, entry)) return;
    throw new Violation(
      'S5',
      `${shadow.name} applied ${entry.index}@${entry.term}, but the entry committed at that index is ${entry.index}@${expected.entry.term}, appended by ${this.#ledger.name(expected.by)}`,
    );
  }
}
