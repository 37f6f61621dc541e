export {
  type BackupFile,
  encodeBackup,
  readBackup,
  type WrittenBackup,
  writeBackup,
} from './backup-file.ts';
export { beginJoin, type Created, createDirectory } from './create.ts';
export { type Forceable, type Forced, forceConfiguration } from './force.ts';
export type { Identity } from './identity.ts';
export { type Inspection, inspectDirectory } from './inspect.ts';
export { type LevelOptions, type OpenDirectory, type Opening, openDirectory } from './open.ts';
export type { RefusalCode, Refused } from './refusal.ts';
export { restoreDirectory } from './restore.ts';
