/**
 * The last resort when a majority is gone for good: the member in this directory goes on alone, under a new cluster id. Everything its log holds
 * stays, and one entry more, in a term above all it knows, makes it the only voter.
 *
 * Kept: the change is one rename (generation.ts), so after a crash the directory is the old member's or the new one's, and nothing between;
 * nobody who held the old cluster id can talk to what goes on.
 */
import type { Put, Scan } from '../engine.ts';
import { chunkKey } from '../keys.ts';
import { type Forcing, forcing, layOutForced } from '../rebirth.ts';
import type { Resumption } from '../resumption.ts';
import { takeExclusively } from './exclusive.ts';
import { DurableFiles } from './files.ts';
import { findGeneration, generationPath, makeGeneration, removeLeftovers } from './generation.ts';
import type { Identity } from './identity.ts';
import { isNothingThere } from './open.ts';
import { type Refused, refusalOf, refused } from './refusal.ts';
import { type Usable, verify } from './verify.ts';

/** What is to be decided on. */
export interface Forceable {
  readonly identity: Identity;
  readonly forcing: Forcing;
  /** What is damaged; '' when nothing is. */
  readonly sentence: string;
}

export type Forced =
  | { readonly outcome: 'forced'; readonly identity: Identity }
  /** It was decided against; nothing was changed. */
  | { readonly outcome: 'left' }
  | Refused;

/**
 * `decide` is asked once, with the directory held and verified: the new cluster id, or null to leave everything as it is. The directory
 * needs as much free space again as it takes.
 */
export async function forceConfiguration(
  directory: string,
  decide: (what: Forceable) => Promise<string | null>,
  files = new DurableFiles(),
): Promise<Forced> {
  try {
    if (isNothingThere(directory)) return nothingThere(directory);
    const held = await takeExclusively(files, directory);
    if ('outcome' in held) return held;
    try {
      return await force(directory, decide, files);
    } finally {
      await held.release();
    }
  } catch (thrown) {
    return refusalOf(thrown, directory);
  }
}

async function force(
  directory: string,
  decide: (what: Forceable) => Promise<string | null>,
  files: DurableFiles,
): Promise<Forced> {
  const found = findGeneration(directory);
  removeLeftovers(files, directory, found);
  if (found.newest === 0) return nothingThere(directory);
  const verified = verify(generationPath(directory, found.newest));
  if (verified.outcome === 'refused') return verified;
  const { identity, scan, verdict } = verified;
  const plan = verdict.outcome === 'empty' ? null : forcing(identity.id, verdict.member);
  if (plan === null) return nothingHeld(directory);
  const { member, resumption } = verdict as Usable;
  const sentence = 'sentence' in verdict ? verdict.sentence : '';

  const clusterId = await decide({ identity, forcing: plan, sentence });
  if (clusterId === null) return { outcome: 'left' };
  if (clusterId === identity.clusterId) {
    return refused(
      'IDENTITY_MISMATCH',
      `the new cluster id must not be ${clusterId}, the old one: it is what keeps the old members out`,
    );
  }
  const renamed = { ...identity, clusterId };
  const records = snapshotRecords(scan, resumption, member.core.snapshot?.id ?? null);
  const fresh = layOutForced(member, resumption, plan, records);
  await makeGeneration(files, directory, found.newest + 1, renamed, fresh);
  removeLeftovers(files, directory, findGeneration(directory));
  return { outcome: 'forced', identity: renamed };
}

function snapshotRecords(scan: Scan, { snapshots }: Resumption, id: string | null): Put[] {
  if (id === null) return [];
  const { extents } = snapshots.get(id)!;
  const keys = new Set(extents.map(({ offset }) => chunkKey(id, offset)));
  return scan.records.filter(({ key }) => keys.has(key));
}

function nothingThere(directory: string): Refused {
  return refused(
    'DIRECTORY_EMPTY',
    `${directory} holds no member: name the directory that --data names, of a member that survived`,
  );
}

function nothingHeld(directory: string): Refused {
  return refused(
    'DIRECTORY_EMPTY',
    `${directory} is of a member that never held an entry: there is nothing to go on from. Force another one, or restore a backup`,
  );
}
