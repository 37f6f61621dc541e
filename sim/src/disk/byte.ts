/**
 * The disk of bytes: the store's production logic over a simulated LevelDB over simulated files. Damage is done to bytes only, and whether
 * it is noticed is up to that logic; this file knows when things happen, not what they mean.
 *
 * Left out on purpose, since no store on one disk can notice it (packages/store/README.md, what is left):
 * - a power loss *and* damage within the last commits, under `durability: default`. Once damage was done the witness survives the next crash;
 *   after a crash that took its last word, nothing is damaged until recovery has been through. Half of the disks run `paranoid`;
 * - stale or misdirected sectors together with other damage: older bytes look true, so the chain and the witness could be set back alike.
 *   Between two recoveries there is either one of these, or any number of the others.
 */
import type { Configuration, Persist, SnapshotMetadata } from '@seedraft/core';
import {
  type Batch,
  CURRENT_FILE,
  createDirectory,
  type Engine,
  type FreshDirectory,
  MemberStore,
  type Resumption,
  recover,
  SLOT_OFFSETS,
  type Slot,
  scanLevelDirectory,
  type Verdict,
  WITNESS_BYTES,
  WITNESS_FILE,
} from '@seedraft/store';
import type { Disk, DiskFault, DiskHost, DiskOptions, Recovery } from './disk.ts';
import { SimulatedFiles } from './files.ts';
import { Hindrance, resolveCrash } from './hindrance.ts';
import { SimulatedLevel } from './leveldb.ts';

/** The witness is synced this long after a word of it that was not, as by the real engine. */
const WITNESS_DELAY = 100_000;

/**
 * LevelDB's is 4 MiB, which no run fills. Small ones switch logs, write tables and merge them all the time, and each costs as much as many
 * commits; so most disks have one that they fill now and then, and some member of most runs has a small one.
 */
const WRITE_BUFFERS: readonly number[] = [1 << 13, 1 << 15, 1 << 17, 1 << 17, 1 << 19, 1 << 19];

/** Kinds of files, so that rot finds the few bytes of CURRENT as often as the many of a table. */
const STRATA: readonly ((name: string) => boolean)[] = [
  (name) => name.endsWith('.log'),
  (name) => name.endsWith('.ldb'),
  (name) => name.startsWith('MANIFEST'),
  (name) => name === CURRENT_FILE,
  (name) => name === WITNESS_FILE,
];

export function createByteDisk(options: DiskOptions): Disk {
  return new ByteDisk(options);
}

export class ByteDisk implements Disk, Engine {
  readonly #options: DiskOptions;
  readonly #host: DiskHost;
  readonly #hindrance: Hindrance;
  /** For tests that look at bytes, or damage them by hand. */
  readonly files: SimulatedFiles;
  readonly #writeBuffer: number;
  readonly #durability: 'default' | 'paranoid';
  #level: SimulatedLevel | null = null;
  #store: MemberStore | null = null;
  #tainted = false;
  /** A crash took the witness's last word, and recovery has not been through. */
  #exposed = false;
  /** Damage was done that leaves older bytes which look true. */
  #isForged = false;
  #isWorking = false;
  #isFlushing = false;

  constructor(options: DiskOptions) {
    const { host, knobs, bootstrap, incarnation } = options;
    this.#options = options;
    this.#host = host;
    this.#hindrance = new Hindrance(host, knobs);
    this.files = new SimulatedFiles((purpose) => host.draw(purpose));
    this.#writeBuffer = WRITE_BUFFERS[host.draw('disk/write-buffer') % WRITE_BUFFERS.length]!;
    this.#durability = host.draw('disk/durability') % 2 === 0 ? 'default' : 'paranoid';
    this.#format(createDirectory(bootstrap, incarnation));
  }

  get pending(): boolean {
    return this.#store?.pending ?? false;
  }

  get tainted(): boolean {
    return this.#tainted;
  }

  // --------------------------------------------------------------------------------------------------------- the store's port

