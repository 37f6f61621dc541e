/**
 * 64 bits in two 32-bit lanes, of what is explored. States are sums of the hashes of their parts, lane by lane, so that a multiset of
 * messages needs no order; parts are therefore mixed well before they are added.
 */

export class Mixer {
  hi = 0;
  lo = 0;

  begin(kind: number): this {
    this.hi = 0x243f6a88 ^ kind;
    this.lo = 0x85a308d3 + kind;
    return this;
  }

  word(value: number): this {
    let hi = Math.imul(this.hi ^ value, 0x9e3779b1);
    hi ^= hi >>> 15;
    const turned = (this.lo << 11) | (this.lo >>> 21);
    let lo = Math.imul(turned ^ Math.imul(value, 0x85ebca77), 0xc2b2ae3d);
    lo ^= lo >>> 13;
    this.hi = (hi + turned) | 0;
    this.lo = lo;
    return this;
  }

  end(): void {
    for (let round = 0; round < 2; round += 1) {
      this.hi = scramble(this.hi ^ Math.imul(this.lo, 0x27d4eb2f));
      this.lo = scramble(this.lo ^ Math.imul(this.hi, 0x165667b1));
    }
  }
}

export function scramble(word: number): number {
  let h = word | 0;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return h ^ (h >>> 16);
}

/** One hash for each way of renaming the members: [hi, lo, hi, lo, ...]. */
export type Hashes = Int32Array;

const mixer = new Mixer();

/** `encode` lists the thing as it looks under the `renaming`-th renaming. */
export function hashesOf(
  renamings: number,
  kind: number,
  encode: (renaming: number) => readonly number[],
): Hashes {
  const hashes = new Int32Array(2 * renamings);
  for (let renaming = 0; renaming < renamings; renaming += 1) {
    mixer.begin(kind);
    for (const word of encode(renaming)) mixer.word(word);
    mixer.end();
    hashes[2 * renaming] = mixer.hi;
    hashes[2 * renaming + 1] = mixer.lo;
  }
  return hashes;
}
