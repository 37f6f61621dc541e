/**
 * Backups as files (backup.ts). A file appears under its name only when it is whole and durable, and never in the place of another unless that
 * is asked for; one is believed only after every byte of it was checked.
 */
import { closeSync, existsSync, fstatSync, fsyncSync, openSync, readSync, rmSync } from 'node:fs';
import path from 'node:path';
import {
  BACKUP_LENGTH_BYTES,
  BACKUP_MAGIC,
  type BackupAbout,
  BackupEncoder,
  type BackupRecord,
  MAX_BACKUP_RECORD_BYTES,
  openBackupRecord,
} from '../backup.ts';
import { ChunkIndex } from '../chunk.ts';
import { DurableFiles, writeFully } from './files.ts';
import { fileRefusalOf, type Refused, refused } from './refusal.ts';

export interface WrittenBackup {
  readonly outcome: 'ok';
  readonly fileBytes: number;
}

/** A backup whose every byte was checked. */
export interface BackupFile {
  readonly outcome: 'ok';
  readonly file: string;
  readonly fileBytes: number;
  readonly about: BackupAbout;
  /** Of the state's bytes: which part is where, how many there are, their CRC32C. */
  readonly chunks: ChunkIndex;
  /** The bytes of chunk `at`, read and checked again. Throws when they are not what they were. */
  readChunk(at: number): Uint8Array;
}

/** The bytes of a file, for wherever they go; those of a whole one only if it is read to its end. */
export async function* encodeBackup(
  about: BackupAbout,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  const encoder = new BackupEncoder();
  yield encoder.begin(about);
  for await (const chunk of chunks) yield encoder.chunk(chunk);
  yield encoder.end();
}

/** Refused before anything is read from `bytes` when the file is there. What `bytes` throws is thrown on, and nothing is left behind. */
export async function writeBackup(
  file: string,
  bytes: AsyncIterable<Uint8Array>,
  options: { readonly overwrite: boolean },
): Promise<WrittenBackup | Refused> {
  const exists = (): boolean => !options.overwrite && existsSync(file);
  if (exists()) return taken(file);
  const unfinished = `${file}.partial`;
  let descriptor = -1;
  try {
    descriptor = openSync(unfinished, 'w');
    let fileBytes = 0;
    for await (const part of bytes) {
      writeFully(descriptor, part, fileBytes);
      fileBytes += part.length;
    }
    fsyncSync(descriptor);
    // It may have taken hours.
    if (exists()) return taken(file);
    new DurableFiles().rename(unfinished, path.resolve(file));
    return { outcome: 'ok', fileBytes };
  } catch (thrown) {
    return fileRefusalOf(thrown, file);
  } finally {
    if (descriptor >= 0) {
      closeSync(descriptor);
      rmSync(unfinished, { force: true });
    }
  }
}

function taken(file: string): Refused {
  return refused(
    'FILE_EXISTS',
    `${file} is there already, and a backup is not overwritten unasked: name another file`,
  );
}

export function readBackup(file: string): BackupFile | Refused {
  let descriptor = -1;
  try {
    descriptor = openSync(file, 'r');
    return new Reader(file, descriptor).read();
  } catch (thrown) {
    return fileRefusalOf(thrown, file);
  } finally {
    if (descriptor >= 0) closeSync(descriptor);
  }
}

interface Place {
  readonly ordinal: number;
  readonly offset: number;
  readonly length: number;
}

class Reader {
  readonly #file: string;
  readonly #descriptor: number;
  readonly #size: number;
  readonly #chunks = new ChunkIndex();
  readonly #places: Place[] = [];
  #offset = BACKUP_MAGIC.length;
  #ordinal = 0;

  constructor(file: string, descriptor: number) {
    this.#file = file;
    this.#descriptor = descriptor;
    this.#size = fstatSync(descriptor).size;
  }

  read(): BackupFile | Refused {
    const magic = Buffer.from(bytesAt(this.#descriptor, 0, BACKUP_MAGIC.length)).toString('latin1');
    if (magic !== BACKUP_MAGIC) {
      return refused('NOT_A_BACKUP', `${this.#file} was not written by seedraft backup`);
    }
    const header = this.#next();
    if ('outcome' in header) return header;
    if (header.kind !== 'header') return this.#damaged('its first record is no header');
    for (;;) {
      const record = this.#next();
      if ('outcome' in record) return record;
      if (record.kind === 'header') return this.#damaged('it has two headers');
      if (record.kind === 'end') return this.#end(record, header.about);
      if (record.offset !== this.#chunks.size) return this.#damaged('its parts do not join');
      this.#chunks.append(record.bytes);
    }
  }

  #end(
    { size, checksum }: Extract<BackupRecord, { kind: 'end' }>,
    about: BackupAbout,
  ): BackupFile | Refused {
    const chunks = this.#chunks;
    if (size !== chunks.size || checksum !== chunks.checksum) {
      return this.#damaged('its parts are not those that were written');
    }
    if (this.#offset !== this.#size) return this.#damaged('something follows its last record');
    const [file, places] = [this.#file, this.#places];
    return {
      outcome: 'ok',
      file,
      fileBytes: this.#size,
      about,
      chunks,
      // The header came first.
      readChunk: (at) => readAgain(file, places[at + 1]!),
    };
  }

  /** The record at the current place, and on to the next. */
  #next(): BackupRecord | Refused {
    const begin = this.#offset;
    if (begin + BACKUP_LENGTH_BYTES > this.#size) return this.#cutShort();
    const head = bytesAt(this.#descriptor, begin, BACKUP_LENGTH_BYTES);
    const length = new DataView(head.buffer, head.byteOffset).getUint32(0, true);
    if (length > MAX_BACKUP_RECORD_BYTES) return this.#damaged('no record is that long');
    const offset = begin + BACKUP_LENGTH_BYTES;
    if (offset + length > this.#size) return this.#cutShort();
    const ordinal = this.#ordinal++;
    const opened = openBackupRecord(ordinal, bytesAt(this.#descriptor, offset, length));
    if (opened.status === 'newer') {
      return refused(
        'FORMAT_NEWER',
        `${this.#file} was written in format ${opened.version}: use the version that wrote it`,
      );
    }
    if (opened.status === 'damaged') return this.#damaged(`the record ${opened.reason}`);
    this.#places.push({ ordinal, offset, length });
    this.#offset = offset + length;
    return opened.record;
  }

  #cutShort(): Refused {
    return this.#damaged('it ends before its last record');
  }

  #damaged(what: string): Refused {
    const where = `${this.#file}, offset ${this.#offset}`;
    return refused('BACKUP_DAMAGED', `${where}: ${what}. Use another backup`);
  }
}

/** Fewer at the end of the file. */
function bytesAt(descriptor: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const count = readSync(descriptor, bytes, done, length - done, offset + done);
    if (count === 0) break;
    done += count;
  }
  return bytes.subarray(0, done);
}

function readAgain(file: string, { ordinal, offset, length }: Place): Uint8Array {
  const descriptor = openSync(file, 'r');
  try {
    const opened = openBackupRecord(ordinal, bytesAt(descriptor, offset, length));
    if (opened.status === 'intact' && opened.record.kind === 'chunk') return opened.record.bytes;
    const message = `${file}, offset ${offset}: the device gives other bytes than a moment ago`;
    throw Object.assign(new Error(message), { code: 'EIO' });
  } finally {
    closeSync(descriptor);
  }
}
