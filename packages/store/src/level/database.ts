/**
 * LevelDB itself, through classic-level: the only file that imports it, and only once a directory is opened. Uncompressed, since our own
 * reader must be able to check every byte; every write synced. Its errors become codes here.
 */
import type { ClassicLevel } from 'classic-level';
import type { Batch, WriteFailure } from '../engine.ts';
import { codeOf } from './refusal.ts';

type Level = ClassicLevel<string, Uint8Array>;

/** What the engine needs of a database that is open. */
export interface Database {
  /** Atomic and durable on return. Throws as LevelDB does. */
  write(batch: Batch): Promise<void>;
  get(key: string): Promise<Uint8Array | null>;
  /** Merges what lies from one key to the other, in LevelDB's own thread: what was deleted there takes no more room. */
  compact(first: string, last: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * `existing`: must be there. `fresh`: must not. `either`: made when it is not.
 * Throws with LevelDB's own code: LEVEL_LOCKED, LEVEL_CORRUPTION, LEVEL_IO_ERROR.
 */
export async function openDatabase(
  location: string,
  which: 'existing' | 'fresh' | 'either',
): Promise<Database> {
  const { ClassicLevel } = await import('classic-level');
  const level: Level = new ClassicLevel(location, {
    keyEncoding: 'utf8',
    valueEncoding: 'view',
    compression: false,
    createIfMissing: which !== 'existing',
    errorIfExists: which === 'fresh',
  });
  try {
    await level.open();
  } catch (thrown) {
    // It wraps what LevelDB said.
    throw thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  }
  return {
    write: (batch) => writeSynced(level, batch),
    // What is read in passing must not push out of the cache what merges need.
    get: async (key) => (await level.get(key, { fillCache: false })) ?? null,
    compact: (first, last) => level.compactRange(first, last),
    close: () => level.close(),
  };
}

async function writeSynced(level: Level, { deletes, puts }: Batch): Promise<void> {
  const batch = level.batch();
  for (const key of deletes) batch.del(key);
  for (const { key, value } of puts) batch.put(key, value);
  await batch.write({ sync: true });
}

/**
 * What a failed write means. LevelDB does not say whether the write or its sync failed, nor how much of a record went out before the disk
 * was full, so it can never promise that nothing is there: free space is looked at before it is asked (level-engine.ts).
 */
export const WRITE_FAILED: WriteFailure = 'EIO';

export function isLocked(thrown: unknown): boolean {
  return codeOf(thrown) === 'LEVEL_LOCKED';
}
