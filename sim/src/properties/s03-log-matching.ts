/**
 * S3, Log Matching (Figure 3): if two logs contain an entry with the same index and term, they are identical up to that index.
 *
 * Kept as a map from (index, term) to the entry first appended there and the term before it: every later copy must be the same entry
 * with the same predecessor, and by induction everything before it is the same too. What a disk gives back at a restart is held to the
 * same map, so damage that the storage did not report is seen here.
 * Counted: entries that another member had appended before.
 */
import type { Entry, Persist, Term } from '@seedraft/core';
import type { RecoveredMember } from '@seedraft/replica';
import { Violation } from '../observer.ts';
import type { Ledger, Recorded } from './ledger.ts';
import type { Rule, RuleDefinition, Step } from './rule.ts';
import type { MemberShadow } from './shadow.ts';

export class LogMatching implements Rule {
  static readonly definition: RuleDefinition = {
    id: 'S3',
    name: 'Log Matching',
    definition:
      'If two logs contain an entry with the same index and term, they are identical up to that index.',
    antecedent: 'entries appended that another member had appended before',
    catches: ['M3', 'M9', 'M30', 'PREVIOUS', 'STORE'],
  };
  readonly definition = LogMatching.definition;
  checks = 0;
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  onPersist(step: Step, persist: Persist): void {
    const { entries, snapshot } = persist;
    const first = entries[0];
    if (first === undefined) return;
    const { shadow } = step;
    let prevTerm =
      snapshot !== null && snapshot.lastIncludedIndex === first.index - 1
        ? snapshot.lastIncludedTerm
        : shadow.claimed.termAt(first.index - 1);
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i] as Entry;
      const recorded = this.#ledger.find(entry.index, entry.term);
      if (recorded !== null) this.#compare(shadow, recorded, entry, prevTerm);
      prevTerm = entry.term;
    }
  }

  onBoot(shadow: MemberShadow, recovered: RecoveredMember): void {
    for (const entry of recovered.core.entries) {
      const recorded = this.#ledger.find(entry.index, entry.term);
      if (recorded === null || isSame(recorded.entry, entry)) continue;
      throw new Violation(
        'S3',
        `${shadow.name} restarted with an entry at ${entry.index}@${entry.term} that differs from the one ${this.#ledger.name(recorded.by)} appended there`,
      );
    }
  }

  #compare(shadow: MemberShadow, recorded: Recorded, entry: Entry, prevTerm: Term): void {
    if (recorded.by !== shadow.id) this.checks += 1;
    const isSameEntry = isSame(recorded.entry, entry);
    // -1: before a snapshot's base, unknown.
    const isAfterSame = prevTerm < 0 || recorded.prevTerm < 0 || prevTerm === recorded.prevTerm;
    if (isSameEntry && isAfterSame) return;
    const where = `${entry.index}@${entry.term}`;
    const other = this.#ledger.name(recorded.by);
    throw new Violation(
      'S3',
      isSameEntry
        ? `${shadow.name} appends ${where} after an entry of term ${prevTerm}, but in the log of ${other} it follows one of term ${recorded.prevTerm}`
        : `${shadow.name} appends an entry at ${where} that differs from the one ${other} appended there`,
    );
  }
}

/** The same index and term are given; is it the same entry? */
export function isSame(one: Entry, other: Entry): boolean {
  if (one === other) return true;
  if (one.kind !== other.kind || one.checksum !== other.checksum) return false;
  if (one.configuration !== null || other.configuration !== null) {
    return JSON.stringify(one.configuration) === JSON.stringify(other.configuration);
  }
  const { data } = one;
  if (data === other.data) return true;
  if (data.length !== other.data.length) return false;
  for (let i = 0; i < data.length; i++) if (data[i] !== other.data[i]) return false;
  return true;
}
