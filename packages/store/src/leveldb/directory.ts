/** A directory as recovery reads it: synchronously, before anything may write. The simulator gives bytes of its own, the node real files. */

export interface Directory {
  /** File names, in any order. */
  list(): readonly string[];
  size(name: string): number;
  /** At most `length` bytes; fewer is allowed, none means that no more can be had. Null: the device refuses (EIO). */
  read(name: string, offset: number, length: number): Uint8Array | null;
}

export interface FileContents {
  readonly bytes: Uint8Array;
  /** Offsets that could not be read; zeros stand in for the bytes. */
  readonly unreadable: readonly number[];
}

/** One refusal must not hide what lies beyond it: what cannot be read is stepped over in pages. */
const PAGE_BYTES = 4096;

/** A whole file, however many reads that takes. */
export function readWhole(directory: Directory, name: string): FileContents {
  return readExtent(directory, name, 0, directory.size(name));
}

/** The bytes [offset, offset + length) of a file that is at least as long. */
export function readExtent(
  directory: Directory,
  name: string,
  offset: number,
  length: number,
): FileContents {
  const bytes = new Uint8Array(length);
  const unreadable: number[] = [];
  const end = offset + length;
  let at = offset;
  let wanted = length;
  while (at < end) {
    const part = directory.read(name, at, Math.min(wanted, end - at));
    if (part !== null && part.length > 0) {
      bytes.set(part, at - offset);
      at += part.length;
    } else if (wanted > PAGE_BYTES) {
      wanted = PAGE_BYTES;
    } else {
      unreadable.push(at);
      at = Math.min(end, (Math.floor(at / PAGE_BYTES) + 1) * PAGE_BYTES);
    }
  }
  return { bytes, unreadable };
}
