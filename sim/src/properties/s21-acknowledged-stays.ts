/**
 * S21, acknowledged writes stay (the promise to clients): a write is acknowledged only once it is committed at the index the client is told,
 * and at the end of the run every acknowledged write is still in the canonical log and durable on a quorum. Disks lost since count as having
 * held it; so a disk that is left must hold it as well, and no quorum of the members left may know nothing of it.
 *
 * The end-to-end rule: it needs no theory of Raft and fails whenever something that a client was told is lost.
 * Counted: writes acknowledged.
 */
import type { Index } from '@seedraft/core';
import { type ClientOperation, Violation } from '../observer.ts';
import type { Ledger } from './ledger.ts';
import { isQuorum } from './quorum.ts';
import { type Rule, type RuleDefinition, seconds } from './rule.ts';

export class AcknowledgedStays implements Rule {
  static readonly definition: RuleDefinition = {
    id: 'S21',
    name: 'Acknowledged writes stay',
    definition:
      'A write acknowledged to a client is committed at the index it was told, and at the end it is durable on a quorum, on a disk that is left, and no quorum could go on without it.',
    antecedent: 'writes acknowledged to clients',
    catches: ['M1', 'M4', 'M5', 'M7', 'M8', 'M15'],
  };
  readonly definition = AcknowledgedStays.definition;
  checks = 0;
  readonly #ledger: Ledger;
  /** The acknowledged write of the greatest index. */
  #last: { readonly index: Index; readonly operation: ClientOperation } | null = null;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  onComplete(operation: ClientOperation): void {
    if (operation.outcome !== 'ok' || operation.readOnly || operation.index === 0) return;
    this.checks += 1;
    const ledger = this.#ledger;
    const index = operation.told;
    if (index > ledger.committed) {
      fail(operation, `but only ${ledger.committed} is committed`);
    }
    const { sessionId, sequence } = operation;
    const outcome = ledger.sessions[index];
    if (sessionId > 0 && outcome !== undefined) {
      if (outcome.sessionId !== sessionId || outcome.sequence !== sequence) {
        fail(
          operation,
          `but that entry is of session ${outcome.sessionId}, sequence ${outcome.sequence}, not of session ${sessionId}, sequence ${sequence}`,
        );
      }
    }
    if (this.#last === null || index > this.#last.index) this.#last = { index, operation };
  }

  onEnd(): void {
    if (this.#last === null) return;
    const ledger = this.#ledger;
    const { index, operation } = this.#last;
    const recorded = ledger.canonical[index];
    const latest = ledger.latestConfiguration;
    // By log matching the greatest index stands for all before it.
    if (recorded === undefined || recorded === null || latest === undefined) return;
    const { configuration } = latest;
    const { term } = recorded.entry;
    const holds = (id: number) => ledger.durablyHolds(id, index, term);
    if (!isQuorum(configuration, holds)) {
      const holders = ledger.shadows.filter(({ id }) => holds(id)).map(({ id }) => id);
      fail(
        operation,
        `but at the end ${index}@${term} is durable on ${ledger.names(holders)} only: no quorum of ${ledger.describe(configuration)}`,
      );
    }
    // Disks that were lost since held it honestly, but bring nothing back.
    if (!configuration.members.some(({ id }) => ledger.stillHolds(id, index, term))) {
      fail(
        operation,
        `but at the end no disk that is left in ${ledger.describe(configuration)} holds ${index}@${term}`,
      );
    }
    const without = (id: number) => ledger.mayVoteWithout(id, index, term);
    if (isQuorum(configuration, without)) {
      fail(
        operation,
        `but at the end a quorum of ${ledger.describe(configuration)} could elect a leader without ${index}@${term}`,
      );
    }
  }
}

function fail(operation: ClientOperation, what: string): never {
  throw new Violation(
    'S21',
    `client ${operation.client} was told at ${seconds(operation.completedAt)} that its ${operation.f} is at index ${operation.told}, ${what}`,
  );
}
