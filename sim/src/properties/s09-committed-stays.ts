/**
 * S9, committed entries stay: no member ever drops or overwrites an entry it holds that is committed, neither by a conflict (5.3) nor by
 * installing a snapshot (Figure 13: what follows the snapshot and matches is retained), and snapshots stand for committed entries only.
 *
 * Rewriting an entry with itself in the same write is allowed: nothing is lost. So is what only the cluster knows of: a member that has heard nothing
 * of the term in which its entry was committed was not counted for it, and may yet obey a leader of an older term that does not have it, as S4 allows
 * (swarm seeds 87147, 35596).
 * Counted: truncations and snapshot installations at members that hold committed entries.
 */
import type { Index, Persist, Term } from '@seedraft/core';
import { Violation } from '../observer.ts';
import type { Ledger } from './ledger.ts';
import type { Rule, RuleDefinition, Step } from './rule.ts';
import { firstLost } from './shadow.ts';

export class CommittedStays implements Rule {
  static readonly definition: RuleDefinition = {
    id: 'S9',
    name: 'Committed entries stay',
    definition:
      'A member never drops an entry it holds that was committed in a term up to its own, by truncation or by a snapshot, and a snapshot stands for committed entries only.',
    antecedent: 'truncations and snapshot installations after something was committed',
    catches: ['M10', 'M15'],
  };
  readonly definition = CommittedStays.definition;
  checks = 0;
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  onPersist(step: Step, persist: Persist): void {
    const { shadow } = step;
    const { claimed } = shadow;
    const { snapshot, entries } = persist;
    const first = entries[0];
    if (snapshot === null && persist.truncateFrom === 0) {
      if (first === undefined || first.index > claimed.lastIndex) return;
    }
    const { canonical, committed } = this.#ledger;
    if (committed > 0) this.checks += 1;
    if (snapshot !== null) this.#checkSnapshot(step, persist);
    const lost = this.#firstVouchedFor(step, firstLost(claimed, persist));
    const expected = canonical[lost];
    if (lost > committed || expected === null || expected === undefined) return;
    if (claimed.termAt(lost) !== expected.entry.term) return;
    const how =
      snapshot === null
        ? `truncates its log from index ${lost}`
        : `installs a snapshot up to ${snapshot.lastIncludedIndex} and drops what follows`;
    throw new Violation(
      'S9',
      `${shadow.name} ${how}, although its entry ${lost}@${expected.entry.term} is committed (the cluster has committed up to ${committed})`,
    );
  }

  /** The first index from there on whose commit its member knows of, or may have been counted for. */
  #firstVouchedFor({ shadow, term }: Step, from: Index): Index {
    const { commitTerms, committed } = this.#ledger;
    let index = from;
    while (index > shadow.commit && index <= committed && (commitTerms[index] as Term) > term) {
      index += 1;
    }
    return index;
  }

  #checkSnapshot(step: Step, persist: Persist): void {
    const { snapshot } = persist;
    if (snapshot === null) return;
    const { lastIncludedIndex, lastIncludedTerm } = snapshot;
    const expected = this.#ledger.canonical[lastIncludedIndex];
    if (expected === null || expected?.entry.term === lastIncludedTerm) return;
    const committed =
      expected === undefined
        ? `only ${this.#ledger.committed} is committed`
        : `${lastIncludedIndex}@${expected.entry.term} is what was committed there`;
    throw new Violation(
      'S9',
      `${step.shadow.name} installs a snapshot up to ${lastIncludedIndex}@${lastIncludedTerm}, but ${committed}`,
    );
  }
}
