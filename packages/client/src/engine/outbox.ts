/**
 * What is to be sent, and sending it: within the credits of a connection, to the leader or to whoever may answer, what was sent before
 * first. A write goes under a session and a sequence from here on, and stays under it as long as it is in doubt.
 */
import { CodecError } from '@seedraft/codec';
import { encodeClient, HEADER_BYTES } from '@seedraft/wire';
import { type Batching, nextGroup } from './batching.ts';
import type { Call, FailureCode } from './call.ts';
import type { Connection } from './connection.ts';
import { Fifo } from './fifo.ts';
import type { Ledger } from './ledger.ts';
import type { Links } from './links.ts';
import type { Port } from './port.ts';
import type { Session } from './session.ts';
import type { SessionKeeper } from './session-keeper.ts';
import { Unit } from './unit.ts';

export interface OutboxLimits {
  readonly batching: Batching;
  /** Payload of one request, bytes. */
  readonly maxRequestBytes: number;
}

export class Outbox {
  readonly #port: Port;
  readonly #links: Links;
  readonly #sessions: SessionKeeper;
  readonly #ledger: Ledger;
  readonly #limits: OutboxLimits;
  /** Commands never sent so far. */
  readonly #writes = new Fifo<Call>();
  /** For the leader: everything else, and writes that are sent again. */
  readonly #units = new Fifo<Unit>();
  /** For any member. */
  readonly #locals = new Fifo<Unit>();
  #greetings: Call[] = [];
  /** While the leader is searched, one request asks for all: the others would only be refused with it. */
  #scout: Unit | null = null;

  constructor(
    port: Port,
    links: Links,
    sessions: SessionKeeper,
    ledger: Ledger,
    limits: OutboxLimits,
  ) {
    this.#port = port;
    this.#links = links;
    this.#sessions = sessions;
    this.#ledger = ledger;
    this.#limits = limits;
  }

  /** When it can do something it cannot do now, if nothing else happens; Infinity: never. */
  deadline(at: number): number {
    const { dueAt } = this.#sessions;
    let first = dueAt > at ? dueAt : Number.POSITIVE_INFINITY;
    if (this.#hasLocals || this.#hasWork(at)) first = Math.min(first, this.#links.blockedUntil(at));
    return this.#hasLocals ? Math.min(first, this.#links.fitAt(at)) : first;
  }

  get #hasLocals(): boolean {
    return this.#locals.length > 0;
  }

