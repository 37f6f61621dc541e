/**
 * The obvious disk: what was written and answered survives, what was not is lost. Answers come in order, each when the cluster says so.
 */
import type {
  Configuration,
  Entry,
  HardState,
  Index,
  Persist,
  SnapshotMetadata,
} from '@seedraft/core';
import type { RecoveredMember, Replica, Store } from '@seedraft/replica';

/** What a completed operation does to the disk, and then tells the replica. */
interface Pending {
  readonly write: () => void;
  readonly answer: (replica: Replica, at: number) => void;
}

export class FakeDisk implements Store {
  readonly incarnation: string;
  #configuration: Configuration;
  #hardState: HardState = { term: 0, votedFor: 0 };
  #entries: Entry[] = [];
  #base: SnapshotMetadata | null = null;
  readonly #bytes = new Map<string, Uint8Array>();
  #pending: Pending[] = [];
  /** Called when something is to be answered later. */
  readonly #onPending: () => void;
  full = false;
  /** The next of these fail with the code. */
  failNext: { what: 'persist' | 'write' | 'read' | 'seal' | 'bootstrap'; code: string } | null =
    null;
  readonly log: string[] = [];

  constructor(configuration: Configuration, incarnation: string, onPending: () => void) {
    this.#configuration = configuration;
    this.incarnation = incarnation;
    this.#onPending = onPending;
  }

  get base(): SnapshotMetadata | null {
    return this.#base;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  get snapshotIds(): string[] {
    return [...this.#bytes.keys()];
  }

  persist(write: Persist): void {
    this.log.push(`persist ${write.seq}`);
    this.#attempt(
      this.full ? 'NO_SPACE' : this.#failure('persist'),
      () => this.#record(write),
      (r, at) => r.persisted(at, write.seq),
      (r, at, code) => r.persistFailed(at, write.seq, code),
    );
  }

  writeSnapshot(id: string, offset: number, bytes: Uint8Array): void {
    this.log.push(`write ${offset}+${bytes.length}`);
    const copy = bytes.slice();
    this.#attempt(
      this.#failure('write'),
      () => this.#write(id, offset, copy),
      (r, at) => r.snapshotWritten(at, id, offset + copy.length),
      (r, at, code) => r.snapshotFailed(at, id, code),
    );
  }

  sealSnapshot(metadata: SnapshotMetadata, compactTo: Index): void {
    this.log.push(`seal ${metadata.lastIncludedIndex} compact ${compactTo}`);
    this.#attempt(
      this.#failure('seal'),
      () => {
        if (this.#bytes.get(metadata.id)?.length !== metadata.size) throw new Error('bad seal');
        this.#base = metadata;
        this.#entries = this.#entries.filter((entry) => entry.index > compactTo);
      },
      (r, at) => r.snapshotSealed(at, metadata.id),
      (r, at, code) => r.snapshotFailed(at, metadata.id, code),
    );
  }

  readSnapshot(id: string, offset: number, length: number): void {
    const bytes = this.#bytes.get(id)?.slice(offset, offset + length);
    this.#attempt(
      bytes === undefined ? 'NOT_FOUND' : this.#failure('read'),
      () => {},
      (r, at) => r.snapshotRead(at, id, offset, bytes!),
      (r, at, code) => r.snapshotFailed(at, id, code),
    );
  }

  dropSnapshot(id: string): void {
    this.log.push('drop');
    this.#later(
      () => this.#bytes.delete(id),
      () => {},
    );
  }

  writeBootstrap(configuration: Configuration): void {
    this.log.push('bootstrap');
    this.#attempt(
      this.full ? 'NO_SPACE' : this.#failure('bootstrap'),
      () => {
        this.#configuration = configuration;
      },
      (r, at) => r.bootstrapWritten(at),
      (r, at, code) => r.bootstrapFailed(at, code),
    );
  }

  /** Rot: one bit of a snapshot's bytes. */
  damage(id: string): void {
    const bytes = this.#bytes.get(id)!;
    bytes[bytes.length >> 1]! ^= 1;
  }

  /** The oldest operation is done. False: there is none. */
  complete(replica: Replica, at: number): boolean {
    const pending = this.#pending.shift();
    if (pending === undefined) return false;
    pending.write();
    pending.answer(replica, at);
    return true;
  }

  get isPending(): boolean {
    return this.#pending.length > 0;
  }

  crash(): void {
    this.#pending = [];
  }

  recover(): RecoveredMember {
    const base = this.#base;
    const applied = base?.lastIncludedIndex ?? 0;
    return {
      core: {
        hardState: this.#hardState,
        snapshot: base,
        entries: this.#entries,
        configuration: this.#configuration,
        applied,
        repairUntil: 0,
      },
      incarnation: this.incarnation,
    };
  }

  #record({ snapshot, truncateFrom, entries, hardState }: Persist): void {
    if (snapshot !== null) {
      this.#base = snapshot;
      this.#entries = [];
    }
    if (truncateFrom > 0) this.#entries = this.#entries.filter((e) => e.index < truncateFrom);
    this.#entries = [...this.#entries, ...entries];
    this.#hardState = hardState;
  }

  #failure(what: 'persist' | 'write' | 'read' | 'seal' | 'bootstrap'): string | null {
    if (this.failNext?.what !== what) return null;
    const { code } = this.failNext;
    this.failNext = null;
    return code;
  }

  #write(id: string, offset: number, bytes: Uint8Array): void {
    const before = this.#bytes.get(id)?.subarray(0, offset) ?? new Uint8Array(0);
    const after = new Uint8Array(offset + bytes.length);
    after.set(before);
    after.set(bytes, offset);
    this.#bytes.set(id, after);
  }

  #attempt(
    code: string | null,
    write: () => void,
    ok: (replica: Replica, at: number) => void,
    failed: (replica: Replica, at: number, code: string) => void,
  ): void {
    if (code === null) this.#later(write, ok);
    else
      this.#later(
        () => {},
        (r, at) => failed(r, at, code),
      );
  }

  #later(write: Pending['write'], answer: Pending['answer']): void {
    this.#pending.push({ write, answer });
    this.#onPending();
  }
}
