/**
 * Reads a write-ahead log or MANIFEST and says, for each place that is not as it was written, whether an intact record follows it. LevelDB's
 * own reader skips to the next block and goes on without a word; here the search for an intact record goes on byte by byte, because
 * what follows a bad place decides between a torn tail and damage.
 */
import { isIntact } from '../integrity.ts';
import {
  FIRST,
  FULL,
  fragmentChecksum,
  LAST,
  LOG_BLOCK_BYTES,
  LOG_HEADER_BYTES,
  MIDDLE,
} from './log-format.ts';

export interface LogRecord {
  /** Of its first fragment's header. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface BadPlace {
  readonly offset: number;
  readonly reason: string;
}

export interface LogContents {
  readonly records: readonly LogRecord[];
  /** Bad places that an intact record follows. */
  readonly damages: readonly BadPlace[];
  /** A bad place with nothing intact after it in this file, or null. */
  readonly tail: BadPlace | null;
}

export function readLog(bytes: Uint8Array): LogContents {
  return new LogReader(bytes).read();
}

class LogReader {
  readonly #bytes: Uint8Array;
  readonly #records: LogRecord[] = [];
  readonly #damages: BadPlace[] = [];
  #bad: BadPlace | null = null;
  #begun: { readonly offset: number; readonly parts: Uint8Array[] } | null = null;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(): LogContents {
    let position = 0;
    while (position < this.#bytes.length) {
      const left = LOG_BLOCK_BYTES - (position % LOG_BLOCK_BYTES);
      if (left < LOG_HEADER_BYTES) position += left;
      else position += this.#readFragment(position, left);
    }
    if (this.#begun !== null) this.#spoil(this.#begun.offset, 'a record ends in the middle');
    return { records: this.#records, damages: this.#damages, tail: this.#bad };
  }

  /** How far to go on: past the fragment, or one byte when there is none here. */
  #readFragment(at: number, left: number): number {
    const bytes = this.#bytes;
    if (at + LOG_HEADER_BYTES > bytes.length) {
      this.#spoil(at, 'a record ends in the middle of its header');
      return bytes.length - at;
    }
    const length = bytes[at + 4]! | (bytes[at + 5]! << 8);
    const type = bytes[at + 6]!;
    const from = at + LOG_HEADER_BYTES;
    const to = from + length;
    if (type < FULL || type > LAST || LOG_HEADER_BYTES + length > left) {
      this.#spoil(at, 'no record begins here');
      return 1;
    }
    if (to > bytes.length) {
      this.#spoil(at, 'a record ends in the middle');
      return 1;
    }
    const recorded =
      (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
    if (!isIntact(recorded, fragmentChecksum(type, bytes, from, to))) {
      this.#spoil(at, 'a record fails its checksum');
      return 1;
    }
    this.#take(type, at, bytes.subarray(from, to));
    return LOG_HEADER_BYTES + length;
  }

  #take(type: number, offset: number, part: Uint8Array): void {
    if (type === FULL || type === FIRST) {
      if (this.#begun !== null) this.#spoil(this.#begun.offset, 'a record does not end');
      if (type === FULL) this.#finish(offset, [part]);
      else this.#begun = { offset, parts: [part] };
      return;
    }
    const begun = this.#begun;
    if (begun === null) {
      this.#spoil(offset, 'a record does not begin');
    } else {
      begun.parts.push(part);
      if (type === MIDDLE) return;
      this.#begun = null;
      this.#finish(begun.offset, begun.parts);
    }
  }

  #finish(offset: number, parts: readonly Uint8Array[]): void {
    if (this.#bad !== null) this.#damages.push(this.#bad);
    this.#bad = null;
    this.#records.push({ offset, bytes: join(parts) });
  }

  /** The first bad place counts until an intact record comes; a record begun before it is part of it. */
  #spoil(offset: number, reason: string): void {
    const from = this.#begun?.offset ?? offset;
    this.#begun = null;
    this.#bad ??= { offset: from, reason };
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
