/**
 * The connections, and the search for the leader. One connection at a time is the current one, believed to be the leader's: everything that
 * only a leader can answer goes there. Others stay for what is still open on them, and to be turned to when the leader is lost.
 *
 * The search: ask the current one; be told another address, or be refused, or lose it: turn to the address told, else to the next. The first
 * few turns are immediate (three members are searched at once), later ones wait, longer each time and never two clients alike. What many
 * requests of one attempt suffer counts once (`epoch`).
 */
import { encodeClient, type Welcome, WIRE_VERSION } from '@seedraft/wire';
import type { AddressBook } from './address-book.ts';
import { Connection, type Patience } from './connection.ts';
import type { Port } from './port.ts';
import type { Unit } from './unit.ts';

export interface Backoff {
  /** ms; doubled each time, up to `max`, then multiplied by something in [0.5, 1]. */
  readonly initial: number;
  readonly max: number;
}

export interface Identity {
  /** Empty: the first cluster that answers, and from then on no other. */
  readonly clusterId: string;
  readonly name: string;
  readonly token: string;
}

/** Turns that wait for nothing. */
const IMMEDIATE = 3;
/** A connection that nobody needs is kept this long, ms. */
const IDLE_MS = 30_000;

export class Links {
  readonly #port: Port;
  readonly #book: AddressBook;
  readonly #identity: Identity;
  readonly #patience: Patience;
  readonly #backoff: Backoff;
  readonly #random: () => number;
  readonly #connections = new Map<number, Connection>();
  readonly #byAddress = new Map<string, Connection>();
  #clusterId: string;
  #nextId = 1;
  #failures = 0;
  /** Nothing is asked of the leader before. */
  #blockedUntil = Number.NEGATIVE_INFINITY;
  current: Connection | null = null;
  /** Counts attempts at the leader. */
  epoch = 1;

  constructor(
    port: Port,
    book: AddressBook,
    identity: Identity,
    patience: Patience,
    backoff: Backoff,
    random: () => number,
  ) {
    this.#port = port;
    this.#book = book;
    this.#identity = identity;
    this.#clusterId = identity.clusterId;
    this.#patience = patience;
    this.#backoff = backoff;
    this.#random = random;
  }

  /** In order of dialing. */
  get all(): Iterable<Connection> {
    return this.#connections.values();
  }

  get(id: number): Connection | undefined {
    return this.#connections.get(id);
  }

  isBlocked(at: number): boolean {
    return at < this.#blockedUntil;
  }

  /** Nobody has answered as a leader does since the last one was left. */
  get isSearching(): boolean {
    return this.#failures > 0;
  }

  /** When the wait of the search is over, if there is one; else Infinity. */
  blockedUntil(at: number): number {
    return this.isBlocked(at) ? this.#blockedUntil : Number.POSITIVE_INFINITY;
  }

