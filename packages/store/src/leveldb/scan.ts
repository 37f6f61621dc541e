/**
 * Reads a LevelDB directory and the witness beside it with our own eyes, before LevelDB may touch it: CURRENT, MANIFEST, every record of
 * every live log, every block of every live table. LevelDB would pass over damage in silence, or abort the process.
 *
 * When CURRENT or the MANIFEST cannot be believed, every log and table in the directory is read instead: keys are never written twice, so
 * an obsolete file can only add what is not needed any more, and the chain tells what is.
 *
 * Memory: the live logs, one table at a time, and for each key where its newest value lies; values in tables are read when asked for.
 */
import { utf8Decode } from '@seedraft/codec';
import type { Defect, FoundRecord, Place, Scan, SlotCopies } from '../engine.ts';
import { SLOT_BYTES, SLOT_OFFSETS, WITNESS_FILE } from '../witness.ts';
import { type Directory, type FileContents, readWhole } from './directory.ts';
import { type BadPlace, readLog } from './log-reader.ts';
import { readTable } from './table-reader.ts';
import { TableRecord, TableValues } from './table-values.ts';
import { Version } from './version.ts';
import { decodeWriteBatch } from './write-batch.ts';

export const CURRENT_FILE = 'CURRENT';

const numbered = (number: number): string => number.toString().padStart(6, '0');
export const logName = (number: number): string => `${numbered(number)}.log`;
export const tableName = (number: number): string => `${numbered(number)}.ldb`;
export const manifestName = (number: number): string => `MANIFEST-${numbered(number)}`;

const LOG_NAME = /^(\d+)\.log$/;
const TABLE_NAME = /^(\d+)\.ldb$/;
const MANIFEST_LINE = /^(MANIFEST-\d+)\n$/;

export function scanLevelDirectory(directory: Directory): Scan {
  return new DirectoryScan(directory).scan();
}

interface Found extends Place {
  readonly sequence: number;
  /** Of the value; null: deleted. */
  readonly length: number | null;
  /** Null: it lies in a table. */
  readonly value: Uint8Array | null;
}

class DirectoryScan {
  readonly #directory: Directory;
  readonly #names: ReadonlySet<string>;
  readonly #values: TableValues;
  readonly #newest = new Map<string, Found>();
  readonly #defects: Defect[] = [];
  #rewrite = false;
  #cut: Place | null = null;

  constructor(directory: Directory) {
    this.#directory = directory;
    this.#names = new Set(directory.list());
    this.#values = new TableValues(directory);
  }

  scan(): Scan {
    const witness = this.#readWitness();
    const logs = this.#numbersOf(LOG_NAME);
    const tables = this.#numbersOf(TABLE_NAME);
    const hasDatabase =
      this.#names.has(CURRENT_FILE) || logs.length > 0 || tables.length > 0 || this.#hasManifest();
    if (witness === null && !hasDatabase) {
      return { records: [], defects: [], witness, empty: true, rewrite: false, cut: null };
    }
    const version = this.#readVersion();
    if (version === null) {
      for (const number of tables) this.#readTable(number, null);
      this.#readLogs(logs);
    } else {
      for (const { number, size } of version.tables.values()) this.#readTable(number, size);
      this.#readLogs(this.#liveLogs(version, logs));
    }
    return {
      records: this.#records(),
      defects: this.#defects,
      witness,
      empty: false,
      rewrite: this.#rewrite,
      cut: this.#cut,
    };
  }

  #readWitness(): [SlotCopies, SlotCopies] | null {
    if (!this.#names.has(WITNESS_FILE)) return null;
    const bytes = this.#readFile(WITNESS_FILE);
    const copy = (offset: number): Uint8Array => bytes.slice(offset, offset + SLOT_BYTES);
    return [SLOT_OFFSETS[0].map(copy), SLOT_OFFSETS[1].map(copy)];
  }

