/**
 * The client without sockets, timers or promises: calls and bytes in, bytes and outcomes out, the same for the same inputs. Every input bears
 * `at`, a monotonic clock in whole milliseconds. Inputs only change what is to be done; `flush` does it, once for many inputs, which is also
 * what lets commands that were asked for in one turn of the driver travel together.
 *
 * Kept: each call is settled exactly once, by its deadline at the latest; a failure that says `not applied` is true for ever; a write is
 * applied at most once, and exactly once if it is answered.
 */
import {
  type ClientFrame,
  type ClusterNews,
  type EventFrame,
  encodeClient,
  type Goodbye,
  type MemberStatus,
  type ReplyFrame,
  readClientFrame,
} from '@seedraft/wire';
import { AddressBook } from './address-book.ts';
import type { Batching } from './batching.ts';
import type { Call, LocalCode } from './call.ts';
import type { Connection, Patience } from './connection.ts';
import { Ledger } from './ledger.ts';
import { type Backoff, type Identity, Links } from './links.ts';
import { Outbox } from './outbox.ts';
import type { Port } from './port.ts';
import { SessionKeeper } from './session-keeper.ts';
import { Unit } from './unit.ts';
import { verdictOn } from './verdict.ts';

export interface EngineOptions extends Identity {
  /** At least one, `host:port`. */
  readonly endpoints: readonly string[];
  /** In [0, 1): jitter, and whom to ask first. */
  readonly random: () => number;
  readonly patience: Patience;
  readonly backoff: Backoff;
  /** Of sessions, ms of cluster time; null: writes are sent once, outside any session. */
  readonly sessionTimeout: number | null;
  /** Calls that may be open at once. */
  readonly maxCalls: number;
  readonly batching: Batching;
  /** Payload of one request: members hang up on larger ones. */
  readonly maxRequestBytes: number;
}

type Refusal = Extract<ReplyFrame['reply'], { type: 'Refused' }>;

/** Aborted calls that may go on waiting in line before the line is swept. */
const SWEEP_AT = 1024;

export class Engine {
  readonly #port: Port;
  readonly #options: EngineOptions;
  readonly #book: AddressBook;
  readonly #links: Links;
  readonly #sessions: SessionKeeper;
  readonly #ledger = new Ledger();
  readonly #outbox: Outbox;
  #aborted = 0;
  #isClosing = false;
  #isEnded = false;

  constructor(port: Port, options: EngineOptions) {
    const { endpoints, random, patience, backoff } = options;
    this.#port = port;
    this.#options = options;
    this.#book = new AddressBook(endpoints, Math.floor(random() * endpoints.length));
    this.#links = new Links(port, this.#book, options, patience, backoff, random);
    this.#sessions = new SessionKeeper(options.sessionTimeout, 3 * patience.silence);
    this.#outbox = new Outbox(port, this.#links, this.#sessions, this.#ledger, options);
  }

  /** Calls not settled yet. */
  get open(): number {
    return this.#ledger.size;
  }

