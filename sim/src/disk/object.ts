/**
 * The disk that keeps objects: what was persisted stays by reference, nothing is encoded. It has the order, the grouping and the
 * durability of the real one (one sync in flight, everything that arrives meanwhile is the next group, a crash loses or keeps the group
 * in flight as a whole) and every hindrance, but no bytes, so no damage: faults on bytes are answered with false.
 *
 * Kept: a completion implies that everything asked for earlier is durable; what recovery gives is the durable state and nothing else.
 */
import type {
  Configuration,
  Entry,
  HardState,
  Index,
  Persist,
  SnapshotMetadata,
} from '@seedraft/core';
import { assertStore } from '@seedraft/store';
import type { Disk, DiskFault, DiskHost, DiskOptions, Recovery } from './disk.ts';
import { Hindrance, resolveCrash } from './hindrance.ts';

type Operation =
  | Persist
  | { readonly seq: -1; readonly kind: 'write'; readonly id: string; readonly end: number }
  | {
      readonly seq: -1;
      readonly kind: 'seal';
      readonly metadata: SnapshotMetadata;
      readonly compactTo: Index;
    }
  | { readonly seq: -1; readonly kind: 'bootstrap'; readonly configuration: Configuration };

interface SnapshotBytes {
  bytes: Uint8Array;
  size: number;
}

export function createObjectDisk(options: DiskOptions): Disk {
  return new ObjectDisk(options);
}

class ObjectDisk implements Disk {
  readonly #options: DiskOptions;
  readonly #host: DiskHost;
  readonly #hindrance: Hindrance;

  // Durable.
  #bootstrap: Configuration;
  #hardState: HardState;
  #snapshot: SnapshotMetadata | null;
  /** The index before `#entries[0]`. */
  #floor: Index;
  readonly #entries: Entry[];

  /** Readable at once, dropped at a crash unless in force. */
  readonly #snapshots = new Map<string, SnapshotBytes>();
  #dropped: string[] = [];

  #queue: Operation[] = [];
  #flight: Operation[] = [];
  /** Set by an error after which nothing can be trusted: only a crash ends it. */
  #broken: string | null = null;
  /** After NO_SPACE: the persist that must come first when writing again; later ones are ignored until it does. */
  #refusedFrom = 0;
  readonly #onGroupEnd = (): void => this.#endGroup();

  constructor(options: DiskOptions) {
    const { core } = options.bootstrap;
    this.#options = options;
    this.#host = options.host;
    this.#hindrance = new Hindrance(options.host, options.knobs);
    this.#bootstrap = core.configuration;
    this.#hardState = core.hardState;
    this.#snapshot = core.snapshot;
    this.#entries = [...core.entries];
    const before = core.snapshot?.lastIncludedIndex ?? 0;
    this.#floor = this.#entries.length > 0 ? this.#entries[0]!.index - 1 : before;
  }

  get pending(): boolean {
    return this.#flight.length + this.#queue.length > 0;
  }

  get tainted(): boolean {
    return false;
  }

