/** When a file that was to be written could not be: why, in words that go after its name, and what is left of it. */
import { lstatSync, rmSync } from 'node:fs';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist; make it first',
  ENOTDIR: 'something on the way is not a folder',
  EISDIR: 'it is a folder; name a file',
  EEXIST: 'it exists already, and nothing is written over; name a new file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'it would be larger than a file may be here',
  ELOOP: 'it is a link to itself',
  ENAMETOOLONG: 'its name is too long',
};

/** `cannot be written: the disk is full` */
export function writeProblem(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return `cannot be written: ${REASONS[code ?? ''] ?? message}`;
}

/** What was begun is no file to be found later. Leaves devices, pipes and links alone; never throws. */
export function removeRest(file: string): void {
  try {
    if (lstatSync(file).isFile()) rmSync(file);
  } catch {
    // It was never made.
  }
}