  /** The connection for what only a leader can answer, dialed if need be; null while waiting. */
  steer(at: number): Connection | null {
    if (this.current === null && !this.isBlocked(at)) {
      this.current = this.to(at, this.#book.take());
    }
    return this.current;
  }

  /** A member that can be asked at once for what any can answer. */
  anyReady(at: number): Connection | null {
    const isFit = (c: Connection) => c.state === 'ready' && c.unfitUntil <= at && c.hasCredit;
    if (this.current !== null && isFit(this.current)) return this.current;
    for (const connection of this.#connections.values()) if (isFit(connection)) return connection;
    return null;
  }

  /** When the first of those that refused may be asked again; Infinity: none did. */
  fitAt(at: number): number {
    let first = Number.POSITIVE_INFINITY;
    for (const { unfitUntil } of this.#connections.values()) {
      if (unfitUntil > at) first = Math.min(first, unfitUntil);
    }
    return first;
  }

  /** The one connection to an address. */
  to(at: number, address: string): Connection {
    const existing = this.#byAddress.get(address);
    if (existing !== undefined) return existing;
    const connection = new Connection(this.#nextId++, address, at);
    this.#connections.set(connection.id, connection);
    this.#byAddress.set(address, connection);
    this.#port.dial(connection.id, address);
    return connection;
  }

  opened(connection: Connection): void {
    connection.state = 'greeting';
    const { name, token } = this.#identity;
    const clusterId = this.#clusterId;
    const hello = { type: 'hello', version: WIRE_VERSION, clusterId, client: name, token } as const;
    this.#port.send(connection.id, encodeClient(hello));
  }

  /** False: it belongs to another cluster, whose sessions would be confused with ours. */
  welcomed(at: number, connection: Connection, welcome: Welcome): boolean {
    if (this.#clusterId !== '' && welcome.clusterId !== this.#clusterId) return false;
    this.#clusterId = welcome.clusterId;
    connection.state = 'ready';
    connection.credits = welcome.credits;
    this.#book.welcomed(connection.address);
    const { id, leader, leaderAddress } = welcome;
    if (connection === this.current && leader !== 0 && leader !== id && leaderAddress !== '') {
      if (this.#book.suggest(at, leaderAddress)) this.#turn(at);
    }
    return true;
  }

  /** A member says, unasked, who leads now: that ends a search and its waiting. Who has a leader that answers goes on with it. */
  heard(at: number, leaderAddress: string): void {
    if (!this.isSearching || !this.#book.suggest(at, leaderAddress)) return;
    this.#blockedUntil = Number.NEGATIVE_INFINITY;
    if (this.current === null || this.current.address === leaderAddress) return;
    this.current = null;
    this.epoch++;
  }

  /** The leader answered as a leader does. */
  progress(): void {
    this.#failures = 0;
  }

  /** It is not the leader, or cannot be now; `leaderAddress` if it said who is, else empty. Counts once for each attempt. */
  leave(at: number, connection: Connection, unit: Unit, leaderAddress: string): void {
    if (unit.isLocal) connection.unfitUntil = at + this.#backoff.initial;
    if (unit.epoch !== this.epoch) return;
    this.#book.forget(connection.address);
    if (leaderAddress !== '' && leaderAddress !== connection.address) {
      this.#book.suggest(at, leaderAddress);
    }
    if (connection === this.current) this.#turn(at);
  }

  /** The right one, but not now. */
  pause(at: number, connection: Connection, unit: Unit): void {
    if (unit.isLocal) connection.unfitUntil = at + this.#backoff.initial;
    if (unit.epoch !== this.epoch) return;
    this.epoch++;
    this.#failures = Math.max(this.#failures, IMMEDIATE) + 1;
    this.#block(at);
  }

  /** The connection is no more. Returns what was open on it, and what waited for it. */
  gone(at: number, connection: Connection): { open: readonly Unit[]; pinned: readonly Unit[] } {
    this.#remove(connection);
    this.#book.failed(at, connection.address);
    if (connection === this.current) this.#turn(at);
    return { open: connection.drop(), pinned: connection.pinned.splice(0) };
  }

  /** Nobody misses it: say goodbye. */
  retireIdle(at: number): void {
    for (const connection of this.#connections.values()) {
      if (at >= this.#idleAt(connection)) this.#dismiss(connection);
    }
  }

  dismissAll(): void {
    for (const connection of this.#connections.values()) this.#dismiss(connection);
    this.current = null;
  }

  /** When it is time to look at the connections again. */
  deadline(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const connection of this.#connections.values()) {
      first = Math.min(first, connection.deadline(this.#patience), this.#idleAt(connection));
    }
    return first;
  }

  #idleAt(connection: Connection): number {
    const isSpare = connection !== this.current && connection.state === 'ready';
    return isSpare && connection.isIdle
      ? connection.quietSince + IDLE_MS
      : Number.POSITIVE_INFINITY;
  }

  #turn(at: number): void {
    this.current = null;
    this.epoch++;
    this.#failures++;
    this.#block(at);
  }

  #block(at: number): void {
    const waits = this.#failures - IMMEDIATE;
    if (waits <= 0) return;
    const { initial, max } = this.#backoff;
    const longest = Math.min(max, initial * (1 << Math.min(waits - 1, 20)));
    this.#blockedUntil = at + Math.max(1, Math.ceil(longest * (0.5 + this.#random() / 2)));
  }

  #dismiss(connection: Connection): void {
    if (connection.state === 'ready') {
      const goodbye = { type: 'goodbye', code: 'CLOSING', reason: '' } as const;
      this.#port.send(connection.id, encodeClient(goodbye));
    }
    this.#port.hangUp(connection.id);
    this.#remove(connection);
    connection.drop();
  }

  #remove(connection: Connection): void {
    this.#connections.delete(connection.id);
    this.#byAddress.delete(connection.address);
  }
}
