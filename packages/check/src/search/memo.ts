/**
 * The configurations the search has been in. A key is exact, never a hash alone: (rank, state, a bit per slot
 * for the operations placed), a few integers whatever the length of the history. All live in two typed
 * arrays: records in a row, and an open-addressed table of record numbers.
 *
 * Under one key there may be several records, none able to do all that another can. One can do all that
 * another can if it used no crashed operation that the other kept, and each blind operation is excused in
 * it (placed or not as it likes) or stands as it does in the other.
 */
import type { Crashes } from './crashes.ts';
import type { Moves } from './moves.ts';

const RANK = 0;
const STATE = 1;
const BAG = 2;
/** The lowest rank at which the state began to hold. */
const SINCE = 3;
/** 1 + the next record under the same key, or 0. */
const NEXT = 4;
const BEFORE = 5;
const LAST = 6;
const BEFORE_RANK = 7;
const LEAVABLE = 8;
/** Whether its moves have been tried, or need not be; and a number of the user's. */
const SPENT = 9;
const TAG = 10;
const BITS = 11;

/** What `enter` gives for a configuration that needs no visit. */
export const KNOWN = -1;

export class Memo {
  /** Records compared so far: what entering costs beyond the look-up. */
  comparisons = 0;
  private readonly crashes: Crashes;
  private readonly words: number;
  private readonly stride: number;
  private records: Int32Array;
  private count = 0;
  /** 1 + the first record under a key; 0 is free. */
  private table = new Int32Array(64);
  private mask = 63;
  private keys = 0;

  constructor(crashes: Crashes, words: number) {
    this.crashes = crashes;
    this.words = words;
    this.stride = BITS + 3 * words;
    this.records = new Int32Array(64 * this.stride);
  }

  /** Notes a configuration and gives its record; KNOWN if one that can do all it can was here before. */
  enter(moves: Moves, tag: number): number {
    const { frontier, state } = moves;
    let cell = this.hash(frontier.rank, state, frontier.placed, 0) & this.mask;
    for (;;) {
      const first = this.table[cell]!;
      if (first === 0) {
        const record = this.append(moves, tag, 0);
        this.table[cell] = record + 1;
        if (++this.keys * 2 > this.mask) this.growTable();
        return record;
      }
      if (this.isKey((first - 1) * this.stride, moves)) return this.admit(cell, moves, tag);
      cell = (cell + 1) & this.mask;
    }
  }

  /** The states that held at some moment while `rank` was the rank, of all configurations entered. */
  statesAt(rank: number): readonly number[] {
    const states = new Set<number>();
    this.eachState((state, since, last) => {
      if (since <= rank && rank <= last) states.add(state);
    });
    return [...states];
  }

  /** For each record its state, with the ranks at which it began to hold and at which it was noted. */
  eachState(visit: (state: number, since: number, rank: number) => void): void {
    const { records, stride } = this;
    for (let at = 0; at < this.count * stride; at += stride) {
      visit(records[at + STATE]!, records[at + SINCE]!, records[at + RANK]!);
    }
  }

  /** Marks a record as spent; false if it was. */
  spend(record: number): boolean {
    const at = record * this.stride;
    if (this.records[at + SPENT] === 1) return false;
    this.records[at + SPENT] = 1;
    return true;
  }

  /** Puts a record's configuration back; the frontier must stand at its rank, with nothing placed. Gives its tag. */
  load(record: number, moves: Moves): number {
    const { records, words } = this;
    const at = record * this.stride;
    moves.state = records[at + STATE]!;
    moves.since = records[at + SINCE]!;
    moves.before = records[at + BEFORE]!;
    moves.last = records[at + LAST]!;
    moves.beforeRank = records[at + BEFORE_RANK]!;
    moves.leavable = records[at + LEAVABLE]!;
    const bits = at + BITS;
    moves.frontier.load(records, bits, bits + words, bits + 2 * words);
    moves.resume(records[at + BAG]!);
    return records[at + TAG]!;
  }

  /** Forgets everything. */
  clear(): void {
    this.table.fill(0);
    this.count = 0;
    this.keys = 0;
  }

