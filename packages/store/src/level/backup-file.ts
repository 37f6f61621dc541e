/**
 * Backups as files (backup.ts). A file appears under its name only when it is whole and durable, and never in the place of another unless that
 * is asked for; one is believed only after every byte of it was checked.
 */
import { closeSync, existsSync, fsyncSync, openSync, readSync, rmSync } from 'node:fs';
import path from 'node:path';
import { type BackupAbout, BackupEncoder, openBackupRecord } from '../backup.ts';
import { BackupCheck, type BackupPlace } from '../backup-check.ts';
import type { ChunkIndex } from '../chunk.ts';
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
    return checked(file, descriptor);
  } catch (thrown) {
    return fileRefusalOf(thrown, file);
  } finally {
    if (descriptor >= 0) closeSync(descriptor);
  }
}

const BLOCK_BYTES = 256 * 1024;

function checked(file: string, descriptor: number): BackupFile | Refused {
  const check = new BackupCheck(file);
  for (let offset = 0; ; ) {
    const block = bytesAt(descriptor, offset, BLOCK_BYTES);
    if (block.length === 0 || check.push(block) !== null) break;
    offset += block.length;
  }
  const found = check.end();
  if ('code' in found) return refused(found.code, found.sentence);
  const { about, chunks, places, bytes } = found;
  // The header came first.
  const readChunk = (at: number): Uint8Array => readAgain(file, places[at + 1]!);
  return { outcome: 'ok', file, fileBytes: bytes, about, chunks, readChunk };
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

function readAgain(file: string, { ordinal, offset, length }: BackupPlace): Uint8Array {
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
