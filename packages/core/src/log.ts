/**
 * The uncompacted suffix of the log, in memory, and the table of its term runs (section 5.3). Everything at or before `baseIndex` is compacted.
 * Invariants: indexes are contiguous from baseIndex + 1; terms never decrease; `runTerms`/`runStarts` list each term once, with its first index.
 */
import { type Digest, digestOfEntry, finish, Lanes } from './digest.ts';
import { assert } from './invariants.ts';
import type { Entry, Index, Term } from './message.ts';

/** Read-only view of the log. */
export interface LogView {
  /** The index of the first entry held; lastIndex + 1 when none is. */
  readonly firstIndex: Index;
  readonly lastIndex: Index;
  readonly lastTerm: Term;
  /** The entry, or undefined when it is compacted or does not exist. */
  entryAt(index: Index): Entry | undefined;
  /** The term at index; 0 at index 0; undefined when unknown (compacted away, or beyond the end). */
  termAt(index: Index): Term | undefined;
}

const NO_ENTRIES: readonly Entry[] = Object.freeze([]);
/** What an entry costs besides its payload: object, fields, array slot. */
const ENTRY_OVERHEAD = 64;
const MEMBER_OVERHEAD = 256;

/** Bytes an entry is counted for in every limit. */
export function entrySize(entry: Entry): number {
  const configuration = entry.configuration;
  const extra = configuration === null ? 0 : configuration.members.length * MEMBER_OVERHEAD;
  return entry.data.length + ENTRY_OVERHEAD + extra;
}

export class Log implements LogView {
  baseIndex: Index;
  baseTerm: Term;
  entries: Entry[] = [];
  /** Sum of entrySize over `entries`. */
  bytes = 0;
  runTerms: Term[] = [];
  runStarts: Index[] = [];
  /** Of the batch that batchEnd last measured. */
  batchBytes = 0;
  /** The last slice handed out: followers at the same place, and the local write, share one array. */
  #sliceFrom = 0;
  #slice: readonly Entry[] = NO_ENTRIES;

  /** Digests of the first entries (hi, lo, hi, lo, ...) and their sums: looked at rarely, so extended only then. */
  #digests: number[] = [];
  #sumHi = 0;
  #sumLo = 0;

  constructor(baseIndex: Index, baseTerm: Term) {
    this.baseIndex = baseIndex;
    this.baseTerm = baseTerm;
  }

  get firstIndex(): Index {
    return this.baseIndex + 1;
  }

  get lastIndex(): Index {
    return this.baseIndex + this.entries.length;
  }

  get lastTerm(): Term {
    const runs = this.runTerms;
    return runs.length === 0 ? this.baseTerm : (runs[runs.length - 1] as Term);
  }

  entryAt(index: Index): Entry | undefined {
    return index > this.baseIndex ? this.entries[index - this.baseIndex - 1] : undefined;
  }

  termAt(index: Index): Term | undefined {
    if (index === this.baseIndex) return this.baseTerm;
    if (index === 0) return 0;
    return this.entryAt(index)?.term;
  }

  append(entry: Entry): void {
    assert(entry.index === this.lastIndex + 1, 'S3', 'appended entry leaves a gap');
    const last = this.lastTerm;
    assert(entry.term >= last, 'S3', 'appended entry has an older term than the one before it');
    if (entry.term > last || this.runTerms.length === 0) {
      this.runTerms.push(entry.term);
      this.runStarts.push(entry.index);
    }
    this.entries.push(entry);
    this.bytes += entrySize(entry);
  }

  /** Drops every entry at or after `index`. */
  truncateFrom(index: Index): void {
    assert(index > this.baseIndex, 'S9', 'truncation reaches into the compacted log');
    const keep = index - this.baseIndex - 1;
    for (let i = keep; i < this.entries.length; i += 1) {
      this.bytes -= entrySize(this.entries[i] as Entry);
    }
    this.entries.length = keep;
    this.#forgetDigests(keep, this.#digests.length / 2 - keep);
    while (
      this.runStarts.length > 0 &&
      (this.runStarts[this.runStarts.length - 1] as Index) >= index
    ) {
      this.runStarts.pop();
      this.runTerms.pop();
    }
    this.#slice = NO_ENTRIES;
  }

