/**
 * Simulated files: what a program sees (the cache) and what is on the platter, which differ until an fsync. All damage of the disk's kind is
 * done here, to bytes, and is never reported.
 *
 * The model: a write reaches the cache at once and the platter by fsync, in sectors of 512 bytes, each whole or not at all. Creating,
 * renaming and removing are a journal of their own, committed in order by the next fsync of any file. A crash keeps, drops or tears what
 * is dirty, and a prefix of the journal; holes read as zeros.
 */
import { copyInto } from '@seedraft/codec';
import type { Directory } from '@seedraft/store';

export const SECTOR_BYTES = 512;

/** A keyed uint32. */
export type Draw = (purpose: string) => number;
export type Fate = 'kept' | 'dropped' | 'torn';

interface Extent {
  readonly from: number;
  to: number;
}

class Inode {
  cache = new Uint8Array(1024);
  cacheSize = 0;
  platter = new Uint8Array(1024);
  platterSize = 0;
  /** By where they begin; they may overlap. */
  dirty: Extent[] = [];
  /** Sectors that cannot be read until they are written again. */
  readonly unreadable = new Set<number>();
  /** The next read of this sector gives these bytes instead. */
  stale: { readonly sector: number; readonly bytes: Uint8Array } | null = null;

  write(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    this.cache = withRoom(this.cache, end);
    this.cache.set(bytes, offset);
    this.cacheSize = Math.max(this.cacheSize, end);
    this.#soil(offset, end);
  }

  /** A write that begins in or at the end of a dirty extent adds to it: an append grows one, a slot written over and over stays one. */
  #soil(from: number, to: number): void {
    for (const extent of this.dirty) {
      if (from < extent.from || from > extent.to) continue;
      extent.to = Math.max(extent.to, to);
      return;
    }
    let at = this.dirty.length;
    while (at > 0 && this.dirty[at - 1]!.from > from) at -= 1;
    this.dirty.splice(at, 0, { from, to });
  }

  /** One dirty sector to the platter; the file grows to hold it. */
  settle(sector: number): void {
    const from = sector * SECTOR_BYTES;
    const to = Math.min(from + SECTOR_BYTES, this.cacheSize);
    this.platter = withRoom(this.platter, to);
    copyInto(this.platter, from, this.cache, from, to);
    this.platterSize = Math.max(this.platterSize, to);
    if (this.unreadable.size > 0) this.unreadable.delete(sector);
  }

  /** Every dirty sector: as `settle` of each, in fewer copies. */
  settleAll(sectors: readonly number[]): void {
    this.platter = withRoom(this.platter, this.cacheSize);
    for (const { from, to } of this.dirty) {
      const start = from - (from % SECTOR_BYTES);
      const end = Math.min(to - 1 - ((to - 1) % SECTOR_BYTES) + SECTOR_BYTES, this.cacheSize);
      copyInto(this.platter, start, this.cache, start, end);
    }
    this.platterSize = Math.max(this.platterSize, this.cacheSize);
    if (this.unreadable.size === 0) return;
    for (const sector of sectors) this.unreadable.delete(sector);
  }

  /** In order. */
  dirtySectors(): number[] {
    const sectors: number[] = [];
    let next = 0;
    for (const { from, to } of this.dirty) {
      next = Math.max(next, Math.floor(from / SECTOR_BYTES));
      for (; next * SECTOR_BYTES < to; next++) sectors.push(next);
    }
    return sectors;
  }

  /** Change what is on the platter, and what is cached of it unless it is dirty. */
  damage(offset: number, bytes: Uint8Array): void {
    this.platter.set(bytes, offset);
    const isDirty = this.dirty.some((e) => e.from < offset + bytes.length && e.to > offset);
    if (!isDirty) this.cache.set(bytes.subarray(0, this.cacheSize - offset), offset);
  }

  /** After a crash: what is cached is what the platter has. */
  forgetCache(): void {
    this.cache = this.platter.slice(0, Math.max(this.platterSize, 1));
    this.cacheSize = this.platterSize;
    this.dirty = [];
  }
}

type DirectoryChange =
  | { readonly kind: 'create'; readonly name: string; readonly inode: Inode }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | { readonly kind: 'remove'; readonly name: string };

/** Overwritten sectors remembered for stale reads. */
const HISTORY = 32;

/** What a sector held before its last write. One object serves many sectors, since nearly all are forgotten unread. */
class PastSector {
  inode: Inode;
  sector = 0;
  length = 0;
  readonly #bytes = new Uint8Array(SECTOR_BYTES);

  constructor(inode: Inode) {
    this.inode = inode;
  }

  remember(inode: Inode, sector: number, from: number, to: number): void {
    this.inode = inode;
    this.sector = sector;
    this.length = to - from;
    copyInto(this.#bytes, 0, inode.platter, from, to);
  }

  get bytes(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }
}

export class SimulatedFiles implements Directory {
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  #journal: DirectoryChange[] = [];
  readonly #draw: Draw;
  /** A ring: the newest overwrites the oldest. */
  #history: PastSector[] = [];
  #remembered = 0;
  #misdirected = 0;
  #shortReads = 0;

