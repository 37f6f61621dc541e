/** Flags as people write them, to values; a bad one says which flag and what it takes. */
import { defaultWorkers } from '../campaign/campaign.ts';
import {
  formatSeeds,
  HIGHEST_SEED,
  parseSeeds,
  type SeedRange,
  seedsIn,
  shardOf,
} from '../campaign/seeds.ts';
import { UsageError } from '../exit-codes.ts';

export function parseWorkers(text: string | undefined): number {
  if (text === undefined) return defaultWorkers();
  const workers = /^\d+$/.test(text) ? Number(text) : 0;
  if (workers < 1 || workers > 256) {
    throw new UsageError(`--workers ${text}: give a whole number from 1 to 256.`);
  }
  return workers;
}

function parseShard(text: string): { index: number; count: number } {
  const match = /^(\d{1,9})\/(\d{1,9})$/.exec(text.trim());
  const index = Number(match?.[1]);
  const count = Number(match?.[2]);
  if (match === null || index < 1 || index > count) {
    throw new UsageError(`--shard ${text}: give i/n with 1 <= i <= n, such as 2/8.`);
  }
  return { index, count };
}

/** The seeds to work on; without --seeds, as many as the time allows. */
export function seedRange(seeds: string | undefined, shard: string | undefined): SeedRange {
  if (seeds === undefined) {
    if (shard !== undefined) {
      throw new UsageError('--shard splits a seed range: give --seeds too.');
    }
    return { first: 1, last: HIGHEST_SEED };
  }
  const range = parseSeeds(seeds);
  if (range === null) {
    throw new UsageError(
      `--seeds ${seeds}: say how many (--seeds 1000), or which, the lower first (--seeds 5001..6000); seeds go up to ${HIGHEST_SEED}.`,
    );
  }
  if (shard === undefined) return range;
  const { index, count } = parseShard(shard);
  if (count > seedsIn(range)) {
    throw new UsageError(
      `--shard ${shard}: --seeds ${formatSeeds(range)} has fewer seeds than shards, so some would test nothing.`,
    );
  }
  return shardOf(range, index, count);
}
