/// <reference types="node" preserve="true" />
export { type Backup, type BackupOptions, openBackup } from './backup.ts';
export { type AddressOptions, Client, type Members, type NewMember } from './client.ts';
export { type ConnectOptions, connect, type Timeouts } from './connect.ts';
export type { CallOptions } from './driver.ts';
export { SeedraftError, type SeedraftErrorCode } from './error.ts';
export type { Kv, KvEvent, KvPage, ReadOptions } from './kv.ts';
export type {
  KvConflict,
  KvDone,
  KvLives,
  KvRinged,
  KvStep,
  KvStored,
  KvUnmet,
} from './kv-answers.ts';
export type { TlsOptions } from './socket.ts';
export {
  type JoinOptions,
  join,
  Patience,
  type ReserveOptions,
  requestId,
  type Ticket,
  type TicketDesk,
} from './tickets.ts';
export type { WatchEvent, Watcher } from './watch.ts';
