/**
 * What keeps a member's data, as the node needs it: who a directory belongs to, how it is opened, and how it is made. The store's LevelDB
 * engine is one; tests bring one in memory.
 */
import type { Configuration, MemberId } from '@seedraft/core';
import type { RecoveredMember, Store } from '@seedraft/replica';
import type { StoreEvents } from '@seedraft/store';

/** Whose data a directory holds. id 0: joining, the cluster has not given an id yet. */
export interface Identity {
  readonly clusterId: string;
  readonly id: MemberId;
  /** 32 hex digits, drawn when the directory was made. */
  readonly incarnation: string;
  readonly name: string;
}

export interface OpenedStorage {
  readonly outcome: 'open';
  readonly identity: Identity;
  readonly store: Store;
  readonly recovered: RecoveredMember;
  /** What the peers have to repair; null: nothing. */
  readonly warning: string | null;
  /** Makes durable what is under way, and lets go of the directory. */
  close(): Promise<void>;
  bytesOnDisk(): Promise<number>;
}

export interface StorageRefusal {
  readonly outcome: 'refused';
  readonly code: string;
  readonly sentence: string;
}

export type Opening =
  | { readonly outcome: 'empty' }
  | { readonly outcome: 'joining'; readonly identity: Identity }
  | OpenedStorage
  | StorageRefusal;

export type Made = { readonly outcome: 'ok' } | StorageRefusal;

export interface Storage {
  /** `events` come on later turns; `onFailure`: the engine failed, the member must stop. */
  open(events: StoreEvents, onFailure: (sentence: string) => void): Promise<Opening>;
  beginJoin(identity: Omit<Identity, 'id'>): Promise<Made>;
  create(identity: Identity, configuration: Configuration): Promise<Made>;
}