  persist(write: Persist): void {
    this.#running.persist(write);
  }

  writeSnapshot(id: string, offset: number, bytes: Uint8Array): void {
    this.#running.writeSnapshot(id, offset, bytes);
  }

  sealSnapshot(metadata: SnapshotMetadata, compactTo: number): void {
    this.#running.sealSnapshot(metadata, compactTo);
  }

  readSnapshot(id: string, offset: number, length: number): void {
    this.#running.readSnapshot(id, offset, length);
  }

  dropSnapshot(id: string): void {
    this.#running.dropSnapshot(id);
  }

  writeBootstrap(configuration: Configuration): void {
    this.#running.writeBootstrap(configuration);
  }

  get #running(): MemberStore {
    if (this.#store === null) throw new Error('a disk is used only between recover and crash');
    return this.#store;
  }

  // --------------------------------------------------------------------------------------------------------- crash and recovery

  crash(how: 'kept' | 'dropped' | 'torn' | 'drawn'): void {
    const fate = resolveCrash(how, this.#host, this.#options.knobs);
    const isWitnessKept = this.#tainted || fate === 'kept';
    this.#exposed = !isWitnessKept && this.files.hasDirty(WITNESS_FILE);
    this.files.crash((name) => (name === WITNESS_FILE && isWitnessKept ? 'kept' : fate));
    this.#hindrance.crash();
    this.#store = null;
    this.#level = null;
    this.#isWorking = false;
    this.#isFlushing = false;
  }

  recover(): Recovery {
    const verdict = recover(scanLevelDirectory(this.files));
    this.files.disarm();
    this.#tainted = false;
    this.#isForged = false;
    this.#exposed = false;
    if (verdict.outcome === 'empty') return { outcome: 'damaged', sentence: 'the disk is empty' };
    if (verdict.outcome === 'damaged' || verdict.outcome === 'refused') {
      return { outcome: 'damaged', sentence: verdict.sentence };
    }
    this.#open(verdict);
    this.#serve(verdict.resumption);
    const { member } = verdict;
    if (verdict.outcome === 'intact') return { outcome: 'intact', member };
    return { outcome: 'repairable', member, sentence: verdict.sentence };
  }

  #open(verdict: Extract<Verdict, { outcome: 'intact' | 'repairable' }>): void {
    if (verdict.rewrite !== null) {
      this.#format(verdict.rewrite);
      return;
    }
    if (verdict.cut !== null) this.files.truncate(verdict.cut.file, verdict.cut.offset);
    if (verdict.witness !== null) {
      const { slot, bytes } = verdict.witness;
      this.#writeSlot(slot, bytes);
      this.files.fsync(WITNESS_FILE);
    }
    this.#level = SimulatedLevel.open(this.files, this.#writeBuffer);
  }

