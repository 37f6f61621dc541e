/**
 * Keyed randomness: a draw is a pure function of (seed, purpose, ordinal), so no draw can shift another, and a fork draws the same future.
 */

/** Each purpose is a stream of its own; numbers are never reused. */
export const PURPOSE_ELECTION = 1;
export const PURPOSE_REQUEST_IDS = 2;

export type Seed = readonly [number, number, number, number];

function scramble(word: number): number {
  let h = word | 0;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return h ^ (h >>> 16);
}

/** 32 uniform bits for the `ordinal`-th draw of `purpose`. */
export function mix(seed: Seed, purpose: number, ordinal: number): number {
  let h = scramble(seed[0] ^ Math.imul(purpose, 0x9e3779b1));
  h = scramble(h ^ seed[1] ^ ordinal);
  h = scramble(h ^ seed[2] ^ Math.floor(ordinal / 0x100000000));
  return scramble(h ^ seed[3]) >>> 0;
}

/** An integer in [min, max]. */
export function uniform(
  seed: Seed,
  purpose: number,
  ordinal: number,
  min: number,
  max: number,
): number {
  return min + (mix(seed, purpose, ordinal) % (max - min + 1));
}
