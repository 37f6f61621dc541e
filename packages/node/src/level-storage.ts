/** The store's LevelDB engine as this room's Storage. */
import { beginJoin, createDirectory, openDirectory } from '@seedraft/store/level';
import type { Storage } from './storage.ts';

export function levelStorage(directory: string, durability: 'default' | 'paranoid'): Storage {
  return {
    open: (events, onFailure) => openDirectory({ directory, durability, events, onFailure }),
    beginJoin: (identity) => beginJoin(directory, identity),
    create: (identity, configuration) => createDirectory(directory, identity, configuration),
  };
}
