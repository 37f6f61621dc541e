/**
 * Bytes to values, strictly, in one pass, whatever the bytes. Untrusted input is read by this reader rather than by cbor-x, whose decoder
 * would have to be preceded by a pass that visits every byte anyway (decision in README.md); the tests hold the two against each other.
 * Kept: never a BigInt, never undefined, never a class instance, never an object that inherits what the bytes say, never a view of the input unless asked for, nothing allocated beyond
 * what the remaining bytes can fill, one nesting limit for all engines.
 */
import { copyBytes } from './bytes.ts';
import { MAX_DEPTH } from './encode.ts';
import { CodecError, type Refused, refusalOf } from './error.ts';
import { asciiDecode, utf8Decode } from './text.ts';

export type Decoded = { readonly ok: true; readonly value: unknown } | Refused;

/** One value from exactly these bytes, from offset `from` on. Byte strings inside are copies: the input may be reused at once. */
export function decode(bytes: Uint8Array, from = 0): Decoded {
  return attempt(bytes, from, false);
}

/** As `decode`, but byte strings inside are views of `bytes`: for input that is never written again. */
export function decodeShared(bytes: Uint8Array, from = 0): Decoded {
  return attempt(bytes, from, true);
}

/** As `decode`; throws CodecError. For bytes that were checked already, where a failure is a broken invariant. */
export function decodeOrThrow(bytes: Uint8Array): unknown {
  return readAll(bytes, 0, false);
}

function attempt(bytes: Uint8Array, from: number, shared: boolean): Decoded {
  try {
    return { ok: true, value: readAll(bytes, from, shared) };
  } catch (thrown) {
    return refusalOf(thrown);
  }
}

// The cursor. Module-level for speed; decoding is synchronous and calls nothing of the caller's, so it cannot be re-entered.
const EMPTY = new Uint8Array(0);
let source: Uint8Array = EMPTY;
let position = 0;
let depth = 0;
let sharing = false;

function readAll(bytes: Uint8Array, from: number, shared: boolean): unknown {
  source = bytes;
  position = from;
  depth = 0;
  sharing = shared;
  try {
    const value = read();
    if (position !== bytes.length) {
      throw new CodecError('TRAILING', `${bytes.length - position} bytes follow the value`);
    }
    return value;
  } finally {
    source = EMPTY;
  }
}

function read(): unknown {
  const initial = byte();
  const low = initial & 0x1f;
  switch (initial >> 5) {
    case 0:
      return low < 24 ? low : argument(low);
    case 1:
      return negative(low < 24 ? low : argument(low));
    case 2:
      return readBytes(argument(low));
    case 3:
      return readText(argument(low));
    case 4:
      return readArray(argument(low));
    case 5:
      return readObject(argument(low));
    case 6:
      throw new CodecError('UNSUPPORTED', `a tag at offset ${position - 1}`);
    default:
      return readSimple(low);
  }
}

function byte(): number {
  if (position >= source.length) throw truncated();
  return source[position++]!;
}

function need(length: number): number {
  const at = position;
  if (length > source.length - at) throw truncated();
  position = at + length;
  return at;
}

function truncated(): CodecError {
  return new CodecError('TRUNCATED', `the bytes end inside a value, at offset ${source.length}`);
}

/** The number that follows the initial byte: a value, a length or a count. */
function argument(low: number): number {
  if (low < 24) return low;
  if (low === 24) return byte();
  if (low === 25) {
    const at = need(2);
    return (source[at]! << 8) | source[at + 1]!;
  }
  if (low === 26) return uint32(need(4));
  if (low === 27) {
    const at = need(8);
    const high = uint32(at);
    if (high > 0x1fffff) throw unsafe();
    return high * 0x1_0000_0000 + uint32(at + 4);
  }
  if (low === 31) throw new CodecError('UNSUPPORTED', 'an indefinite length');
  throw new CodecError('MALFORMED', `a reserved initial byte at offset ${position - 1}`);
}

function uint32(at: number): number {
  return (
    ((source[at]! << 24) | (source[at + 1]! << 16) | (source[at + 2]! << 8) | source[at + 3]!) >>> 0
  );
}

function unsafe(): CodecError {
  return new CodecError('UNSAFE_INTEGER', 'an integer beyond 2^53 - 1 would lose its last digits');
}

