/**
 * The disk of a protocol's member: records by key, written in groups like those of the Raft members' disks (disk/object.ts): one sync in
 * flight, what arrives meanwhile is the next group. A crash keeps the group in flight, drops it, or tears it: its first few records are
 * there. One record is whole or not there, as behind a checksum; what was reported durable is kept.
 *
 * Records lie here as bytes: what is read from it is a copy, and frozen.
 */
import { decodeOrThrow, encode } from '@seedraft/codec';
import type { DiskFault } from '../disk/disk.ts';
import { Hindrance, resolveCrash } from '../disk/hindrance.ts';
import { frozen } from '../own/system.ts';
import type { DiskKnobs } from '../plan.ts';
import type { CrashFate } from '../roster.ts';

/** What the disk needs of the process it belongs to. Actions scheduled here vanish when that crashes. */
export interface RecordDiskHost {
  after(delay: number, action: () => void): void;
  /** A keyed uint32. */
  draw(purpose: string): number;
  /** The write with this tag is durable. */
  persisted(tag: unknown): void;
  /** A write failed: nothing can be trusted until the process has restarted. */
  failed(code: string): void;
}

interface Write {
  readonly tag: unknown;
  /** Null bytes: the record goes. */
  readonly records: readonly (readonly [key: string, bytes: Uint8Array | null])[];
}

export class RecordDisk {
  readonly #host: RecordDiskHost;
  readonly #knobs: DiskKnobs;
  readonly #hindrance: Hindrance;
  readonly #durable = new Map<string, Uint8Array>();
  readonly #damaged = new Set<string>();
  #queue: Write[] = [];
  #flight: Write[] = [];
  #isBroken = false;
  /** What is durable and whole, decoded; but for these keys, which have changed since somebody looked. */
  readonly #view = new Map<string, unknown>();
  readonly #changed = new Set<string>();

  constructor(host: RecordDiskHost, knobs: DiskKnobs) {
    this.#host = host;
    this.#knobs = knobs;
    this.#hindrance = new Hindrance(host, knobs);
  }

  /** A write is under way. */
  get pending(): boolean {
    return this.#flight.length + this.#queue.length > 0;
  }

  /** What is durable and can be read now; the map goes on changing with the disk. */
  get records(): ReadonlyMap<string, unknown> {
    for (const key of this.#changed) {
      const bytes = this.#damaged.has(key) ? undefined : this.#durable.get(key);
      if (bytes === undefined) this.#view.delete(key);
      else this.#view.set(key, frozen(decodeOrThrow(bytes)));
    }
    this.#changed.clear();
    return this.#view;
  }

  persist(records: Readonly<Record<string, unknown>>, tag: unknown): void {
    if (this.#isBroken) return;
    const encoded = Object.entries(records).map(
      ([key, value]) => [key, value === null ? null : encode(value)] as const,
    );
    this.#queue.push({ tag, records: encoded });
    if (this.#flight.length === 0) this.#startGroup();
  }

  /** What a boot finds: all that can be read, and the keys of what cannot any more, which are then gone. */
  recover(): {
    readonly records: ReadonlyMap<string, unknown>;
    readonly damaged: readonly string[];
  } {
    const damaged = [...this.#damaged];
    for (const key of damaged) this.#durable.delete(key);
    this.#damaged.clear();
    return { records: new Map(this.records), damaged };
  }

  crash(how: CrashFate): void {
    const fate = resolveCrash(how, this.#host, this.#knobs);
    const records = this.#flight.flatMap((write) => write.records);
    const kept = fate === 'kept' ? records.length : 0;
    const torn = fate === 'torn' ? this.#host.draw('record/torn') % (records.length + 1) : kept;
    this.#write(records.slice(0, torn));
    this.#flight = [];
    this.#queue = [];
    this.#isBroken = false;
    this.#hindrance.crash();
  }

  /** Everything is gone. */
  clear(): void {
    for (const key of this.#durable.keys()) this.#changed.add(key);
    this.#durable.clear();
    this.#damaged.clear();
  }

  heal(latency: number): void {
    this.#hindrance.heal(latency);
  }

  /** False when there is nothing to do it to. */
  inject(fault: DiskFault): boolean {
    return fault.kind === 'bit-rot' ? this.#rot() : this.#hindrance.inject(fault);
  }

  #rot(): boolean {
    const whole = [...this.#durable.keys()].filter((key) => !this.#damaged.has(key)).sort();
    if (whole.length === 0) return false;
    const key = whole[this.#host.draw('record/rot') % whole.length] as string;
    this.#damaged.add(key);
    this.#changed.add(key);
    return true;
  }

  readonly #onGroupEnd = (): void => this.#endGroup();

  #startGroup(): void {
    this.#flight = this.#queue;
    this.#queue = [];
    const delay = this.#hindrance.writeDelay() + this.#hindrance.fsyncDelay();
    this.#host.after(delay, this.#onGroupEnd);
  }

  #endGroup(): void {
    if (this.#hindrance.holds(this.#onGroupEnd)) return;
    const refused = this.#hindrance.takeWriteFailure();
    if (refused !== null || this.#hindrance.takeFsyncFailure()) {
      // What was refused was not written, so no crash may keep it; what was not synced may be there or not.
      if (refused !== null) this.#flight = [];
      this.#isBroken = true;
      this.#host.failed(refused ?? 'FSYNC_FAILED');
      return;
    }
    const group = this.#flight;
    this.#flight = [];
    this.#write(group.flatMap((write) => write.records));
    for (const { tag } of group) this.#host.persisted(tag);
    if (this.#queue.length > 0) this.#startGroup();
  }

  #write(records: Write['records']): void {
    for (const [key, bytes] of records) {
      this.#damaged.delete(key);
      this.#changed.add(key);
      if (bytes === null) this.#durable.delete(key);
      else this.#durable.set(key, bytes);
    }
  }
}
