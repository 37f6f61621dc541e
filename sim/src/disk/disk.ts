/**
 * The disk of a simulated member, as the world sees it. Two kinds: `object` keeps what was persisted by reference (fast), `bytes` runs the
 * store's production logic over a simulated LevelDB, so that damage done to bytes must be found by that logic.
 */
import type { RecoveredMember, Store } from '@seedraft/replica';
import type { Micros } from '../observer.ts';
import type { DiskKnobs } from '../plan.ts';

/** What a disk needs of the world. Actions scheduled here vanish when the member crashes. */
export interface DiskHost {
  /** Simulated microseconds from now. */
  after(delay: number, action: () => void): void;
  /** A keyed uint32: its own ordinal per purpose. */
  draw(purpose: string): number;
  /** Completions: the world delivers each as an event to the replica's door of the same name. */
  persisted(seq: number): void;
  persistFailed(seq: number, code: string): void;
  snapshotWritten(id: string, offset: number): void;
  snapshotSealed(id: string): void;
  snapshotRead(id: string, offset: number, bytes: Uint8Array): void;
  snapshotFailed(id: string, code: string): void;
  bootstrapWritten(): void;
  bootstrapFailed(code: string): void;
  /** For the rules: persist `seq` is truly durable (pristine layer). */
  durable(seq: number): void;
}

export type DiskFault =
  | { readonly kind: 'bit-rot' }
  | { readonly kind: 'misdirected-write' }
  | { readonly kind: 'stale-read' }
  | { readonly kind: 'short-read' }
  | { readonly kind: 'read-error' }
  | { readonly kind: 'write-error' }
  | { readonly kind: 'fsync-failure' }
  | { readonly kind: 'full'; readonly on: boolean }
  | { readonly kind: 'stall'; readonly duration: number }
  | { readonly kind: 'slow'; readonly factor: number };

/** For people: what happens to the disk of the member `name`. */
export const DISK_FAULT_SENTENCES = {
  'bit-rot': (name: string) => `a bit flips on the disk of ${name}`,
  'misdirected-write': (name: string) => `a write of ${name} lands in the wrong place`,
  'stale-read': (name: string) => `${name} will read an older version of a block`,
  'short-read': (name: string) => `a read of ${name} comes back short`,
  'read-error': (name: string) => `a sector of ${name} cannot be read any more`,
  'write-error': (name: string) => `the next write of ${name} fails`,
  'fsync-failure': (name: string) => `the next fsync of ${name} fails and loses the dirty pages`,
} as const;

/** What recovery found. `damaged`: the sentence names file, offset and what is missing. */
export type Recovery =
  | { readonly outcome: 'intact'; readonly member: RecoveredMember }
  /** Newest hard state proven, entries missing: starts under its id with `repairUntil` set. */
  | { readonly outcome: 'repairable'; readonly member: RecoveredMember; readonly sentence: string }
  /** Must rejoin under a new id. */
  | { readonly outcome: 'damaged'; readonly sentence: string };

export interface Disk extends Store {
  /** Power or process loss: in-flight work is lost, unsynced data is kept, dropped or torn as drawn. */
  crash(how: 'kept' | 'dropped' | 'torn' | 'drawn'): void;
  /** Read everything back with production code. Called once before each boot. */
  recover(): Recovery;
  /** Damage or hinder; false when there was nothing to do it to. */
  inject(fault: DiskFault): boolean;
  /**
   * Liveness mode: from now on every operation takes at most `latency` (the world hastens those under way); no stall, not full, no scheduled error. What damage already did to
   * the bytes stays.
   */
  heal?(latency: Micros): void;
  /** A write is under way (crashes are likelier then). */
  readonly pending: boolean;
  /** True if damage was done that recovery has not yet been through. */
  readonly tainted: boolean;
}

export interface DiskOptions {
  readonly host: DiskHost;
  readonly knobs: DiskKnobs;
  /** Recorded at creation. */
  readonly incarnation: string;
  readonly bootstrap: RecoveredMember;
}