  /** Drops every entry at or before `index`, which must be held or be the base. */
  compactTo(index: Index): void {
    if (index <= this.baseIndex) return;
    const term = this.termAt(index);
    assert(term !== undefined, 'S8', 'compaction past the end of the log');
    const dropped = this.entries.splice(0, index - this.baseIndex);
    for (const entry of dropped) this.bytes -= entrySize(entry);
    this.#forgetDigests(0, dropped.length);
    this.baseIndex = index;
    this.baseTerm = term;
    let gone = 0;
    while (gone < this.runStarts.length && this.#runEnd(gone) <= index) gone += 1;
    this.runStarts.splice(0, gone);
    this.runTerms.splice(0, gone);
    if (this.runStarts.length > 0 && (this.runStarts[0] as Index) <= index) {
      this.runStarts[0] = index + 1;
    }
    this.#slice = NO_ENTRIES;
  }

  /** Forgets everything: an installed snapshot stands for the log up to `baseIndex`. */
  reset(baseIndex: Index, baseTerm: Term): void {
    this.baseIndex = baseIndex;
    this.baseTerm = baseTerm;
    this.entries = [];
    this.bytes = 0;
    this.runTerms = [];
    this.runStarts = [];
    this.#forgetDigests(0, this.#digests.length / 2);
    this.#slice = NO_ENTRIES;
  }

  /**
   * The last index <= `index` whose term is <= `term`, by the run table. Below the base terms are unknown: then `index` itself, or the index
   * before the base, so that the caller sees that it left the log.
   */
  lastIndexWithTermAtMost(index: Index, term: Term): Index {
    const bound = Math.min(index, this.lastIndex);
    if (bound < this.baseIndex) return bound;
    let low = 0;
    let high = this.runTerms.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.runTerms[middle] as Term) <= term) low = middle + 1;
      else high = middle;
    }
    if (low > 0) return Math.max(this.baseIndex, Math.min(bound, this.#runEnd(low - 1)));
    return this.baseTerm <= term ? this.baseIndex : Math.max(0, this.baseIndex - 1);
  }

  #runEnd(run: number): Index {
    return run + 1 < this.runStarts.length
      ? (this.runStarts[run + 1] as Index) - 1
      : this.lastIndex;
  }

  /** Entries from..to, inclusive, immutable once handed out. */
  slice(from: Index, to: Index): readonly Entry[] {
    if (to < from) return NO_ENTRIES;
    if (this.#sliceFrom === from && this.#slice.length === to - from + 1) return this.#slice;
    const start = from - this.baseIndex - 1;
    this.#slice = this.entries.slice(start, start + to - from + 1);
    this.#sliceFrom = from;
    return this.#slice;
  }

  /** `entries`, just appended, is an immutable array that `slice` may hand out as it is. */
  shareSlice(entries: readonly Entry[]): void {
    this.#slice = entries;
    this.#sliceFrom = (entries[0] as Entry).index;
  }

  /**
   * Where a batch that starts at `from` ends, within both limits; at least one entry. `batchBytes` is then its size.
   */
  batchEnd(from: Index, maxEntries: number, maxBytes: number): Index {
    const last = Math.min(this.lastIndex, from + maxEntries - 1);
    let bytes = 0;
    let index = from;
    for (; index <= last; index += 1) {
      const size = entrySize(this.entries[index - this.baseIndex - 1] as Entry);
      if (bytes + size > maxBytes && index > from) break;
      bytes += size;
    }
    this.batchBytes = bytes;
    return index - 1;
  }

  /** Entry bytes from..to, inclusive. */
  bytesBetween(from: Index, to: Index): number {
    let bytes = 0;
    for (let index = Math.max(from, this.firstIndex); index <= to; index += 1) {
      bytes += entrySize(this.entries[index - this.baseIndex - 1] as Entry);
    }
    return bytes;
  }

  /** Over base and entries; a sum over entries, so that appends, truncation and compaction cost only what they touch. */
  digest(): Digest {
    for (let i = this.#digests.length / 2; i < this.entries.length; i += 1) {
      const { hi, lo } = digestOfEntry(this.entries[i] as Entry);
      this.#digests.push(hi, lo);
      this.#sumHi = (this.#sumHi + hi) | 0;
      this.#sumLo = (this.#sumLo + lo) | 0;
    }
    const lanes = new Lanes();
    for (const value of [this.baseIndex, this.baseTerm, this.lastIndex]) lanes.number(value);
    lanes.word(this.#sumHi);
    lanes.word(this.#sumLo);
    return finish(lanes);
  }

  #forgetDigests(from: number, count: number): void {
    if (count <= 0 || this.#digests.length === 0) return;
    const gone = this.#digests.splice(2 * from, 2 * count);
    for (let i = 0; i < gone.length; i += 2) {
      this.#sumHi = (this.#sumHi - (gone[i] as number)) | 0;
      this.#sumLo = (this.#sumLo - (gone[i + 1] as number)) | 0;
    }
  }

  copy(): Log {
    const log = new Log(this.baseIndex, this.baseTerm);
    log.entries = this.entries.slice();
    log.bytes = this.bytes;
    log.runTerms = this.runTerms.slice();
    log.runStarts = this.runStarts.slice();
    return log;
  }
}
