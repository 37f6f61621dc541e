/**
 * S16, linearizable reads against true global time (dissertation 6.4): a read that claims to be linearizable is served from a state that
 * contains every commit acknowledged to any client before the read began.
 *
 * "Before" is the order of events in the one true time that only a simulator knows; the read began when its client invoked it. Both read modes
 * are held to it, ReadIndex and lease; but in plans whose clocks stray beyond the drift bound that leases assume (`beyondDriftBound`)
 * lease reads are not claimed safe, so those, and only those, are skipped.
 * Counted: reads served within two longest election timeouts of a change of leader, when something had been acknowledged.
 */
import type { Index } from '@seedraft/core';
import type { ReadMode } from '@seedraft/replica';
import { type ClientOperation, type Micros, Violation } from '../observer.ts';
import type { Ledger } from './ledger.ts';
import { type Rule, type RuleDefinition, seconds } from './rule.ts';
import type { MemberShadow } from './shadow.ts';

export class LinearizableReads implements Rule {
  static readonly definition: RuleDefinition = {
    id: 'S16',
    name: 'Linearizable reads in true time',
    definition:
      'A linearizable read (ReadIndex, or lease within the drift bound) is served from a state that contains every commit acknowledged to any client before the read began.',
    antecedent: 'reads served within two election timeouts of a leader change',
    catches: [
      'M14',
      'M24',
      'M25',
      'M26',
      'M27',
      'OLD-ROUND',
      'LEASE-RESTART',
      'LEASE-TRANSFER',
      'LEASE-ROUNDING',
      'LEASE-ALARM',
    ],
  };
  readonly definition = LinearizableReads.definition;
  checks = 0;
  readonly #ledger: Ledger;
  readonly #recent: Micros;
  /** By operation: what had been acknowledged when it was invoked. */
  readonly #floors = new Map<number, Index>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.#recent = 2 * ledger.world.plan.raft.electionTimeoutMax * 1000;
  }

  onInvoke(operation: ClientOperation): void {
    if (!operation.readOnly || !this.#ledger.promises(operation.mode)) return;
    this.#floors.set(operation.id, this.#ledger.acknowledged);
  }

  onRead(
    shadow: MemberShadow,
    operation: ClientOperation | null,
    mode: ReadMode,
    _readIndex: Index,
    appliedIndex: Index,
  ): void {
    if (operation === null || !this.#ledger.promises(mode)) return;
    const floor = this.#floors.get(operation.id);
    if (floor === undefined) return;
    const { now, leaderChangedAt } = this.#ledger;
    if (floor > 0 && now - leaderChangedAt <= this.#recent) this.checks += 1;
    if (appliedIndex >= floor) return;
    throw new Violation(
      'S16',
      `${shadow.name} served a ${mode} read of client ${operation.client} at index ${appliedIndex}, but index ${floor} had been acknowledged to a client before the read began at ${seconds(operation.invokedAt)}`,
    );
  }

  onComplete(operation: ClientOperation): void {
    this.#floors.delete(operation.id);
  }
}
