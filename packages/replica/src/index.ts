export type * from './ports.ts';
export { Replica, type ReplicaOptions } from './replica.ts';
export type * from './request.ts';
