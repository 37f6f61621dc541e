/**
 * A snapshot as bytes (Figure 13's "data", ours): pieces one after the other, each [kind, length, value]. First the header (format,
 * cluster time), then the session table, then the machine's own chunks. Pieces are pulled one by one, so that a large state is written
 * a little per turn; where the bytes are cut for the store and the wire has nothing to do with where a piece ends.
 */
import { crc32c, decodeOrThrow, encodeAfter } from '@seedraft/codec';

/** Raised when the shape changes. */
export const SNAPSHOT_FORMAT = 1;

export const HEADER = 1;
export const SESSIONS = 2;
export const MACHINE = 3;
export type PieceKind = typeof HEADER | typeof SESSIONS | typeof MACHINE;

export interface Piece {
  readonly kind: PieceKind;
  readonly value: unknown;
}

/** One byte for the kind, four for the length. */
const FRAME = 5;

/** Throws CodecError when the value cannot be carried. */
export function encodePiece(kind: PieceKind, value: unknown): Uint8Array {
  const bytes = encodeAfter(FRAME, value);
  const length = bytes.length - FRAME;
  bytes[0] = kind;
  bytes[1] = length >>> 24;
  bytes[2] = length >>> 16;
  bytes[3] = length >>> 8;
  bytes[4] = length;
  return bytes;
}

/** The pieces of a whole snapshot whose checksum agreed, decoded as they are asked for. */
export function* readPieces(bytes: Uint8Array): Generator<Piece, undefined> {
  let at = 0;
  while (at < bytes.length) {
    const kind = bytes[at]! as PieceKind;
    const length =
      ((bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!) >>>
      0;
    const from = at + FRAME;
    at = from + length;
    yield { kind, value: decodeOrThrow(bytes.subarray(from, at)) };
  }
}

/** Cuts a stream of pieces into chunks of at most `chunkBytes`, counting and checksumming on the way. */
export class SnapshotWriter {
  readonly #pieces: Iterator<Uint8Array>;
  readonly #chunkBytes: number;
  #buffered: Uint8Array[] = [];
  #bufferedBytes = 0;
  #exhausted = false;
  /** Bytes given out so far. */
  size = 0;
  /** CRC32C of them. */
  checksum = 0;

  constructor(pieces: Iterator<Uint8Array>, chunkBytes: number) {
    this.#pieces = pieces;
    this.#chunkBytes = chunkBytes;
  }

  /** Nobody reads on. */
  giveUp(): void {
    this.#pieces.return?.();
  }

  /** Null: that was all. Pulls no more pieces than one chunk needs. */
  next(): Uint8Array | null {
    this.#fill();
    if (this.#bufferedBytes === 0) return null;
    const chunk = new Uint8Array(Math.min(this.#chunkBytes, this.#bufferedBytes));
    let filled = 0;
    let used = 0;
    while (filled < chunk.length) {
      const piece = this.#buffered[used]!;
      const room = chunk.length - filled;
      if (piece.length <= room) {
        chunk.set(piece, filled);
        used++;
        filled += piece.length;
      } else {
        chunk.set(piece.subarray(0, room), filled);
        this.#buffered[used] = piece.subarray(room);
        filled += room;
      }
    }
    this.#buffered = this.#buffered.slice(used);
    this.#bufferedBytes -= chunk.length;
    this.size += chunk.length;
    this.checksum = crc32c(chunk, this.checksum);
    return chunk;
  }

  #fill(): void {
    while (!this.#exhausted && this.#bufferedBytes < this.#chunkBytes) {
      const pulled = this.#pieces.next();
      if (pulled.done) {
        this.#exhausted = true;
      } else {
        this.#buffered.push(pulled.value);
        this.#bufferedBytes += pulled.value.length;
      }
    }
  }
}
