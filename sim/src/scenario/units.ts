/**
 * Durations and ratios as people write them (`900ms`, `2s`, `5%`, `200ppm`), as schemas that yield the plan's integers: microseconds and
 * parts per million. A bare number is refused where its unit could be mistaken. `format*` are the exact inverses, used when a plan is
 * printed as a scenario.
 */
import { z } from 'zod';

const MICROS: Readonly<Record<string, number>> = { us: 1, ms: 1_000, s: 1_000_000, m: 60_000_000 };
const DURATION = /^(\d+(?:\.\d+)?)(us|ms|s|m)$/;
const RATIO = /^([+-]?\d+(?:\.\d+)?)(%|ppm)$/;
const EXPECTED_DURATION = 'expected a duration with its unit, such as 900ms, 2s or 250us';
const LONGEST = 3_600_000_000;

/** Microseconds, or null when the text is not a duration of at most an hour. */
export function parseDuration(text: string): number | null {
  const found = DURATION.exec(text);
  if (found === null) return null;
  const micros = Math.round(Number(found[1]) * (MICROS[found[2] ?? ''] ?? Number.NaN));
  return micros <= LONGEST ? micros : null;
}

/** Parts per million, or null when the text is not a ratio. */
export function parseRatio(text: string): number | null {
  const found = RATIO.exec(text);
  if (found === null) return null;
  return Math.round(Number(found[1]) * (found[2] === '%' ? 10_000 : 1));
}

/** The shortest exact way to write it: 1500000 -> 1500ms, 2000000 -> 2s. */
export function formatDuration(micros: number): string {
  if (micros === 0) return '0s';
  for (const unit of ['s', 'ms'] as const) {
    const size = MICROS[unit] ?? 1;
    if (micros % size === 0) return `${micros / size}${unit}`;
  }
  return `${micros}us`;
}

/** The shortest exact way to write it: 50000 -> 5%, 200 -> 200ppm. */
export function formatRatio(ppm: number): string {
  return ppm % 10_000 === 0 ? `${ppm / 10_000}%` : `${ppm}ppm`;
}

/** A field's unit, kept in the schema's metadata: the printer of plans finds it there. */
export type Unit = 'duration' | 'ratio';

/** A duration in microseconds, written with its unit. */
export function duration() {
  return z
    .union([z.literal(0), z.string().regex(DURATION, EXPECTED_DURATION)], {
      error: EXPECTED_DURATION,
    })
    .transform((written, context) => {
      const micros = written === 0 ? 0 : parseDuration(written);
      if (micros !== null) return micros;
      context.addIssue({ code: 'custom', message: 'expected at most one hour (60m)' });
      return z.NEVER;
    })
    .meta({ unit: 'duration' satisfies Unit });
}

function ratioWithin(low: number, high: number, meaning: string) {
  return z
    .union([z.number(), z.string().regex(RATIO, `expected ${meaning}`)], {
      error: `expected ${meaning}`,
    })
    .transform((written, context) => {
      const ppm = typeof written === 'number' ? Math.round(written * 1e6) : parseRatio(written);
      if (ppm !== null && ppm >= low && ppm <= high) return ppm;
      context.addIssue({ code: 'custom', message: `expected ${meaning}` });
      return z.NEVER;
    })
    .meta({ unit: 'ratio' satisfies Unit });
}

/** A share between 0 and 1 in ppm: `5%`, `200ppm` or 0.05. */
export function ratio() {
  return ratioWithin(0, 1_000_000, 'a share such as 5%, 200ppm or 0.05 (between 0 and 1)');
}

/** A multiple of 1 in ppm, from 0 up to 100: `250%` or 2.5. */
export function factor() {
  return ratioWithin(0, 100_000_000, 'a factor such as 250% or 2.5 (between 0 and 100)');
}

/** A signed rate error in ppm: `200ppm`, `-1%`. A clock never runs backwards. */
export function drift() {
  return ratioWithin(
    -999_999,
    10_000_000,
    'a rate error such as 200ppm or -1% (above -100%, at most 1000%)',
  );
}
