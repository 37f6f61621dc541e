/**
 * The replicated state: the user's machine, the session table and cluster time, written by applied entries and by nothing else. The same
 * entries give the same state on every member (Figure 3, State Machine Safety), which `digest` lets anyone check.
 */
import { CodecError, type Digest, decodeOrThrow, encode, Hash64 } from '@seedraft/codec';
import type { Configuration, Entry, Index, SnapshotMetadata, Term } from '@seedraft/core';
import type { ClusterTime } from './cluster-time.ts';
import {
  BATCH,
  CLOSE_SESSION,
  COMMAND,
  decodeEnvelope,
  type Envelope,
  OPEN_SESSION,
  TICK,
} from './envelope.ts';
import type { ApplyContext, StateMachine, Tracer } from './ports.ts';
import type { ClientRefusalCode } from './request.ts';
import { type FrozenSession, Sessions } from './sessions.ts';
import {
  encodePiece,
  HEADER,
  MACHINE,
  type Piece,
  readPieces,
  SESSIONS,
  SNAPSHOT_FORMAT,
} from './snapshot-stream.ts';
import { MachineError, MemberStopped } from './stopped.ts';

/** What an entry came to: a value for the client, or a refusal without any effect. Tracers see it as this or as the bare value. */
export type Outcome =
  | { readonly refused: null; readonly value: unknown }
  | { readonly refused: ClientRefusalCode; readonly value?: undefined };

const NOTHING: Outcome = { refused: null, value: undefined };
const NO_DIGEST: Digest = { hi: 0, lo: 0 };
/** Sessions in one piece of a snapshot. */
const SESSIONS_PER_PIECE = 64;
const hash = new Hash64();

export class ReplicatedState {
  readonly sessions = new Sessions();
  readonly time: ClusterTime;
  readonly #machine: StateMachine;
  readonly #tracer: Tracer | undefined;
  /** lastApplied, and its term. */
  index: Index = 0;
  term: Term = 0;
  /** In force at `index`: what a snapshot taken now must carry, though the log may already hold a later one. */
  configuration: Configuration;
  configurationIndex: Index = 0;

  constructor(
    machine: StateMachine,
    time: ClusterTime,
    configuration: Configuration,
    tracer: Tracer | undefined,
  ) {
    this.#machine = machine;
    this.time = time;
    this.configuration = configuration;
    this.#tracer = tracer;
  }

  /** The earliest cluster time at which a session or something in the machine expires. */
  get nextDeadline(): number {
    const machine = this.#machine.nextDeadline?.() ?? Number.POSITIVE_INFINITY;
    return Math.min(this.sessions.nextDeadline, machine);
  }

  /** Approximate bytes of the machine; 0 when it does not say. */
  get size(): number {
    return this.#machine.size?.() ?? 0;
  }

  digest(): Digest {
    const machine = this.#machine.digest?.() ?? NO_DIGEST;
    const sessions = this.sessions.digest();
    hash.reset(machine.hi, machine.lo).word(sessions.hi).word(sessions.lo).number(this.time.now);
    return hash.digest();
  }

  /** The next committed entry. Every state change of a member's life goes through here or through `restore`. */
  apply(entry: Entry, at: number, leading: boolean): Outcome {
    let outcome = NOTHING;
    if (entry.kind === 'command') {
      const envelope = decodeEnvelope(entry);
      this.time.advance(envelope.time, at, leading);
      this.#expire(entry.index);
      outcome = this.#carryOut(envelope, entry.index);
    } else if (entry.kind === 'configuration') {
      this.configuration = entry.configuration!;
      this.configurationIndex = entry.index;
    }
    this.index = entry.index;
    this.term = entry.term;
    return outcome;
  }

  /** Throws MachineError when the machine returns a promise; whatever else it throws is the caller's to judge. */
  query(query: unknown): unknown {
    const value = this.#machine.query(query, { index: this.index, time: this.time.now });
    if (isPromise(value)) throw new MachineError(0, PROMISE);
    return value === undefined ? null : value;
  }

  /**
   * The state as it is now, as pieces to be pulled while applies go on, to the end or until `return()`: a machine may record for it what
   * changes meanwhile. The machine's first chunk is pulled at once: a machine whose `snapshot` is a generator function freezes its state
   * only then.
   */
  freeze(): Iterator<Uint8Array> {
    const chunks = this.#machine.snapshot();
    const all = pieces(this.time.now, this.sessions.freeze(), chunks.next(), chunks);
    return {
      next: () => all.next(),
      // Not by a `finally` of the generator: one that was never started would not run it.
      return: () => {
        chunks.return?.();
        return all.return(undefined);
      },
    };
  }

