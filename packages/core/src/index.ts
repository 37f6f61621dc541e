export type * from './configuration.ts';
export type * from './message.ts';
export type * from './options.ts';
export { type LogView, Raft } from './raft.ts';
