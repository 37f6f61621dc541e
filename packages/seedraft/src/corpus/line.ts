/**
 * The results of campaigns as lines of JSON that are only ever appended: one that says which campaign, then one for each block of seeds that has
 * finished under every scenario. A block ends where the seed number is a multiple of BLOCK, so that whoever runs the same seeds writes the same
 * blocks, and what two machines did twice is counted once.
 */
import { createHash } from 'node:crypto';
import type { Expected } from '@seedraft/sim';
import { z } from 'zod';
import { type BuildIdentity, buildIdentity } from '../build-identity.ts';
import type { TallyRecord } from '../campaign/tally.ts';
import type { ScenarioSource } from '../campaign/task.ts';
import type { UnitVerdict } from '../campaign/unit.ts';
import { expectedFrom, leavesAllToTheSeed } from '../campaign/vacuity.ts';
import { protocolOf } from '../config/define.ts';
import type { ConfigInForce } from '../config/load.ts';
import { loadScenario } from '../scenarios.ts';

export const CORPUS_FORMAT = 2;

/** Seeds to a line. */
export const BLOCK = 64;

/** All that decides what a seed does: results with another identity do not add up. */
export interface CampaignIdentity extends BuildIdentity {
  readonly root: string;
  /** Of the user's bundled config; null: the built-in machine. */
  readonly config: string | null;
  readonly scenarios: readonly {
    /** What `seedraft run` takes. */
    readonly file: string;
    /** 16 hex digits over its text. */
    readonly hash: string;
    readonly leavesAllToTheSeed: boolean;
  }[];
  /** What enough such runs must have met: only the config knows it of a protocol of one's own, and who merges need not have the config. */
  readonly expected: Expected;
}

export interface CampaignLine extends CampaignIdentity {
  readonly corpus: typeof CORPUS_FORMAT;
  readonly type: 'campaign';
  /** 16 hex digits over the identity. */
  readonly id: string;
  /** Where the config was, for the lines that people paste; machines may keep it in other places. Null: none. */
  readonly configFile: string | null;
}

export interface SeedsLine {
  readonly corpus: typeof CORPUS_FORMAT;
  readonly type: 'seeds';
  /** Of the campaign. */
  readonly id: string;
  readonly first: number;
  readonly last: number;
  /** Of one machine, since the line before. */
  readonly wallSeconds: number;
  readonly tally: TallyRecord;
}

export type CorpusLine = CampaignLine | SeedsLine;

const digest = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 16);

export function campaignLine(
  scenarios: readonly ScenarioSource[],
  root: string,
  { config, bundle }: ConfigInForce,
): CampaignLine {
  const identity: CampaignIdentity = {
    ...buildIdentity(),
    root,
    config: bundle?.hash ?? null,
    scenarios: scenarios.map((source) => ({
      file: source.file,
      hash: digest(source.text),
      leavesAllToTheSeed: leavesAllToTheSeed(loadScenario(source)),
    })),
    expected: expectedFrom(protocolOf(config)),
  };
  const id = identityHash(identity);
  const configFile = bundle?.file ?? null;
  return { corpus: CORPUS_FORMAT, type: 'campaign', id, ...identity, configFile };
}

/** The commit names the build for people; two checkouts with the same code are the same. */
export function identityHash({
  version,
  build,
  root,
  config,
  scenarios,
  expected,
}: CampaignIdentity): string {
  return digest(JSON.stringify([version, build, root, config, scenarios, expected]));
}

const count = z.int().nonnegative();
const counts = z.record(z.string(), z.number().nonnegative());
const hash = z.string().regex(/^[0-9a-f]{16}$/);
const verdict: z.ZodType<UnitVerdict> = z.enum([
  'pass',
  'violation',
  'liveness',
  'inconclusive',
  'mistake',
  'error',
  'nondeterminism',
]);

const failure = z.strictObject({
  unit: count,
  scenario: z.string(),
  seed: z.string(),
  verdict,
  rule: z.string().nullable(),
  definition: z.string().exactOptional(),
  sentence: z.string().nullable(),
  hash: z.string(),
  events: count,
  simulatedMicros: count,
  acknowledged: count,
  faults: counts,
  rules: counts,
  messages: counts,
  sometimes: counts,
  twice: z.boolean(),
  divergence: z.null(),
});

