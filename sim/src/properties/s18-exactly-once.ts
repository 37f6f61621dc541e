/**
 * S18, exactly once (dissertation 6.3): within a session each sequence number is executed at most once in the whole log; a duplicate gets
 * the result of the execution; and what becomes of an entry (executed, duplicate, expired) is the same on every member.
 *
 * The session table is replicated state: a member that lost it (say, by a snapshot without it) executes what others answer from memory.
 * And no session ends before its time: cluster time, by which they expire, never runs ahead of true time by more than clocks may stray.
 * Counted: duplicates answered and expired sessions refused.
 */
import type { Entry, Index } from '@seedraft/core';
import { Violation } from '../observer.ts';
import { type Ledger, put, type SessionOutcome } from './ledger.ts';
import type { Rule, RuleDefinition } from './rule.ts';
import type { MemberShadow } from './shadow.ts';

/** Milliseconds: each leader may add one, reading clocks that show whole ones. */
const ROUNDING = 100;

export class ExactlyOnce implements Rule {
  static readonly definition: RuleDefinition = {
    id: 'S18',
    name: 'Sessions execute exactly once',
    definition:
      'Within a session a sequence number is executed at most once, duplicates get the same result, every member agrees on what became of each entry, and the time by which sessions expire does not run ahead.',
    antecedent:
      'duplicates answered from the session table, and commands of expired sessions refused',
    catches: ['M16', 'M17', 'M18', 'EXPIRY-OWN-CLOCK', 'CLOCK-IN-LOG'],
  };
  readonly definition = ExactlyOnce.definition;
  checks = 0;
  readonly #ledger: Ledger;
  /** session -> sequence -> the index where it was executed. */
  readonly #executed = new Map<number, Map<number, Index>>();
  /** By index: the result as first reported. */
  readonly #results: ({ readonly result: unknown; readonly by: string } | undefined)[] = [];

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  onSession(
    shadow: MemberShadow,
    sessionId: number,
    sequence: number,
    kind: SessionOutcome['kind'],
    index: Index,
  ): void {
    if (kind !== 'executed') this.checks += 1;
    if (sequence === 0) this.#onExpiry(shadow, sessionId, index);
    else if (!this.#isKnown(shadow, sessionId, sequence, kind, index)) {
      this.#ledger.session(index, { sessionId, sequence, kind, by: shadow.id });
      if (kind === 'executed') this.#onExecution(shadow, sessionId, sequence, index);
      else if (kind === 'duplicate') this.#onDuplicate(shadow, sessionId, sequence, index);
    }
  }

  onApply(shadow: MemberShadow, entry: Entry, result: unknown): void {
    if (entry.kind !== 'command') return;
    this.#checkTime(shadow);
    const { index } = entry;
    const known = this.#results[index];
    if (known !== undefined) {
      if (isEqual(known.result, result)) return;
      throw new Violation(
        'S18',
        `${shadow.name} got another result than ${known.by} for the command at index ${index}`,
      );
    }
    put(this.#results, index, { result, by: shadow.name });
    const outcome = this.#ledger.sessions[index];
    if (outcome === undefined || outcome.kind !== 'duplicate') return;
    const executed = this.#executed.get(outcome.sessionId)?.get(outcome.sequence) ?? 0;
    const first = this.#results[executed];
    if (first === undefined || isEqual(first.result, result)) return;
    throw new Violation(
      'S18',
      `${shadow.name} answered the duplicate at index ${index} (session ${outcome.sessionId}, sequence ${outcome.sequence}) with another result than its execution at index ${executed} had`,
    );
  }

  /** It began at 0 when the first member did, and no estimate of it may gain on the true time but by drift and rounding. */
  #checkTime(shadow: MemberShadow): void {
    const { now, world } = this.#ledger;
    const { plan } = world;
    if (plan.beyondDriftBound || plan.schedule !== undefined) return;
    const shown = shadow.view.replica?.clusterTime ?? 0;
    const elapsed = now / 1000;
    if (shown <= elapsed * (1 + plan.raft.clockDriftBound) + ROUNDING) return;
    throw new Violation(
      'S18',
      `${shadow.name} takes the time for ${shown} ms, but only ${Math.round(elapsed)} ms have passed since the cluster began: what expires does so too early`,
    );
  }

  /** Another member was there before: did it see the same? */
  #isKnown(
    shadow: MemberShadow,
    sessionId: number,
    sequence: number,
    kind: SessionOutcome['kind'],
    index: Index,
  ): boolean {
    const known = this.#ledger.sessions[index];
    if (known === undefined) return false;
    if (known.kind === kind && known.sessionId === sessionId && known.sequence === sequence) {
      return true;
    }
    throw new Violation(
      'S18',
      `${shadow.name} takes the command at index ${index} as ${kind} (session ${sessionId}, sequence ${sequence}), but ${this.#ledger.name(known.by)} took it as ${known.kind} (session ${known.sessionId}, sequence ${known.sequence})`,
    );
  }

  #onExecution(shadow: MemberShadow, sessionId: number, sequence: number, index: Index): void {
    const bySequence = this.#executed.get(sessionId) ?? new Map<number, Index>();
    const executed = bySequence.get(sequence);
    if (executed !== undefined) {
      throw new Violation(
        'S18',
        `${shadow.name} executed session ${sessionId}, sequence ${sequence} at index ${index}, but it had been executed at index ${executed}`,
      );
    }
    bySequence.set(sequence, index);
    this.#executed.set(sessionId, bySequence);
  }

  #onDuplicate(shadow: MemberShadow, sessionId: number, sequence: number, index: Index): void {
    if (this.#executed.get(sessionId)?.has(sequence) === true) return;
    throw new Violation(
      'S18',
      `${shadow.name} took index ${index} (session ${sessionId}, sequence ${sequence}) as a duplicate, but it was never executed`,
    );
  }

  /** Sequence 0: the session itself ran out of time when the entry at `index` was applied. */
  #onExpiry(shadow: MemberShadow, sessionId: number, index: Index): void {
    const { expired } = this.#ledger;
    const known = expired.get(sessionId) ?? index;
    expired.set(sessionId, known);
    if (known === index) return;
    throw new Violation(
      'S18',
      `${shadow.name} let session ${sessionId} expire at index ${index}, but elsewhere it expired at index ${known}`,
    );
  }
}

/** Deep equality of plain values (what the codec can carry). */
export function isEqual(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== 'object' || typeof other !== 'object') return false;
  if (one === null || other === null || Array.isArray(one) !== Array.isArray(other)) return false;
  if (Array.isArray(one)) return areEqual(one, other as unknown[]);
  const a = one as Record<string, unknown>;
  const b = other as Record<string, unknown>;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  for (const key of keys) if (!Object.hasOwn(b, key) || !isEqual(a[key], b[key])) return false;
  return true;
}

function areEqual(one: readonly unknown[], other: readonly unknown[]): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (!isEqual(one[i], other[i])) return false;
  return true;
}
