/**
 * S17, reads wait for their index (dissertation 6.4): whoever serves a read has applied at least the read index it was given, and that index
 * is committed.
 *
 * The leader proves which index is enough; a follower or learner that answers sooner answers from the past although the proof was good.
 * Counted: linearizable reads served by a member that is not the leader.
 */
import type { Index } from '@seedraft/core';
import type { ReadMode } from '@seedraft/replica';
import { type ClientOperation, Violation } from '../observer.ts';
import type { Ledger } from './ledger.ts';
import type { Rule, RuleDefinition } from './rule.ts';
import type { MemberShadow } from './shadow.ts';

export class FollowerReads implements Rule {
  static readonly definition: RuleDefinition = {
    id: 'S17',
    name: 'Reads wait for their index',
    definition:
      'A member serves a read only once it has applied the read index, and a read index is committed.',
    antecedent: 'linearizable reads served by followers and learners',
    catches: ['FOLLOWER-READ'],
  };
  readonly definition = FollowerReads.definition;
  checks = 0;
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  onRead(
    shadow: MemberShadow,
    _operation: ClientOperation | null,
    mode: ReadMode,
    readIndex: Index,
    appliedIndex: Index,
  ): void {
    if (mode === 'stale') return;
    if (shadow.role !== 'leader') this.checks += 1;
    if (appliedIndex < readIndex) {
      throw new Violation(
        'S17',
        `${shadow.name} served a ${mode} read having applied only ${appliedIndex} of read index ${readIndex}`,
      );
    }
    if (readIndex > this.#ledger.committed) {
      throw new Violation(
        'S17',
        `${shadow.name} served a ${mode} read at read index ${readIndex}, but only ${this.#ledger.committed} is committed`,
      );
    }
  }
}
