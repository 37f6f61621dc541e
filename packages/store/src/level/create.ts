/** A data directory from nothing: the wish to join, or a member. Explicit, exclusive, and whole or not there at all. */
import type { Configuration } from '@seedraft/core';
import { createDirectory as layOutNew } from '../fresh.ts';
import { takeExclusively } from './exclusive.ts';
import { DurableFiles } from './files.ts';
import { findGeneration, generationPath, makeGeneration, removeLeftovers } from './generation.ts';
import { type Identity, readIdentity } from './identity.ts';
import { type Refused, refusalOf, refused } from './refusal.ts';

export type Created = { readonly outcome: 'ok' } | Refused;

/** Records the wish to join, under an incarnation of 32 hex digits. Refused when anything is there. */
export function beginJoin(
  directory: string,
  wish: Omit<Identity, 'id'>,
  files = new DurableFiles(),
): Promise<Created> {
  return exclusively(files, directory, async (newest) => {
    if (newest !== 0) return occupied(directory);
    await makeGeneration(files, directory, 1, { ...wish, id: 0 }, null);
    return { outcome: 'ok' };
  });
}

/**
 * First creation of a member: for bootstrap, where nothing may be there, and for a joiner that was given its id, where its wish must be.
 * Crash-safe at every point: until it has returned, the directory is what it was before.
 */
export function createDirectory(
  directory: string,
  identity: Identity,
  configuration: Configuration,
  files = new DurableFiles(),
): Promise<Created> {
  return exclusively(files, directory, async (newest) => {
    const refusal = newest === 0 ? null : refusalToReplace(directory, newest, identity);
    if (refusal !== null) return refusal;
    const { incarnation } = identity;
    const core = {
      hardState: { term: 0, votedFor: 0 },
      snapshot: null,
      entries: [],
      configuration,
      applied: 0,
      repairUntil: 0,
    };
    const fresh = layOutNew({ incarnation, core }, incarnation);
    await makeGeneration(files, directory, newest + 1, identity, fresh);
    removeLeftovers(files, directory, findGeneration(directory));
    return { outcome: 'ok' };
  });
}

/** Null: what is there is the wish that this identity fulfils. */
function refusalToReplace(directory: string, newest: number, identity: Identity): Refused | null {
  const read = readIdentity(generationPath(directory, newest));
  if (read.status !== 'intact' || read.identity.id !== 0) return occupied(directory);
  const { clusterId, incarnation } = read.identity;
  if (clusterId === identity.clusterId && incarnation === identity.incarnation) return null;
  return refused(
    'IDENTITY_MISMATCH',
    `${directory} wishes to join cluster ${clusterId} as incarnation ${incarnation}, ` +
      `not ${identity.clusterId} as ${identity.incarnation}: start with the flags it was made with, or name an empty directory`,
  );
}

function occupied(directory: string): Refused {
  return refused(
    'DIRECTORY_NOT_EMPTY',
    `${directory} holds a member already: start it without bootstrap or join, or name an empty directory`,
  );
}

/** `then` is given the number of the newest generation, 0 for none, after what was left half made is gone. */
async function exclusively(
  files: DurableFiles,
  directory: string,
  then: (newest: number) => Promise<Created>,
): Promise<Created> {
  try {
    const held = await takeExclusively(files, directory);
    if ('outcome' in held) return held;
    try {
      const found = findGeneration(directory);
      removeLeftovers(files, directory, found);
      return await then(found.newest);
    } finally {
      await held.release();
    }
  } catch (thrown) {
    return refusalOf(thrown, directory);
  }
}
