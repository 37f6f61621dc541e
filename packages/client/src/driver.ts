/**
 * The engine in the real world: its clock, its one timer, its sockets, and a promise for each call. Everything asked for in one turn of the
 * event loop, the replies of that turn and what their callers ask next included, is sent at the end of it.
 */
import {
  type Answered,
  type Ask,
  Call,
  Engine,
  type EngineOptions,
  type Outcome,
} from './engine/index.ts';
import { errorOf } from './error.ts';
import { parseAddress, Sockets, type TlsOptions } from './socket.ts';

export interface CallOptions {
  /** ms; Infinity: wait for ever. Default: the client's. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

/** The longest a timer of Node can be set for. */
const LONGEST_MS = 2 ** 31 - 1;

export class Driver {
  readonly #engine: Engine;
  readonly #sockets: Sockets;
  readonly timeout: number;
  readonly #turn = () => this.#onTurn();
  #isScheduled = false;
  #timer: NodeJS.Timeout | undefined;
  /** When it goes off. */
  #timerAt = Number.POSITIVE_INFINITY;
  #onEnded: (() => void)[] = [];

  constructor(options: EngineOptions, tls: TlsOptions | null, timeout: number) {
    this.timeout = timeout;
    this.#sockets = new Sockets(tls, {
      opened: (connection) => {
        this.#engine.opened(connection);
        this.#schedule();
      },
      received: (connection, bytes) => {
        this.#engine.received(now(), connection, bytes);
        this.#schedule();
      },
      closed: (connection, reason) => {
        this.#engine.closed(now(), connection, reason);
        this.#schedule();
      },
    });
    this.#engine = new Engine(this.#sockets, options);
  }

  /**
   * Resolves with what `read` makes of the answer, or rejects with a SeedraftError or what `read` throws. One promise and no more for each
   * call: at a hundred thousand a second they are what a client does.
   */
  ask<T>(ask: Ask, options: CallOptions | undefined, read: (answer: Answered) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const signal = options?.signal;
      if (signal !== undefined) {
        this.#askAbortable(ask, options, signal, (outcome) =>
          settle(outcome, read, resolve, reject),
        );
      } else this.#begin(ask, options, (outcome) => settle(outcome, read, resolve, reject));
    });
  }

  /** For a caller that must be able to end it: what ends it is returned. */
  begin(ask: Ask, onSettled: (outcome: Outcome) => void): () => void {
    const call = this.#begin(ask, undefined, onSettled);
    return () => this.#abort(call);
  }

  /** Resolves when every open call is settled and every connection closed; after `within` ms what is open fails. */
  close(within: number): Promise<void> {
    if (this.#engine.isEnded) return Promise.resolve();
    this.#engine.close();
    this.#schedule();
    const timer = setTimeout(
      () => {
        this.#engine.terminate();
        this.#schedule();
      },
      Math.min(within, LONGEST_MS),
    );
    return new Promise((resolve) => {
      this.#onEnded.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #askAbortable(
    ask: Ask,
    options: CallOptions | undefined,
    signal: AbortSignal,
    onSettled: (outcome: Outcome) => void,
  ): void {
    // It may be settled before `#begin` returns.
    const abort = () => {
      if (call !== null) this.#abort(call);
    };
    let call: Call | null = null;
    call = this.#begin(ask, options, (outcome) => {
      signal.removeEventListener('abort', abort);
      onSettled(outcome);
    });
    if (signal.aborted) abort();
    else if (call.open) signal.addEventListener('abort', abort, { once: true });
  }

  #abort(call: Call): void {
    this.#engine.abort(call);
    this.#schedule();
  }

  #begin(ask: Ask, options: CallOptions | undefined, onSettled: (outcome: Outcome) => void): Call {
    if ('address' in ask && ask.address !== null && parseAddress(ask.address) === null) {
      throw new TypeError(`${ask.address} is no address: write host:port`);
    }
    const at = now();
    const call = new Call(ask, at + Math.ceil(options?.timeout ?? this.timeout), onSettled);
    this.#engine.ask(at, call);
    this.#schedule();
    return call;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#turn);
  }

  #onTurn(): void {
    this.#isScheduled = false;
    const at = now();
    this.#engine.tick(at);
    this.#engine.flush(at);
    this.#sockets.drain();
    if (!this.#engine.isEnded) {
      this.#arm(at);
      return;
    }
    clearTimeout(this.#timer);
    for (const ended of this.#onEnded.splice(0)) ended();
  }

  /** A timer that goes off too early costs one idle turn; setting it anew for each call would cost more. */
  #arm(at: number): void {
    const deadline = this.#engine.deadline(at);
    if (deadline >= this.#timerAt && this.#timerAt > at) return;
    clearTimeout(this.#timer);
    this.#timerAt = deadline;
    if (deadline === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(
      () => {
        this.#timerAt = Number.POSITIVE_INFINITY;
        this.#onTurn();
      },
      Math.min(Math.max(1, deadline - at), LONGEST_MS),
    );
  }
}

function settle<T>(
  outcome: Outcome,
  read: (answer: Answered) => T,
  resolve: (value: T) => void,
  reject: (error: unknown) => void,
): void {
  if (!outcome.ok) {
    reject(errorOf(outcome));
    return;
  }
  try {
    resolve(read(outcome));
  } catch (thrown) {
    reject(thrown);
  }
}

function now(): number {
  return Math.floor(performance.now());
}