  /** Replace everything by a snapshot whose bytes are whole and verified. */
  restore(snapshot: SnapshotMetadata, bytes: Uint8Array, at: number): void {
    const pieces = readPieces(bytes);
    const [format, time] = pieces.next().value!.value as [number, number];
    if (format !== SNAPSHOT_FORMAT) {
      throw new MemberStopped(
        'NEWER_FORMAT',
        `snapshot ${snapshot.id} has format ${format}; this version reads ${SNAPSHOT_FORMAT}: upgrade this member`,
      );
    }
    this.time.restore(time, at);
    this.sessions.clear();
    let piece = pieces.next();
    for (; !piece.done && piece.value.kind === SESSIONS; piece = pieces.next()) {
      for (const session of piece.value.value as FrozenSession[]) this.sessions.restore(session);
    }
    this.#machine.restore(machineChunks(piece, pieces));
    this.index = snapshot.lastIncludedIndex;
    this.term = snapshot.lastIncludedTerm;
    this.configuration = snapshot.configuration;
    this.configurationIndex = snapshot.configurationIndex;
  }

  /** Before the entry's own command: what was due at its time is gone for it too. */
  #expire(index: Index): void {
    const time = this.time.now;
    for (let id = this.sessions.expireOne(time); id !== 0; id = this.sessions.expireOne(time)) {
      this.#tracer?.onSession?.(id, 0, 'expired', index);
    }
    this.#machine.onTime?.(time, index);
  }

  #carryOut(envelope: Envelope, index: Index): Outcome {
    switch (envelope.kind) {
      case OPEN_SESSION:
        this.sessions.open(index, envelope.body as number, this.time.now);
        return { refused: null, value: index };
      case CLOSE_SESSION:
        return this.sessions.close(envelope.sessionId)
          ? { refused: null, value: null }
          : { refused: 'SESSION_EXPIRED' };
      case COMMAND:
      case BATCH:
        return envelope.sessionId === 0
          ? { refused: null, value: this.#run(envelope, index) }
          : this.#runOnce(envelope, index);
      case TICK:
        return NOTHING;
    }
  }

  /** A session's command: executed, or answered from the table, or refused. Never twice. */
  #runOnce(envelope: Envelope, index: Index): Outcome {
    const { sessionId, sequence, firstIncomplete } = envelope;
    const admission = this.sessions.admit(sessionId, sequence, firstIncomplete, this.time.now);
    if (admission === 'execute') {
      const value = this.#run(envelope, index);
      this.sessions.remember(sessionId, sequence, encodeResult(value, index));
      this.#tracer?.onSession?.(sessionId, sequence, 'executed', index);
      return { refused: null, value };
    }
    if (typeof admission === 'string') {
      if (admission === 'SESSION_EXPIRED') {
        this.#tracer?.onSession?.(sessionId, sequence, 'expired', index);
      }
      return { refused: admission };
    }
    this.#tracer?.onSession?.(sessionId, sequence, 'duplicate', index);
    return { refused: null, value: decodeOrThrow(admission) };
  }

  #run(envelope: Envelope, index: Index): unknown {
    const context: ApplyContext = {
      index,
      time: this.time.now,
      sessionId: envelope.sessionId,
    };
    if (envelope.kind === COMMAND) return this.#applyCommand(envelope.body, context);
    const results: unknown[] = [];
    for (const command of envelope.body as unknown[]) {
      results.push(this.#applyCommand(command, context));
    }
    return results;
  }

  #applyCommand(command: unknown, context: ApplyContext): unknown {
    let result: unknown;
    try {
      result = this.#machine.apply(command, context);
    } catch (thrown) {
      throw new MachineError(context.index, `apply threw ${describe(thrown)}`, { cause: thrown });
    }
    if (isPromise(result)) throw new MachineError(context.index, PROMISE);
    return result === undefined ? null : result;
  }
}

const PROMISE =
  'the state machine returned a promise: apply and query must be synchronous, or the members would differ in what came first';

function isPromise(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

function describe(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
}

function encodeResult(value: unknown, index: Index): Uint8Array {
  try {
    return encode(value);
  } catch (thrown) {
    if (!(thrown instanceof CodecError)) throw thrown;
    throw new MachineError(index, `the result cannot be carried: ${thrown.message}`, {
      cause: thrown,
    });
  }
}

function* pieces(
  time: number,
  sessions: readonly FrozenSession[],
  first: IteratorResult<unknown>,
  rest: Iterator<unknown>,
): Generator<Uint8Array, undefined> {
  yield encodePiece(HEADER, [SNAPSHOT_FORMAT, time]);
  for (let from = 0; from < sessions.length; from += SESSIONS_PER_PIECE) {
    yield encodePiece(SESSIONS, sessions.slice(from, from + SESSIONS_PER_PIECE));
  }
  for (let chunk = first; !chunk.done; chunk = rest.next()) {
    yield encodePiece(MACHINE, chunk.value);
  }
}

/** What is left of the pieces, from one already pulled on. */
function* machineChunks(
  first: IteratorResult<Piece, undefined>,
  rest: Iterator<Piece, undefined>,
): Generator<unknown, undefined> {
  for (let piece = first; !piece.done; piece = rest.next()) yield piece.value.value;
}
