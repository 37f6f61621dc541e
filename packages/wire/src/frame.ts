/**
 * Frames: how messages are told apart in a stream of bytes, and how damage is found. Both protocols, peers' and clients', use them.
 *
 *   0 magic 0x5D | 1 version | 2 kind | 3 reserved, 0 | 4-7 payload length | 8-11 CRC32C of bytes 0-7 and the payload | 12 payload
 *
 * All integers are big-endian. Kept: the length is checked against the cap before anything is allocated or decoded; nothing of a frame is
 * looked at (but its header) before its checksum agreed; no input makes anything here throw.
 */
import { allocate, copyBytes, crc32c } from '@seedraft/codec';
import { type Flaw, flaw } from './flaw.ts';

export const MAGIC = 0x5d;
/** The version of frames and of every payload in them. */
export const WIRE_VERSION = 1;
export const HEADER_BYTES = 12;
/** The default cap of a payload. */
export const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;

/** What a payload is. Below 16: between members; from 16 on: between a client and a member. */
export const FRAME_KIND = {
  handshake: 1,
  peer: 2,
  proof: 3,
  refusal: 4,
  hello: 16,
  welcome: 17,
  request: 18,
  reply: 19,
  credit: 20,
  goodbye: 21,
  event: 22,
  cancel: 23,
  cluster: 24,
} as const;

export interface Frame {
  readonly ok: true;
  /** Not checked against FRAME_KIND: the reader of the payload says WRONG_KIND. */
  readonly kind: number;
  /** The receiver's own: never written again. */
  readonly payload: Uint8Array;
}

/** Writes the header of `frame`, whose first HEADER_BYTES are free and whose payload fills the rest. Returns `frame`. */
export function sealFrame(kind: number, frame: Uint8Array): Uint8Array {
  frame[0] = MAGIC;
  frame[1] = WIRE_VERSION;
  frame[2] = kind;
  frame[3] = 0;
  writeUint32(frame, 4, frame.length - HEADER_BYTES);
  writeUint32(frame, 8, checksum(frame, 0, frame.length));
  return frame;
}

export const readChecksum = (frame: Uint8Array): number => readUint32(frame, 8);
export const writeChecksum = (frame: Uint8Array, sum: number): void => writeUint32(frame, 8, sum);

/** A frame around a copy of `payload`. */
export function encodeFrame(kind: number, payload: Uint8Array): Uint8Array {
  const frame = allocate(HEADER_BYTES + payload.length);
  frame.set(payload, HEADER_BYTES);
  return sealFrame(kind, frame);
}

/** The frame that `bytes` are, no more and no less: for datagrams, files and the simulator. Streams use FrameDecoder. */
export function decodeFrame(bytes: Uint8Array, maxPayload = MAX_PAYLOAD_BYTES): Frame | Flaw {
  return frameFlaw(bytes, maxPayload) ?? openFrame(bytes, 0, bytes.length);
}

/**
 * What keeps `bytes` from being exactly one intact frame, or null: then its kind is kindOf(bytes) and its payload begins at HEADER_BYTES.
 * For readers that copy whatever they keep of it.
 */
export function frameFlaw(bytes: Uint8Array, maxPayload = MAX_PAYLOAD_BYTES): Flaw | null {
  const bad = headerFlaw(bytes, 0, bytes.length, maxPayload);
  if (bad !== null) return bad;
  const end = HEADER_BYTES + readUint32(bytes, 4);
  if (bytes.length < end) return flaw('TRUNCATED', `${end - bytes.length} bytes are missing`);
  if (bytes.length > end) return flaw('TRAILING', `${bytes.length - end} bytes follow the frame`);
  return damage(bytes, 0, end);
}

export const kindOf = (frame: Uint8Array): number => frame[2]!;

/** Cuts a stream into frames, wherever the network cut it. After a flaw it stays flawed: resynchronising would be guessing. */
export class FrameDecoder {
  #maxPayload: number;
  /** Bytes [0, #length) of an unfinished frame; grows with what arrives, never with what a header promises. */
  #held: Uint8Array = EMPTY;
  #length = 0;
  #flaw: Flaw | null = null;