  /** A new directory, made elsewhere and swapped in: no crash sees half of it. */
  #format({ puts, witness }: FreshDirectory): void {
    // Values may lie in the files that go.
    const read = puts.map(({ key, value }) => ({ key, value }));
    this.files.clear();
    this.#level = SimulatedLevel.create(this.files, this.#writeBuffer, read);
    const bytes = new Uint8Array(WITNESS_BYTES);
    for (const offset of SLOT_OFFSETS.flat()) bytes.set(witness, offset);
    this.files.create(WITNESS_FILE);
    this.files.append(WITNESS_FILE, bytes);
    this.files.fsync(WITNESS_FILE);
  }

  #serve(resumption: Resumption): void {
    const durability = this.#durability;
    this.#store = new MemberStore({ engine: this, events: this.#host, resumption, durability });
  }

  // ------------------------------------------------------------------------------------------------------------ faults

  heal(latency: number): void {
    this.#hindrance.heal(latency);
  }

  inject(fault: DiskFault): boolean {
    switch (fault.kind) {
      case 'bit-rot':
        return this.#damage(() => this.files.rot((names) => this.#pick(names)));
      case 'misdirected-write':
        return !this.#tainted && this.#forge(() => this.files.armMisdirected());
      case 'stale-read':
        return !this.#tainted && this.#forge(() => this.files.armStale());
      case 'read-error':
        return this.#damage(() => this.files.spoilSector((names) => this.#pick(names)));
      case 'short-read':
        return this.files.armShortRead();
      default:
        return this.#hindrance.inject(fault);
    }
  }

  #damage(damage: () => boolean): boolean {
    if (this.#exposed || this.#isForged || !damage()) return false;
    this.#tainted = true;
    return true;
  }

  /** Damage that leaves older bytes which look true. */
  #forge(damage: () => boolean): boolean {
    this.#isForged = this.#damage(damage);
    return this.#isForged;
  }

  /** A file of a drawn kind among those that are there. */
  #pick(names: readonly string[]): string | null {
    const strata = STRATA.map((isIn) => names.filter(isIn)).filter((list) => list.length > 0);
    if (strata.length === 0) return null;
    const stratum = strata[this.#host.draw('disk/stratum') % strata.length]!;
    return stratum[this.#host.draw('disk/file') % stratum.length]!;
  }

  // ----------------------------------------------------------------------------------------------------------- the engine's port

  write(token: number, batch: Batch): void {
    const failure = this.#hindrance.takeWriteFailure();
    if (failure === null) this.#live.append(batch);
    else if (failure === 'EIO') this.#live.appendPartly(batch);
    const delay = this.#hindrance.writeDelay();
    if (failure !== null) {
      this.#later(delay, () => this.#running.writeFailed(token, failure));
      return;
    }
    this.#later(delay + this.#hindrance.fsyncDelay(), () => {
      if (this.#hindrance.takeFsyncFailure()) {
        this.#live.failSyncLog();
        this.#running.writeFailed(token, 'FSYNC_FAILED');
      } else {
        this.#live.syncLog();
        this.#running.written(token);
        this.#work();
      }
    });
  }

  writeWitness(token: number, slot: Slot, bytes: Uint8Array, sync: boolean): void {
    this.#writeSlot(slot, bytes);
    if (!sync) {
      this.#flushSoon();
      this.#running.witnessWritten(token);
      return;
    }
    this.#later(this.#hindrance.fsyncDelay(), () => {
      if (this.#hindrance.takeFsyncFailure()) {
        this.files.failFsync(WITNESS_FILE);
        this.#running.witnessFailed(token, 'FSYNC_FAILED');
      } else {
        this.files.fsync(WITNESS_FILE);
        this.#running.witnessWritten(token);
      }
    });
  }

  #writeSlot(slot: Slot, bytes: Uint8Array): void {
    for (const offset of SLOT_OFFSETS[slot]) this.files.write(WITNESS_FILE, offset, bytes);
  }

  read(token: number, key: string): void {
    this.#later(this.#hindrance.readDelay(), () => {
      const value = this.#live.read(key);
      if (value === 'EIO') this.#running.readFailed(token, 'EIO');
      else this.#running.valueRead(token, value);
    });
  }

  get #live(): SimulatedLevel {
    if (this.#level === null) throw new Error('a database is used only while it is open');
    return this.#level;
  }

  /** LevelDB's background thread: one step, then the next, each taking a write and a sync. */
  #work(): void {
    if (this.#isWorking || !this.#live.hasWork) return;
    this.#isWorking = true;
    this.#later(this.#hindrance.writeDelay() + this.#hindrance.fsyncDelay(), () => {
      this.#isWorking = false;
      if (!this.#hindrance.isFull) this.#live.work();
      this.#work();
    });
  }

  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#host.after(WITNESS_DELAY, () => {
      this.#isFlushing = false;
      if (!this.#running.flush()) this.#flushSoon();
    });
  }

  #later(delay: number, action: () => void): void {
    const act = (): void => {
      if (!this.#hindrance.holds(act)) action();
    };
    this.#host.after(delay, act);
  }
}
