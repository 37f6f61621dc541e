/**
 * The engine over classic-level and the witness file. What it adds to them: free space is looked at before LevelDB is asked, the witness is
 * made durable at the latest WITNESS_DELAY after its last word, and the first failure ends it with a sentence.
 *
 * Kept: a completion comes on a later turn than the call, but for an unsynced witness, whose bytes are in the cache when the call returns.
 */
import { closeSync, fdatasync, openSync, statfsSync } from 'node:fs';
import type { Batch, Engine } from '../engine.ts';
import type { MemberStore } from '../member-store.ts';
import { SLOT_OFFSETS, type Slot } from '../witness.ts';
import { type Database, WRITE_FAILED } from './database.ts';
import { isLinked, writeFully } from './files.ts';

/** Milliseconds that the last word of the witness may stay in the cache only. Bounds what `durability: default` leaves open. */
const WITNESS_DELAY = 100;
/**
 * Free bytes below which nothing is written: LevelDB must be able to finish a memtable and a merge, since once it met a full disk it
 * writes no more, and a record of which half went out cannot be taken back.
 */
const RESERVE_BYTES = 64 << 20;

export interface LevelEngineOptions {
  readonly database: Database;
  /** For messages, and where free space is asked for. */
  readonly directory: string;
  readonly witnessFile: string;
  /** Called once: the member must stop. */
  readonly onFailure: (sentence: string) => void;
  readonly freeBytes?: (directory: string) => number;
  readonly sync?: (descriptor: number, done: (error: Error | null) => void) => void;
}

export class LevelEngine implements Engine {
  readonly #options: LevelEngineOptions;
  readonly #database: Database;
  readonly #witness: number;
  readonly #freeBytes: (directory: string) => number;
  readonly #sync: (descriptor: number, done: (error: Error | null) => void) => void;
  #store: MemberStore | null = null;
  #timer: NodeJS.Timeout | null = null;
  #underWay = 0;
  #reclaiming = Promise.resolve();
  #endPause: () => void = () => {};
  #isClosing = false;
  #isClosed = false;
  #hasFailed = false;
  /** Wait for a call to end. */
  #waiting: (() => void)[] = [];

  constructor(options: LevelEngineOptions) {
    this.#options = options;
    this.#database = options.database;
    this.#witness = openSync(options.witnessFile, 'r+');
    this.#freeBytes = options.freeBytes ?? freeBytesOf;
    this.#sync = options.sync ?? fdatasync;
  }

  /** Whose doors completions go to; before anything is asked of this engine. */
  attach(store: MemberStore): void {
    this.#store = store;
  }

  // ------------------------------------------------------------------------------------------------------------- the port

  write(token: number, batch: Batch): void {
    this.#underWay += 1;
    try {
      if (this.#freeBytes(this.#options.directory) < RESERVE_BYTES) {
        setImmediate(() => this.#end((store) => store.writeFailed(token, 'NO_SPACE')));
        return;
      }
    } catch (thrown) {
      setImmediate(() => this.#endWrite(token, 'free space cannot be told', thrown));
      return;
    }
    this.#database.write(batch).then(
      () => this.#end((store) => store.written(token)),
      (thrown: unknown) => this.#endWrite(token, 'a write failed', thrown),
    );
  }

  writeWitness(token: number, slot: Slot, bytes: Uint8Array, sync: boolean): void {
    try {
      for (const offset of SLOT_OFFSETS[slot]) writeFully(this.#witness, bytes, offset);
    } catch (thrown) {
      this.#underWay += 1;
      setImmediate(() => this.#endWitness(token, 'EIO', thrown));
      return;
    }
    if (!sync) {
      this.#flushSoon();
      this.#store?.witnessWritten(token);
      return;
    }
    this.#underWay += 1;
    this.#sync(this.#witness, (error) => {
      if (error === null) this.#end((store) => store.witnessWritten(token));
      else this.#endWitness(token, 'FSYNC_FAILED', error);
    });
  }

  read(token: number, key: string): void {
    this.#underWay += 1;
    this.#database.get(key).then(
      (value) => this.#end((store) => store.valueRead(token, value)),
      () => this.#end((store) => store.readFailed(token, 'EIO')),
    );
  }

  /**
   * Left to itself LevelDB moves records with ever new keys down its levels without looking at them, and what was deleted stays for hundreds
   * of megabytes. One range at a time, and as long a pause after each as it took: its one thread puts a range that was asked for before what new
   * writes wait for.
   */
  reclaim(first: string, last: string): void {
    this.#reclaiming = this.#reclaiming.then(() => this.#compact(first, last));
  }

  async #compact(first: string, last: string): Promise<void> {
    if (this.#isClosing || this.#hasFailed) return;
    const began = performance.now();
    try {
      await this.#database.compact(first, last);
      await this.#pause(performance.now() - began);
    } catch {
      // A disk that fails fails the next write too, which says so; a database that is being closed needs no room.
    }
  }

  /** Cut short by `close`. */
  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isClosing) {
        resolve();
        return;
      }
      const timer = setTimeout(resolve, milliseconds);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  // --------------------------------------------------------------------------------------------------------------- the end

  /** Once nothing is under way. */
  async settled(): Promise<void> {
    while (this.#underWay > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    await this.#reclaiming;
  }

  /** Waits for what is under way, makes the witness durable, closes. Nothing may be asked of the store any more. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#endPause();
    await this.settled();
    this.#store?.flush();
    await this.settled();
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#database.close();
    closeSync(this.#witness);
  }

  /** One call ended; a failed engine still tells the store, which has nothing to acknowledge any more. */
  #end(report: (store: MemberStore) => void): void {
    this.#underWay -= 1;
    if (this.#store !== null && !this.#isClosed) report(this.#store);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #endWrite(token: number, what: string, thrown: unknown): void {
    this.#end((store) => store.writeFailed(token, WRITE_FAILED));
    this.#fail(`${what} (${messageOf(thrown)})`);
  }

  #endWitness(token: number, code: 'EIO' | 'FSYNC_FAILED', thrown: unknown): void {
    this.#end((store) => store.witnessFailed(token, code));
    this.#fail(`the witness could not be made durable (${messageOf(thrown)})`);
  }

  #fail(what: string): void {
    if (this.#hasFailed || this.#isClosed) return;
    this.#hasFailed = true;
    const { directory, onFailure } = this.#options;
    onFailure(
      `${directory}: ${what}. What is on disk is unknown until the next start reads it; this member stops`,
    );
  }

  // ------------------------------------------------------------------------------------------------------------------ time

  #flushSoon(): void {
    this.#timer ??= setTimeout(() => this.#flush(), WITNESS_DELAY);
  }

  #flush(): void {
    this.#timer = null;
    const store = this.#store;
    if (store === null || this.#isClosed || this.#hasFailed) return;
    if (!isLinked(this.#witness)) {
      this.#fail('its files were removed while it was running');
      return;
    }
    if (!store.flush()) this.#flushSoon();
  }
}

function freeBytesOf(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
