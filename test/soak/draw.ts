/** Seeded choices for proofs that try many of something. Not for anything that must be hard to guess. */

/** A whole number in [0, below). */
export type Draw = (below: number) => number;

/** The same sequence for the same seed. */
export function drawFrom(seed: number): Draw {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

export const one = <T>(draw: Draw, values: readonly T[]): T => values[draw(values.length)]!;
