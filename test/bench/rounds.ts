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

/** Speeds of one contestant over the rounds that counted. */
export interface Steady {
  readonly median: number;
  readonly best: number;
}

/** A round that is faster than all before it by less than this is no longer warming up. */
const STEADY = 1.03;
/** So many such rounds in a row: an engine compiles in bursts. */
const CALM_ROUNDS = 2;
const MAX_WARM_UP = 6;

/**
 * As `interleave`, for contestants that return speeds and need many rounds until the engine has compiled what they run: rounds count once no
 * contestant has beaten its own best by 3 % for two of them, or after six. The best round stands beside the median, for machines that have
 * fast and slow minutes.
 */
export function interleaveSteady(
  rounds: number,
  contestants: Readonly<Record<string, () => number>>,
): { readonly warmUp: number; readonly speeds: Record<string, Steady> } {
  const names = Object.keys(contestants);
  const fastest = new Map<string, number>();
  let warmUp = 0;
  for (let calm = 0; calm < CALM_ROUNDS && warmUp < MAX_WARM_UP; warmUp += 1) {
    calm += 1;
    for (const name of names) {
      const speed = contestants[name]!();
      const before = fastest.get(name) ?? 0;
      if (speed > STEADY * before) calm = 0;
      fastest.set(name, Math.max(before, speed));
    }
  }
  const seen = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) seen.get(name)!.push(contestants[name]!());
  }
  const speeds = names.map((name): [string, Steady] => {
    const all = seen.get(name)!;
    return [name, { median: median(all), best: Math.max(...all) }];
  });
  return { warmUp, speeds: Object.fromEntries(speeds) };
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

/** How much `work` (which returns how much it did) does in a second of CPU time, its share of compiling and collecting included. */
export function perCpuSecond(work: () => number): number {
  const before = process.cpuUsage();
  const done = work();
  const { user, system } = process.cpuUsage(before);
  return (done * 1e6) / (user + system);
}
