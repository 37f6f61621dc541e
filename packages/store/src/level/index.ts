export { beginJoin, type Created, createDirectory } from './create.ts';
export type { Identity } from './identity.ts';
export { type Inspection, inspectDirectory } from './inspect.ts';
export { type LevelOptions, type OpenDirectory, type Opening, openDirectory } from './open.ts';
export type { RefusalCode, Refused } from './refusal.ts';