function negative(encoded: number): number {
  const value = -1 - encoded;
  if (value < -Number.MAX_SAFE_INTEGER) throw unsafe();
  return value;
}

function readBytes(length: number): Uint8Array {
  const at = need(length);
  if (sharing) return new Uint8Array(source.buffer, source.byteOffset + at, length);
  return copyBytes(source, at, at + length);
}

function readText(length: number): string {
  const at = need(length);
  if (length <= 256) {
    const ascii = asciiDecode(source, at, at + length);
    if (ascii !== null) return ascii;
  }
  const text = utf8Decode(source.subarray(at, at + length));
  if (text === null) throw new CodecError('BAD_TEXT', `a text at offset ${at} is not UTF-8`);
  return text;
}

/** Every element takes a byte at least, so a count beyond the remaining bytes is a lie told to make us allocate. */
function enter(count: number, bytesEach: number): void {
  if (count * bytesEach > source.length - position) throw truncated();
  if (++depth > MAX_DEPTH) {
    throw new CodecError('TOO_DEEP', `nested deeper than ${MAX_DEPTH} levels`);
  }
}

/** No tuple of ours is longer. */
const TUPLE = 16;

function readArray(count: number): unknown[] {
  enter(count, 1);
  // Tuples are short: one that grows element by element would be given room for 17. Longer ones come in all sizes, and grow.
  const array: unknown[] = count <= TUPLE ? new Array(count) : [];
  // An engine keeps an array of nothing but numbers as doubles once one of them is large, and what is read from it, indexes and terms, is a
  // double from then on, wherever it is stored. With something that is no number in it, each number stays what it is.
  if (count > 0) array[0] = null;
  for (let i = 0; i < count; i++) array[i] = read();
  depth--;
  return array;
}

function readObject(count: number): Record<string, unknown> {
  enter(count, 2);
  const object: Record<string, unknown> = {};
  for (let i = 0; i < count; i++) {
    const initial = byte();
    if (initial >> 5 !== 3) throw new CodecError('BAD_KEY', 'a map key that is not a text');
    const key = readText(argument(initial & 0x1f));
    if (Object.hasOwn(object, key)) throw new CodecError('DUPLICATE_KEY', 'a map key comes twice');
    if (key === '__proto__') defineOwn(object, key, read());
    else object[key] = read();
  }
  depth--;
  return object;
}

/** To assign this one name would change what the object inherits; as a property of its own it is a name like any other, as JSON.parse has it. */
function defineOwn(object: object, key: string, value: unknown): void {
  const isPlain = { writable: true, enumerable: true, configurable: true };
  Object.defineProperty(object, key, { value, ...isPlain });
}

function readSimple(low: number): boolean | null | number {
  if (low === 20) return false;
  if (low === 21) return true;
  if (low === 22) return null;
  if (low === 25) return finite(half(need(2)));
  if (low === 26) return finite(float(need(4), 4));
  if (low === 27) return finite(float(need(8), 8));
  throw new CodecError('UNSUPPORTED', `a simple value at offset ${position - 1}`);
}

const floatBytes = new DataView(new ArrayBuffer(8));

function float(at: number, size: 4 | 8): number {
  for (let i = 0; i < size; i++) floatBytes.setUint8(i, source[at + i]!);
  return size === 4 ? floatBytes.getFloat32(0) : floatBytes.getFloat64(0);
}

/** IEEE 754 half precision: 1 sign, 5 exponent, 10 fraction bits; widened by hand to the single with the same value. */
function half(at: number): number {
  const bits = (source[at]! << 8) | source[at + 1]!;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  const negative = (bits & 0x8000) !== 0;
  if (exponent === 31) return Number.NaN;
  // A subnormal is its fraction times 2^-24, exactly.
  if (exponent === 0) return (negative ? -fraction : fraction) / 0x100_0000;
  floatBytes.setUint32(
    0,
    (negative ? 0x8000_0000 : 0) + ((exponent + 112) << 23) + (fraction << 13),
  );
  return floatBytes.getFloat32(0);
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw new CodecError('NOT_FINITE', 'a number that is not finite');
  // Minus zero is zero: two values that encode alike must also be alike.
  return value === 0 ? 0 : value;
}