  /** Everything is over, and every connection hung up. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** When it wants `tick` and `flush` if nothing else happens, ms; Infinity: never. */
  deadline(at: number): number {
    if (this.#isEnded) return Number.POSITIVE_INFINITY;
    const first = Math.min(
      this.#ledger.deadline,
      this.#links.deadline(),
      this.#outbox.deadline(at),
    );
    return Math.min(first, this.#sessions.overdueAt);
  }

  // ----------------------------------------------------------------------------------------------------------------- the doors

  /** The call is settled later, or at once when it cannot even wait. */
  ask(at: number, call: Call): void {
    this.#ledger.add(call);
    if (this.#isClosing) this.#ledger.fail(call, 'CLOSED');
    else if (this.#ledger.size > this.#options.maxCalls) this.#ledger.fail(call, 'QUEUE_FULL');
    else this.#outbox.put(at, call);
  }

  /** Its caller waits no longer. */
  abort(call: Call): void {
    this.#giveUp(call, 'ABORTED');
    if (++this.#aborted < SWEEP_AT) return;
    this.#aborted = 0;
    this.#outbox.sweep();
  }

  /** Bytes can be sent on it. */
  opened(id: number): void {
    const connection = this.#links.get(id);
    if (connection?.state === 'dialing') this.#links.opened(connection);
  }

  received(at: number, id: number, bytes: Uint8Array): void {
    const connection = this.#links.get(id);
    if (connection === undefined) return;
    connection.heard(at);
    const { frames, flaw } = connection.decoder.push(bytes);
    for (const frame of frames) {
      const read = readClientFrame(frame);
      if (read.ok) this.#onFrame(at, connection, read.message);
      else this.#hangUp(at, connection, `${read.code}: ${read.reason}`);
      // A frame may end the connection; what comes after it no longer counts.
      if (connection.state === 'closed') return;
    }
    if (flaw !== null) this.#hangUp(at, connection, `${flaw.code}: ${flaw.reason}`);
  }

  /** It is no more, or never came about; `reason` for people. */
  closed(at: number, id: number, reason: string): void {
    const connection = this.#links.get(id);
    if (connection !== undefined) this.#onGone(at, connection, reason);
  }

  /** Time has passed. */
  tick(at: number): void {
    if (this.#ledger.expire(at, (call) => this.#giveUp(call, 'TIMEOUT'))) this.#outbox.sweep();
    for (const connection of this.#links.all) {
      const state = connection.check(at, this.#options.patience);
      if (state === 'dead') this.#hangUp(at, connection, 'the member does not answer');
      else if (state === 'probe') this.#probe(at, connection);
    }
    this.#links.retireIdle(at);
    const opening = this.#sessions.overdue(at);
    if (opening !== null) this.#onNoSession(at, opening);
  }

  /** Take no more calls; once those open are settled, say goodbye. */
  close(): void {
    this.#isClosing = true;
    for (const call of this.#ledger.calls) {
      if (call.ask.type === 'watch' || call.ask.type === 'greeting') this.#giveUp(call, 'CLOSED');
    }
  }

  /** Wait for nobody: what is open fails. */
  terminate(): void {
    this.#isClosing = true;
    for (const call of this.#ledger.calls) this.#giveUp(call, 'CLOSED');
  }

  /** Send whatever can be sent. */
  flush(at: number): void {
    if (this.#isEnded) return;
    this.#outbox.pump(at);
    if (this.#isClosing && this.#ledger.size === 0) this.#finish(at);
  }

  // --------------------------------------------------------------------------------------------------------------- connections

  #onFrame(at: number, connection: Connection, frame: ClientFrame): void {
    const isGreeted = connection.state === 'ready';
    if (frame.type === 'goodbye') this.#onGoodbye(at, connection, frame);
    else if (frame.type === 'welcome' && connection.state === 'greeting') {
      if (this.#links.welcomed(at, connection, frame)) this.#probe(at, connection);
      else this.#onGoodbye(at, connection, { type: 'goodbye', code: 'WRONG_CLUSTER', reason: '' });
    } else if (frame.type === 'reply' && isGreeted) this.#onReply(at, connection, frame);
    else if (frame.type === 'event' && isGreeted) this.#onEvent(connection, frame);
    else if (frame.type === 'credit' && isGreeted) connection.credits += frame.change;
    else if (frame.type === 'cluster' && isGreeted) this.#onNews(at, frame);
    else this.#hangUp(at, connection, `a ${frame.type} came out of turn`);
  }

  #onGoodbye(at: number, connection: Connection, { code, reason }: Goodbye): void {
    this.#hangUp(at, connection, reason === '' ? code : `${code}: ${reason}`);
    if (code !== 'UNAUTHORIZED' && code !== 'WRONG_CLUSTER' && code !== 'VERSION') return;
    if (!this.#book.rejected(connection.address)) return;
    // Every member we know of says so: nobody is left who might answer.
    for (const call of this.#ledger.calls) this.#ledger.fail(call, code, reason);
    this.#outbox.sweep();
  }

  #hangUp(at: number, connection: Connection, reason: string): void {
    this.#port.hangUp(connection.id);
    this.#onGone(at, connection, reason);
  }

  #onGone(at: number, connection: Connection, reason: string): void {
    this.#ledger.note(`${connection.address}: ${reason}`);
    const { open, pinned } = this.#links.gone(at, connection);
    for (const unit of open) this.#inDoubt(at, unit, 'CONNECTION_LOST');
    for (const unit of pinned) {
      const never = `${connection.address} could not be asked (${reason}). Check that this member runs, and that this is its address.`;
      this.#outbox.fail(unit, 'CONNECTION_LOST', unit.doubt ? '' : never);
    }
  }

  /** A sign of life is asked for, and where the members are. Without a credit the silence itself must tell. */
  #probe(at: number, connection: Connection): void {
    if (connection.hasCredit) this.#outbox.submit(at, connection, new Unit('probe', []));
  }

  /** Its member lives and yet opens no session, and without one nothing can be written: another is asked. A late answer counts for nothing. */
  #onNoSession(at: number, opening: Unit): void {
    const { connection } = opening;
    if (connection === null) return;
    this.#ledger.note(`${connection.address}: OpenSession was not answered`);
    this.#outbox.abandon(opening);
    this.#links.leave(at, connection, opening, '');
  }

  // ------------------------------------------------------------------------------------------------------------------- replies

  #onReply(at: number, connection: Connection, frame: ReplyFrame): void {
    const unit = connection.end(frame.requestId);
    const { reply } = frame;
    if (unit === undefined) this.#hangUp(at, connection, 'a reply came that nobody waits for');
    else if (reply.type === 'Ok') this.#onOk(at, unit, reply.index, reply.value);
    else if (reply.type === 'Refused') this.#onRefused(at, connection, unit, reply, frame);
    else {
      this.#links.leave(at, connection, unit, '');
      this.#inDoubt(at, unit, 'UNKNOWN_OUTCOME');
    }
  }

  #onOk(at: number, unit: Unit, index: number, value: unknown): void {
    if (!unit.isLocal && unit.kind !== 'probe' && unit.address === null) this.#links.progress();
    switch (unit.kind) {
      case 'write':
        this.#onWritten(at, unit, index, value);
        break;
      case 'open session':
        if (isSessionId(value)) this.#sessions.opened(at, unit, value);
        else this.#sessions.notOpened(unit);
        break;
      case 'keep alive':
        this.#sessions.keptAlive(at, unit, true);
        break;
      case 'close session':
        break;
      case 'probe':
        this.#learn(value);
        break;
      default:
        for (const call of unit.calls) this.#ledger.answer(call, index, value);
    }
  }

  #onWritten(at: number, unit: Unit, index: number, value: unknown): void {
    if (unit.session !== null) unit.session.touchedAt = at;
    this.#outbox.retire(unit);
    const { calls } = unit;
    if (calls.length === 1) {
      this.#ledger.answer(calls[0]!, index, value);
    } else if (Array.isArray(value) && value.length === calls.length) {
      for (let i = 0; i < calls.length; i++) this.#ledger.answer(calls[i]!, index, value[i]);
    } else {
      unit.doubt = true;
      this.#outbox.fail(unit, 'BAD_REPLY', '');
    }
  }

  #onRefused(
    at: number,
    connection: Connection,
    unit: Unit,
    { code }: Refusal,
    { reason, leaderAddress }: ReplyFrame,
  ): void {
    const verdict = verdictOn(code);
    const isLeaders = verdict !== 'elsewhere' && verdict !== 'later';
    if (isLeaders && !unit.isLocal && unit.address === null) this.#links.progress();
    if (unit.kind !== 'probe') this.#ledger.note(`${connection.address}: ${code}: ${reason}`);
    if (unit.address !== null || verdict === 'final') this.#onFinal(at, unit, code, reason);
    else if (verdict === 'session') this.#onSessionGone(at, unit, reason);
    else {
      if (verdict === 'elsewhere') this.#links.leave(at, connection, unit, leaderAddress);
      else if (verdict === 'later') this.#links.pause(at, connection, unit);
      else unit.isDowngraded = true;
      this.#again(at, unit);
    }
  }

  /** Refused for good: this submission had no effect. What earlier ones had, `doubt` remembers. */
  #onFinal(at: number, unit: Unit, code: Refusal['code'], reason: string): void {
    if (unit.kind === 'open session') this.#outbox.failWrites(code, reason);
    if (unit.calls.length > 0) this.#outbox.refuse(at, unit, code, reason);
    else this.#again(at, unit);
  }

  #onSessionGone(at: number, unit: Unit, reason: string): void {
    if (unit.session !== null) this.#sessions.expired(unit.session);
    if (unit.kind === 'write' && unit.doubt) this.#outbox.fail(unit, 'SESSION_EXPIRED', reason);
    else this.#again(at, unit);
  }

  /** It certainly had no effect: it waits for another submission, or, being our own, for its next occasion. */
  #again(at: number, unit: Unit): void {
    if (unit.kind === 'open session') this.#sessions.notOpened(unit);
    else if (unit.kind === 'keep alive') this.#sessions.keptAlive(at, unit, false);
    else if (unit.calls.length > 0) this.#outbox.place(at, unit);
  }

