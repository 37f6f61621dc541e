/**
 * S22, bounds: what the configuration limits stays within its limits, at every member and in every message: entries and bytes of an
 * AppendEntries, appends in flight to a follower, the chunk of a snapshot, a leader's uncompacted log; and no error escapes unhandled.
 *
 * A limit that does not hold under faults is an outage waiting for load. One entry may always travel, and be appended, whatever its size.
 * Counted: AppendEntries and InstallSnapshots that carry something.
 */
import {
  type AppendEntries,
  type Index,
  InvariantError,
  type MemberId,
  type PeerMessage,
  type Persist,
  type Term,
} from '@seedraft/core';
import { Violation } from '../observer.ts';
import type { Ledger } from './ledger.ts';
import type { Rule, RuleDefinition, Step } from './rule.ts';

/** What a leader has sent to one follower and not heard of, oldest first: the last index of each message. */
interface Window {
  term: Term;
  readonly ends: Index[];
}

export class Bounds implements Rule {
  static readonly definition: RuleDefinition = {
    id: 'S22',
    name: 'Bounds hold',
    definition:
      'Messages, appends in flight and the log stay within their configured limits, and no error escapes unhandled.',
    antecedent: 'AppendEntries with entries and InstallSnapshots sent',
    catches: ['FRAME'],
  };
  readonly definition = Bounds.definition;
  checks = 0;
  readonly sends = ['AppendEntries', 'InstallSnapshot'] as const;
  readonly receives = ['AppendEntriesReply'] as const;
  readonly #ledger: Ledger;
  /** By leader, by follower. */
  readonly #windows: (Window | undefined)[][] = [];

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  onPersist(step: Step, persist: Persist): void {
    if (step.message.type !== 'Propose' || step.role !== 'leader') return;
    const { maxLogBytes } = this.#ledger.world.plan.raft;
    const { log } = step.raft;
    const first = persist.entries[0];
    if (first === undefined) return;
    // Cheap refusal first: the log can only be too long if its entries at their largest would be.
    let bytes = 0;
    const most = (log.lastIndex - log.firstIndex + 1) * this.#ledger.largestEntry;
    if (most <= maxLogBytes) return;
    for (let index = log.firstIndex; index < first.index; index++) {
      bytes += log.entryAt(index)?.data.length ?? 0;
    }
    if (bytes <= maxLogBytes) return;
    throw new Violation(
      'S22',
      `${step.shadow.name} accepts a proposal with ${bytes} bytes in its uncompacted log, above ${maxLogBytes}`,
    );
  }

  onSend(step: Step, message: PeerMessage): void {
    if (message.type === 'AppendEntries') {
      if (message.entries.length > 0) this.#onAppend(step, message);
    } else if (message.type === 'InstallSnapshot') {
      this.checks += 1;
      this.#window(step.shadow.id, message.to, message.term).ends.length = 0;
      const { snapshotChunkBytes } = this.#ledger.world.plan.raft;
      if (message.length <= snapshotChunkBytes) return;
      this.#fail(step, message, `a chunk of ${message.length} bytes, above ${snapshotChunkBytes}`);
    }
  }

  onReceive(step: Step, message: PeerMessage): void {
    if (message.type !== 'AppendEntriesReply') return;
    const window = this.#windows[step.shadow.id]?.[message.from];
    if (window === undefined || window.term !== message.term) return;
    // Refused: the leader gives up what is in flight and probes.
    if (!message.success) window.ends.length = 0;
    while (window.ends.length > 0 && (window.ends[0] as Index) <= message.matchIndex) {
      window.ends.shift();
    }
  }

  #onAppend(step: Step, message: AppendEntries): void {
    this.checks += 1;
    const { maxAppendEntries, maxAppendBytes, maxInflightMessages } = this.#ledger.world.plan.raft;
    const { entries } = message;
    if (entries.length > maxAppendEntries && entries.length > 1) {
      this.#fail(step, message, `${entries.length} entries, above ${maxAppendEntries}`);
    }
    let bytes = 0;
    for (let i = 0; i < entries.length; i++) bytes += entries[i]?.data.length ?? 0;
    if (bytes > maxAppendBytes && entries.length > 1) {
      this.#fail(step, message, `${bytes} bytes of entries, above ${maxAppendBytes}`);
    }
    const { ends } = this.#window(step.shadow.id, message.to, message.term);
    // What is sent again was given up before.
    const first = message.prevLogIndex + 1;
    while (ends.length > 0 && (ends[ends.length - 1] as Index) >= first) ends.pop();
    ends.push(message.prevLogIndex + entries.length);
    if (ends.length <= maxInflightMessages) return;
    this.#fail(
      step,
      message,
      `${ends.length} appends in flight (up to ${ends.join(', ')}), above ${maxInflightMessages}`,
    );
  }

  #window(leader: MemberId, follower: MemberId, term: Term): Window {
    this.#windows[leader] ??= [];
    const windows = this.#windows[leader];
    const known = windows[follower];
    if (known !== undefined && known.term === term) return known;
    const fresh: Window = { term, ends: [] };
    windows[follower] = fresh;
    return fresh;
  }

  #fail(step: Step, message: PeerMessage, what: string): never {
    throw new Violation(
      'S22',
      `${step.shadow.name} sends ${this.#ledger.name(message.to)} ${message.type} with ${what}`,
    );
  }
}

/**
 * For the engine: an error that escaped a member's code is a finding about the member, not a crash of the tool. A member that found its own
 * share of a rule broken says of which.
 */
export function unhandledError(name: string, error: unknown): Violation {
  if (error instanceof InvariantError && error.rule !== 'local') {
    return new Violation(error.rule, `${name} broke an invariant of its own: ${error.message}`);
  }
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const violation = new Violation('S22', `${name} stopped with an unhandled error: ${what}`);
  violation.cause = error;
  return violation;
}
