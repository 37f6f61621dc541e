/**
 * A member's snapshots, all of them: the own one being taken, the one being received, the ones being sent, and the one being read back
 * into memory. Here it is decided what each completion of the store means.
 *
 * The state is *ready* unless a snapshot is about to replace it: from the moment the core orders a received one to be made durable until
 * it is in memory, and from boot until the base is. Meanwhile committed entries wait; the core goes on.
 */
import type { InstallSnapshot, SnapshotChunk, SnapshotMetadata } from '@seedraft/core';
import type { Member } from './member.ts';
import { OwnSnapshots, type SnapshotPolicy } from './own-snapshots.ts';
import { writeFailed } from './stopped.ts';
import { IncomingSnapshot, OutgoingSnapshots, SnapshotReading, unreadable } from './transfer.ts';

/** A superseded snapshot is kept for a follower that asked for a chunk of it within this many election timeouts. */
const RETAIN_ELECTION_TIMEOUTS = 8;
/** Why a snapshot could not be written while the store goes on (ports.ts). */
const SNAPSHOT_FAILURES: ReadonlySet<string> = new Set(['NO_SPACE', 'GAP', 'SNAPSHOT_INCOMPLETE']);

export class Snapshots {
  readonly #member: Member;
  readonly #policy: SnapshotPolicy;
  readonly #own: OwnSnapshots;
  readonly #outgoing: OutgoingSnapshots;
  readonly #incoming: IncomingSnapshot;
  /** A received snapshot that the core ordered to be made durable by persist `seq`. */
  #installing: { readonly seq: number; readonly snapshot: SnapshotMetadata } | null = null;
  /** A durable one on its way into memory. */
  #reading: SnapshotReading | null = null;
  /** The core asked for a snapshot and got none yet. */
  #wanted = false;
  #retryAt = Number.POSITIVE_INFINITY;
  /** Entries that stay before the own one under way. */
  #keep = 0;
  /** The state holds what was durable at boot. */
  #hasLoaded: boolean;

  constructor(member: Member, policy: SnapshotPolicy, boot: string, base: SnapshotMetadata | null) {
    const { config, store } = member;
    this.#member = member;
    this.#policy = policy;
    this.#own = new OwnSnapshots(policy, config.snapshotChunkBytes, store, boot, base);
    this.#outgoing = new OutgoingSnapshots(store);
    this.#incoming = new IncomingSnapshot(store);
    this.#hasLoaded = base === null;
    if (base !== null) this.#read(base);
  }

  get isReady(): boolean {
    return this.#installing === null && this.#reading === null;
  }

  get hasLoaded(): boolean {
    return this.#hasLoaded;
  }

  get isTaking(): boolean {
    return this.#own.isTaking;
  }

  /** The newest durable one. */
  get base(): SnapshotMetadata | null {
    return this.#own.base;
  }

  noteApplied(bytes: number): void {
    this.#own.noteApplied(bytes);
  }

