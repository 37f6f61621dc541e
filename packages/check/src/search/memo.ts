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
import type { Frontier } from './frontier.ts';

const RANK = 0;
const STATE = 1;
const BAG = 2;
/** The lowest rank at which the state began to hold. */
const SINCE = 3;
/** 1 + the next record under the same key, or 0. */
const NEXT = 4;
const BITS = 5;

export class Memo {
  private readonly crashes: Crashes;
  private readonly words: number;
  private readonly stride: number;
  private records: Int32Array;
  private count = 0;
  /** 1 + the first record under a key; 0 is free. */
  private table = new Int32Array(64);
  private mask = 63;
  private keys = 0;
  /** Records compared so far: what entering costs beyond the look-up. */
  comparisons = 0;

  constructor(crashes: Crashes, words: number) {
    this.crashes = crashes;
    this.words = words;
    this.stride = BITS + 3 * words;
    this.records = new Int32Array(64 * this.stride);
  }

  /** Notes a configuration whose state holds since rank `since`; false if one that can do all it can was here before. */
  enter(frontier: Frontier, state: number, bag: number, since: number): boolean {
    let cell = this.hash(frontier.rank, state, frontier.placed, 0) & this.mask;
    for (;;) {
      const first = this.table[cell]!;
      if (first === 0) {
        this.table[cell] = this.write(this.count++, frontier, state, bag, since, 0);
        if (++this.keys * 2 > this.mask) this.growTable();
        return true;
      }
      if (this.isKey((first - 1) * this.stride, frontier, state)) break;
      cell = (cell + 1) & this.mask;
    }
    return this.admit(this.table[cell]!, cell, frontier, state, bag, since);
  }

  /** The states that held at some moment while `rank` was the rank, of all configurations entered. */
  statesAt(rank: number): readonly number[] {
    const states = new Set<number>();
    const { records, stride } = this;
    for (let at = 0; at < this.count * stride; at += stride) {
      if (records[at + SINCE]! <= rank && rank <= records[at + RANK]!) {
        states.add(records[at + STATE]!);
      }
    }
    return [...states];
  }

  private admit(
    first: number,
    cell: number,
    frontier: Frontier,
    state: number,
    bag: number,
    since: number,
  ): boolean {
    for (let record = first; record !== 0; ) {
      this.comparisons++;
      const at = (record - 1) * this.stride;
      const next = this.records[at + NEXT]!;
      if (this.covers(at, frontier, bag)) {
        if (since < this.records[at + SINCE]!) this.records[at + SINCE] = since;
        return false;
      }
      if (this.isCovered(at, frontier, bag)) {
        this.write(
          record - 1,
          frontier,
          state,
          bag,
          Math.min(since, this.records[at + SINCE]!),
          next,
        );
        return true;
      }
      record = next;
    }
    this.table[cell] = this.write(this.count++, frontier, state, bag, since, first);
    return true;
  }

  /** Whether the record can do all that the configuration can. */
  private covers(at: number, frontier: Frontier, bag: number): boolean {
    const { records, words } = this;
    for (let word = 0; word < words; word++) {
      const placed = records[at + BITS + words + word]!;
      const excused = records[at + BITS + 2 * words + word]!;
      const differ = (placed ^ frontier.placedBlind[word]!) | frontier.excused[word]!;
      if ((differ & ~excused) !== 0) return false;
    }
    return this.crashes.isWithin(records[at + BAG]!, bag);
  }

  /** Whether the configuration can do all that the record can. */
  private isCovered(at: number, frontier: Frontier, bag: number): boolean {
    const { records, words } = this;
    for (let word = 0; word < words; word++) {
      const placed = records[at + BITS + words + word]!;
      const excused = records[at + BITS + 2 * words + word]!;
      const differ = (placed ^ frontier.placedBlind[word]!) | excused;
      if ((differ & ~frontier.excused[word]!) !== 0) return false;
    }
    return this.crashes.isWithin(bag, records[at + BAG]!);
  }

  private isKey(at: number, frontier: Frontier, state: number): boolean {
    const records = this.records;
    if (records[at + RANK] !== frontier.rank || records[at + STATE] !== state) return false;
    for (let word = 0; word < this.words; word++) {
      if (records[at + BITS + word] !== frontier.placed[word]) return false;
    }
    return true;
  }

  /** Writes record number `record`, and gives the number plus 1. */
  private write(
    record: number,
    frontier: Frontier,
    state: number,
    bag: number,
    since: number,
    next: number,
  ): number {
    const at = record * this.stride;
    if (at + this.stride > this.records.length) this.growRecords();
    const { records, words } = this;
    records[at + RANK] = frontier.rank;
    records[at + STATE] = state;
    records[at + BAG] = bag;
    records[at + SINCE] = since;
    records[at + NEXT] = next;
    for (let word = 0; word < words; word++) {
      records[at + BITS + word] = frontier.placed[word]!;
      records[at + BITS + words + word] = frontier.placedBlind[word]!;
      records[at + BITS + 2 * words + word] = frontier.excused[word]!;
    }
    return record + 1;
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