  #hasWork(at: number): boolean {
    return (
      this.#writes.length > 0 ||
      this.#units.length > 0 ||
      this.#greetings.length > 0 ||
      this.#sessions.dueAt <= at
    );
  }

  // ------------------------------------------------------------------------------------------------------------------ what waits

  put(at: number, call: Call): void {
    const { type } = call.ask;
    if (type === 'command' || type === 'batch') this.#writes.push(call);
    else if (type === 'greeting') this.#greetings.push(call);
    else this.place(at, new Unit(type, [call]));
  }

  /** Until its next submission. Nobody's is dropped. */
  place(at: number, unit: Unit): void {
    if (!unit.isWanted) this.retire(unit);
    else if (unit.address !== null) this.#links.to(at, unit.address).pinned.push(unit);
    else if (unit.isLocal) this.#locals.push(unit);
    else this.#units.push(unit);
  }

  /** It will not be sent again. */
  retire(unit: Unit): void {
    if (unit.kind === 'write' && unit.session !== null) unit.session.complete(unit.sequence);
  }

  /** Calls were settled in great numbers: forget what waited for them. */
  sweep(): void {
    this.#writes.sweep((call) => call.open);
    this.#greetings = this.#greetings.filter((call) => call.open);
    for (const waiting of [this.#units, this.#locals]) {
      waiting.sweep((unit) => {
        if (!unit.isWanted) this.retire(unit);
        return unit.isWanted;
      });
    }
  }

  /** Its answer is not waited for any more, nor is anything held back until it comes. */
  abandon(unit: Unit): void {
    if (this.#scout === unit) this.#scout = null;
  }

  /** It was refused for good, or could not even be sent. Where company may be the cause, each command tries alone. */
  refuse(at: number, unit: Unit, code: FailureCode, reason: string): void {
    const isCompany = unit.kind === 'write' && unit.calls.length > 1 && !unit.doubt;
    if (isCompany && (code === 'BAD_REQUEST' || code === 'ENTRY_TOO_LARGE')) {
      this.retire(unit);
      for (const call of unit.calls) if (call.open) this.place(at, new Unit('write', [call]));
    } else {
      this.fail(unit, code, reason);
    }
  }

  fail(unit: Unit, code: FailureCode, reason: string): void {
    for (const call of unit.calls) this.#ledger.fail(call, code, reason);
    this.retire(unit);
  }

  /** No session is to be had, and so nothing can be written. */
  failWrites(code: FailureCode, reason: string): void {
    for (let call = this.#writes.shift(); call !== undefined; call = this.#writes.shift()) {
      this.#ledger.fail(call, code, reason);
    }
    this.#units.sweep((unit) => {
      if (unit.kind !== 'write') return true;
      this.fail(unit, code, reason);
      return false;
    });
  }

  // ------------------------------------------------------------------------------------------------------------------ sending

  pump(at: number): void {
    for (const connection of this.#links.all) this.#pumpPinned(at, connection);
    if (this.#hasLocals) this.#pumpLocals(at);
    if (this.#hasWork(at)) this.#pumpLeader(at);
  }

  /** The caller saw to it that there is a credit. */
  submit(at: number, connection: Connection, unit: Unit): void {
    unit.epoch = this.#links.epoch;
    const requestId = connection.begin(at, unit);
    let bytes: Uint8Array;
    try {
      bytes = encodeClient({ type: 'request', requestId, request: unit.request() });
    } catch (thrown) {
      if (!(thrown instanceof CodecError)) throw thrown;
      connection.end(requestId);
      this.refuse(at, unit, 'BAD_REQUEST', `${thrown.code}: ${thrown.message}`);
      return;
    }
    if (bytes.length - HEADER_BYTES > this.#limits.maxRequestBytes) {
      connection.end(requestId);
      this.refuse(at, unit, 'ENTRY_TOO_LARGE', '');
      return;
    }
    this.#port.send(connection.id, bytes);
  }

  #pumpPinned(at: number, connection: Connection): void {
    const { pinned } = connection;
    while (connection.state === 'ready' && connection.hasCredit && pinned.length > 0) {
      const unit = pinned.shift()!;
      if (unit.isWanted) this.submit(at, connection, unit);
    }
  }

  #pumpLocals(at: number): void {
    while (this.#hasLocals) {
      const connection = this.#links.anyReady(at);
      if (connection === null) {
        this.#links.steer(at);
        return;
      }
      const unit = this.#locals.shift()!;
      if (unit.isWanted) this.submit(at, connection, unit);
    }
  }

  #pumpLeader(at: number): void {
    const connection = this.#links.steer(at);
    if (connection === null || connection.state !== 'ready') return;
    const greetings = this.#greetings;
    this.#greetings = [];
    for (const call of greetings) this.#ledger.answer(call, 0, null);
    if (this.#links.isBlocked(at)) return;
    this.#resumeAll(at, connection);
    while (this.#writes.length > 0 && this.#mayAsk(connection)) {
      if (!this.#begin(at, connection)) break;
    }
    // Commands that turned out to be unfit for company wait there by now.
    this.#resumeAll(at, connection);
    const sign = this.#mayAsk(connection) ? this.#sessions.due(at) : null;
    if (sign !== null) this.#askLeader(at, connection, sign);
  }

  #mayAsk(connection: Connection): boolean {
    if (this.#links.isSearching && this.#scout?.connection === connection) return false;
    return connection.hasCredit;
  }

  #askLeader(at: number, connection: Connection, unit: Unit): void {
    this.#scout = unit;
    this.submit(at, connection, unit);
  }

  /** The next commands that were never sent. False: they must wait. */
  #begin(at: number, connection: Connection): boolean {
    const session = this.#sessionFor(at, connection);
    if (session === undefined) return false;
    const group = nextGroup(this.#writes, this.#limits.batching);
    if (group.length === 0) return false;
    const unit = new Unit('write', group);
    bind(at, unit, session);
    this.#askLeader(at, connection, unit);
    return true;
  }

  #resumeAll(at: number, connection: Connection): void {
    for (let n = this.#units.length; n > 0 && this.#mayAsk(connection); n--) {
      this.#resume(at, connection, this.#units.shift()!);
    }
  }

  /** One that waited for a leader; it waits on if it needs a session and there is none. */
  #resume(at: number, connection: Connection, unit: Unit): void {
    if (!unit.isWanted) {
      this.retire(unit);
      return;
    }
    const isUnbound = unit.kind === 'write' && (unit.session === null || unit.session.isExpired);
    if (isUnbound && unit.doubt) {
      this.fail(unit, 'SESSION_EXPIRED', '');
      return;
    }
    if (isUnbound) {
      // Without doubt nothing of it was applied, nor will be: it may well begin anew.
      const session = this.#sessionFor(at, connection);
      if (session === undefined) {
        this.#units.push(unit);
        return;
      }
      bind(at, unit, session);
    }
    this.#askLeader(at, connection, unit);
  }

  /** Undefined: nothing can be written under one now; one is asked for if there is none. */
  #sessionFor(at: number, connection: Connection): Session | null | undefined {
    if (this.#sessions.timeout === null) return null;
    const { session } = this.#sessions;
    if (session !== null) return session.hasRoom ? session : undefined;
    const opening = this.#sessions.open(at);
    if (opening !== null) this.#askLeader(at, connection, opening);
    return undefined;
  }
}

function bind(at: number, unit: Unit, session: Session | null): void {
  unit.session = session;
  unit.sequence = session === null ? 0 : session.take();
  if (session !== null) session.usedAt = at;
}
