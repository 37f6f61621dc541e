/**
 * The two loops that every byte passes several times on its way through a cluster, CRC32C's and the hash's, as WebAssembly: it loads words
 * where JavaScript loads bytes and checks each index, and is four times as fast. crc32c.ts and hash64.ts say what is computed, compute short
 * inputs and ends themselves, and everything where there is no WebAssembly: the results are the same.
 *
 * One page of memory: the tables, then the piece that is being read.
 */
import { copyInto } from './bytes.ts';
import { tables } from './crc-tables.ts';

/** `lib ES2023` does not have it, as it does not have TextEncoder (text.ts). */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  crc(at: number, end: number, crc: number): number;
  fold(at: number, end: number, hi: number, lo: number): number;
}

/** Bytes of one step of the CRC: one for each table. More are hardly faster, and leave no room in the fastest cache. */
export const STEP = tables.length;
/** Shorter inputs are not worth the call. */
export const WORTHWHILE = 64;

const TABLE = 1024;
/** Where the piece lies, and how much one call takes: a multiple of STEP. */
const PIECE = STEP * TABLE;
const PIECE_BYTES = 65_536 - PIECE;

class Assembled {
  readonly #exports: Exports;
  readonly #memory: Uint8Array;
  /** Its words are little-endian on every machine, as a typed array's are not. */
  readonly #words: DataView;

  constructor(exports: Exports) {
    this.#exports = exports;
    this.#memory = new Uint8Array(exports.memory.buffer);
    this.#words = new DataView(exports.memory.buffer);
    for (const [n, table] of tables.entries()) {
      for (const [i, word] of table.entries()) this.#words.setUint32(n * TABLE + 4 * i, word, true);
    }
  }

  /** The bare remainder (without the complements at both ends) continued over bytes[from, to), a multiple of STEP. */
  crc(bytes: Uint8Array, from: number, to: number, crc: number): number {
    let result = crc;
    for (let at = from; at < to; at += PIECE_BYTES) {
      const end = this.#load(bytes, at, to);
      result = this.#exports.crc(PIECE, end, result);
    }
    return result;
  }

  /** Both lanes continued over bytes[from, to), a multiple of 4. Gives the upper one; `lower` is the other. */
  fold(bytes: Uint8Array, from: number, to: number, hi: number, lo: number): number {
    let upper = hi;
    this.#words.setInt32(PIECE, lo, true);
    for (let at = from; at < to; at += PIECE_BYTES) {
      const lower = this.lower;
      upper = this.#exports.fold(PIECE, this.#load(bytes, at, to), upper, lower);
    }
    return upper;
  }

  get lower(): number {
    return this.#words.getInt32(PIECE, true);
  }

  /** The next piece, and where it ends. */
  #load(bytes: Uint8Array, from: number, to: number): number {
    // A whole array needs no view, which costs more than the few bytes at its end that nobody asked for.
    if (from === 0 && bytes.length <= PIECE_BYTES) {
      this.#memory.set(bytes, PIECE);
      return PIECE + to;
    }
    const end = Math.min(to, from + PIECE_BYTES);
    copyInto(this.#memory, PIECE, bytes, from, end);
    return PIECE + end - from;
  }
}

// ------------------------------------------------------------------------------------------------------------- the instructions

const I32 = 0x7f;
const [AND, XOR, SHIFT_LEFT, SHIFT_RIGHT, ROTATE_LEFT] = [0x71, 0x73, 0x74, 0x76, 0x77];
const [ADD, MULTIPLY, IS_BELOW] = [0x6a, 0x6c, 0x49];
const [LOOP, AGAIN_IF, END] = [[0x03, 0x40], [0x0d, 0], 0x0b];

const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
const setAndGet = (local: number): number[] => [0x22, local];
const constant = (value: number): number[] => [0x41, ...signed(value | 0)];
/** A word of memory at the address on the stack + `offset`; addresses need not be aligned. */
const load = (offset: number): number[] => [0x28, 0, ...unsigned(offset)];
const STORE = [0x36, 0, 0];

/** The end of a loop: parameter 0 goes on by `step`, until it meets parameter 1. */
const untilEnd = (step: number): number[] => {
  const next = [...get(0), ...constant(step), ADD, ...setAndGet(0)];
  return [...next, ...get(1), IS_BELOW, ...AGAIN_IF, END];
};

