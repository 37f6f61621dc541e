/**
 * The store of a running member: the replica's `Store` port over an `Engine`.
 *
 * One sync in flight; everything asked for meanwhile becomes the next group. Order of one group: its batch is written and synced, then the
 * witness says so, then its completions go out; the next batch may be under way while the witness is written.
 * Kept: no completion before the witness; completions in the order of the calls; nothing is deleted before what replaces it is durable.
 */
import { crc32c } from '@seedraft/codec';
import type { Configuration, HardState, Index, Persist, SnapshotMetadata } from '@seedraft/core';
import type { Store } from '@seedraft/replica';
import type { Base } from './base.ts';
import { buildFlight, type Flight, type Operation } from './batcher.ts';
import { type Chain, lastIndexAfterAppend, witnessOf } from './chain.ts';
import { ChunkIndex, MAX_CHUNK_BYTES } from './chunk.ts';
import type { Engine, WriteFailure } from './engine.ts';
import { isIntact } from './integrity.ts';
import { assertStore } from './invariant.ts';
import { chunkKey, familyOf, groupFamily } from './keys.ts';
import type { Resumption } from './resumption.ts';
import { SnapshotReader } from './snapshot-reader.ts';
import type { StoreEvents } from './store-events.ts';
import { encodeWitness, type Slot } from './witness.ts';

export interface MemberStoreOptions {
  readonly engine: Engine;
  readonly events: StoreEvents;
  readonly resumption: Resumption;
  /**
   * `default`: the witness is fsynced when the hard state changed, and by `flush` (100 ms later, and at stop). What is left: a power
   * loss together with damage, within the last ~100 ms of commits, may pass unseen. `paranoid`: always fsynced, nothing is left.
   */
  readonly durability: 'default' | 'paranoid';
}

/** Entry bytes packed into one group; one persist is always let through. */
const MAX_GROUP_BYTES = 1 << 20;
/** Deletions that ride along with one batch: a long backlog must not make one sync long. */
const MAX_DELETES = 512;
/** Deleted neighbours worth telling the engine of: under load a group, like a chunk, may be a megabyte. */
const MIN_RECLAIMED = 4;
/** Chunks told of at once, some 16 MB: an engine that is busy with them may let writes wait. Groups given up together are not much more. */
const MAX_RECLAIMED_CHUNKS = 64;

export class MemberStore implements Store {
  readonly #options: MemberStoreOptions;
  readonly #engine: Engine;
  readonly #events: StoreEvents;
  readonly #chain: Chain;
  readonly #snapshots: Map<string, ChunkIndex>;
  readonly #reader: SnapshotReader;

  #queue: Operation[] = [];
  #flight: Flight | null = null;
  #token = 0;
  /** Durable batches whose completions wait for the witness. */
  #unwitnessed: Flight[] = [];
  /** How many of them the witness under way speaks for; -1: none is under way. */
  #witnessing = -1;
  #witnessToken = 0;
  #nextSlot: Slot;
  /** The hard state in the newest fsynced witness. */
  #witnessedHardState: HardState;
  #isWitnessSynced = true;

  /** Keys nothing needs, to be deleted by later batches; in order of insertion. */
  readonly #garbage: Set<string>;
  /** Deleted by now, and the engine has not been told. */
  #deleted: string[] = [];
  /** Snapshots to forget once no durable record stands on them. */
  #dropped: string[] = [];
  #pendingBase: Base | null = null;
  /** After anything but NO_SPACE: only a new start, through recovery, helps. */
  #broken: string | null = null;
  /** After NO_SPACE: the persist that must come first when writing again; later ones were sent before the member heard, and are ignored. */
  #refusedFrom: number | null = null;

  constructor(options: MemberStoreOptions) {
    const { chain, snapshots, garbage, nextSlot } = options.resumption;
    this.#options = options;
    this.#engine = options.engine;
    this.#events = options.events;
    this.#chain = chain;
    this.#snapshots = snapshots;
    this.#garbage = new Set(garbage);
    this.#nextSlot = nextSlot;
    this.#witnessedHardState = chain.hardState;
    this.#reader = new SnapshotReader(options.engine, options.events);
  }

  /** Something asked for is not durable yet. */
  get pending(): boolean {
    return this.#flight !== null || this.#queue.length > 0 || this.#unwitnessed.length > 0;
  }

