/**
 * One connection: what is in flight on it, how much more may be, and whether the other side still lives. It decides nothing about calls.
 *
 * Silence is told from slowness by a probe: with something open and nothing heard, a Status is asked, which every living member answers by
 * itself. A connection whose probe stays unanswered is given up, and what was open on it is in doubt.
 */
import { FrameDecoder } from '@seedraft/wire';
import type { Unit } from './unit.ts';

export interface Patience {
  /** From dialing to welcome, ms. */
  readonly dial: number;
  /** Silence with requests open before a probe, ms; then twice as long for its answer. */
  readonly silence: number;
}

/** With nothing but watches open, silence is normal: probe this many times more rarely. */
const WATCHING_FACTOR = 5;

export class Connection {
  readonly id: number;
  readonly address: string;
  readonly startedAt: number;
  readonly decoder = new FrameDecoder();
  state: 'dialing' | 'greeting' | 'ready' | 'closed' = 'dialing';
  /** Requests that may be open at once, and that are. */
  credits = 0;
  used = 0;
  readonly open = new Map<number, Unit>();
  /** Meant for this very member; submitted once it has welcomed us. */
  readonly pinned: Unit[] = [];
  /** Not to be asked before this, on the engine's clock: it refused what any member can answer. */
  unfitUntil = 0;
  /** Since when nothing was heard with something open; or when it last had nothing to do. */
  quietSince: number;
  #probedAt = -1;
  #nextRequestId = 1;
  #watches = 0;

  constructor(id: number, address: string, at: number) {
    this.id = id;
    this.address = address;
    this.startedAt = at;
    this.quietSince = at;
  }

  get hasCredit(): boolean {
    return this.used < this.credits;
  }

  /** Nobody would miss it. */
  get isIdle(): boolean {
    return this.open.size === 0 && this.pinned.length === 0;
  }

  heard(at: number): void {
    this.quietSince = at;
    this.#probedAt = -1;
  }

  /** Takes a credit; returns the request's id. */
  begin(at: number, unit: Unit): number {
    if (this.open.size === 0) this.heard(at);
    const requestId = this.#nextRequestId++;
    this.open.set(requestId, unit);
    unit.connection = this;
    this.used++;
    return requestId;
  }

  /** The first event of a watch. */
  watching(unit: Unit): void {
    unit.isWatching = true;
    this.used--;
    this.#watches++;
  }

  /** Undefined: no such request is open here. */
  end(requestId: number): Unit | undefined {
    const unit = this.open.get(requestId);
    if (unit === undefined) return undefined;
    this.open.delete(requestId);
    unit.connection = null;
    if (unit.isWatching) this.#watches--;
    else this.used--;
    return unit;
  }

  /** Everything that was open, in order of submission. */
  drop(): Unit[] {
    const units = [...this.open.values()];
    this.open.clear();
    for (const unit of units) unit.connection = null;
    this.state = 'closed';
    return units;
  }

  idOf(unit: Unit): number {
    for (const [requestId, open] of this.open) if (open === unit) return requestId;
    return 0;
  }

  /** When it wants to be looked at again, ms; Infinity: never. */
  deadline(patience: Patience): number {
    if (this.state !== 'ready') return this.startedAt + patience.dial;
    if (this.open.size === 0) return Number.POSITIVE_INFINITY;
    return this.#probedAt >= 0
      ? this.#probedAt + 2 * patience.silence
      : this.quietSince + this.#patience(patience);
  }

  /** `dead`: give it up. `probe`: ask for a sign of life; noted as asked. */
  check(at: number, patience: Patience): 'fine' | 'probe' | 'dead' {
    if (at < this.deadline(patience)) return 'fine';
    if (this.state !== 'ready' || this.#probedAt >= 0) return 'dead';
    this.#probedAt = at;
    return 'probe';
  }

  #patience({ silence }: Patience): number {
    return this.open.size === this.#watches ? WATCHING_FACTOR * silence : silence;
  }
}
