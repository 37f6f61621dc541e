/**
 * S22, bounds: what the configuration limits stays within its limits, at every member and in every message: entries and bytes of an
 * AppendEntries, the chunk of a snapshot, appends in flight to a follower; and no error escapes unhandled.
 *
 * A limit that does not hold under faults is an outage waiting for load. One entry may always travel, whatever its size.
 * Counted: AppendEntries and InstallSnapshots that carry something.
 */
import type { PeerMessage } from '@seedraft/core';
import { Violation } from '../observer.ts';
import type { Ledger } from './ledger.ts';
import type { Rule, RuleDefinition, Step } from './rule.ts';

export class Bounds implements Rule {
  static readonly definition: RuleDefinition = {
    id: 'S22',
    name: 'Bounds hold',
    definition:
      'Messages, appends in flight and the log stay within their configured limits, and no error escapes unhandled.',
    antecedent: 'AppendEntries with entries and InstallSnapshots sent',
    catches: [],
  };
  readonly definition = Bounds.definition;
  checks = 0;
  readonly sends = ['AppendEntries', 'InstallSnapshot'] as const;
  readonly #ledger: Ledger;
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #maxChunk: number;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    const { maxAppendEntries, maxAppendBytes, snapshotChunkBytes } = ledger.world.plan.raft;
    this.#maxEntries = maxAppendEntries;
    this.#maxBytes = maxAppendBytes;
    this.#maxChunk = snapshotChunkBytes;
  }

  onSend(step: Step, message: PeerMessage): void {
    if (message.type === 'AppendEntries') {
      const { entries } = message;
      if (entries.length === 0) return;
      this.checks += 1;
      if (entries.length === 1) return;
      let bytes = 0;
      for (let i = 0; i < entries.length; i++) bytes += entries[i]?.data.length ?? 0;
      if (entries.length > this.#maxEntries) {
        this.#fail(step, message, `${entries.length} entries, above ${this.#maxEntries}`);
      }
      if (bytes > this.#maxBytes) {
        this.#fail(step, message, `${bytes} bytes of entries, above ${this.#maxBytes}`);
      }
    } else if (message.type === 'InstallSnapshot') {
      this.checks += 1;
      const { length } = message;
      if (length > this.#maxChunk) {
        this.#fail(step, message, `a chunk of ${length} bytes, above ${this.#maxChunk}`);
      }
    }
  }

  #fail(step: Step, message: PeerMessage, what: string): never {
    throw new Violation(
      'S22',
      `${step.shadow.name} sends ${this.#ledger.name(message.to)} ${message.type} with ${what}`,
    );
  }
}

/** For the engine: an error that escaped a member's code is a finding about the member, not a crash of the tool. */
export function unhandledError(name: string, error: unknown): Violation {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const violation = new Violation('S22', `${name} stopped with an unhandled error: ${what}`);
  violation.cause = error;
  return violation;
}