  constructor(draw: Draw) {
    this.#draw = draw;
  }

  // ------------------------------------------------------------------------------------------------------ as a program sees it

  list(): readonly string[] {
    return [...this.#names.keys()].sort();
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  size(name: string): number {
    return this.#inode(name).cacheSize;
  }

  read(name: string, offset: number, length: number): Uint8Array | null {
    const inode = this.#inode(name);
    let end = Math.min(offset + length, inode.cacheSize);
    if (this.#shortReads > 0 && end - offset > 1) {
      this.#shortReads -= 1;
      end = offset + 1 + (this.#draw('files/short') % (end - offset - 1));
    }
    for (const sector of inode.unreadable) {
      if (sector * SECTOR_BYTES < end && (sector + 1) * SECTOR_BYTES > offset) return null;
    }
    const bytes = inode.cache.slice(offset, Math.max(offset, end));
    const { stale } = inode;
    if (stale !== null) {
      const at = stale.sector * SECTOR_BYTES;
      if (at >= offset && at + stale.bytes.length <= end) {
        bytes.set(stale.bytes, at - offset);
        inode.stale = null;
      }
    }
    return bytes;
  }

  create(name: string): void {
    const inode = new Inode();
    this.#names.set(name, inode);
    this.#journal.push({ kind: 'create', name, inode });
  }

  append(name: string, bytes: Uint8Array): void {
    const inode = this.#inode(name);
    inode.write(inode.cacheSize, bytes);
  }

  write(name: string, offset: number, bytes: Uint8Array): void {
    this.#inode(name).write(offset, bytes);
  }

  rename(from: string, to: string): void {
    const inode = this.#inode(from);
    this.#names.delete(from);
    this.#names.set(to, inode);
    this.#journal.push({ kind: 'rename', from, to });
  }

  remove(name: string): void {
    this.#names.delete(name);
    this.#journal.push({ kind: 'remove', name });
  }

  fsync(name: string): void {
    const inode = this.#inode(name);
    if (inode.dirty.length > 0) {
      const sectors = inode.dirtySectors();
      for (const sector of sectors) this.#remember(inode, sector);
      const astray = this.#misdirected > 0 ? this.#misdirect(inode, sectors) : -1;
      if (astray === -1) inode.settleAll(sectors);
      else for (const sector of sectors) if (sector !== astray) inode.settle(sector);
      // The size is metadata and is right even where the bytes went elsewhere.
      inode.platter = withRoom(inode.platter, inode.cacheSize);
      inode.platterSize = inode.cacheSize;
      inode.dirty.length = 0;
    }
    this.#commitJournal(this.#journal.length);
  }

  /** The fsync failed: the pages are clean now whether they were written or not, and some were. */
  failFsync(name: string): void {
    const inode = this.#inode(name);
    for (const sector of inode.dirtySectors()) {
      if (this.#draw('files/fsync-failure') % 2 === 0) inode.settle(sector);
    }
    inode.dirty = [];
  }

  /** Durable at once: only while opening, when nothing else is under way. */
  truncate(name: string, size: number): void {
    const inode = this.#inode(name);
    inode.platterSize = Math.min(inode.platterSize, size);
    inode.platter.fill(0, inode.platterSize);
    inode.forgetCache();
  }

  /** Everything is gone, and with it every fault that waits. */
  clear(): void {
    this.#names.clear();
    this.#durableNames.clear();
    this.#journal = [];
    this.#history = [];
    this.#remembered = 0;
    this.disarm();
  }

  hasDirty(name: string): boolean {
    return (this.#names.get(name)?.dirty.length ?? 0) > 0;
  }

  // --------------------------------------------------------------------------------------------------------------- crashes

  crash(fateOf: (name: string) => Fate): void {
    const fates = new Map<Inode, Fate>();
    for (const [name, inode] of this.#names) fates.set(inode, fateOf(name));
    const fate = fateOf('');
    const length = this.#journal.length;
    const kept = fate === 'kept' ? length : 0;
    this.#commitJournal(fate === 'torn' ? this.#draw('files/journal') % (length + 1) : kept);
    this.#journal = [];
    this.#names = new Map(this.#durableNames);
    for (const inode of this.#names.values()) {
      this.#settleByFate(inode, fates.get(inode) ?? 'dropped');
      inode.forgetCache();
    }
  }

  #settleByFate(inode: Inode, fate: Fate): void {
    const sectors = inode.dirtySectors();
    if (fate === 'dropped' || sectors.length === 0) return;
    // Torn: either a prefix arrived, as most file systems write, or whichever sectors the device liked.
    const isPrefix = fate === 'torn' && this.#draw('files/torn') % 2 === 0;
    const prefix = isPrefix ? this.#draw('files/torn') % (sectors.length + 1) : sectors.length;
    for (let i = 0; i < prefix; i++) {
      const isLost = fate === 'torn' && !isPrefix && this.#draw('files/torn') % 2 === 0;
      if (!isLost) inode.settle(sectors[i]!);
    }
  }

  // ---------------------------------------------------------------------------------------------------------------- damage

  /** Flip a bit of a byte on the platter, in a file chosen by `pick` from those that hold bytes. */
  rot(pick: (names: readonly string[]) => string | null): boolean {
    const name = pick(this.#damageable());
    if (name === null) return false;
    const inode = this.#durableNames.get(name)!;
    const offset = this.#draw('files/rot') % inode.platterSize;
    const bit = 1 << (this.#draw('files/rot-bit') % 8);
    inode.damage(offset, Uint8Array.of(inode.platter[offset]! ^ bit));
    return true;
  }

  /** Xor one byte of one file: for tests that visit every byte. */
  flip(name: string, offset: number, mask: number): void {
    const inode = this.#durableNames.get(name)!;
    inode.damage(offset, Uint8Array.of(inode.platter[offset]! ^ mask));
  }

  /** The next fsync sends one sector to a wrong place. */
  armMisdirected(): boolean {
    this.#misdirected += 1;
    return true;
  }

  /** The next read of some overwritten sector gives what was there before. */
  armStale(): boolean {
    const durable = new Set(this.#durableNames.values());
    const candidates = this.#history.filter(({ inode, sector, bytes }) => {
      if (!durable.has(inode)) return false;
      const at = sector * SECTOR_BYTES;
      return bytes.some((byte, i) => byte !== inode.platter[at + i]);
    });
    if (candidates.length === 0) return false;
    const { inode, sector, bytes } = candidates[this.#draw('files/stale') % candidates.length]!;
    inode.stale = { sector, bytes };
    return true;
  }

  armShortRead(): boolean {
    this.#shortReads += 1;
    return true;
  }

  /** One sector cannot be read until it is written again. */
  spoilSector(pick: (names: readonly string[]) => string | null): boolean {
    const name = pick(this.#damageable());
    if (name === null) return false;
    const inode = this.#durableNames.get(name)!;
    const sectors = Math.ceil(inode.platterSize / SECTOR_BYTES);
    inode.unreadable.add(this.#draw('files/sector') % sectors);
    return true;
  }

  /** Faults that wait for an occasion wait no more. */
  disarm(): void {
    this.#misdirected = 0;
    this.#shortReads = 0;
    for (const inode of this.#durableNames.values()) inode.stale = null;
  }

  #damageable(): string[] {
    const names: string[] = [];
    for (const [name, inode] of this.#durableNames) if (inode.platterSize > 0) names.push(name);
    return names.sort();
  }

  /** One dirty sector of `inode` is written somewhere else; returns which. */
  #misdirect(inode: Inode, sectors: readonly number[]): number {
    const names = this.#damageable();
    if (names.length === 0) return -1;
    this.#misdirected -= 1;
    const astray = sectors[this.#draw('files/astray') % sectors.length]!;
    const victim = this.#durableNames.get(names[this.#draw('files/astray') % names.length]!)!;
    const places = Math.ceil(victim.platterSize / SECTOR_BYTES);
    const at = (this.#draw('files/astray') % places) * SECTOR_BYTES;
    const from = astray * SECTOR_BYTES;
    const bytes = inode.cache.slice(from, Math.min(from + SECTOR_BYTES, inode.cacheSize));
    victim.damage(at, bytes.subarray(0, victim.platterSize - at));
    return astray;
  }

  #remember(inode: Inode, sector: number): void {
    const at = sector * SECTOR_BYTES;
    if (at >= inode.platterSize) return;
    const place = this.#remembered++ % HISTORY;
    this.#history[place] ??= new PastSector(inode);
    this.#history[place].remember(
      inode,
      sector,
      at,
      Math.min(at + SECTOR_BYTES, inode.platterSize),
    );
  }

  #commitJournal(count: number): void {
    if (count === 0) return;
    for (const change of this.#journal.splice(0, count)) {
      if (change.kind === 'create') {
        this.#durableNames.set(change.name, change.inode);
      } else if (change.kind === 'remove') {
        this.#durableNames.delete(change.name);
      } else {
        const inode = this.#durableNames.get(change.from)!;
        this.#durableNames.delete(change.from);
        this.#durableNames.set(change.to, inode);
      }
    }
  }

  #inode(name: string): Inode {
    const inode = this.#names.get(name);
    if (inode === undefined) throw new Error(`there is no simulated file ${name}`);
    return inode;
  }
}

function withRoom(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  if (size <= bytes.length) return bytes as Uint8Array<ArrayBuffer>;
  const larger = new Uint8Array(Math.max(size, bytes.length * 2));
  larger.set(bytes);
  return larger;
}