  /** It may or may not have had an effect. Only what is told apart from its first try may be sent again. */
  #inDoubt(at: number, unit: Unit, code: LocalCode): void {
    unit.doubt = true;
    if (unit.isWatching) this.#outbox.fail(unit, 'WATCH_LOST', '');
    else if (unit.calls.length === 0 || unit.isRepeatable) this.#again(at, unit);
    else this.#outbox.fail(unit, code, '');
  }

  #onEvent(connection: Connection, { requestId, index, value }: EventFrame): void {
    const unit = connection.open.get(requestId);
    const call = unit?.calls[0];
    if (unit === undefined || call?.ask.type !== 'watch') return;
    if (!unit.isWatching) {
      connection.watching(unit);
      call.deadline = Number.POSITIVE_INFINITY;
    }
    if (call.open) call.ask.onEvent(index, value);
  }

  /** A leader that nobody reaches any more is not believed in for long, so that what comes from a member left behind does little harm. */
  #onNews(at: number, { leaderAddress, addresses }: ClusterNews): void {
    if (addresses.length > 0) this.#book.learn(addresses);
    if (leaderAddress !== '') this.#links.heard(at, leaderAddress);
  }

  #learn(value: unknown): void {
    const status = value as Partial<MemberStatus> | null;
    const members = status?.configuration?.members;
    if (!Array.isArray(members) || members.length === 0) return;
    this.#book.learn(members.map((member) => String(member?.clientAddress ?? '')));
  }

  // ---------------------------------------------------------------------------------------------------------------------- ends

  /** The caller is told now; what is in flight of it is left to end by itself. */
  #giveUp(call: Call, code: LocalCode): void {
    if (!call.open) return;
    this.#ledger.fail(call, code);
    const { unit } = call;
    const connection = unit?.connection ?? null;
    if (call.ask.type !== 'watch' || connection === null) return;
    const requestId = connection.idOf(unit!);
    this.#port.send(connection.id, encodeClient({ type: 'cancel', requestId }));
  }

  #finish(at: number): void {
    const { current } = this.#links;
    if (current?.state === 'ready' && current.hasCredit) {
      const end = this.#sessions.end();
      if (end !== null) this.#outbox.submit(at, current, end);
    }
    this.#links.dismissAll();
    this.#isEnded = true;
  }
}

function isSessionId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
