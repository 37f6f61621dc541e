/**
 * S20, equal states (the replicated state machine property, section 2): members that have applied up to the same index have machines,
 * sessions and cluster time in the same state.
 *
 * The digest is over everything replicated, so any non-determinism (iteration order, a local clock, a float) shows at the first entry
 * where it matters, and so does a restart that replays into another state.
 * Counted: entries applied whose resulting state is known from another member.
 */
import type { Entry } from '@seedraft/core';
import { type Digest, Violation } from '../observer.ts';
import type { Ledger } from './ledger.ts';
import type { Rule, RuleDefinition } from './rule.ts';
import type { MemberShadow } from './shadow.ts';

export class EqualStates implements Rule {
  static readonly definition: RuleDefinition = {
    id: 'S20',
    name: 'Equal states at equal applied index',
    definition:
      'Members that have applied up to the same index hold the same machine, sessions and cluster time.',
    antecedent: 'entries applied whose resulting state is known from another member',
    catches: ['M16', 'M33', 'OWN-CLOCK'],
  };
  readonly definition = EqualStates.definition;
  checks = 0;
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  onApply(shadow: MemberShadow, entry: Entry, _result: unknown, digest: Digest): void {
    const expected = this.#ledger.digests[entry.index];
    if (expected === undefined) return;
    if (expected.by !== shadow.id) this.checks += 1;
    if (expected.digest.hi === digest.hi && expected.digest.lo === digest.lo) return;
    const who = expected.by === shadow.id ? 'it had before' : this.#ledger.name(expected.by);
    throw new Violation(
      'S20',
      `after applying ${entry.index}@${entry.term} ${shadow.name} is in another state than ${who}`,
    );
  }
}
