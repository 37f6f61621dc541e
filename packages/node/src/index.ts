/// <reference types="node" preserve="true" />
export { type Address, formatAddress, parseAddress } from './address.ts';
export { Tokens } from './client-roles.ts';
export { type Ending, REPORT_FILE } from './death.ts';
export type { NodeEvent } from './events.ts';
export { type ListenRefusal, listeningFailed, type TlsMaterial } from './frame-socket.ts';
export type { HistogramSnapshot } from './histogram.ts';
export type { LocalBackup } from './local-backup.ts';
export type { RunningNode } from './node.ts';
export {
  type ClientRole,
  type ClientSecurity,
  defaultLimits,
  type FirstMember,
  type NodeLimits,
  type NodeOptions,
  type PeerSecurity,
  type Start,
} from './options.ts';
export { type Starting, startNode } from './start-node.ts';
export { type NodeMetrics, VERSION } from './status.ts';
export type {
  Identity,
  Made,
  OpenedStorage,
  Opening,
  Storage,
  StorageRefusal,
} from './storage.ts';