/** (at, end, crc): each byte of a step has a table of its own, by how many bytes follow it in the step. */
function crcCode(): number[] {
  const words = Array.from({ length: STEP / 4 }, (_, n) => n);
  const loads = words.flatMap((n) => [
    ...[...get(0), ...load(4 * n)],
    ...(n === 0 ? [...get(2), XOR] : []),
    ...set(3 + n),
  ]);
  const lookups = Array.from({ length: STEP }, (_, n) => {
    const bits = 8 * (n % 4);
    const toOffset =
      bits === 0 ? [...constant(2), SHIFT_LEFT] : [...constant(bits - 2), SHIFT_RIGHT];
    const offset = [...get(3 + (n >> 2)), ...toOffset, ...constant(0xff << 2), AND];
    return [...offset, ...load((STEP - 1 - n) * TABLE), ...(n === 0 ? [] : [XOR])];
  });
  return [...LOOP, ...loads, ...lookups.flat(), ...set(2), ...untilEnd(STEP), ...get(2), END];
}

/** (at, end, hi, lo): what Hash64's `word` does. */
function foldCode(): number[] {
  const lane = (lane: number, scramble: number[], fold: number[]): number[] => [
    ...[...scramble, ...get(lane), XOR],
    ...[...fold, ADD, ...set(lane)],
  ];
  const times = (factor: number): number[] => [...constant(factor), MULTIPLY];
  const rotated = (bits: number): number[] => [...constant(bits), ROTATE_LEFT];
  const word = [...get(0), ...load(0), ...setAndGet(4)];
  const upper = lane(
    2,
    [...word, ...times(0xcc9e2d51), ...rotated(15), ...times(0x2545f491)],
    [...rotated(13), ...times(5), ...constant(0x6ab9d291)],
  );
  const lower = lane(
    3,
    [...get(4), ...times(0x9e3779b1), ...rotated(16), ...times(0x85ebca77)],
    [...rotated(17), ...times(9), ...constant(0x38b34ae5)],
  );
  const give = [...constant(PIECE), ...get(3), ...STORE, ...get(2)];
  return [...LOOP, ...upper, ...lower, ...untilEnd(4), ...give, END];
}

// ------------------------------------------------------------------------------------------------------------------ the module

/** Null: there is no WebAssembly here, or it may not be used. */
export const assembled = make();

function make(): Assembled | null {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assemble()));
    return new Assembled(exports as Exports);
  } catch {
    return null;
  }
}

/** The sections of the binary format, in their order. */
function assemble(): Uint8Array {
  const functions = [
    { name: 'crc', parameters: 3, locals: STEP / 4, code: crcCode() },
    { name: 'fold', parameters: 4, locals: 1, code: foldCode() },
  ];
  const types = functions.map(({ parameters }) => [
    0x60,
    ...list(Array.from({ length: parameters }, () => [I32])),
    ...list([[I32]]),
  ]);
  const exported = functions.map(({ name }, n) => [...text(name), 0, n]);
  const bodies = functions.map(({ locals, code }) =>
    sized([...list([[...unsigned(locals), I32]]), ...code]),
  );
  return Uint8Array.from([
    ...[0x00, ...ascii('asm'), 1, 0, 0, 0],
    ...[1, ...sized(list(types))],
    ...[3, ...sized(list(functions.map((_, n) => [n])))],
    ...[5, ...sized(list([[0, 1]]))],
    ...[7, ...sized(list([[...text('memory'), 2, 0], ...exported]))],
    ...[10, ...sized(list(bodies))],
  ]);
}

function list(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function sized(bytes: readonly number[]): number[] {
  return [...unsigned(bytes.length), ...bytes];
}

function text(word: string): number[] {
  return sized(ascii(word));
}

function ascii(word: string): number[] {
  return Array.from(word, (character) => character.charCodeAt(0));
}

/** Seven bits a byte, the lowest first. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): number[] {
  const rest = value >> 7;
  // The sign is that of the last byte's bit 6.
  const isLast = rest === ((value & 0x40) === 0 ? 0 : -1);
  return isLast ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(rest)];
}
