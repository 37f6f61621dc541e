/**
 * One process to a data directory, from before the first look at it. LevelDB's own lock comes too late, since it is taken while opening, and
 * Node has no call for file locks: so we hold LevelDB's lock on an empty database of ours. The operating system releases it with the
 * process, however that ends, and knows it across containers; a file with a process id knows neither.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { type Database, isLocked, openDatabase } from './database.ts';
import type { DurableFiles } from './files.ts';
import { lockedRefusal, type Refused } from './refusal.ts';

export const LOCK_DIRECTORY = 'lock';
/** Opening fails for a reason of its own only when the empty database is damaged, or while somebody clears it: then it is made again. */
const ATTEMPTS = 5;

export interface Exclusive {
  release(): Promise<void>;
}

export async function takeExclusively(
  files: DurableFiles,
  directory: string,
): Promise<Exclusive | Refused> {
  const location = path.join(directory, LOCK_DIRECTORY);
  files.makeDirectory(location);
  for (let attempt = 1; ; attempt++) {
    try {
      const database: Database = await openDatabase(location, 'either');
      return { release: () => database.close() };
    } catch (thrown) {
      if (isLocked(thrown)) return lockedRefusal(directory);
      if (attempt === ATTEMPTS) throw thrown;
      clear(files, location);
    }
  }
}

/** Nothing in it is worth keeping; but the lock itself must stay, or two processes would each lock a file of their own. */
function clear(files: DurableFiles, location: string): void {
  for (const name of readdirSync(location)) {
    if (name !== 'LOCK') files.remove(path.join(location, name));
  }
}
