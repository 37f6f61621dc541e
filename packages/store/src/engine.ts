/**
 * The port to whatever keeps the bytes: the simulated LevelDB, classic-level, or memory. Completion-style: a call starts something and
 * returns; the driver reports its end through a door of MemberStore that bears the same token. Nothing here knows what the bytes mean.
 */
import type { Slot } from './witness.ts';

export interface Put {
  readonly key: string;
  readonly value: Uint8Array;
}

/** Atomic: deletes first, then puts. */
export interface Batch {
  readonly deletes: readonly string[];
  readonly puts: readonly Put[];
}

/**
 * NO_SPACE promises that nothing of the batch is there (an engine that cannot promise it reports EIO). After any other code, what is there
 * is unknown until the next recovery. FSYNC_FAILED is never retried: the kernel has dropped the pages and will say yes next time.
 */
export type WriteFailure = 'NO_SPACE' | 'EIO' | 'FSYNC_FAILED';

export interface Engine {
  /** Make durable (one call at a time). Ends in `store.written(token)` or `store.writeFailed(token, code)`. */
  write(token: number, batch: Batch): void;
  /** Replace both copies of one slot in place; fsync it when `sync`. Ends in `store.witnessWritten(token)` or `store.witnessFailed(token, code)`. */
  writeWitness(token: number, slot: Slot, bytes: Uint8Array, sync: boolean): void;
  /** The value under a key as it is on disk now. Ends in `store.valueRead(token, value)` (null: none) or `store.readFailed(token, code)`. */
  read(token: number, key: string): void;
  /**
   * Everything from one key to the other was deleted, durably: its room may be given back. A hint, ended by nothing. For engines that
   * only write down what is deleted, and keep the bytes until they happen to come by.
   */
  reclaim?(first: string, last: string): void;
}

/** Where something is, for people. */
export interface Place {
  readonly file: string;
  readonly offset: number;
}

/** `value` may be read from the file each time it is asked for: what is large is not kept in memory. */
export interface FoundRecord extends Put, Place {}

/** Bytes that are not as they were written, or are not there. */
export interface Defect extends Place {
  /** Continues "WITNESS, offset 0: ". */
  readonly reason: string;
  /**
   * `torn`: at the very end of what was written last, with nothing intact after it: a crash does that, and so does rot in the last record;
   * only the witness can tell. `damage`: nothing but damage does that.
   */
  readonly kind: 'torn' | 'damage';
}

export type SlotCopies = readonly Uint8Array[];

/** Everything a directory holds, read and verified before any database may touch it. */
export interface Scan {
  /** Live records, in order of keys. */
  readonly records: readonly FoundRecord[];
  readonly defects: readonly Defect[];
  /** The bytes of each slot's copies; null: there is no witness file. */
  readonly witness: readonly [SlotCopies, SlotCopies] | null;
  /** Nothing at all is there: neither a witness nor a database. */
  readonly empty: boolean;
  /** The engine must not open these files as they are even if nothing is missing (a bad MANIFEST): write them afresh. */
  readonly rewrite: boolean;
  /** Where a torn tail begins: to be cut there before the engine opens the file. */
  readonly cut: Place | null;
}

export function describeDefect(defect: Defect): string {
  return `${defect.file}, offset ${defect.offset}: ${defect.reason}`;
}
