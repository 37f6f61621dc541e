/**
 * Results of many machines as one campaign. Merging is commutative and idempotent: the order of the files does not matter, and a block that
 * stands in several of them is counted once. If they disagree about a block, that is a finding: the same seeds gave other runs.
 */
import { formatSeeds, type SeedRange } from '../campaign/seeds.ts';
import { Tally } from '../campaign/tally.ts';
import { type CampaignLine, CORPUS_FORMAT, type SeedsLine } from './line.ts';

export interface Merged {
  readonly campaign: CampaignLine;
  readonly tally: Tally;
  /** What was counted: ascending, apart from each other by at least one seed. */
  readonly covered: readonly SeedRange[];
  /** The same as results, a line for each range of `covered`: merged again, they give the same. */
  readonly sums: readonly SeedsLine[];
  /** Blocks that two machines had different results for. */
  readonly disagreements: readonly string[];
  /** Of all machines together. */
  readonly wallSeconds: number;
}

export type Merging =
  | { readonly ok: true; readonly merged: Merged }
  | { readonly ok: false; readonly sentence: string };

const refused = (sentence: string): Merging => ({ ok: false, sentence });

export function merge(campaigns: readonly CampaignLine[], lines: readonly SeedsLine[]): Merging {
  const [campaign] = campaigns;
  if (campaign === undefined) return refused('These files hold no results.');
  const other = campaigns.find(({ id }) => id !== campaign.id);
  if (other !== undefined) return refused(differenceBetween(campaign, other));
  const stray = lines.find(({ id }) => id !== campaign.id);
  if (stray !== undefined) {
    return refused(
      `Seeds ${formatSeeds(stray)} are of campaign ${stray.id}, which no line here describes.`,
    );
  }
  return mergeSeeds(campaign, lines);
}

/** By the first seed; of those that begin together the longest is first, so that what lies within another comes after it. */
const inOrder = (a: SeedsLine, b: SeedsLine): number =>
  a.first - b.first || b.last - a.last || (a.tally.hash < b.tally.hash ? -1 : 1);

function mergeSeeds(campaign: CampaignLine, lines: readonly SeedsLine[]): Merging {
  const parts: Part[] = [];
  const disagreements: string[] = [];
  let before: SeedsLine | null = null;
  for (const line of [...lines].sort(inOrder)) {
    if (before !== null && line.first <= before.last) {
      if (line.last > before.last) return refused(overlapOf(before, line));
      if (line.first === before.first && line.last === before.last && isOther(line, before)) {
        disagreements.push(
          `seeds ${formatSeeds(line)} gave ${before.tally.hash} on one machine and ${line.tally.hash} on another`,
        );
      }
      continue;
    }
    const { first, last } = line;
    if (parts.at(-1)?.last !== first - 1) {
      parts.push({ first, last, wallSeconds: 0, tally: new Tally() });
    }
    const part = parts.at(-1) as Part;
    part.last = last;
    part.wallSeconds += line.wallSeconds;
    part.tally.add(line.tally);
    before = line;
  }
  const sums = parts.map((part) => sumOf(campaign, part));
  const tally = new Tally();
  for (const sum of sums) tally.add(sum.tally);
  const covered = parts.map(({ first, last }) => ({ first, last }));
  const wallSeconds = parts.reduce((seconds, part) => seconds + part.wallSeconds, 0);
  return { ok: true, merged: { campaign, tally, covered, sums, disagreements, wallSeconds } };
}

/** Seeds without a hole. */
interface Part {
  readonly first: number;
  last: number;
  wallSeconds: number;
  readonly tally: Tally;
}

function sumOf({ id }: CampaignLine, { first, last, wallSeconds, tally }: Part): SeedsLine {
  const rounded = Math.round(wallSeconds * 1000) / 1000;
  const record = tally.record();
  return {
    corpus: CORPUS_FORMAT,
    type: 'seeds',
    id,
    first,
    last,
    wallSeconds: rounded,
    tally: record,
  };
}

const isOther = (a: SeedsLine, b: SeedsLine): boolean => a.tally.hash !== b.tally.hash;

const overlapOf = (before: SeedsLine, line: SeedsLine): string =>
  `Seeds ${formatSeeds(before)} and ${formatSeeds(line)} overlap in part, so they cannot be added up. ` +
  'Leave one of the two files out, or run the part that only it has again.';

function differenceBetween(a: CampaignLine, b: CampaignLine): string {
  const parts: [string, string, string][] = [
    ['versions', a.version, b.version],
    ['builds', `${a.build} ${a.commit}`, `${b.build} ${b.commit}`],
    ['roots', a.root || '(default)', b.root || '(default)'],
    ['configs', a.config ?? '(none)', b.config ?? '(none)'],
  ];
  const found = parts.filter(([, left, right]) => left !== right);
  const what =
    found.length === 0
      ? 'other scenarios'
      : found.map(([name, left, right]) => `other ${name}: ${left} and ${right}`).join('; ');
  return `These are results of different campaigns (${what}), which do not add up.`;
}

/** The parts of `whole` that nobody covered. */
export function missingFrom(whole: SeedRange, covered: readonly SeedRange[]): SeedRange[] {
  const missing: SeedRange[] = [];
  let next = whole.first;
  for (const { first, last } of covered) {
    if (first > next) missing.push({ first: next, last: Math.min(first - 1, whole.last) });
    next = Math.max(next, last + 1);
    if (next > whole.last) return missing;
  }
  if (next <= whole.last) missing.push({ first: next, last: whole.last });
  return missing;
}
