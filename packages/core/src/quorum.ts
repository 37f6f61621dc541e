/**
 * How many are enough, and what a quorum agrees on (Figure 2, "majority"; dissertation 4.3 for joint consensus).
 * Invariant: any two quorums of one voter set share a member. The slow obvious twin lives in the tests.
 */

/**
 * Voters are few: insertion sort into a reused buffer beats any allocation. A plain array, for what comes out of a Float64Array is a boxed
 * double, and commitIndex with everything copied from it would be one.
 */
const scratch: number[] = new Array<number>(256).fill(0);

/** The smallest count that every other majority must overlap. */
export function quorumSize(voters: number): number {
  return (voters >> 1) + 1;
}

/** Where a voter set's values are collected before `quorumValue` reads them. Valid until the next step. */
export function quorumScratch(): number[] {
  return scratch;
}

/**
 * The largest value that a majority of the first `count` collected values reaches. An empty set agrees to anything: Infinity, so that
 * the minimum over both halves of a joint configuration is right without a special case.
 */
export function quorumValue(count: number): number {
  if (count === 0) return Infinity;
  for (let i = 1; i < count; i += 1) {
    const value = scratch[i] as number;
    let j = i - 1;
    while (j >= 0 && (scratch[j] as number) > value) {
      scratch[j + 1] = scratch[j] as number;
      j -= 1;
    }
    scratch[j + 1] = value;
  }
  return scratch[count - quorumSize(count)] as number;
}

/** Have a majority of `voters` said yes? Those who are not voters never count, whatever they said. */
export function hasMajority(voters: readonly number[], granted: readonly number[]): boolean {
  if (voters.length === 0) return true;
  let count = 0;
  for (const voter of voters) if (granted.includes(voter)) count += 1;
  return count >= quorumSize(voters.length);
}
