/** Interleaved rounds: contestants take turns in one process, so that a noisy neighbour hits them alike; medians are compared. */

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** Runs each contestant once a round (after one warm-up round) and returns the median of what it returned. */
export function interleave(
  rounds: number,
  contestants: Readonly<Record<string, () => number>>,
): Record<string, number> {
  const names = Object.keys(contestants);
  const seen = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const value = contestants[name]!();
      if (round > 0) seen.get(name)!.push(value);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(seen.get(name)!)]));
}

/** As `interleave`, for contestants that wait for a disk. */
export async function interleaveAsync(
  rounds: number,
  contestants: Readonly<Record<string, () => Promise<number>>>,
): Promise<Record<string, number>> {
  const names = Object.keys(contestants);
  const seen = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const value = await contestants[name]!();
      if (round > 0) seen.get(name)!.push(value);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(seen.get(name)!)]));
}

/** Calls `work` (which returns how much it did) for about `milliseconds`; returns how much a second. */
export function perSecond(milliseconds: number, work: () => number): number {
  const began = performance.now();
  let done = 0;
  let elapsed = 0;
  do {
    done += work();
    elapsed = performance.now() - began;
  } while (elapsed < milliseconds);
  return (done * 1000) / elapsed;
}
