/** Times as people write them in flags. */
import { UsageError } from '../exit-codes.ts';

/** Of a campaign, when neither seeds nor time are given. */
export const CAMPAIGN_TIME = '45s';

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `90s`, `2m`, `500ms`, `1h`; a bare number is seconds. In milliseconds. */
export function parseTime(flag: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim());
  const milliseconds = match === null ? 0 : Number(match[1]) * UNITS[match[2] ?? 's']!;
  if (milliseconds <= 0) {
    throw new UsageError(`${flag} ${text}: give a time above 0, such as 60s, 2m or 1h.`);
  }
  return milliseconds;
}
