/**
 * A simulated LevelDB over simulated files: real bytes in real formats, with the habits that lose data in the real one. Batches go to a
 * write-ahead log; a full memtable switches to a new log, closing the old one *without* fsync; then the memtable becomes a table and the
 * MANIFEST says so; tables are merged *without* verifying checksums, so rot comes out under fresh ones; values are read unverified.
 *
 * Background work is a list of steps that the owner executes one at a time, so that a crash may fall between any two.
 */

import { utf8Decode, utf8Encode } from '@seedraft/codec';
import {
  type Batch,
  CURRENT_FILE,
  decodeWriteBatch,
  logName,
  manifestName,
  type Put,
  readLog,
  readTable,
  readWhole,
  type TableFile,
  tableName,
  Version,
} from '@seedraft/store';
import type { SimulatedFiles } from './files.ts';
import {
  type BuiltTable,
  ByteWriter,
  buildTable,
  encodeVersionEdit,
  frameRecord,
  type TableRow,
  writeBatch,
  writeFrames,
} from './level-format.ts';

/** Level-0 tables that start a merge. */
const MERGE_AT = 4;
/** How much more each level holds than the one above. */
const LEVEL_RATIO = 10;

/** Where the newest row of a key lies in its table. */
interface Located {
  readonly sequence: number;
  /** Of its value. */
  readonly offset: number;
  /** Null: deleted. */
  readonly length: number | null;
}

/** What a table's bytes said when it was first read; `isWhole`: all of it could be. */
interface TableIndex {
  readonly rows: ReadonlyMap<string, Located>;
  readonly isWhole: boolean;
}

// Bytes on their way to a log: copied by the file within the call, so that one pair serves all disks.
const batchBytes = new ByteWriter();
const logBytes = new ByteWriter();

export class SimulatedLevel {
  readonly #files: SimulatedFiles;
  /** Memtable bytes that trigger a switch of logs. */
  readonly #writeBuffer: number;
  #tables: TableFile[] = [];
  /** By file number: tables are read only when somebody asks for a value. */
  readonly #indexes = new Map<number, TableIndex>();
  /** In order of sequence; a key may come more than once. */
  #memtable: TableRow[] = [];
  #memtableBytes = 0;
  /** Being turned into a table. */
  #immutable: readonly TableRow[] = [];
  #log = 0;
  #logName = '';
  #manifest = '';
  #nextFile = 1;
  #sequence = 0;
  #steps: (() => void)[] = [];

  private constructor(files: SimulatedFiles, writeBuffer: number) {
    this.#files = files;
    this.#writeBuffer = writeBuffer;
  }

  /** Files of a new database that holds these records, all durable. */
  static create(files: SimulatedFiles, writeBuffer: number, puts: readonly Put[]): SimulatedLevel {
    const level = new SimulatedLevel(files, writeBuffer);
    level.#begin([], []);
    level.append({ deletes: [], puts });
    level.syncLog();
    return level;
  }

  /** As LevelDB opens: logs become a table, a new log and a new MANIFEST are begun. The files were verified before. */
  static open(files: SimulatedFiles, writeBuffer: number): SimulatedLevel {
    const level = new SimulatedLevel(files, writeBuffer);
    const current = utf8Decode(readWhole(files, CURRENT_FILE).bytes)!.trim();
    const version = new Version();
    for (const { bytes } of readLog(readWhole(files, current).bytes).records) version.apply(bytes);
    level.#nextFile = version.nextFileNumber;
    level.#sequence = version.lastSequence;
    const isLive = (name: string): boolean => {
      const number = Number.parseInt(name, 10);
      if (name.endsWith('.log')) return number >= version.logNumber;
      if (name.endsWith('.ldb')) return version.tables.has(number);
      return name === current || !name.startsWith('MANIFEST');
    };
    for (const name of files.list()) if (!isLive(name)) files.remove(name);
    const logs = files.list().filter((name) => name.endsWith('.log'));
    for (const name of logs) level.#replay(readWhole(files, name).bytes);
    for (const name of logs) {
      level.#nextFile = Math.max(level.#nextFile, Number.parseInt(name, 10) + 1);
    }
    level.#tables = [...version.tables.values()];
    level.#begin([...logs, current], newestOfEach(level.#memtable));
    return level;
  }

  /** True while background steps wait. */
  get hasWork(): boolean {
    return this.#steps.length > 0;
  }

  /** The next background step; each ends with its files synced. */
  work(): void {
    this.#steps.shift()?.();
  }

