/**
 * Values to bytes: cbor-x (its no-eval build, so browsers with a strict CSP run the very same path), fenced in.
 * Kept from it: nothing it returns is aliased. It hands out views of a slab that later calls write on, typed as Buffer under Node; here
 * every result is a plain Uint8Array of exactly its own bytes, so it may be kept, sent or compared on any engine.
 * Integers in [-2^32, 2^32) are CBOR integers, all other numbers 64-bit floats; -0 is 0.
 */
import { Encoder } from 'cbor-x/index-no-eval';
import { canonical } from './canonical.ts';
import { type Refused, refusalOf } from './error.ts';

/** What is used of cbor-x, where its own declarations are silent: the second argument of `encode` and two options. */
interface SlabEncoder {
  encode(value: unknown, mode: number): Uint8Array & { start: number; end: number };
}
// REUSE_BUFFER_MODE + RESET_BUFFER_MODE: give me the slab with start and end, and write over it next time, for it is copied at once.
const MODE = 512 + 1024;

const encoder = new Encoder({
  useRecords: false,
  mapsAsObjects: true,
  // The shortest map header; the default reserves two bytes, which is neither canonical nor short.
  variableMapSize: true,
  // Under Node a Uint8Array would get tag 64 and elsewhere none.
  tagUint8Array: false,
  // Sorted Maps stand for objects and must look like them.
  ...{ useTag259ForMaps: false },
}) as unknown as SlabEncoder;

/**
 * The one canonical encoding of a value. Throws CodecError for what the data model has no place for: undefined, functions, symbols,
 * bigints, class instances, NaN and infinities, lone surrogates, `__proto__` keys, cycles and nesting deeper than MAX_DEPTH.
 */
export function encode(value: unknown): Uint8Array {
  return encodeAfter(0, value);
}

/** As `encode`, with `headroom` zero bytes in front: room for a frame header without a second copy. */
export function encodeAfter(headroom: number, value: unknown): Uint8Array {
  const slab = encoder.encode(canonical(value), MODE);
  const { start, end } = slab;
  const length = end - start;
  const bytes = new Uint8Array(headroom + length);
  // For a few dozen bytes a loop is faster than a view and a native copy.
  if (length <= 48) for (let i = 0; i < length; i++) bytes[headroom + i] = slab[start + i]!;
  else bytes.set(slab.subarray(start, end), headroom);
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
