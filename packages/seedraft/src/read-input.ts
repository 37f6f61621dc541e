/** Reads what a user names. Whatever is wrong with it (missing, a folder, endless, forbidden) is the user's to know: a UsageError, never a crash. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { UsageError } from './exit-codes.ts';

const MEBIBYTE = 1_048_576;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist: something on the way is not a folder',
  EACCES: 'may not be read (permission denied)',
  EPERM: 'may not be read (permission denied)',
  EISDIR: 'is a folder',
  ELOOP: 'is a link to itself',
  ENAMETOOLONG: 'has too long a name',
};

/** Why a file that should be there could not be used, in words that go after its name. */
export function fileProblem(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return REASONS[code ?? ''] ?? `cannot be used (${message})`;
}

/** The bytes of a file, pipe or standard input (`-`). Throws UsageError; `mostMebibytes` keeps a device or a mistake from filling memory. */
export function readInput(file: string, mostMebibytes: number): Buffer {
  try {
    const descriptor = file === '-' ? 0 : openSync(file, 'r');
    try {
      if (fstatSync(descriptor).isDirectory()) throw new UsageError(`${file} is a folder.`);
      return readAll(file, descriptor, mostMebibytes);
    } finally {
      if (descriptor !== 0) closeSync(descriptor);
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${file} ${fileProblem(error)}.`);
  }
}

function readAll(file: string, descriptor: number, mostMebibytes: number): Buffer {
  const parts: Buffer[] = [];
  for (let total = 0; ; ) {
    const part = Buffer.allocUnsafe(MEBIBYTE);
    const read = readSync(descriptor, part, 0, MEBIBYTE, null);
    if (read === 0) return Buffer.concat(parts, total);
    total += read;
    if (total > mostMebibytes * MEBIBYTE) {
      throw new UsageError(`${file} is larger than ${mostMebibytes} MiB.`);
    }
    parts.push(part.subarray(0, read));
  }
}
