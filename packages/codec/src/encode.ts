/**
 * Values to bytes: one value, one sequence of bytes, on any engine. The core deterministic encoding of RFC 8949 section 4.2.1 with one
 * exception (all numbers that are not integers in [-2^32, 2^32) are 64-bit floats): shortest lengths, sorted map keys, no indefinite items.
 * Kept: what comes out is a plain Uint8Array of exactly its own bytes, aliased by nothing, so it may be kept, sent or compared.
 */
import { allocate, copyInto, LARGEST } from './bytes.ts';
import { CodecError, type Refused, refusalOf } from './error.ts';
import { isWellFormed, utf8Encode, utf8Length } from './text.ts';

/** Nesting allowed in both directions: far above any message, far below any engine's stack. */
export const MAX_DEPTH = 64;

/**
 * The one encoding of a value. Throws CodecError for what the data model has no place for: undefined, functions, symbols, bigints, class
 * instances, NaN and infinities, lone surrogates, cycles and nesting deeper than MAX_DEPTH.
 */
export function encode(value: unknown): Uint8Array {
  return encodeAfter(0, value);
}

/** As `encode`, with `headroom` zero bytes in front: room for a frame header without a second copy. */
export function encodeAfter(headroom: number, value: unknown): Uint8Array {
  return encodeBy(headroom, write, value);
}

/**
 * What `writer` puts of `subject` with the `put…` functions: one value, field by field, for callers that know its shape. It spares the
 * array and asking each field what it is, which is slow where arrays and fields of all kinds meet. `writer` must not encode otherwise.
 */
export function encodeBy<T>(
  headroom: number,
  writer: (subject: T) => void,
  subject: T,
): Uint8Array {
  position = 0;
  depth = 0;
  reserve(headroom);
  for (let i = 0; i < headroom; i++) target[i] = 0;
  writer(subject);
  const slab = target;
  const bytes = copyOut(slab, position);
  // One huge value must not hold its memory for ever.
  if (slab.length > KEPT) target = new Uint8Array(KEPT);
  return bytes;
}

/** Middling ones from common blocks; larger ones without zeroing their bytes first. */
function copyOut(slab: Uint8Array<ArrayBuffer>, length: number): Uint8Array {
  if (length > LARGEST) return new Uint8Array(slab.buffer.slice(0, length));
  const bytes = allocate(length);
  copyInto(bytes, 0, slab, 0, length);
  return bytes;
}

/** As `encode`, with the refusal as a value. */
export function tryEncode(
  value: unknown,
): { readonly ok: true; readonly bytes: Uint8Array } | Refused {
  try {
    return { ok: true, bytes: encode(value) };
  } catch (thrown) {
    return refusalOf(thrown);
  }
}

/** A full batch of entries fits: growing to it anew each time costs more than keeping it. */
const KEPT = 1 << 19;

// The slab that every value is written to before its bytes are copied out. Encoding is synchronous; a getter or a Proxy of the caller's
// that encodes in the midst of being encoded is the caller's own undoing.
let target = new Uint8Array(KEPT);
let position = 0;
let depth = 0;

/** A list: as many values must follow as it says. */
export function putList(length: number): void {
  writeHead(4, length);
}

export function putNumber(value: number): void {
  writeNumber(value);
}

export function putText(text: string): void {
  writeText(text);
}

export function putFlag(flag: boolean): void {
  writeByte(flag ? 0xf5 : 0xf4);
}

export function putNull(): void {
  writeByte(0xf6);
}

export function putBytes(bytes: Uint8Array): void {
  writeBlock(2, bytes);
}

/** Any value, as `encode` writes it. */
export function putValue(value: unknown): void {
  write(value);
}

function reserve(length: number): number {
  const at = position;
  if (at + length > target.length) grow(at + length);
  position = at + length;
  return at;
}

function grow(needed: number): void {
  const larger = new Uint8Array(Math.max(needed, target.length * 2));
  larger.set(target.subarray(0, position));
  target = larger;
}

/** Never `target[reserve(1)] = ...`: that would write to the slab as it was before it grew. */
function writeByte(byte: number): void {
  const at = reserve(1);
  target[at] = byte;
}

function write(value: unknown): void {
  switch (typeof value) {
    case 'number':
      writeNumber(value);
      return;
    case 'string':
      writeText(value);
      return;
    case 'boolean':
      writeByte(value ? 0xf5 : 0xf4);
      return;
    case 'object':
      writeObject(value);
      return;
    case 'undefined':
      throw new CodecError('UNDEFINED', 'undefined cannot be encoded; use null');
    default:
      throw new CodecError('UNSUPPORTED', `a ${typeof value} cannot be encoded`);
  }
}

/** The initial byte and its argument: a value, a length or a count, in the fewest bytes. */
function writeHead(major: number, argument: number): void {
  const first = major << 5;
  if (argument < 24) {
    writeByte(first | argument);
  } else if (argument < 0x100) {
    const at = reserve(2);
    target[at] = first | 24;
    target[at + 1] = argument;
  } else if (argument < 0x1_0000) {
    const at = reserve(3);
    target[at] = first | 25;
    target[at + 1] = argument >> 8;
    target[at + 2] = argument;
  } else {
    const at = reserve(5);
    target[at] = first | 26;
    target[at + 1] = argument >>> 24;
    target[at + 2] = argument >>> 16;
    target[at + 3] = argument >>> 8;
    target[at + 4] = argument;
  }
}