  constructor(maxPayload = MAX_PAYLOAD_BYTES) {
    this.#maxPayload = maxPayload;
  }

  /** Another cap from the next `push` on. */
  limit(maxPayload: number): void {
    this.#maxPayload = maxPayload;
  }

  /** The frames that `chunk` completed, in order, and the flaw that ended the stream, if any. `chunk` may be reused afterwards. */
  push(chunk: Uint8Array): { readonly frames: readonly Frame[]; readonly flaw: Flaw | null } {
    const frames: Frame[] = [];
    if (this.#flaw !== null) return { frames, flaw: this.#flaw };
    let bytes = chunk;
    if (this.#length > 0) bytes = this.#append(chunk);
    let from = 0;
    while (from < bytes.length) {
      this.#flaw = headerFlaw(bytes, from, bytes.length, this.#maxPayload);
      if (this.#flaw?.code === 'TRUNCATED') this.#flaw = null;
      if (this.#flaw !== null || bytes.length - from < HEADER_BYTES) break;
      const end = from + HEADER_BYTES + readUint32(bytes, from + 4);
      if (end > bytes.length) break;
      this.#flaw = damage(bytes, from, end);
      if (this.#flaw !== null) break;
      frames.push(openFrame(bytes, from, end));
      from = end;
    }
    this.#keep(bytes, from);
    return { frames, flaw: this.#flaw };
  }

  #append(chunk: Uint8Array): Uint8Array {
    const length = this.#length + chunk.length;
    if (length > this.#held.length) {
      // Doubling, so that a large frame in many chunks is not copied once per chunk.
      const larger = new Uint8Array(Math.max(length, 2 * this.#held.length));
      larger.set(this.#held.subarray(0, this.#length));
      this.#held = larger;
    }
    this.#held.set(chunk, this.#length);
    this.#length = length;
    return this.#held.subarray(0, length);
  }

  #keep(bytes: Uint8Array, from: number): void {
    if (this.#flaw !== null || from === bytes.length) {
      this.#held = EMPTY;
      this.#length = 0;
    } else if (from > 0 || this.#length === 0) {
      this.#held = copyBytes(bytes, from, bytes.length);
      this.#length = this.#held.length;
    }
  }
}

const EMPTY = new Uint8Array(0);

/** What is wrong with the header at `from`, as far as it is here; TRUNCATED when that is nothing so far. */
function headerFlaw(bytes: Uint8Array, from: number, to: number, maxPayload: number): Flaw | null {
  const available = to - from;
  if (available >= 1 && bytes[from] !== MAGIC) {
    return flaw('BAD_MAGIC', `a frame begins with ${MAGIC}, not with ${bytes[from]}`);
  }
  if (available >= 2 && bytes[from + 1] !== WIRE_VERSION) {
    const version = bytes[from + 1];
    return flaw('BAD_VERSION', `the sender speaks version ${version}, we speak ${WIRE_VERSION}`);
  }
  if (available >= 4 && bytes[from + 3] !== 0) {
    return flaw('BAD_HEADER', 'the reserved byte of the header is set');
  }
  if (available >= 8 && readUint32(bytes, from + 4) > maxPayload) {
    const length = readUint32(bytes, from + 4);
    return flaw('TOO_LARGE', `a payload of ${length} bytes exceeds the cap of ${maxPayload}`);
  }
  if (available < HEADER_BYTES) return flaw('TRUNCATED', 'the bytes end inside a header');
  return null;
}

/** The one place where damage on the way is found: every frame of every protocol passes here, whole. */
function damage(bytes: Uint8Array, from: number, to: number): Flaw | null {
  if (readUint32(bytes, from + 8) !== checksum(bytes, from, to)) {
    return flaw('BAD_CHECKSUM', 'the frame was damaged on the way');
  }
  return null;
}

function openFrame(bytes: Uint8Array, from: number, to: number): Frame {
  return { ok: true, kind: bytes[from + 2]!, payload: copyBytes(bytes, from + HEADER_BYTES, to) };
}

/** Over everything in the frame but the checksum itself. */
function checksum(bytes: Uint8Array, from: number, to: number): number {
  return crc32c(bytes, crc32c(bytes, 0, from, from + 8), from + HEADER_BYTES, to);
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  );
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