  /** False: a power loss now would lose the last word of the witness; `flush` then has something to do. */
  get isWitnessSynced(): boolean {
    return this.#isWitnessSynced;
  }

  persist(write: Persist): void {
    const refusal = this.#broken ?? spoiltEntryIn(write) ?? this.#incomplete(write.snapshot);
    if (refusal !== null) {
      this.#broken ??= refusal;
      this.#events.persistFailed(write.seq, refusal);
      return;
    }
    if (this.#refusedFrom !== null) {
      if (write.seq !== this.#refusedFrom) return;
      this.#refusedFrom = null;
    }
    this.#enqueue({ kind: 'persist', write });
  }

  writeSnapshot(id: string, offset: number, bytes: Uint8Array): void {
    if (this.#broken !== null) {
      this.#events.snapshotFailed(id, this.#broken);
      return;
    }
    if (offset === 0) this.#beginAfresh(id);
    const index = this.#snapshots.get(id);
    if (index === undefined || offset !== index.size) {
      this.#events.snapshotFailed(id, 'GAP');
      return;
    }
    let from = 0;
    do {
      const part = bytes.subarray(from, from + MAX_CHUNK_BYTES);
      from += part.length;
      const end = from === bytes.length ? offset + from : null;
      const operation = { kind: 'chunk' as const, id, offset: index.size, bytes: part, end };
      index.append(part);
      this.#enqueue(operation);
    } while (from < bytes.length);
  }

  sealSnapshot(metadata: SnapshotMetadata, compactTo: Index): void {
    const refusal = this.#broken ?? this.#incomplete(metadata);
    if (refusal !== null) this.#events.snapshotFailed(metadata.id, refusal);
    else this.#enqueue({ kind: 'seal', metadata, compactTo });
  }

  readSnapshot(id: string, offset: number, length: number): void {
    this.#reader.read(id, this.#snapshots.get(id), offset, length);
  }

  dropSnapshot(id: string): void {
    this.#dropped.push(id);
  }

  writeBootstrap(configuration: Configuration): void {
    if (this.#broken !== null) this.#events.bootstrapFailed(this.#broken);
    else this.#enqueue({ kind: 'bootstrap', configuration });
  }

  /**
   * Makes the witness durable: to be called at most 100 ms after a word of it that was not, and at stop. False: a witness is under way that
   * may not be the last word; call again.
   */
  flush(): boolean {
    if (this.#isWitnessSynced || this.#broken !== null) return true;
    if (this.#witnessing !== -1) return false;
    this.#writeWitness(true);
    return true;
  }

  // ------------------------------------------------------------------------------------------------ doors for the engine's driver

  written(token: number): void {
    const flight = this.#flight;
    assertStore(flight !== null && token === this.#token, 'a write completes once, in order');
    this.#flight = null;
    if (flight.group !== null) this.#chain.append(flight.group.group, flight.group.hash);
    if (flight.base !== null) {
      for (const key of this.#chain.moveBase(flight.base)) this.#garbage.add(key);
    }
    for (const operation of flight.operations) this.#planBase(operation);
    this.#reclaim(flight.batch.deletes);
    const seq = lastSeqOf(flight);
    if (seq !== null) this.#events.durable(seq);
    this.#unwitnessed.push(flight);
    // First the next sync, then the witness of this one: the disk is the bottleneck.
    if (this.#queue.length > 0) this.#writeNext();
    this.#advance();
  }

  writeFailed(token: number, code: WriteFailure): void {
    const flight = this.#flight;
    assertStore(flight !== null && token === this.#token, 'a write fails once, in order');
    this.#flight = null;
    if (code !== 'NO_SPACE') this.#broken = code;
    this.#fail([...flight.operations, ...this.#queue.splice(0)], code);
    if (code !== 'NO_SPACE') return;
    // Nothing of the batch is there: what rode along must ride again.
    for (const key of flight.batch.deletes) this.#garbage.add(key);
    const isBootstrap = flight.operations.some(({ kind }) => kind === 'bootstrap');
    if (!isBootstrap) this.#pendingBase ??= flight.base;
  }

  witnessWritten(token: number): void {
    if (token !== this.#witnessToken || this.#witnessing === -1) return;
    const done = this.#unwitnessed.splice(0, this.#witnessing);
    this.#witnessing = -1;
    for (const flight of done) this.#report(flight);
    this.#advance();
  }

  witnessFailed(token: number, code: WriteFailure): void {
    if (token !== this.#witnessToken || this.#witnessing === -1) return;
    this.#witnessing = -1;
    this.#broken = code;
    const unheard = this.#unwitnessed.splice(0).flatMap((flight) => flight.operations);
    this.#fail([...unheard, ...this.#queue.splice(0)], code);
  }

  valueRead(token: number, value: Uint8Array | null): void {
    this.#reader.valueRead(token, value);
  }

  readFailed(token: number, code: string): void {
    this.#reader.readFailed(token, code);
  }

  // ----------------------------------------------------------------------------------------------------------------- groups

  #enqueue(operation: Operation): void {
    this.#queue.push(operation);
    if (this.#flight === null) this.#writeNext();
  }

  #writeNext(): void {
    this.#settleDrops();
    const operations = this.#takeGroup();
    let base = this.#pendingBase;
    for (const operation of operations) {
      // A snapshot begun afresh may use a key again that waits to be deleted.
      if (operation.kind === 'chunk')
        this.#garbage.delete(chunkKey(operation.id, operation.offset));
      else if (operation.kind === 'bootstrap') {
        base = { ...(base ?? this.#chain.base), configuration: operation.configuration };
      }
    }
    const deletes = this.#takeGarbage();
    this.#pendingBase = null;
    const { incarnation } = this.#chain.base;
    this.#flight = buildFlight(operations, this.#chain, incarnation, { deletes, base });
    this.#token += 1;
    this.#engine.write(this.#token, this.#flight.batch);
  }

  #takeGroup(): Operation[] {
    let bytes = 0;
    let count = 0;
    let last = this.#chain.lastIndex;
    while (count < this.#queue.length && bytes < MAX_GROUP_BYTES) {
      const operation = this.#queue[count++]!;
      if (operation.kind === 'chunk') bytes += operation.bytes.length;
      if (operation.kind !== 'persist') continue;
      const { snapshot, truncateFrom, entries } = operation.write;
      for (let i = 0; i < entries.length; i++) bytes += entries[i]!.data.length;
      if (snapshot !== null) last = snapshot.lastIncludedIndex;
      last = lastIndexAfterAppend(last, truncateFrom, entries);
      assertStore(last !== -1, 'the entries of a persist continue the log');
    }
    if (count < this.#queue.length) return this.#queue.splice(0, count);
    const all = this.#queue;
    this.#queue = [];
    return all;
  }

  /** A seal or an install is durable: may the base move? */
  #planBase(operation: Operation): void {
    const compactTo =
      operation.kind === 'seal'
        ? operation.compactTo
        : operation.kind === 'persist'
          ? (operation.write.snapshot?.lastIncludedIndex ?? null)
          : null;
    if (compactTo === null) return;
    this.#pendingBase = this.#chain.baseFor(compactTo) ?? this.#pendingBase;
  }

  // ---------------------------------------------------------------------------------------------------------------- witness

  /** Completes what needs no witness, and starts the witness for the rest. */
  #advance(): void {
    if (this.#witnessing !== -1) return;
    while (this.#unwitnessed.length > 0 && this.#unwitnessed[0]!.group === null) {
      this.#report(this.#unwitnessed.shift()!);
    }
    if (this.#unwitnessed.length === 0) return;
    const { term, votedFor } = this.#chain.hardState;
    const known = this.#witnessedHardState;
    const hasChanged = known.term !== term || known.votedFor !== votedFor;
    this.#writeWitness(hasChanged || this.#options.durability === 'paranoid');
  }

  #writeWitness(sync: boolean): void {
    const chain = this.#chain;
    const slot = this.#nextSlot;
    this.#nextSlot = slot === 0 ? 1 : 0;
    this.#witnessing = this.#unwitnessed.length;
    this.#witnessToken += 1;
    this.#isWitnessSynced = sync;
    if (sync) this.#witnessedHardState = chain.hardState;
    const bytes = encodeWitness(witnessOf(chain));
    this.#engine.writeWitness(this.#witnessToken, slot, bytes, sync);
  }

  // ------------------------------------------------------------------------------------------------------------ completions

  #report(flight: Flight): void {
    const seq = lastSeqOf(flight);
    if (seq !== null) this.#events.persisted(seq);
    for (const operation of flight.operations) {
      if (operation.kind === 'seal') this.#events.snapshotSealed(operation.metadata.id);
      else if (operation.kind === 'bootstrap') this.#events.bootstrapWritten();
      if (operation.kind !== 'chunk' || operation.end === null) continue;
      this.#events.snapshotWritten(operation.id, operation.end);
    }
  }

  /** One persistFailed speaks for its seq and all later ones; each snapshot fails once. */
  #fail(operations: readonly Operation[], code: string): void {
    const first = operations.find((operation) => operation.kind === 'persist');
    if (first?.kind === 'persist') {
      if (code === 'NO_SPACE') this.#refusedFrom = first.write.seq;
      this.#events.persistFailed(first.write.seq, code);
    }
    const failed = new Set<string>();
    for (const operation of operations) {
      if (operation.kind === 'persist') continue;
      if (operation.kind === 'bootstrap') {
        this.#events.bootstrapFailed(code);
        continue;
      }
      const id = operation.kind === 'seal' ? operation.metadata.id : operation.id;
      if (failed.has(id)) continue;
      failed.add(id);
      // Which of its chunks are there is not worth knowing: the transfer begins afresh.
      if (operation.kind === 'chunk') this.#beginAfresh(id);
      this.#events.snapshotFailed(id, code);
    }
  }

  // -------------------------------------------------------------------------------------------------------------- snapshots

  /** An empty index for this id; what was stored under it is garbage. */
  #beginAfresh(id: string): void {
    this.#discard(id);
    this.#dropped = this.#dropped.filter((dropped) => dropped !== id);
    this.#snapshots.set(id, new ChunkIndex());
  }

  #discard(id: string): void {
    for (const { offset } of this.#snapshots.get(id)?.extents ?? []) {
      this.#garbage.add(chunkKey(id, offset));
    }
    this.#snapshots.delete(id);
  }

  /** Forgets dropped snapshots, but for one that the durable chain still stands on. */
  #settleDrops(): void {
    if (this.#dropped.length === 0) return;
    const inForce = this.#chain.snapshot?.id;
    for (const id of this.#dropped) if (id !== inForce) this.#discard(id);
    this.#dropped = this.#dropped.filter((id) => id === inForce);
  }

  #takeGarbage(): string[] {
    const keys: string[] = [];
    for (const key of this.#garbage) {
      if (keys.length === MAX_DELETES) break;
      keys.push(key);
    }
    for (const key of keys) this.#garbage.delete(key);
    return keys;
  }

  /** Once all that was garbage is deleted: runs of it, told one by one, so that nothing that is needed lies between. */
  #reclaim(deletes: readonly string[]): void {
    for (const key of deletes) this.#deleted.push(key);
    if (this.#garbage.size > 0 || this.#deleted.length === 0) return;
    const runs = new Map<string, string[]>();
    for (const key of this.#deleted) {
      const family = familyOf(key);
      const run = runs.get(family);
      if (run === undefined) runs.set(family, [key]);
      else run.push(key);
    }
    this.#deleted = [];
    for (const [family, run] of runs) {
      if (run.length < MIN_RECLAIMED) continue;
      run.sort();
      const most = family === groupFamily ? run.length : MAX_RECLAIMED_CHUNKS;
      for (let from = 0; from < run.length; from += most) {
        const part = run.slice(from, from + most);
        this.#engine.reclaim?.(part[0]!, part.at(-1)!);
      }
    }
  }

  #incomplete(metadata: SnapshotMetadata | null): string | null {
    if (metadata === null) return null;
    const index = this.#snapshots.get(metadata.id);
    return index?.isWhole(metadata) === true ? null : 'SNAPSHOT_INCOMPLETE';
  }
}

function lastSeqOf(flight: Flight): number | null {
  let seq: number | null = null;
  for (const operation of flight.operations) {
    if (operation.kind === 'persist') seq = operation.write.seq;
  }
  return seq;
}

/** Bytes that changed between the proposer and this disk (in memory, or in another member's) go no further. */
function spoiltEntryIn(write: Persist): string | null {
  const { entries } = write;
  for (let i = 0; i < entries.length; i++) {
    const { checksum, data } = entries[i]!;
    if (!isIntact(checksum, crc32c(data))) return 'ENTRY_DAMAGED';
  }
  return null;
}