const floatBytes = new DataView(new ArrayBuffer(8));

function writeNumber(value: number): void {
  // Minus zero passes here as zero: two values that are equal encode alike.
  if (value >>> 0 === value) {
    writeHead(0, value >>> 0);
    return;
  }
  const encoded = -1 - value;
  if (encoded >>> 0 === encoded) {
    writeHead(1, encoded);
    return;
  }
  if (!Number.isFinite(value)) {
    throw new CodecError('NOT_FINITE', `${value} has no place in a message`);
  }
  const at = reserve(9);
  target[at] = 0xfb;
  floatBytes.setFloat64(0, value);
  for (let i = 0; i < 8; i++) target[at + 1 + i] = floatBytes.getUint8(i);
}

function writeText(text: string): void {
  const length = text.length;
  if (length <= 256) {
    // Optimistic: nearly every short text is ASCII, and then its bytes are its units, and the platform's encoder, which costs a microsecond
    // to call, is not needed. Otherwise what was written is taken back.
    const before = position;
    writeHead(3, length);
    const at = reserve(length);
    const slab = target;
    let i = 0;
    for (; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) break;
      slab[at + i] = unit;
    }
    if (i === length) return;
    position = before;
  }
  if (!isWellFormed(text)) {
    throw new CodecError('BAD_TEXT', 'a text holds a lone surrogate, which UTF-8 cannot carry');
  }
  writeBlock(3, utf8Encode(text));
}

function writeBlock(major: 2 | 3, bytes: Uint8Array): void {
  const length = bytes.length;
  writeHead(major, length);
  const at = reserve(length);
  copyInto(target, at, bytes, 0, length);
}

function writeObject(value: object | null): void {
  if (value === null) {
    writeByte(0xf6);
    return;
  }
  const isArray = Array.isArray(value);
  if (!isArray && value instanceof Uint8Array) {
    writeBlock(2, value);
    return;
  }
  if (++depth > MAX_DEPTH) {
    throw new CodecError('TOO_DEEP', `nested deeper than ${MAX_DEPTH} levels, or cyclic`);
  }
  if (isArray) {
    writeHead(4, value.length);
    for (let i = 0; i < value.length; i++) write(value[i]);
  } else {
    writeRecord(value as Record<string, unknown>);
  }
  depth--;
}

function writeRecord(record: Record<string, unknown>): void {
  const prototype = Object.getPrototypeOf(record) as unknown;
  if (prototype !== Object.prototype && prototype !== null) {
    throw new CodecError('UNSUPPORTED', 'only plain objects, arrays and Uint8Array can be encoded');
  }
  const keys = inOrder(Object.keys(record));
  writeHead(5, keys.length);
  for (const key of keys) {
    writeText(key);
    write(record[key]);
  }
}

/** Keys as they came, and in order. Messages and results have a few shapes: what was put in order before is not compared again. */
interface Order {
  readonly given: readonly string[];
  readonly sorted: readonly string[];
}

/** As many slots, a power of two, for lists of as many keys of as many units: what is remembered stays small whatever is encoded. */
const SLOTS = 32;
const MOST_KEYS = 16;
const LONGEST_KEY = 32;
const orders: (Order | null)[] = Array.from({ length: SLOTS }, () => null);

function inOrder(keys: string[]): readonly string[] {
  const count = keys.length;
  if (count < 2) return keys;
  const slot = (count * 5 + keys[0]!.length * 3 + keys[1]!.length) & (SLOTS - 1);
  const known = orders[slot]!;
  if (known !== null && isSame(known.given, keys)) return known.sorted;
  let isSorted = true;
  for (let i = 1; i < count && isSorted; i++) isSorted = compareKeys(keys[i - 1]!, keys[i]!) < 0;
  // JavaScript enumerates integer-like keys first and the others as they came: neither is an order to hash by.
  const sorted = isSorted ? keys : [...keys].sort(compareKeys);
  if (count <= MOST_KEYS && keys.every((key) => key.length <= LONGEST_KEY)) {
    orders[slot] = { given: keys, sorted };
  }
  return sorted;
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  if (some.length !== others.length) return false;
  for (let i = 0; i < some.length; i++) if (some[i] !== others[i]) return false;
  return true;
}

/** The RFC's order of map keys: bytewise by their encoding, that is by UTF-8 length, then by code points. */
export function compareKeys(a: string, b: string): number {
  const byLength = utf8Length(a) - utf8Length(b);
  if (byLength !== 0) return byLength;
  for (let i = 0; i < a.length && i < b.length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    // Surrogates (code points above U+FFFF) sort after U+E000..U+FFFF in UTF-8 though their units are smaller.
    if (x !== y) return x >= 0xd800 && y >= 0xd800 ? lift(x) - lift(y) : x - y;
  }
  return a.length - b.length;
}

function lift(unit: number): number {
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
