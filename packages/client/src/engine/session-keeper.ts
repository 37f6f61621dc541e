/**
 * The one session a client writes under at a time: opened when first needed, kept alive while it is used, given back when it was not for
 * long, replaced when it expired. Which write goes under which session is the engine's.
 */
import { Session } from './session.ts';
import { Unit } from './unit.ts';

/** Not written under for this many timeouts: given back. */
const IDLE_TIMEOUTS = 5;

export class SessionKeeper {
  /** Of cluster time, ms; null: no sessions, and an unknown outcome stays unknown. */
  readonly timeout: number | null;
  /** For the answer of whoever was asked for a session, ms. */
  readonly #patience: number;
  /** Open, as far as we know. */
  session: Session | null = null;
  #opening: Unit | null = null;
  /** Whoever was asked for a session by then does not answer; Infinity: nobody is asked. */
  #overdueAt = Number.POSITIVE_INFINITY;
  #keepingAlive: Unit | null = null;
  /** After a sign of life came to nothing, not before this. */
  #notBefore = 0;

  constructor(timeout: number | null, patience: number) {
    this.timeout = timeout;
    this.#patience = patience;
  }

  /** The request that opens one; null: it is under way already. */
  open(at: number): Unit | null {
    if (this.#opening !== null) return null;
    this.#overdueAt = at + this.#patience;
    this.#opening = new Unit('open session', []);
    this.#opening.session = new Session(this.timeout!);
    return this.#opening;
  }

  opened(at: number, unit: Unit, id: number): void {
    if (unit !== this.#opening) return;
    this.notOpened(unit);
    this.session = unit.session;
    this.session!.id = id;
    this.session!.touchedAt = at;
    this.session!.usedAt = at;
  }

  /** Nothing came of it; one that was opened without our hearing of it expires by itself. */
  notOpened(unit: Unit): void {
    if (unit !== this.#opening) return;
    this.#opening = null;
    this.#overdueAt = Number.POSITIVE_INFINITY;
  }

  /** When to look for `overdue`; Infinity: never. */
  get overdueAt(): number {
    return this.#overdueAt;
  }

  /** The request that was not answered in time, once: every write waits for it, so it is given up and another takes its place. */
  overdue(at: number): Unit | null {
    const unit = this.#opening;
    if (unit === null || at < this.#overdueAt) return null;
    this.notOpened(unit);
    return unit;
  }

  expired(session: Session): void {
    session.isExpired = true;
    if (session === this.session) this.session = null;
  }

  /** When something is to be sent so that the session lives on; Infinity: nothing. */
  get dueAt(): number {
    if (this.session === null || this.#keepingAlive !== null) return Number.POSITIVE_INFINITY;
    const { touchedAt, timeout } = this.session;
    return Math.max(touchedAt + Math.floor(timeout / 3), this.#notBefore);
  }

  /** What is to be sent now: a batch of nothing, or the session's end when nobody used it for long. */
  due(at: number): Unit | null {
    const session = this.session;
    if (session === null || at < this.dueAt) return null;
    if (!session.hasIncomplete && at - session.usedAt >= IDLE_TIMEOUTS * session.timeout) {
      return this.end();
    }
    const unit = new Unit('keep alive', []);
    unit.session = session;
    unit.sequence = session.take();
    this.#keepingAlive = unit;
    return unit;
  }

  /** Answered, refused, or lost: it is not repeated, the next one is due when it is due. */
  keptAlive(at: number, unit: Unit, isTouched: boolean): void {
    const session = unit.session!;
    session.complete(unit.sequence);
    if (unit === this.#keepingAlive) this.#keepingAlive = null;
    if (isTouched) session.touchedAt = at;
    else this.#notBefore = at + Math.ceil(session.timeout / 30);
  }

  /** The request that gives it back; null: there is none. */
  end(): Unit | null {
    if (this.session === null) return null;
    const unit = new Unit('close session', []);
    unit.session = this.session;
    this.session = null;
    return unit;
  }
}
