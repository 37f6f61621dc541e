/** The directory of a first member of a new cluster whose state is a backup. Made as at bootstrap: alone, whole, or not there at all. */
import { readdirSync } from 'node:fs';
import type { Configuration } from '@seedraft/core';
import { encodeChunk } from '../chunk.ts';
import type { Put } from '../engine.ts';
import { chunkKey } from '../keys.ts';
import { layOutRestored, restoredSnapshot } from '../rebirth.ts';
import type { BackupFile } from './backup-file.ts';
import type { Created } from './create.ts';
import { LOCK_DIRECTORY, takeExclusively } from './exclusive.ts';
import { DurableFiles } from './files.ts';
import { findGeneration, makeGeneration, removeLeftovers } from './generation.ts';
import type { Identity } from './identity.ts';
import { refusalOf, refused } from './refusal.ts';

/**
 * `configuration`: the first members, the same for each of them, all incarnations '' (as at a bootstrap the leader binds each when it first
 * hears it). Refused when anything is there but what an earlier try left half made.
 */
export async function restoreDirectory(
  directory: string,
  identity: Identity,
  configuration: Configuration,
  backup: BackupFile,
  files = new DurableFiles(),
): Promise<Created> {
  try {
    files.makeDirectory(directory);
    const refusal = refusalOfContents(directory);
    if (refusal !== null) return refusal;
    const held = await takeExclusively(files, directory);
    if ('outcome' in held) return held;
    try {
      // Another may have made it while the lock was waited for.
      const found = findGeneration(directory);
      if (found.newest !== 0) return occupied(directory);
      removeLeftovers(files, directory, found);
      const snapshot = restoredSnapshot(backup.about, backup.chunks, configuration);
      const records = chunkRecords(backup, snapshot.id);
      const fresh = layOutRestored(identity.incarnation, snapshot, backup.chunks, records);
      await makeGeneration(files, directory, 1, identity, fresh);
      return { outcome: 'ok' };
    } finally {
      await held.release();
    }
  } catch (thrown) {
    return refusalOf(thrown, directory);
  }
}

function refusalOfContents(directory: string): Created | null {
  const ours = [LOCK_DIRECTORY, ...findGeneration(directory).leftovers];
  const others = readdirSync(directory).filter((name) => !ours.includes(name));
  return others.length === 0 ? null : occupied(directory);
}

function occupied(directory: string): Created {
  return refused(
    'DIRECTORY_NOT_EMPTY',
    `${directory} is not empty, and nothing is ever restored over what is there: name an empty directory, or one that does not exist`,
  );
}

/** Each is read from the file when it is written: a state need not fit into memory. */
function chunkRecords(backup: BackupFile, id: string): Put[] {
  return backup.chunks.extents.map(({ offset }, at) => ({
    key: chunkKey(id, offset),
    get value() {
      return encodeChunk(id, offset, backup.readChunk(at));
    },
  }));
}
