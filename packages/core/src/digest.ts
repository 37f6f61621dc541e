/**
 * A 64-bit digest of plain data in two 32-bit lanes, without BigInt. Every value is tagged by its kind and length, so that different shapes
 * cannot run together. Not cryptographic: it tells states apart, it does not withstand an enemy.
 */

import type { Entry } from './message.ts';

export interface Digest {
  readonly hi: number;
  readonly lo: number;
}

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

/** Two 32-bit lanes that values run through. */
export class Lanes {
  hi = 0x6a09e667;
  lo = 0xbb67ae85;

  word(value: number): void {
    this.hi = Math.imul(this.hi ^ value, 0x85ebca6b);
    this.hi ^= this.hi >>> 13;
    this.lo = Math.imul(((this.lo << 7) | (this.lo >>> 25)) ^ value, 0xc2b2ae35) + this.hi;
    this.lo ^= this.lo >>> 16;
  }

  number(value: number): void {
    float[0] = value;
    this.word(words[0] as number);
    this.word(words[1] as number);
  }

  text(value: string): void {
    this.word(value.length);
    for (let i = 0; i < value.length; i += 1) this.word(value.charCodeAt(i));
  }

  bytes(value: Uint8Array): void {
    this.word(value.length);
    for (let i = 0; i < value.length; i += 1) this.word(value[i] as number);
  }

  digest(value: Digest): void {
    this.word(value.hi);
    this.word(value.lo);
  }

  any(value: unknown): void {
    if (typeof value === 'number') {
      this.word(1);
      this.number(value);
    } else if (typeof value === 'string') {
      this.word(2);
      this.text(value);
    } else if (typeof value === 'boolean') this.word(value ? 4 : 3);
    else if (value === null || value === undefined) this.word(5);
    else if (value instanceof Uint8Array) {
      this.word(6);
      this.bytes(value);
    } else this.compound(value as object);
  }

  compound(value: object): void {
    if (Array.isArray(value)) {
      this.word(7);
      this.word(value.length);
      for (const item of value) this.any(item);
      return;
    }
    // Sorted, so that two ways of building one record cannot differ.
    const keys = Object.keys(value).sort();
    this.word(8);
    this.word(keys.length);
    for (const key of keys) {
      this.text(key);
      this.any((value as Record<string, unknown>)[key]);
    }
  }
}

/** Over any plain data. */
export function digestOf(plain: unknown): Digest {
  const lanes = new Lanes();
  lanes.any(plain);
  return finish(lanes);
}

export function finish(lanes: Lanes): Digest {
  lanes.word(0x9e3779b9);
  lanes.word(0x7f4a7c15);
  return { hi: lanes.hi >>> 0, lo: lanes.lo >>> 0 };
}

/** Large values that never change and are met again and again: configurations, snapshot metadata. */
const known = new WeakMap<object, Digest>();

/** digestOf, remembered by identity: only for immutable values. */
export function digestOfImmutable(value: object): Digest {
  let digest = known.get(value);
  if (digest === undefined) {
    digest = digestOf(value);
    known.set(value, digest);
  }
  return digest;
}

/** Of one log entry, payload included. */
export function digestOfEntry(entry: Entry): Digest {
  const lanes = new Lanes();
  lanes.number(entry.index);
  lanes.number(entry.term);
  lanes.text(entry.kind);
  lanes.number(entry.checksum);
  lanes.bytes(entry.data);
  if (entry.configuration !== null) lanes.digest(digestOfImmutable(entry.configuration));
  return finish(lanes);
}