  private admit(cell: number, moves: Moves, tag: number): number {
    const { stride } = this;
    const first = this.table[cell]!;
    let replaced = KNOWN;
    for (let link = first; link !== 0; link = this.records[(link - 1) * stride + NEXT]!) {
      const at = (link - 1) * stride;
      this.comparisons++;
      if (replaced === KNOWN && this.covers(at, moves)) {
        if (moves.since < this.records[at + SINCE]!) this.records[at + SINCE] = moves.since;
        return KNOWN;
      }
      if (!this.isCovered(at, moves)) continue;
      this.records[at + SPENT] = 1;
      if (replaced === KNOWN) replaced = link - 1;
    }
    if (replaced === KNOWN) {
      const record = this.append(moves, tag, first);
      this.table[cell] = record + 1;
      return record;
    }
    const at = replaced * stride;
    const since = Math.min(moves.since, this.records[at + SINCE]!);
    this.write(replaced, moves, tag, this.records[at + NEXT]!);
    this.records[at + SINCE] = since;
    return replaced;
  }

  /** Whether the record can do all that the configuration can. */
  private covers(at: number, { frontier, bag }: Moves): boolean {
    const { records, words } = this;
    const bits = at + BITS + words;
    for (let word = 0; word < words; word++) {
      const placed = records[bits + word]!;
      const excused = records[bits + words + word]!;
      const differ = (placed ^ frontier.placedBlind[word]!) | frontier.excused[word]!;
      if ((differ & ~excused) !== 0) return false;
    }
    return this.crashes.isWithin(records[at + BAG]!, bag);
  }

  /** Whether the configuration can do all that the record can. */
  private isCovered(at: number, { frontier, bag }: Moves): boolean {
    const { records, words } = this;
    const bits = at + BITS + words;
    for (let word = 0; word < words; word++) {
      const placed = records[bits + word]!;
      const excused = records[bits + words + word]!;
      const differ = (placed ^ frontier.placedBlind[word]!) | excused;
      if ((differ & ~frontier.excused[word]!) !== 0) return false;
    }
    return this.crashes.isWithin(bag, records[at + BAG]!);
  }

  private isKey(at: number, { frontier, state }: Moves): boolean {
    const records = this.records;
    if (records[at + RANK] !== frontier.rank || records[at + STATE] !== state) return false;
    for (let word = 0; word < this.words; word++) {
      if (records[at + BITS + word] !== frontier.placed[word]) return false;
    }
    return true;
  }

  private append(moves: Moves, tag: number, next: number): number {
    const record = this.count++;
    if (this.count * this.stride > this.records.length) this.growRecords();
    this.write(record, moves, tag, next);
    return record;
  }

  private write(record: number, moves: Moves, tag: number, next: number): void {
    const { records, words } = this;
    const { frontier } = moves;
    const at = record * this.stride;
    records[at + RANK] = frontier.rank;
    records[at + STATE] = moves.state;
    records[at + BAG] = moves.bag;
    records[at + SINCE] = moves.since;
    records[at + NEXT] = next;
    records[at + BEFORE] = moves.before;
    records[at + LAST] = moves.last;
    records[at + BEFORE_RANK] = moves.beforeRank;
    records[at + LEAVABLE] = moves.leavable;
    records[at + SPENT] = 0;
    records[at + TAG] = tag;
    for (let word = 0; word < words; word++) {
      records[at + BITS + word] = frontier.placed[word]!;
      records[at + BITS + words + word] = frontier.placedBlind[word]!;
      records[at + BITS + 2 * words + word] = frontier.excused[word]!;
    }
  }

  private hash(rank: number, state: number, bits: Int32Array, offset: number): number {
    let mixed = Math.imul(rank, 0x9e3779b1) ^ Math.imul(state, 0x85ebca77);
    for (let word = 0; word < this.words; word++) {
      mixed = Math.imul(mixed ^ (mixed >>> 15) ^ bits[offset + word]!, 0xc2b2ae3d);
    }
    return mixed ^ (mixed >>> 16);
  }

  private growRecords(): void {
    const larger = new Int32Array(this.records.length * 2);
    larger.set(this.records);
    this.records = larger;
  }

  private growTable(): void {
    const old = this.table;
    this.mask = this.mask * 2 + 1;
    this.table = new Int32Array(this.mask + 1);
    const records = this.records;
    for (const first of old) {
      if (first === 0) continue;
      const at = (first - 1) * this.stride;
      let cell = this.hash(records[at + RANK]!, records[at + STATE]!, records, at + BITS);
      cell &= this.mask;
      while (this.table[cell] !== 0) cell = (cell + 1) & this.mask;
      this.table[cell] = first;
    }
  }
}
