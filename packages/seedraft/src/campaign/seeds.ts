/** Which seeds a campaign works on. Seed numbers are what people count in; the seed itself is text. */

/** Seed numbers [first, last], inclusive; empty when last < first. */
export interface SeedRange {
  readonly first: number;
  readonly last: number;
}

/** More than anyone can run, and so few that units of work are exact integers. */
export const HIGHEST_SEED = 999_999_999_999;

export const seedsIn = ({ first, last }: SeedRange): number => Math.max(0, last - first + 1);

/** `A..B`; null: no seed. */
export function formatSeeds(range: SeedRange): string | null {
  return seedsIn(range) === 0 ? null : `${range.first}..${range.last}`;
}

/** The seed text of a number: `17`, or `root/17` under another root than the default. */
export function seedText(root: string, number: number): string {
  return root === '' ? String(number) : `${root}/${number}`;
}

/** `N` is 1..N; `A..B` is inclusive. Null: not a range, or an empty one. */
export function parseSeeds(text: string): SeedRange | null {
  const match = /^(?:(\d{1,12})\.\.)?(\d{1,12})$/.exec(text.trim());
  if (match === null) return null;
  const last = Number(match[2]);
  const first = match[1] === undefined ? 1 : Number(match[1]);
  return last < first ? null : { first, last };
}

/** The part of a range that shard `index` (1-based) of `count` works on; contiguous parts that differ by at most one seed. */
export function shardOf(range: SeedRange, index: number, count: number): SeedRange {
  const base = Math.floor(seedsIn(range) / count);
  const larger = seedsIn(range) % count;
  const begin = (index - 1) * base + Math.min(index - 1, larger);
  const size = base + (index <= larger ? 1 : 0);
  return { first: range.first + begin, last: range.first + begin + size - 1 };
}
