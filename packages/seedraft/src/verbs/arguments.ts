/** Flags as people write them, to numbers; a bad one says which flag and what it takes. */
import { defaultWorkers } from '../campaign/campaign.ts';
import { UsageError } from '../exit-codes.ts';

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `90s`, `2m`, `500ms`, `1h`; a bare number is seconds. In milliseconds. */
export function parseDuration(flag: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim());
  const milliseconds = match === null ? 0 : Number(match[1]) * UNITS[match[2] ?? 's']!;
  if (milliseconds <= 0)
    throw new UsageError(`${flag} ${text}: give a time such as 60s, 2m or 1h.`);
  return milliseconds;
}

export function parseWorkers(text: string | undefined): number {
  if (text === undefined) return defaultWorkers();
  const workers = Number(text);
  if (!Number.isInteger(workers) || workers < 1 || workers > 256) {
    throw new UsageError(`--workers ${text}: give a whole number from 1 to 256.`);
  }
  return workers;
}

export function parseShard(text: string): { index: number; count: number } {
  const match = /^(\d+)\/(\d+)$/.exec(text.trim());
  const index = Number(match?.[1]);
  const count = Number(match?.[2]);
  if (match === null || index < 1 || index > count) {
    throw new UsageError(`--shard ${text}: give i/n with 1 <= i <= n, such as 2/8.`);
  }
  return { index, count };
}
