/**
 * A fast 64-bit hash in two 32-bit lanes, for digests and hash chains: it tells states apart, and keeps no secret and no attacker out.
 * No BigInt, no platform: Math.imul, rotations and xors give the same lanes on every engine. The values are pinned by known-answer tests,
 * since recorded runs compare them across versions.
 *
 * Each 32-bit word is scrambled twice with different odd constants and folded into both lanes; each lane's fold is a bijection, so a change
 * of one word changes both. Lengths are folded in at the end of each part, so parts do not run into each other.
 */
import { assembled, WORTHWHILE } from './assembled.ts';

export interface Digest {
  /** Unsigned 32-bit integers. */
  readonly hi: number;
  readonly lo: number;
}

const floatBits = new DataView(new ArrayBuffer(8));

/** Feeds parts one after the other; `digest()` may be asked at any time and disturbs nothing. */
export class Hash64 {
  #hi = 0;
  #lo = 0;

  constructor(hi = 0, lo = 0) {
    this.reset(hi, lo);
  }

  /** Begin again, from a seed (a chain passes its last digest). */
  reset(hi = 0, lo = 0): this {
    this.#hi = (hi ^ 0x3c6ef372) | 0;
    this.#lo = (lo ^ 0x1b873593) | 0;
    return this;
  }

  /** One 32-bit word; higher bits are ignored. */
  word(word: number): this {
    let k = Math.imul(word, 0xcc9e2d51 | 0);
    k = Math.imul((k << 15) | (k >>> 17), 0x2545f491);
    let hi = this.#hi ^ k;
    hi = (Math.imul((hi << 13) | (hi >>> 19), 5) + 0x6ab9d291) | 0;
    let j = Math.imul(word, 0x9e3779b1 | 0);
    j = Math.imul((j << 16) | (j >>> 16), 0x85ebca77 | 0);
    let lo = this.#lo ^ j;
    lo = (Math.imul((lo << 17) | (lo >>> 15), 9) + 0x38b34ae5) | 0;
    this.#hi = hi;
    this.#lo = lo;
    return this;
  }

  /** A number of any size: small integers as themselves, others by the bits of their double. 0 and -0 are the same. */
  number(value: number): this {
    if (value >>> 0 === value) return this.word(value).word(1);
    if (Number.isSafeInteger(value)) {
      return this.word(value)
        .word(Math.floor(value / 0x1_0000_0000))
        .word(2);
    }
    floatBits.setFloat64(0, value);
    return this.word(floatBits.getUint32(0)).word(floatBits.getUint32(4)).word(3);
  }

  /** Two UTF-16 units a word, then the length. */
  text(text: string): this {
    const length = text.length;
    let i = 0;
    for (; i + 1 < length; i += 2) this.word(text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16));
    if (i < length) this.word(text.charCodeAt(i));
    return this.word(length);
  }

  /** Four bytes a word, little-endian, then the length. */
  bytes(bytes: Uint8Array): this {
    const length = bytes.length;
    // As `word` does, with the lanes in registers: states and groups of hundreds of bytes pass here.
    let hi = this.#hi;
    let lo = this.#lo;
    let i = 0;
    if (length >= WORTHWHILE && assembled !== null) {
      i = length - (length % 4);
      hi = assembled.fold(bytes, 0, i, hi, lo);
      lo = assembled.lower;
    }
    for (; i + 3 < length; i += 4) {
      const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
      let k = Math.imul(word, 0xcc9e2d51 | 0);
      k = Math.imul((k << 15) | (k >>> 17), 0x2545f491);
      hi ^= k;
      hi = (Math.imul((hi << 13) | (hi >>> 19), 5) + 0x6ab9d291) | 0;
      let j = Math.imul(word, 0x9e3779b1 | 0);
      j = Math.imul((j << 16) | (j >>> 16), 0x85ebca77 | 0);
      lo ^= j;
      lo = (Math.imul((lo << 17) | (lo >>> 15), 9) + 0x38b34ae5) | 0;
    }
    this.#hi = hi;
    this.#lo = lo;
    let tail = 0;
    for (let shift = 0; i < length; i++, shift += 8) tail |= bytes[i]! << shift;
    if ((length & 3) !== 0) this.word(tail);
    return this.word(length);
  }

  /** The upper lane of `digest()`, unsigned. With `lo` it spares an object in hot loops. */
  get hi(): number {
    return avalanche((this.#hi + this.#lo) | 0);
  }

  /** The lower lane. Both lanes together are a bijection of the state: finishing adds no collisions. */
  get lo(): number {
    return avalanche(this.#lo ^ this.hi);
  }

  digest(): Digest {
    return { hi: this.hi, lo: this.lo };
  }
}

/** Every bit of the result depends on every bit of the word; a bijection. */
function avalanche(word: number): number {
  let h = word ^ (word >>> 16);
  h = Math.imul(h, 0x21f0aaad);
  h ^= h >>> 15;
  h = Math.imul(h, 0xd35a2d97 | 0);
  return (h ^ (h >>> 15)) >>> 0;
}

const shared = new Hash64();

/** The hash of some bytes or of a text (a text hashes by its UTF-16 units, so not like its UTF-8 bytes). `seed` chains. */
export function hash64(input: Uint8Array | string, seed?: Digest): Digest {
  shared.reset(seed?.hi, seed?.lo);
  if (typeof input === 'string') shared.text(input);
  else shared.bytes(input);
  return shared.digest();
}
