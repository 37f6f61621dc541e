/**
 * The session table: exactly-once execution (dissertation 6.3). It is part of the replicated state, as much as the machine: written only
 * by applied entries, carried by snapshots, covered by the digest.
 *
 * A session's id is the index of its registration, so none is ever used twice. A command bears (session, sequence); the first to be
 * applied under a sequence runs, every later one gets the first one's result. Results below the client's firstIncomplete are forgotten,
 * for it said that it has them. An unknown or expired session never executes: without its results nobody could tell a retry from a
 * first try. Sessions expire by cluster time, which is in the log, and so at the same entry everywhere.
 */
import { type Digest, Hash64 } from '@seedraft/codec';
import { type Expiring, ExpiryQueue } from './expiry.ts';

/** Results one session may have open: beyond it the client is told to raise firstIncomplete (OVERLOADED), before anything runs. */
export const MAX_REMEMBERED = 4096;

/**
 * What to do with a session's command: run it, answer it with the remembered result (bytes), or refuse it. STALE_SEQUENCE: the client
 * already said that it has this result.
 */
export type Admission =
  | 'execute'
  | Uint8Array
  | 'SESSION_EXPIRED'
  | 'STALE_SEQUENCE'
  | 'OVERLOADED';

/** A session as snapshots carry it. */
export type FrozenSession = readonly [
  id: number,
  timeout: number,
  lastActive: number,
  firstIncomplete: number,
  results: readonly (readonly [sequence: number, result: Uint8Array])[],
];

interface Remembered {
  readonly result: Uint8Array;
  readonly hi: number;
  readonly lo: number;
}

interface Session extends Expiring {
  readonly timeout: number;
  firstIncomplete: number;
  readonly results: Map<number, Remembered>;
  /** The lanes of everything but the results; signed, so that they need no boxes. */
  hi: number;
  lo: number;
}

const hash = new Hash64();

export class Sessions {
  /** By id; registration order is index order, so iteration is ordered by id on every member. */
  readonly #table = new Map<number, Session>();
  readonly #expiry = new ExpiryQueue<Session>();
  /** Sums of the lanes of all sessions and results: order-free, so that adding and removing one costs one addition. */
  #hi = 0;
  #lo = 0;

  get size(): number {
    return this.#table.size;
  }

  /** Cluster time, ms; Infinity: nothing expires. */
  get nextDeadline(): number {
    return this.#expiry.first()?.deadline ?? Number.POSITIVE_INFINITY;
  }

  digest(): Digest {
    return { hi: this.#hi >>> 0, lo: this.#lo >>> 0 };
  }

  open(id: number, timeout: number, time: number): void {
    this.#insert(id, timeout, time, 1);
  }

  /** False when there is no such session. */
  close(id: number): boolean {
    const session = this.#table.get(id);
    if (session === undefined) return false;
    for (const [sequence, remembered] of session.results) {
      this.#forget(session, sequence, remembered);
    }
    this.#count(session, -1);
    session.closed = true;
    this.#table.delete(id);
    this.#expiry.trim(this.#table.size);
    return true;
  }

  /** Cluster time reached `time`: closes one session that is due and returns its id; 0: none is due. */
  expireOne(time: number): number {
    const first = this.#expiry.first();
    if (first === undefined || first.deadline > time) return 0;
    this.close(first.id);
    return first.id;
  }

  /** A session's command is applied at cluster time `time`: note the sign of life, forget what the client has, and judge. */
  admit(id: number, sequence: number, firstIncomplete: number, time: number): Admission {
    const session = this.#table.get(id);
    if (session === undefined) return 'SESSION_EXPIRED';
    this.#count(session, -1);
    session.deadline = time + session.timeout;
    if (firstIncomplete > session.firstIncomplete) this.#complete(session, firstIncomplete);
    this.#seal(session);
    if (sequence < session.firstIncomplete) return 'STALE_SEQUENCE';
    const remembered = session.results.get(sequence);
    if (remembered !== undefined) return remembered.result;
    if (session.results.size >= MAX_REMEMBERED) return 'OVERLOADED';
    return 'execute';
  }

  /** What the command answered, as bytes: a machine may go on changing the objects it returned. */
  remember(id: number, sequence: number, result: Uint8Array): void {
    const session = this.#table.get(id)!;
    hash.reset(id, 1).number(sequence).bytes(result);
    const hi = hash.hi | 0;
    const lo = hash.lo | 0;
    session.results.set(sequence, { result, hi, lo });
    this.#hi = (this.#hi + hi) | 0;
    this.#lo = (this.#lo + lo) | 0;
  }

  /** The whole table as it is now. Costs a few words a session; results are shared, being immutable. */
  freeze(): FrozenSession[] {
    const frozen: FrozenSession[] = [];
    for (const session of this.#table.values()) {
      const { id, timeout, deadline, firstIncomplete, results } = session;
      const kept: [number, Uint8Array][] = [];
      for (const [sequence, { result }] of results) kept.push([sequence, result]);
      frozen.push([id, timeout, deadline - timeout, firstIncomplete, kept]);
    }
    return frozen;
  }

  /** Forget everything: a snapshot takes its place. */
  clear(): void {
    for (const id of [...this.#table.keys()]) this.close(id);
  }

  /** One session of a snapshot, in order of id. */
  restore([id, timeout, lastActive, firstIncomplete, results]: FrozenSession): void {
    this.#insert(id, timeout, lastActive, firstIncomplete);
    for (const [sequence, result] of results) this.remember(id, sequence, result);
  }

  #insert(id: number, timeout: number, lastActive: number, firstIncomplete: number): void {
    const deadline = lastActive + timeout;
    const session: Session = {
      id,
      deadline,
      closed: false,
      placed: deadline,
      timeout,
      firstIncomplete,
      results: new Map(),
      hi: 0,
      lo: 0,
    };
    this.#table.set(id, session);
    this.#expiry.add(session);
    this.#seal(session);
  }

  #complete(session: Session, firstIncomplete: number): void {
    session.firstIncomplete = firstIncomplete;
    session.results.forEach((remembered, sequence) => {
      if (sequence < firstIncomplete) this.#forget(session, sequence, remembered);
    });
  }

  #forget(session: Session, sequence: number, remembered: Remembered): void {
    session.results.delete(sequence);
    this.#hi = (this.#hi - remembered.hi) | 0;
    this.#lo = (this.#lo - remembered.lo) | 0;
  }

  /** The session's own fields are final for now: hash them and count them in. */
  #seal(session: Session): void {
    hash.reset(session.id, 2).number(session.timeout).number(session.deadline);
    hash.number(session.firstIncomplete);
    session.hi = hash.hi | 0;
    session.lo = hash.lo | 0;
    this.#count(session, 1);
  }

  #count(session: Session, sign: 1 | -1): void {
    this.#hi = (this.#hi + sign * session.hi) | 0;
    this.#lo = (this.#lo + sign * session.lo) | 0;
  }
}