  /** To the current log's cache, and to the memtable. */
  append(batch: Batch): void {
    this.#switchLogIfFull();
    this.#files.append(this.#logName, this.#framed(batch));
    for (const key of batch.deletes) this.#hold(key, null);
    for (const { key, value } of batch.puts) this.#hold(key, value);
  }

  /** What an error leaves behind: the beginning of a record. */
  appendPartly(batch: Batch): void {
    const bytes = this.#framed(batch);
    this.#files.append(this.#logName, bytes.subarray(0, bytes.length >>> 1));
  }

  /** To be used at once. */
  #framed(batch: Batch): Uint8Array {
    const record = writeBatch(batchBytes.reset(), batch, this.#sequence + 1).view();
    return writeFrames(logBytes.reset(), record, this.#files.size(this.#logName)).view();
  }

  syncLog(): void {
    this.#files.fsync(this.#logName);
  }

  failSyncLog(): void {
    this.#files.failFsync(this.#logName);
  }

  /** Unverified, as LevelDB reads. `EIO`: the device refuses. */
  read(key: string): Uint8Array | null | 'EIO' {
    const isIt = (row: TableRow): boolean => row.key === key;
    const held = this.#memtable.findLast(isIt) ?? this.#immutable.findLast(isIt);
    if (held !== undefined) return held.value;
    let newest: { readonly number: number; readonly located: Located } | null = null;
    let isWhole = true;
    for (const { number } of this.#tables) {
      const index = this.#indexOf(number);
      isWhole &&= index.isWhole;
      const located = index.rows.get(key);
      if (located === undefined) continue;
      if (newest === null || newest.located.sequence < located.sequence)
        newest = { number, located };
    }
    if (newest === null) return isWhole ? null : 'EIO';
    const { offset, length } = newest.located;
    return length === null ? null : this.#readExtent(tableName(newest.number), offset, length);
  }

  #indexOf(number: number): TableIndex {
    const known = this.#indexes.get(number);
    if (known !== undefined) return known;
    const { bytes, unreadable } = readWhole(this.#files, tableName(number));
    const { changes, defects } = readTable(bytes, true);
    const rows = new Map<string, Located>();
    for (const { key, sequence, value, offset } of changes) {
      const other = rows.get(key);
      if (other !== undefined && other.sequence >= sequence) continue;
      rows.set(key, { sequence, offset, length: value?.length ?? null });
    }
    const index = { rows, isWhole: unreadable.length === 0 && defects.length === 0 };
    this.#indexes.set(number, index);
    return index;
  }

  #readExtent(name: string, offset: number, length: number): Uint8Array | 'EIO' {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const part = this.#files.read(name, offset + done, length - done);
      if (part === null || part.length === 0) return 'EIO';
      bytes.set(part, done);
      done += part.length;
    }
    return bytes;
  }

  #hold(key: string, value: Uint8Array | null): void {
    this.#sequence += 1;
    this.#memtable.push({ key, sequence: this.#sequence, value });
    this.#memtableBytes += key.length + (value?.length ?? 0) + 16;
  }

  #replay(log: Uint8Array): void {
    for (const { bytes } of readLog(log).records) {
      for (const change of decodeWriteBatch(bytes) ?? []) {
        this.#memtable.push(change);
        this.#sequence = Math.max(this.#sequence, change.sequence);
      }
    }
  }

  // ----------------------------------------------------------------------------------------------------------- the switch

  #switchLogIfFull(): void {
    if (this.#memtableBytes < this.#writeBuffer || this.#steps.length > 0) return;
    const old = this.#logName;
    // Closed, not synced: whatever of it is only cached may be lost although what follows in the new log is not.
    this.#beginLog();
    const rows = newestOfEach(this.#memtable);
    this.#immutable = rows;
    this.#memtable = [];
    this.#memtableBytes = 0;
    this.#schedule(0, rows, [], [old]);
  }

  /** Write a table of `rows`; then let the MANIFEST add it and forget `inputs`; then remove what nothing needs. */
  #schedule(
    level: number,
    rows: readonly TableRow[],
    inputs: readonly TableFile[],
    logs: readonly string[],
  ): void {
    const built = rows.length === 0 ? null : buildTable(this.#nextFile++, level, rows);
    this.#steps.push(
      () => {
        if (built !== null) this.#writeTable(built);
      },
      () => {
        this.#tables = this.#tables.filter((table) => !inputs.includes(table));
        if (built !== null) this.#tables.push(tableOf(built));
        for (const { number } of inputs) this.#indexes.delete(number);
        if (level === 0) this.#immutable = [];
        this.#appendEdit(inputs, built);
      },
      () => {
        for (const log of logs) this.#files.remove(log);
        for (const { number } of inputs) this.#files.remove(tableName(number));
        this.#mergeIfDeep();
      },
    );
  }

  /**
   * Level 0 and the levels below it, as far down as the result is too large for its level, into one table. Read as LevelDB reads:
   * whatever the bytes say is believed, and written again under a fresh checksum.
   */
  #mergeIfDeep(): void {
    if (this.#tables.filter((table) => table.level === 0).length < MERGE_AT) return;
    const sizeOf = (depth: number): number =>
      this.#tables.reduce((sum, table) => sum + (table.level <= depth ? table.size : 0), 0);
    let depth = 1;
    for (let room = this.#writeBuffer * LEVEL_RATIO; sizeOf(depth) > room; room *= LEVEL_RATIO) {
      depth += 1;
    }
    const inputs = this.#tables.filter((table) => table.level <= depth);
    const isDeepest = inputs.length === this.#tables.length;
    const found: TableRow[] = [];
    for (const { number } of inputs) {
      const { bytes, unreadable } = readWhole(this.#files, tableName(number));
      const { changes, defects } = readTable(bytes, true);
      // What cannot be parsed stays as it is: the real one stops compacting too.
      if (defects.length > 0 || unreadable.length > 0) return;
      for (const change of changes) found.push(change);
    }
    const newest = newestOfEach(found);
    // A deletion is needed for as long as something below may hold what it deletes.
    const rows = isDeepest ? newest.filter((row) => row.value !== null) : newest;
    this.#schedule(depth, rows, inputs, []);
  }

  // ------------------------------------------------------------------------------------------------------------- the files

  #writeTable(table: BuiltTable): void {
    const name = tableName(table.number);
    this.#files.create(name);
    this.#files.append(name, table.bytes);
    this.#files.fsync(name);
  }

  #appendEdit(inputs: readonly TableFile[], built: BuiltTable | null): void {
    this.#appendManifest(inputs, built === null ? [] : [tableOf(built)]);
    this.#files.fsync(this.#manifest);
  }

  #appendManifest(deleted: readonly TableFile[], added: readonly TableFile[]): void {
    const record = encodeVersionEdit({
      deleted,
      added,
      logNumber: this.#log,
      nextFileNumber: this.#nextFile,
      lastSequence: this.#sequence,
    });
    this.#files.append(this.#manifest, frameRecord(record, this.#files.size(this.#manifest)));
  }

  #beginLog(): void {
    this.#log = this.#nextFile++;
    this.#logName = logName(this.#log);
    this.#files.create(this.#logName);
  }

  /** A new log and a new MANIFEST that holds the whole version; CURRENT changes over by a rename; then `obsolete` files go. */
  #begin(obsolete: readonly string[], rows: readonly TableRow[]): void {
    const manifest = this.#nextFile++;
    if (rows.length > 0) {
      const built = buildTable(this.#nextFile++, 0, rows);
      this.#writeTable(built);
      this.#tables.push(tableOf(built));
    }
    this.#memtable = [];
    this.#beginLog();
    this.#manifest = manifestName(manifest);
    this.#files.create(this.#manifest);
    this.#appendManifest([], this.#tables);
    this.#files.fsync(this.#manifest);
    const temporary = `${manifest.toString().padStart(6, '0')}.dbtmp`;
    this.#files.create(temporary);
    this.#files.append(temporary, utf8Encode(`${this.#manifest}\n`));
    this.#files.fsync(temporary);
    this.#files.rename(temporary, CURRENT_FILE);
    for (const name of obsolete) this.#files.remove(name);
    this.#files.fsync(this.#manifest);
  }
}

const byKey = (a: TableRow, b: TableRow): number =>
  a.key < b.key ? -1 : a.key > b.key ? 1 : b.sequence - a.sequence;

/** In order of key; sorts `rows` in place. */
function newestOfEach(rows: TableRow[]): TableRow[] {
  rows.sort(byKey);
  return rows.filter((row, i) => row.key !== rows[i - 1]?.key);
}

function tableOf({ number, level, bytes, smallest, largest }: BuiltTable): TableFile {
  return { number, level, size: bytes.length, smallest, largest };
}