  /** Null when CURRENT or the MANIFEST cannot be believed. */
  #readVersion(): Version | null {
    if (!this.#names.has(CURRENT_FILE)) return this.#distrust(CURRENT_FILE, 0, 'is missing');
    const line = utf8Decode(this.#readFile(CURRENT_FILE));
    const name = line === null ? null : (MANIFEST_LINE.exec(line)?.[1] ?? null);
    if (name === null) return this.#distrust(CURRENT_FILE, 0, 'does not name a MANIFEST');
    if (!this.#names.has(name)) return this.#distrust(name, 0, 'is missing, but CURRENT names it');

    const version = new Version();
    const { records, damages, tail } = readLog(this.#readFile(name));
    const [damage] = damages;
    if (damage !== undefined) return this.#distrust(name, damage.offset, damage.reason);
    for (const { offset, bytes } of records) {
      if (!version.apply(bytes)) return this.#distrust(name, offset, 'an edit cannot be decoded');
    }
    if (records.length === 0) return this.#distrust(name, 0, 'has no intact edit');
    if (tail === null) return version;
    // Either a crash while appending, or rot in the last edit. Reading everything is right for both.
    this.#add('torn', name, tail);
    this.#rewrite = true;
    return null;
  }

  #liveLogs(version: Version, present: readonly number[]): number[] {
    const { logNumber, previousLogNumber } = version;
    if (!present.includes(logNumber)) {
      const reason = 'is missing, but the MANIFEST names it';
      this.#add('damage', logName(logNumber), { offset: 0, reason });
    }
    return present.filter((number) => number >= logNumber || number === previousLogNumber);
  }

  #readTable(number: number, size: number | null): void {
    const file = tableName(number);
    if (!this.#names.has(file)) {
      const reason = 'is missing, but the MANIFEST names it';
      this.#add('damage', file, { offset: 0, reason });
      return;
    }
    const bytes = this.#noteUnreadable(file, this.#values.load(file));
    if (size !== null && bytes.length !== size) {
      const reason = `is ${bytes.length} bytes long, but the MANIFEST says ${size}`;
      this.#add('damage', file, { offset: 0, reason });
    }
    const { changes, defects } = readTable(bytes);
    for (const defect of defects) this.#add('damage', file, defect);
    for (const { key, sequence, value, offset } of changes) {
      if (!this.#isNewest(key, sequence)) continue;
      this.#newest.set(key, { sequence, length: value?.length ?? null, value: null, file, offset });
    }
  }

  /** In order. A bad tail is torn only if no log has anything intact after it. */
  #readLogs(numbers: readonly number[]): void {
    let torn: { readonly file: string; readonly place: BadPlace } | null = null;
    for (const number of numbers) {
      const file = logName(number);
      const { records, damages, tail } = readLog(this.#readFile(file));
      if (torn !== null && (records.length > 0 || tail !== null)) {
        this.#add('damage', torn.file, torn.place);
        torn = null;
      }
      for (const damage of damages) this.#add('damage', file, damage);
      for (const { offset, bytes } of records) this.#takeBatch(file, offset, bytes);
      if (tail !== null) torn = { file, place: tail };
    }
    if (torn === null) return;
    this.#add('torn', torn.file, torn.place);
    this.#cut = { file: torn.file, offset: torn.place.offset };
  }

  #takeBatch(file: string, offset: number, bytes: Uint8Array): void {
    const changes = decodeWriteBatch(bytes);
    if (changes === null) {
      this.#add('damage', file, { offset, reason: 'a write batch cannot be decoded' });
      return;
    }
    for (const { key, sequence, value } of changes) {
      if (!this.#isNewest(key, sequence)) continue;
      this.#newest.set(key, { sequence, length: value?.length ?? null, value, file, offset });
    }
  }

  #isNewest(key: string, sequence: number): boolean {
    const known = this.#newest.get(key);
    return known === undefined || known.sequence < sequence;
  }

  #records(): FoundRecord[] {
    const live: FoundRecord[] = [];
    for (const key of [...this.#newest.keys()].sort()) {
      const { length, value, file, offset } = this.#newest.get(key)!;
      if (value !== null) live.push({ key, value, file, offset });
      else if (length !== null) live.push(new TableRecord(key, file, offset, length, this.#values));
    }
    return live;
  }

  #readFile(name: string): Uint8Array {
    return this.#noteUnreadable(name, readWhole(this.#directory, name));
  }

  #noteUnreadable(name: string, { bytes, unreadable }: FileContents): Uint8Array {
    for (const offset of unreadable) {
      this.#add('damage', name, { offset, reason: 'cannot be read (EIO)' });
    }
    return bytes;
  }

  #distrust(file: string, offset: number, reason: string): null {
    this.#add('damage', file, { offset, reason });
    this.#rewrite = true;
    return null;
  }

  #add(kind: Defect['kind'], file: string, { offset, reason }: BadPlace): void {
    this.#defects.push({ kind, file, offset, reason });
  }

  #hasManifest(): boolean {
    for (const name of this.#names) if (name.startsWith('MANIFEST-')) return true;
    return false;
  }

  #numbersOf(pattern: RegExp): number[] {
    const numbers: number[] = [];
    for (const name of this.#names) {
      const match = pattern.exec(name);
      if (match !== null) numbers.push(Number(match[1]));
    }
    return numbers.sort((a, b) => a - b);
  }
}