const tally: z.ZodType<TallyRecord> = z.strictObject({
  hash,
  units: count,
  passed: count,
  inconclusive: count,
  events: count,
  simulatedMicros: count,
  acknowledged: count,
  twice: count,
  faults: counts,
  rules: counts,
  messages: counts,
  sometimes: counts,
  reasons: counts,
  scenarios: z.record(
    z.string(),
    z.strictObject({ runs: count, inconclusive: count, simulatedMicros: count }),
  ),
  failures: z.array(failure),
  undecided: z.array(
    z.strictObject({ unit: count, scenario: z.string(), seed: z.string(), reason: z.string() }),
  ),
  simulated: z.array(count),
  operations: z.array(count),
});

const names = z.array(z.string());

const campaign: z.ZodType<CampaignLine> = z.strictObject({
  corpus: z.literal(CORPUS_FORMAT),
  type: z.literal('campaign'),
  id: hash,
  version: z.string(),
  commit: z.string(),
  build: z.string(),
  root: z.string(),
  config: z.string().nullable(),
  scenarios: z
    .array(z.strictObject({ file: z.string(), hash, leavesAllToTheSeed: z.boolean() }))
    .min(1),
  expected: z.strictObject({ faults: names, rules: names, messages: names, sometimes: names }),
  configFile: z.string().nullable(),
});

const seeds: z.ZodType<SeedsLine> = z.strictObject({
  corpus: z.literal(CORPUS_FORMAT),
  type: z.literal('seeds'),
  id: hash,
  first: count,
  last: count,
  wallSeconds: z.number().nonnegative(),
  tally,
});

/** One line of a file; a sentence says what is wrong with it. */
export function parseLine(text: string): CorpusLine | { readonly wrong: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { wrong: 'is not JSON' };
  }
  const format = (value as { corpus?: unknown } | null)?.corpus;
  if (format !== CORPUS_FORMAT) {
    return typeof format === 'number'
      ? { wrong: wrongFormat(format) }
      : { wrong: 'is no line of a file that `fuzz --results` wrote' };
  }
  const parsed = ((value as CorpusLine).type === 'campaign' ? campaign : seeds).safeParse(value);
  if (!parsed.success) return { wrong: `does not say what it must: ${problemOf(parsed.error)}` };
  const flaw = flawOf(parsed.data);
  return flaw === null ? parsed.data : { wrong: flaw };
}

/** Format 1 did not say what its runs must have met. */
const wrongFormat = (format: number): string =>
  `has format ${format}; this seedraft reads ${CORPUS_FORMAT}: ` +
  'merge these files with the version that wrote them, or run their seeds again';

/** Does JSON end here before it is whole? Then whoever wrote the line was stopped; anything else that is wrong with it has another cause. */
export function isTorn(text: string): boolean {
  if (!text.startsWith('{')) return false;
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (inString && char === '\\') at++;
    else if (char === '"') inString = !inString;
    else if (!inString && (char === '{' || char === '[')) depth++;
    else if (!inString && (char === '}' || char === ']')) depth--;
  }
  return inString || depth > 0;
}

/** What the shape alone does not show: a line that was changed by hand. */
function flawOf(parsed: CorpusLine): string | null {
  if (parsed.type === 'campaign') {
    return parsed.id === identityHash(parsed) ? null : 'has an id that is not of its campaign';
  }
  const { first, last, tally: found } = parsed;
  if (last < first) return `covers no seed: ${first}..${last}`;
  const judged = found.passed + found.inconclusive + found.failures.length;
  const runs = Object.values(found.scenarios).reduce((sum, one) => sum + one.runs, 0);
  const lengths = [judged, runs, found.simulated.length, found.operations.length];
  return lengths.every((length) => length === found.units) ? null : 'does not add up';
}

function problemOf(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? 'nobody knows why' : `${issue.path.join('.')}: ${issue.message}`;
}
