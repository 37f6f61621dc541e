/**
 * Keyed randomness: a draw is a mix of (root, stream version, purpose, entity a, entity b, ordinal), never the next number of one long
 * sequence. So the latency of the 7th AppendEntries on link 2->3 is the same whatever else is drawn, added or shrunk away; a new
 * purpose leaves every old seed as it was.
 *
 * seedrandom (Alea, frozen since 2019) expands the seed's text once, to the root; a loop never calls it. The mixing is integer only.
 */
import alea from 'seedrandom/lib/alea.js';
import type { Draw } from './faults/fault.ts';

/** Four 32-bit words, unsigned. */
export type Root = readonly [number, number, number, number];

/** Part of every key: raised when the mixing changes, so that an old artifact can say which stream it was made with. */
export const STREAM_VERSION = 1;

/** The seed's text, of any length, to the root of every draw. */
export function expandSeed(seed: string): Root {
  const generator = alea(seed);
  const word = (): number => generator.int32() >>> 0;
  return [word(), word(), word(), word()];
}

const purposes = new Map<string, number>();

/** The number of a purpose: FNV-1a of its name, so that it does not depend on which purposes exist, or were used before. */
export function purposeOf(name: string): number {
  const known = purposes.get(name);
  if (known !== undefined) return known;
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  }
  hash >>>= 0;
  purposes.set(name, hash);
  return hash;
}

/** A bijection of 32 bits in which every input bit moves every output bit. */
function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return x ^ (x >>> 15);
}

/** Draws of one (purpose, a, b), counted by its own ordinal. */
export class Stream {
  readonly #low: number;
  readonly #high: number;
  #ordinal = 0;

  constructor(root: Root, purpose: number, a: number, b: number) {
    let low = mix(root[0] ^ STREAM_VERSION);
    low = mix(low ^ root[1] ^ purpose);
    low = mix((low + a) ^ root[2]);
    let high = mix(root[3] ^ purpose);
    high = mix((high + b) ^ root[1]);
    this.#low = mix(low + Math.imul(b, 0x9e3779b1));
    this.#high = mix(high + Math.imul(a, 0x85ebca77) + root[0]);
  }

  /** The draw with this ordinal, whatever was drawn before: a uint32. */
  at(ordinal: number): number {
    let x = (this.#low + Math.imul(ordinal, 0x9e3779b9)) | 0;
    x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
    x = (x ^ (x >>> 15)) + this.#high;
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return (x ^ (x >>> 16)) >>> 0;
  }

  /** The next draw: a uint32. */
  uint32(): number {
    const ordinal = this.#ordinal;
    this.#ordinal = ordinal + 1;
    return this.at(ordinal);
  }

  /** Uniform in [0, n), 0 < n <= 2^32. */
  below(n: number): number {
    return scale(this.uint32(), n);
  }

  /** Uniform integer in [low, high]. */
  between(low: number, high: number): number {
    return low + scale(this.uint32(), high - low + 1);
  }

  /** True with probability ppm / 1e6. */
  chance(ppm: number): boolean {
    return scale(this.uint32(), 1_000_000) < ppm;
  }
}

/** A uint32 to [0, n), by the high part of the product, exactly (a double holds 53 bits, the product may need 64). */
export function scale(word: number, n: number): number {
  if (n <= 0x200000) return Math.floor((word * n) / 0x1_0000_0000);
  const top = Math.floor(n / 0x10000);
  const bottom = n - top * 0x10000;
  const lower = Math.floor((word * bottom) / 0x10000);
  return Math.floor((word * top + lower) / 0x10000);
}

/** All streams of a run. Streams asked for by the same key are one stream, so that ordinals are counted once. */
export class Randomness {
  readonly root: Root;
  readonly #streams = new Map<string, Stream>();

  constructor(root: Root) {
    this.root = root;
  }

  stream(purpose: string, a = 0, b = 0): Stream {
    const key = `${purpose} ${a} ${b}`;
    const known = this.#streams.get(key);
    if (known !== undefined) return known;
    const stream = new Stream(this.root, purposeOf(purpose), a, b);
    this.#streams.set(key, stream);
    return stream;
  }

  /** The same stream for its only asker: a link has eleven, and nobody looks one up again. */
  own(purpose: string, a: number, b: number): Stream {
    return new Stream(this.root, purposeOf(purpose), a, b);
  }

  /** Four words that do not share an ordinal with anything: the seed of a member's boot. */
  words(purpose: string, a = 0, b = 0): Root {
    const stream = new Stream(this.root, purposeOf(purpose), a, b);
    return [stream.at(0), stream.at(1), stream.at(2), stream.at(3)];
  }

  /** The draws of one planned fault, or of anything else that is named once. */
  draw(scope: string, id: number): Draw {
    return new KeyedDraw(this, scope, id);
  }
}

class KeyedDraw implements Draw {
  readonly #randomness: Randomness;
  readonly #scope: string;
  readonly #id: number;

  constructor(randomness: Randomness, scope: string, id: number) {
    this.#randomness = randomness;
    this.#scope = scope;
    this.#id = id;
  }

  uint32(purpose: string): number {
    return this.#randomness.stream(`${this.#scope}.${purpose}`, this.#id).uint32();
  }
  between(purpose: string, low: number, high: number): number {
    return low + scale(this.uint32(purpose), high - low + 1);
  }
  chance(purpose: string, ppm: number): boolean {
    return scale(this.uint32(purpose), 1_000_000) < ppm;
  }
  pick<T>(purpose: string, from: readonly T[]): T {
    if (from.length === 0) throw new Error(`nothing to pick for ${purpose}`);
    return from[scale(this.uint32(purpose), from.length)] as T;
  }
  shuffle<T>(purpose: string, from: readonly T[]): T[] {
    const shuffled = from.slice();
    for (let last = shuffled.length - 1; last > 0; last -= 1) {
      const other = scale(this.uint32(purpose), last + 1);
      const held = shuffled[last] as T;
      shuffled[last] = shuffled[other] as T;
      shuffled[other] = held;
    }
    return shuffled;
  }
}
