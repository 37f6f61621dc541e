/**
 * Judges a backup by its bytes as they come, from a file or from far away: none is believed before the last record agrees with all that came
 * before it. Holds one record at a time, so a backup of any size is checked in little memory.
 */
import { allocate } from '@seedraft/codec';
import {
  BACKUP_LENGTH_BYTES,
  BACKUP_MAGIC,
  type BackupAbout,
  type BackupRecord,
  MAX_BACKUP_RECORD_BYTES,
  openBackupRecord,
} from './backup.ts';
import { ChunkIndex } from './chunk.ts';

/** Where a record's bytes are, without the length before them. */
export interface BackupPlace {
  readonly ordinal: number;
  readonly offset: number;
  readonly length: number;
}

export interface CheckedBackup {
  readonly about: BackupAbout;
  /** Of the state's bytes: which part is where, how many there are, their CRC32C. */
  readonly chunks: ChunkIndex;
  /** Of the records: the header, one for each chunk, the end. */
  readonly places: readonly BackupPlace[];
  readonly bytes: number;
}

export interface BackupFlaw {
  readonly code: 'NOT_A_BACKUP' | 'FORMAT_NEWER' | 'BACKUP_DAMAGED';
  /** A sentence about `name`, the backup as people know it; it says what to do. */
  readonly sentence: string;
}

export class BackupCheck {
  readonly #name: string;
  readonly #chunks = new ChunkIndex();
  readonly #places: BackupPlace[] = [];
  #expects: 'magic' | 'length' | 'record' | 'nothing' = 'magic';
  /** Came, and was not looked at yet. */
  #parts: Uint8Array[] = [];
  #held = 0;
  #wanted = BACKUP_MAGIC.length;
  /** Of the frame that is looked at. */
  #offset = 0;
  #bytes = 0;
  #about: BackupAbout | null = null;
  #flaw: BackupFlaw | null = null;

  constructor(name: string) {
    this.#name = name;
  }

  /** The next bytes, kept only until they were looked at. Null: nothing is wrong so far; a flaw stays. */
  push(bytes: Uint8Array): BackupFlaw | null {
    this.#bytes += bytes.length;
    if (bytes.length > 0) this.#parts.push(bytes);
    this.#held += bytes.length;
    while (this.#flaw === null && this.#held >= this.#wanted) {
      this.#flaw = this.#take(this.#next());
    }
    return this.#flaw;
  }

  /** There are no more bytes. */
  end(): CheckedBackup | BackupFlaw {
    if (this.#flaw !== null) return this.#flaw;
    if (this.#expects === 'magic') return this.#foreign();
    if (this.#expects !== 'nothing') return this.#damaged('it ends before its last record');
    const [chunks, places, bytes] = [this.#chunks, this.#places, this.#bytes];
    return { about: this.#about!, chunks, places, bytes };
  }

  /** As many as are wanted. */
  #next(): Uint8Array {
    const [first] = this.#parts;
    const all = this.#parts.length === 1 ? first! : joined(this.#parts, this.#held);
    const rest = all.subarray(this.#wanted);
    this.#parts = rest.length === 0 ? [] : [rest];
    this.#held = rest.length;
    return all.subarray(0, this.#wanted);
  }

  #take(bytes: Uint8Array): BackupFlaw | null {
    switch (this.#expects) {
      case 'magic':
        if (String.fromCharCode(...bytes) !== BACKUP_MAGIC) return this.#foreign();
        this.#offset = bytes.length;
        return this.#expect('length', BACKUP_LENGTH_BYTES);
      case 'length': {
        const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
        if (length > MAX_BACKUP_RECORD_BYTES) return this.#damaged('no record is that long');
        return this.#expect('record', length);
      }
      case 'record':
        return this.#open(bytes);
      case 'nothing':
        return this.#damaged('something follows its last record');
    }
  }

  #expect(what: 'length' | 'record' | 'nothing', wanted: number): null {
    this.#expects = what;
    this.#wanted = wanted;
    return null;
  }

  #open(bytes: Uint8Array): BackupFlaw | null {
    const ordinal = this.#places.length;
    const opened = openBackupRecord(ordinal, bytes);
    if (opened.status === 'newer') {
      const sentence = `${this.#name} was written in format ${opened.version}: use the version that wrote it`;
      return { code: 'FORMAT_NEWER', sentence };
    }
    if (opened.status === 'damaged') return this.#damaged(`the record ${opened.reason}`);
    const flaw = this.#admit(opened.record);
    if (flaw !== null) return this.#damaged(flaw);
    const offset = this.#offset + BACKUP_LENGTH_BYTES;
    this.#places.push({ ordinal, offset, length: bytes.length });
    this.#offset = offset + bytes.length;
    const isLast = opened.record.kind === 'end';
    return isLast ? this.#expect('nothing', 1) : this.#expect('length', BACKUP_LENGTH_BYTES);
  }

  /** Null: it may stand here. */
  #admit(record: BackupRecord): string | null {
    const chunks = this.#chunks;
    if (record.kind === 'header') {
      if (this.#about !== null) return 'it has two headers';
      this.#about = record.about;
      return null;
    }
    if (this.#about === null) return 'its first record is no header';
    if (record.kind === 'end') {
      const isWhole = record.size === chunks.size && record.checksum === chunks.checksum;
      return isWhole ? null : 'its parts are not those that were written';
    }
    if (record.offset !== chunks.size) return 'its parts do not join';
    chunks.append(record.bytes);
    return null;
  }

  #foreign(): BackupFlaw {
    return { code: 'NOT_A_BACKUP', sentence: `${this.#name} was not written by seedraft backup` };
  }

  #damaged(what: string): BackupFlaw {
    const sentence = `${this.#name}, offset ${this.#offset}: ${what}. Use another backup`;
    return { code: 'BACKUP_DAMAGED', sentence };
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = allocate(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