  persist(write: Persist): void {
    if (this.#broken !== null) {
      this.#host.persistFailed(write.seq, this.#broken);
      return;
    }
    if (this.#refusedFrom !== 0) {
      if (write.seq !== this.#refusedFrom) return;
      this.#refusedFrom = 0;
    }
    this.#enqueue(write);
  }

  writeSnapshot(id: string, offset: number, bytes: Uint8Array): void {
    if (this.#broken !== null) {
      this.#host.snapshotFailed(id, this.#broken);
      return;
    }
    let snapshot = this.#snapshots.get(id);
    if (snapshot === undefined || offset === 0) {
      snapshot = { bytes: new Uint8Array(Math.max(bytes.length, 4096)), size: 0 };
      this.#snapshots.set(id, snapshot);
    }
    if (offset !== snapshot.size) {
      this.#host.snapshotFailed(id, 'GAP');
      return;
    }
    const end = offset + bytes.length;
    if (end > snapshot.bytes.length) {
      const larger = new Uint8Array(Math.max(end, snapshot.bytes.length * 2));
      larger.set(snapshot.bytes.subarray(0, offset));
      snapshot.bytes = larger;
    }
    snapshot.bytes.set(bytes, offset);
    snapshot.size = end;
    this.#dropped = this.#dropped.filter((dropped) => dropped !== id);
    this.#enqueue({ seq: -1, kind: 'write', id, end });
  }

  sealSnapshot(metadata: SnapshotMetadata, compactTo: Index): void {
    const isWhole = this.#snapshots.get(metadata.id)?.size === metadata.size;
    const refusal = this.#broken ?? (isWhole ? null : 'SNAPSHOT_INCOMPLETE');
    if (refusal !== null) this.#host.snapshotFailed(metadata.id, refusal);
    else this.#enqueue({ seq: -1, kind: 'seal', metadata, compactTo });
  }

  readSnapshot(id: string, offset: number, length: number): void {
    const read = (): void => {
      if (this.#hindrance.holds(read)) return;
      const failed = this.#hindrance.takeReadFailure();
      const snapshot = this.#snapshots.get(id);
      if (failed || snapshot === undefined) {
        this.#host.snapshotFailed(id, failed ? 'EIO' : 'UNKNOWN_SNAPSHOT');
        return;
      }
      const end = Math.min(offset + length, snapshot.size);
      this.#host.snapshotRead(id, offset, snapshot.bytes.subarray(Math.min(offset, end), end));
    };
    this.#host.after(this.#hindrance.readDelay(), read);
  }

  dropSnapshot(id: string): void {
    this.#dropped.push(id);
    if (!this.pending) this.#forgetDropped();
  }

  writeBootstrap(configuration: Configuration): void {
    if (this.#broken !== null) this.#host.bootstrapFailed(this.#broken);
    else this.#enqueue({ seq: -1, kind: 'bootstrap', configuration });
  }

  heal(latency: number): void {
    this.#hindrance.heal(latency);
  }

  inject(fault: DiskFault): boolean {
    return this.#hindrance.inject(fault);
  }

  crash(how: 'kept' | 'dropped' | 'torn' | 'drawn'): void {
    const fate = resolveCrash(how, this.#host, this.#options.knobs);
    // A group is one record under one checksum: torn is lost.
    if (fate === 'kept') for (const operation of this.#flight) this.#apply(operation);
    this.#flight = [];
    this.#queue = [];
    this.#dropped = [];
    this.#broken = null;
    this.#refusedFrom = 0;
    this.#hindrance.crash();
  }

  recover(): Recovery {
    for (const id of this.#snapshots.keys()) {
      if (id !== this.#snapshot?.id) this.#snapshots.delete(id);
    }
    const core = {
      hardState: this.#hardState,
      snapshot: this.#snapshot,
      entries: this.#entries.slice(),
      configuration: this.#bootstrap,
      applied: this.#snapshot?.lastIncludedIndex ?? 0,
      repairUntil: this.#options.bootstrap.core.repairUntil,
    };
    return { outcome: 'intact', member: { core, incarnation: this.#options.incarnation } };
  }

  #enqueue(operation: Operation): void {
    this.#queue.push(operation);
    if (this.#flight.length === 0) this.#startGroup();
  }

  #startGroup(): void {
    const empty = this.#flight;
    this.#flight = this.#queue;
    this.#queue = empty;
    const delay = this.#hindrance.writeDelay() + this.#hindrance.fsyncDelay();
    this.#host.after(delay, this.#onGroupEnd);
  }

  #endGroup(): void {
    if (this.#hindrance.holds(this.#onGroupEnd)) return;
    const failure = this.#hindrance.takeWriteFailure();
    if (failure !== null) {
      // Nothing of it was written, so no crash may keep it.
      const refused = this.#flight;
      this.#flight = [];
      this.#fail(refused, failure);
    } else if (this.#hindrance.takeFsyncFailure()) {
      // Written, not synced: whether it is there is for the crash to draw, so it stays in flight.
      this.#fail(this.#flight, 'FSYNC_FAILED');
    } else {
      this.#completeGroup();
    }
  }

  #completeGroup(): void {
    const group = this.#flight;
    let seq = -1;
    for (let i = 0; i < group.length; i++) {
      const operation = group[i]!;
      this.#apply(operation);
      if (operation.seq > seq) seq = operation.seq;
    }
    if (seq >= 0) {
      this.#host.durable(seq);
      this.#host.persisted(seq);
    }
    for (let i = 0; i < group.length; i++) this.#report(group[i]!);
    while (group.length > 0) group.pop();
    if (this.#dropped.length > 0) this.#forgetDropped();
    if (this.#queue.length > 0) this.#startGroup();
  }

  #apply(operation: Operation): void {
    if (!('kind' in operation)) {
      this.#applyPersist(operation);
    } else if (operation.kind === 'bootstrap') {
      this.#bootstrap = operation.configuration;
    } else if (operation.kind === 'seal') {
      this.#snapshot = operation.metadata;
      const drop = Math.min(operation.compactTo - this.#floor, this.#entries.length);
      if (drop > 0) {
        this.#entries.splice(0, drop);
        this.#floor += drop;
      }
    }
  }

  #applyPersist(write: Persist): void {
    const entries = this.#entries;
    if (write.snapshot !== null) {
      const stored = this.#snapshots.get(write.snapshot.id);
      assertStore(stored?.size === write.snapshot.size, 'an installed snapshot is stored whole');
      this.#snapshot = write.snapshot;
      this.#floor = write.snapshot.lastIncludedIndex;
      entries.length = 0;
    }
    if (write.truncateFrom !== 0) {
      const kept = write.truncateFrom - this.#floor - 1;
      assertStore(kept >= 0, 'nothing at or before the base is truncated');
      if (kept < entries.length) entries.length = kept;
    }
    for (let i = 0; i < write.entries.length; i++) {
      const entry = write.entries[i]!;
      assertStore(entry.index === this.#floor + entries.length + 1, 'the log has no gap');
      entries.push(entry);
    }
    this.#hardState = write.hardState;
  }

  #report(operation: Operation): void {
    if (!('kind' in operation)) return;
    if (operation.kind === 'write') this.#host.snapshotWritten(operation.id, operation.end);
    else if (operation.kind === 'seal') this.#host.snapshotSealed(operation.metadata.id);
    else this.#host.bootstrapWritten();
  }

  /** One persistFailed speaks for its seq and all later ones. */
  #fail(group: readonly Operation[], code: string): void {
    const refused = group.concat(this.#queue);
    this.#queue = [];
    const first = refused.find((operation) => operation.seq >= 0);
    if (code !== 'NO_SPACE') this.#broken = code;
    else if (first !== undefined) this.#refusedFrom = first.seq;
    if (first !== undefined) this.#host.persistFailed(first.seq, code);
    for (const operation of refused) {
      if (!('kind' in operation)) continue;
      if (operation.kind === 'bootstrap') {
        this.#host.bootstrapFailed(code);
        continue;
      }
      const id = operation.kind === 'write' ? operation.id : operation.metadata.id;
      this.#host.snapshotFailed(id, code);
    }
  }

  #forgetDropped(): void {
    for (const id of this.#dropped) if (id !== this.#snapshot?.id) this.#snapshots.delete(id);
    this.#dropped = this.#dropped.filter((id) => id === this.#snapshot?.id);
  }
}
