/**
 * Results of many machines as one campaign. Merging is commutative and idempotent: the order of the files does not matter, and a block that
 * stands in several of them is counted once. If they disagree about a block, that is a finding: the same seeds gave other runs.
 */
import { formatSeeds, type SeedRange } from '../campaign/seeds.ts';
import { Tally } from '../campaign/tally.ts';
import type { CampaignLine, SeedsLine } from './line.ts';

export interface Merged {
  readonly campaign: CampaignLine;
  readonly tally: Tally;
  /** What was counted: ascending, apart from each other by at least one seed. */
  readonly covered: readonly SeedRange[];
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
  const tally = new Tally();
  const covered: { first: number; last: number }[] = [];
  const disagreements: string[] = [];
  let wallSeconds = 0;
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
    tally.add(line.tally);
    wallSeconds += line.wallSeconds;
    const end = covered.at(-1);
    if (end !== undefined && end.last + 1 === line.first) end.last = line.last;
    else covered.push({ first: line.first, last: line.last });
    before = line;
  }
  return { ok: true, merged: { campaign, tally, covered, disagreements, wallSeconds } };
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