  /** The policy says so, or the core asked for one and there is something new to put into it. */
  takeIfDue(): void {
    if (!this.isReady || this.isTaking) return;
    const { state } = this.#member;
    const isNews = state.index > (this.base?.lastIncludedIndex ?? 0);
    if (isNews && (this.#wanted || this.#own.isDue(state.size))) this.take();
  }

  /** The core wants room in the log, or something to send to a follower that fell behind. It says so once. */
  want(): void {
    this.#wanted = true;
    this.takeIfDue();
  }

  /** When to try again what the core wanted and the store refused, on the own clock. */
  get dueAt(): number {
    return this.#retryAt;
  }

  retry(): void {
    this.#retryAt = Number.POSITIVE_INFINITY;
    this.takeIfDue();
  }

  /** The caller saw to it that the state is ready and none is being taken. */
  take(): void {
    this.#keep = this.#entriesToKeep();
    this.#own.begin(this.#member.state, this.#keep);
  }

  /** The core orders a received snapshot to replace the log. True: the own one under way was given up for it. */
  install(seq: number, snapshot: SnapshotMetadata): boolean {
    this.#installing = { seq, snapshot };
    this.#incoming.installed();
    return this.#own.giveUp();
  }

  /** Durable up to `seq`: if that included an install, it is read back. */
  persisted(seq: number): void {
    if (this.#installing === null || seq < this.#installing.seq) return;
    const { snapshot } = this.#installing;
    this.#installing = null;
    this.#wanted = false;
    this.#own.installed(snapshot, this.#retainSince());
    this.#read(snapshot);
  }

  /** A chunk the core wants sent: it leaves once its bytes are read. */
  send(message: InstallSnapshot): void {
    this.#own.noteSent(message.snapshot.id, this.#member.now);
    this.#outgoing.fetch(message);
  }

  /** A chunk the core received. */
  store(chunk: SnapshotChunk): void {
    if (this.#incoming.store(chunk)) return;
    this.#incoming.abandon();
    this.#tellUnavailable(chunk.snapshot.id);
  }

  /** The core heard that it is complete: it either ordered its installation, or has no use for it any more. */
  received(): void {
    this.#incoming.abandon();
  }

  written(id: string, offset: number): void {
    this.#own.written(id);
    const { now } = this.#member;
    const told = this.#incoming.written(now, id, offset);
    if (told !== null) this.#member.put(told);
  }

  /** An own snapshot is durable: the core may compact its log. Null: it had been given up. */
  sealed(id: string): SnapshotMetadata | null {
    const snapshot = this.#own.sealed(id, this.#retainSince());
    if (snapshot === null) return null;
    this.#wanted = false;
    const keep = this.#keep;
    this.#member.put({ type: 'Compact', at: this.#member.now, snapshot, keep });
    return snapshot;
  }

  /** The newest applied entries, as many as the policy allows: few large ones can weigh more than the snapshot. */
  #entriesToKeep(): number {
    const { keep, keepBytes } = this.#policy;
    if (keepBytes === undefined) return keep;
    const { state, raft } = this.#member;
    let bytes = 0;
    for (let kept = 0; kept < keep; kept++) {
      bytes += raft.log.entryAt(state.index - kept)?.data.length ?? Number.POSITIVE_INFINITY;
      if (bytes > keepBytes) return kept;
    }
    return keep;
  }

  /** Bytes that were asked for. True: with these the state was replaced. */
  read(id: string, offset: number, bytes: Uint8Array): boolean {
    const reading = this.#reading;
    if (reading?.awaits(id, offset)) return this.#load(reading, bytes);
    const message = this.#outgoing.fill(id, offset, bytes);
    if (message !== null) this.#member.transport.send(message);
    return false;
  }

  /** The store could not write, seal or read. True: the own snapshot under way was given up. */
  failed(id: string, code: string): boolean {
    if (this.#reading?.metadata.id === id) throw unreadable(this.#reading.metadata, code);
    if (this.#own.failed(id)) {
      this.#stopIfStoreEnded(code);
      if (this.#wanted) this.#retryAt = this.#member.now + this.#member.config.electionTimeoutMax;
      return true;
    }
    if (this.#incoming.isReceiving(id)) {
      this.#stopIfStoreEnded(code);
      this.#incoming.abandon();
      this.#tellUnavailable(id);
    } else if (this.#outgoing.abandon(id)) {
      // Nobody can be brought up with a base that cannot be read; the core will ask for another, made from what is in memory.
      this.#own.forget(id);
      this.#tellUnavailable(id);
    }
    return false;
  }

  /**
   * A follower that waits for a snapshot persists nothing else, so this may be the only way it learns that its disk is done for; refusing
   * the chunk and going on, it would neither catch up nor die.
   */
  #stopIfStoreEnded(code: string): void {
    if (!SNAPSHOT_FAILURES.has(code)) throw writeFailed(this.#member.id, code);
  }

  #load(reading: SnapshotReading, bytes: Uint8Array): boolean {
    if (!reading.add(bytes)) return false;
    const { member, metadata } = { member: this.#member, metadata: reading.metadata };
    this.#reading = null;
    this.#hasLoaded = true;
    member.state.restore(metadata, reading.bytes, member.now);
    member.tracer?.onRestore?.(metadata, member.state.digest());
    return true;
  }

  #read(snapshot: SnapshotMetadata): void {
    const { store, config } = this.#member;
    this.#reading = new SnapshotReading(snapshot, store, config.snapshotChunkBytes);
  }

  #tellUnavailable(snapshotId: string): void {
    this.#member.put({ type: 'SnapshotUnavailable', at: this.#member.now, snapshotId });
  }

  #retainSince(): number {
    const { now, config } = this.#member;
    return now - RETAIN_ELECTION_TIMEOUTS * config.electionTimeoutMax;
  }
}
