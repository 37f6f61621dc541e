/**
 * The four ports of a member, and what passes through them. sim plugs a simulated network and disk, node plugs TCP and classic-level.
 * Every port is completion-style: a call starts something and returns at once; the driver reports the end through a door of the replica.
 */
import type {
  Configuration,
  Effects,
  Entry,
  Index,
  Message,
  PeerMessage,
  Persist,
  Recovered,
  SnapshotMetadata,
} from '@seedraft/core';
import type { Meet } from './founding.ts';
import type { ClientReply } from './request.ts';

/** Everything that goes from member to member: Raft's own messages, and how first members meet. */
export type MemberMessage = PeerMessage | Meet;

/** Peers and clients. Sending may fail silently; Raft retries. */
export interface Transport {
  /** `message.to` names the peer. InstallSnapshot already bears its bytes. */
  send(message: MemberMessage): void;
  /** The one terminal answer of `request(at, requestId, …)`. */
  reply(requestId: number, reply: ClientReply): void;
}

/**
 * The disk of one member. Calls made in order complete in order of durability: a write's completion implies all earlier ones are durable.
 * No port may call a door of the replica before its constructor has returned; after that a door may be called even from within a port.
 * Completions are doors of the replica: persisted / persistFailed, snapshotWritten / snapshotFailed, snapshotRead / snapshotFailed,
 * bootstrapWritten / bootstrapFailed.
 */
export interface Store {
  /**
   * Make durable, atomically; then the driver calls `replica.persisted(at, seq)`. On a full disk, `persistFailed(at, seq, 'NO_SPACE')`:
   * nothing of `seq` or of any later write issued so far is or will be written, and the replica issues all of them again, in order.
   */
  persist(write: Persist): void;
  /**
   * Store bytes of a snapshot, own or incoming; offset 0 begins afresh. Answer: `snapshotWritten(at, id, offset + bytes.length)`, or
   * `snapshotFailed`: NO_SPACE, GAP and SNAPSHOT_INCOMPLETE (also of `sealSnapshot`) concern this snapshot alone; any other code says
   * that the store has ended, and the member stops.
   */
  writeSnapshot(id: string, offset: number, bytes: Uint8Array): void;
  /**
   * All bytes of an own snapshot are written: record it durably as the base, verified against `metadata.checksum`; log entries at or before
   * `compactTo` may be dropped. Answer: `snapshotSealed(at, id)`. An installed snapshot is sealed by the Persist that bears it.
   */
  sealSnapshot(metadata: SnapshotMetadata, compactTo: Index): void;
  /** Answer: `snapshotRead(at, id, offset, bytes)`; bytes shorter than asked only at the end. Checksums are verified. */
  readSnapshot(id: string, offset: number, length: number): void;
  /** Forget a snapshot's bytes (superseded, or an abandoned transfer). */
  dropSnapshot(id: string): void;
  /**
   * Replace the bootstrap configuration (index 0), durably; one at a time. Answer: `bootstrapWritten(at)`, or `bootstrapFailed(at, code)`:
   * after NO_SPACE nothing of it is there and it may be asked for again, after anything else the member stops.
   */
  writeBootstrap(configuration: Configuration): void;
}

/** What the store's recovery gives to a starting member. Snapshot bytes are read through `readSnapshot`. */
export interface RecoveredMember {
  readonly core: Recovered;
  readonly incarnation: string;
}

/** What `apply` may look at besides the command. All deterministic: the same on every member. */
export interface ApplyContext {
  readonly index: Index;
  /** Cluster time in milliseconds, never decreasing along the log. */
  readonly time: number;
  /** 0 outside a session. */
  readonly sessionId: number;
}

/**
 * A deterministic, synchronous, replicated state machine over plain values (what codec can carry: null, booleans, finite numbers, strings,
 * Uint8Array, arrays, string-keyed objects). A returned promise is refused by name. Applies never throw for bad input: they answer with a value.
 */
export interface StateMachine {
  /** Apply a committed command; the result goes to the client and into the session table. */
  apply(command: unknown, context: ApplyContext): unknown;
  /** Answer a read without changing anything. `time` is the cluster time applied so far. */
  query(query: unknown, context: { readonly index: Index; readonly time: number }): unknown;
  /** A pull iterator over a frozen version of the state; applies go on meanwhile. Yields values, each a chunk of moderate size. */
  snapshot(): Iterator<unknown>;
  /** Replace the whole state by the chunks of a snapshot. */
  restore(chunks: Iterable<unknown>): void;
  /** The earliest cluster time at which something expires; Infinity: nothing does. The leader then proposes a tick entry. */
  nextDeadline?(): number;
  /** Cluster time reached `time` by the entry at `index` (called before its apply, and for tick entries): expire what is due. */
  onTime?(time: number, index: Index): void;
  /** Two 32-bit lanes over the whole state, maintained incrementally: equal states, equal digests. */
  digest?(): { readonly hi: number; readonly lo: number };
  /** Approximate bytes held, for the stated limit. */
  size?(): number;
  /**
   * Tell `notify` each change of what `query` names, in order of the entries' indexes, as they are applied, until the function returned
   * here is called. Null: the query is malformed. Never part of the state: `notify` must not throw, change anything it is given, or ask
   * the machine anything. `restore` forgets all watches without a word: who watched has missed changes.
   */
  watch?(query: unknown, notify: (index: Index, change: unknown) => void): (() => void) | null;
}

/** Watches; must not interfere. Every method may be absent. */
export interface Tracer {
  /** After each core step, before its effects are carried out. */
  onStep?(message: Message, effects: Effects): void;
  /**
   * After an entry was applied. `result` is undefined for noop, configuration and tick entries, and `{ refused: code }` for a command
   * that the session table refused.
   */
  onApply?(
    entry: Entry,
    result: unknown,
    digest: { readonly hi: number; readonly lo: number },
  ): void;
  /** The machine was replaced by a snapshot. */
  onRestore?(
    snapshot: SnapshotMetadata,
    digest: { readonly hi: number; readonly lo: number },
  ): void;
  /** A read is served at `appliedIndex`; it was promised `readIndex` (stale reads: 0). */
  onRead?(requestId: number, mode: ReadMode, readIndex: Index, appliedIndex: Index): void;
  /**
   * A session's command ran; or a duplicate was answered from the session table; or the session expired (sequence 0), or a command
   * (sequence > 0) met a session that is unknown or expired. `index` is the entry's.
   */
  onSession?(
    sessionId: number,
    sequence: number,
    kind: 'executed' | 'duplicate' | 'expired',
    index: Index,
  ): void;
}

export type ReadMode = 'linearizable' | 'lease' | 'stale';
