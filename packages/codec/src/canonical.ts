/**
 * One value, one sequence of bytes, on any engine. The encoder writes maps in the order it meets their keys, and JavaScript meets
 * integer-like keys first; so before encoding, maps are put into the core deterministic order of RFC 8949 section 4.2.1, and everything
 * outside the data model is refused.
 * The data model: null, booleans, finite numbers, well-formed strings, Uint8Array, arrays, string-keyed plain objects.
 */
import { CodecError } from './error.ts';
import { isWellFormed, utf8Length } from './text.ts';

/** Nesting allowed in both directions: far above any message, far below any engine's stack. */
export const MAX_DEPTH = 64;

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

/**
 * The value itself when it already encodes canonically, otherwise a copy in which unsorted objects became sorted Maps.
 * Throws CodecError for what may not be encoded.
 */
export function canonical(value: unknown, depth = 0): unknown {
  switch (typeof value) {
    case 'number':
      if (Number.isFinite(value)) return value;
      throw new CodecError('NOT_FINITE', `${value} has no place in a message`);
    case 'string':
      if (isWellFormed(value)) return value;
      throw new CodecError('BAD_TEXT', 'a text holds a lone surrogate, which UTF-8 cannot carry');
    case 'boolean':
      return value;
    case 'undefined':
      throw new CodecError('UNDEFINED', 'undefined cannot be encoded; use null');
    case 'object':
      if (value === null || value instanceof Uint8Array) return value;
      if (depth >= MAX_DEPTH) {
        throw new CodecError('TOO_DEEP', `nested deeper than ${MAX_DEPTH} levels, or cyclic`);
      }
      return Array.isArray(value)
        ? canonicalArray(value, depth + 1)
        : canonicalObject(value, depth + 1);
    default:
      throw new CodecError('UNSUPPORTED', `a ${typeof value} cannot be encoded`);
  }
}

function canonicalArray(array: readonly unknown[], depth: number): readonly unknown[] {
  let copy: unknown[] | null = null;
  for (let i = 0; i < array.length; i++) {
    const element = array[i];
    const wanted = canonical(element, depth);
    if (wanted === element) continue;
    copy ??= array.slice();
    copy[i] = wanted;
  }
  return copy ?? array;
}

function canonicalObject(object: object, depth: number): object {
  const prototype = Object.getPrototypeOf(object) as unknown;
  if (prototype !== Object.prototype && prototype !== null) {
    throw new CodecError('UNSUPPORTED', 'only plain objects, arrays and Uint8Array can be encoded');
  }
  const record = object as Record<string, unknown>;
  const keys = Object.keys(record);
  let asIs = true;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    if (key === '__proto__') throw new CodecError('BAD_KEY', 'the key __proto__ is refused');
    if (!isWellFormed(key)) throw new CodecError('BAD_TEXT', 'a key holds a lone surrogate');
    if (i > 0 && compareKeys(keys[i - 1]!, key) > 0) asIs = false;
    if (canonical(record[key], depth) !== record[key]) asIs = false;
  }
  if (asIs) return object;
  const sorted = new Map<string, unknown>();
  for (const key of keys.sort(compareKeys)) sorted.set(key, canonical(record[key], depth));
  return sorted;
}
