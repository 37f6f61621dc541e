/**
 * Real files: as recovery reads them, and as whatever must survive a power loss is written. A name that leads to bytes is made durable
 * only after the bytes. The one place of this room that changes files which LevelDB does not own (the witness of a running member aside).
 */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import type { Directory } from '../leveldb/directory.ts';
import { codeOf } from './refusal.ts';

/** The port of recovery over a real directory. Opens only what it is asked to read: closing a file would release LevelDB's lock on it. */
export class RealDirectory implements Directory {
  readonly #path: string;

  constructor(directory: string) {
    this.#path = directory;
  }

  list(): readonly string[] {
    return readdirSync(this.#path);
  }

  size(name: string): number {
    return statSync(path.join(this.#path, name)).size;
  }

  read(name: string, offset: number, length: number): Uint8Array | null {
    const descriptor = openSync(path.join(this.#path, name), 'r');
    try {
      const bytes = new Uint8Array(length);
      return bytes.subarray(0, readSync(descriptor, bytes, 0, length, offset));
    } catch (thrown) {
      // The device's word about one place; anything else is about the whole directory.
      if (codeOf(thrown) === 'EIO') return null;
      throw thrown;
    } finally {
      closeSync(descriptor);
    }
  }
}

/** Called before each change, with its name: a test may stop the world there, or look at what a crash would leave. */
export type Watcher = (operation: string) => void;

export class DurableFiles {
  readonly #before: Watcher;

  constructor(before: Watcher = () => {}) {
    this.#before = before;
  }

  /** With its parents; those that are new are durable too. */
  makeDirectory(directory: string): void {
    this.#before(`mkdir ${directory}`);
    const first = mkdirSync(directory, { recursive: true });
    if (first === undefined) return;
    for (let made = path.resolve(directory); ; made = path.dirname(made)) {
      this.syncDirectory(path.dirname(made));
      if (made === path.resolve(first)) return;
    }
  }

  /** A new file, or new contents of one that nothing leads to yet; its bytes are durable, its name is not. */
  write(file: string, bytes: Uint8Array): void {
    this.#before(`write ${file}`);
    const descriptor = openSync(file, 'w');
    try {
      writeFully(descriptor, bytes, 0);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }

  /** Bytes in place, durable. */
  overwrite(file: string, offsets: readonly number[], bytes: Uint8Array): void {
    this.#before(`overwrite ${file}`);
    const descriptor = openSync(file, 'r+');
    try {
      for (const offset of offsets) writeFully(descriptor, bytes, offset);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }

  truncate(file: string, size: number): void {
    this.#before(`truncate ${file}`);
    const descriptor = openSync(file, 'r+');
    try {
      ftruncateSync(descriptor, size);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }

  /** Atomic, and durable on return. Both in one directory. */
  rename(from: string, to: string): void {
    this.#before(`rename ${from}`);
    renameSync(from, to);
    this.syncDirectory(path.dirname(to));
  }

  remove(name: string): void {
    this.#before(`remove ${name}`);
    rmSync(name, { recursive: true, force: true });
    this.syncDirectory(path.dirname(name));
  }

  /** Every file of a directory, then its names. */
  syncAll(directory: string): void {
    for (const name of readdirSync(directory)) {
      this.#before(`sync ${name}`);
      const descriptor = openSync(path.join(directory, name), 'r+');
      fsyncSync(descriptor);
      closeSync(descriptor);
    }
    this.syncDirectory(directory);
  }

  syncDirectory(directory: string): void {
    // Windows has no such thing: there a rename is durable by itself or not at all.
    if (process.platform === 'win32') return;
    this.#before(`sync ${directory}`);
    const descriptor = openSync(directory, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }
}

/** However many writes that takes. */
export function writeFully(descriptor: number, bytes: Uint8Array, offset: number): void {
  let done = 0;
  while (done < bytes.length) {
    done += writeSync(descriptor, bytes, done, bytes.length - done, offset + done);
  }
}

/** False once nothing leads to the open file any more: somebody removed the directory of a running member. */
export function isLinked(descriptor: number): boolean {
  return fstatSync(descriptor).nlink > 0;
}

/** Of all files below, as the directory says; what vanishes meanwhile counts nothing. */
export function bytesBelow(directory: string): number {
  let sum = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const name = path.join(directory, entry.name);
    if (entry.isDirectory()) sum += bytesBelow(name);
    else sum += statSync(name, { throwIfNoEntry: false })?.size ?? 0;
  }
  return sum;
}
