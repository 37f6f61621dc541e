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
  type TableChange,
  tableName,
  Version,
} from '@seedraft/store';
import type { SimulatedFiles } from './files.ts';
import {
  type BuiltTable,
  buildTable,
  encodeVersionEdit,
  encodeWriteBatch,
  frameRecord,
  internalKey,
  type Located,
  type TableRow,
} from './level-format.ts';

/** Level-0 tables that start a merge. */
const MERGE_AT = 4;
/** How much more each level holds than the one above. */
const LEVEL_RATIO = 10;

interface Held {
  readonly sequence: number;
  readonly value: Uint8Array | null;
}

interface Table {
  readonly number: number;
  readonly level: number;
  readonly size: number;
  readonly smallest: Uint8Array;
  readonly largest: Uint8Array;
  readonly rows: ReadonlyMap<string, Located>;
}

export class SimulatedLevel {
  readonly #files: SimulatedFiles;
  /** Memtable bytes that trigger a switch of logs. */
  readonly #writeBuffer: number;
  #tables: Table[] = [];
  #memtable = new Map<string, Held>();
  #memtableBytes = 0;
  /** Being turned into a table; null: none is. */
  #immutable: Map<string, Held> | null = null;
  #log = 0;
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
    for (const { number, level: depth } of version.tables.values()) {
      const { bytes } = readWhole(files, tableName(number));
      const { changes } = readTable(bytes);
      if (changes.length === 0) continue;
      level.#tables.push({
        number,
        level: depth,
        size: bytes.length,
        smallest: internalKey(changes[0]!),
        largest: internalKey(changes.at(-1)!),
        rows: locate(changes),
      });
    }
    level.#begin([...logs, current], level.#flushRows(level.#memtable));
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
    const log = logName(this.#log);
    const first = this.#sequence + 1;
    this.#files.append(log, frameRecord(encodeWriteBatch(batch, first), this.#files.size(log)));
    for (const key of batch.deletes) this.#hold(key, null);
    for (const { key, value } of batch.puts) this.#hold(key, value);
  }

  /** What an error leaves behind: the beginning of a record. */
  appendPartly(batch: Batch): void {
    const log = logName(this.#log);
    const record = encodeWriteBatch(batch, this.#sequence + 1);
    const bytes = frameRecord(record, this.#files.size(log));
    this.#files.append(log, bytes.subarray(0, bytes.length >>> 1));
  }

  syncLog(): void {
    this.#files.fsync(logName(this.#log));
  }

  failSyncLog(): void {
    this.#files.failFsync(logName(this.#log));
  }

  /** Unverified, as LevelDB reads. `EIO`: the device refuses. */
  read(key: string): Uint8Array | null | 'EIO' {
    const held = this.#memtable.get(key) ?? this.#immutable?.get(key);
    if (held !== undefined) return held.value;
    let newest: { readonly table: Table; readonly located: Located } | null = null;
    for (const table of this.#tables) {
      const located = table.rows.get(key);
      if (located === undefined) continue;
      if (newest === null || newest.located.sequence < located.sequence)
        newest = { table, located };
    }
    const extent = newest?.located.extent ?? null;
    if (newest === null || extent === null) return null;
    return this.#readExtent(tableName(newest.table.number), extent.offset, extent.length);
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
    this.#memtable.set(key, { sequence: this.#sequence, value });
    this.#memtableBytes += key.length + (value?.length ?? 0) + 16;
  }

  #replay(log: Uint8Array): void {
    for (const { bytes } of readLog(log).records) {
      for (const { key, sequence, value } of decodeWriteBatch(bytes) ?? []) {
        this.#memtable.set(key, { sequence, value });
        this.#sequence = Math.max(this.#sequence, sequence);
      }
    }
  }

  // ----------------------------------------------------------------------------------------------------------- the switch

  #switchLogIfFull(): void {
    if (this.#memtableBytes < this.#writeBuffer || this.#steps.length > 0) return;
    const old = logName(this.#log);
    // Closed, not synced: whatever of it is only cached may be lost although what follows in the new log is not.
    this.#log = this.#nextFile++;
    this.#files.create(logName(this.#log));
    const rows = this.#flushRows(this.#memtable);
    this.#immutable = this.#memtable;
    this.#memtable = new Map();
    this.#memtableBytes = 0;
    this.#schedule(0, rows, [], [old]);
  }

  /** Write a table of `rows`; then let the MANIFEST add it and forget `inputs`; then remove what nothing needs. */
  #schedule(
    level: number,
    rows: readonly TableRow[],
    inputs: readonly Table[],
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
        if (level === 0) this.#immutable = null;
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
    const newest = new Map<string, TableRow>();
    for (const { number } of inputs) {
      const { bytes, unreadable } = readWhole(this.#files, tableName(number));
      const { changes, defects } = readTable(bytes, true);
      // What cannot be parsed stays as it is: the real one stops compacting too.
      if (defects.length > 0 || unreadable.length > 0) return;
      for (const change of changes) {
        const known = newest.get(change.key);
        if (known === undefined || known.sequence < change.sequence) newest.set(change.key, change);
      }
    }
    // A deletion is needed for as long as something below may hold what it deletes.
    const rows = [...newest.values()].filter((row) => !isDeepest || row.value !== null);
    this.#schedule(depth, rows.sort(byKey), inputs, []);
  }

  #flushRows(memtable: ReadonlyMap<string, Held>): TableRow[] {
    const rows: TableRow[] = [];
    for (const [key, { sequence, value }] of memtable) rows.push({ key, sequence, value });
    return rows.sort(byKey);
  }

  // ------------------------------------------------------------------------------------------------------------- the files

  #writeTable(table: BuiltTable): void {
    const name = tableName(table.number);
    this.#files.create(name);
    this.#files.append(name, table.bytes);
    this.#files.fsync(name);
  }

  #appendEdit(inputs: readonly Table[], built: BuiltTable | null): void {
    const added = built === null ? [] : [{ ...built, size: built.bytes.length }];
    this.#appendManifest({ deleted: inputs, added });
    this.#files.fsync(this.#manifest);
  }

  #appendManifest(edit: {
    readonly deleted: readonly { readonly level: number; readonly number: number }[];
    readonly added: readonly (Omit<BuiltTable, 'bytes' | 'rows'> & { readonly size: number })[];
  }): void {
    const record = encodeVersionEdit({
      ...edit,
      logNumber: this.#log,
      nextFileNumber: this.#nextFile,
      lastSequence: this.#sequence,
    });
    this.#files.append(this.#manifest, frameRecord(record, this.#files.size(this.#manifest)));
  }

  /** A new log and a new MANIFEST that holds the whole version; CURRENT changes over by a rename; then `obsolete` files go. */
  #begin(obsolete: readonly string[], rows: readonly TableRow[]): void {
    const manifest = this.#nextFile++;
    this.#log = this.#nextFile++;
    if (rows.length > 0) {
      const built = buildTable(this.#nextFile++, 0, rows);
      this.#writeTable(built);
      this.#tables.push(tableOf(built));
    }
    this.#memtable = new Map();
    this.#files.create(logName(this.#log));
    this.#manifest = manifestName(manifest);
    this.#files.create(this.#manifest);
    this.#appendManifest({ deleted: [], added: this.#tables });
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

function tableOf({ bytes, ...built }: BuiltTable): Table {
  return { ...built, size: bytes.length };
}

function locate(changes: readonly TableChange[]): Map<string, Located> {
  const rows = new Map<string, Located>();
  for (const { key, sequence, value, offset } of changes) {
    const known = rows.get(key);
    if (known !== undefined && known.sequence >= sequence) continue;
    const extent = value === null ? null : { offset, length: value.length };
    rows.set(key, { sequence, extent });
  }
  return rows;
}
