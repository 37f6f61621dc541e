/** What every protocol is given, and what it is: a name and how to speak it. */
import type { Door } from './door.ts';
import type { ApiLimits, RateGate } from './limits.ts';
import type { Dialect } from './listener.ts';
import type { Reason } from './reason.ts';

/** `read`: reads, watches, status. `write`: also commands. `admin`: also membership, transfers, snapshots. */
export type Access = 'none' | 'read' | 'write' | 'admin';

export interface ApiContext {
  readonly door: Door;
  readonly limits: ApiLimits;
  readonly gate: RateGate;
  /** What whoever shows this token ('': none) may do. */
  access(token: string): Access;
  /** Of the web pages that may ask here, beside those of this port (`http://host:port`); `*`: of any. */
  readonly origins: readonly string[];
  /** This member's own address for this protocol, `host:port`, as others reach it. */
  ownAddress(): string;
  /** Where members serve this protocol, by id, as far as this member knows. */
  addresses(): Promise<ReadonlyMap<number, string>>;
  /** How members are added by their number alone; null: not here. */
  readonly membership: Membership | null;
  /** Routes that are for tests only; null: they are not there. */
  readonly testing: TestingControls | null;
  /** `doc`: where the documented answer and the later code's differ on one path, the documented one. */
  readonly answers: 'head' | 'doc';
}

/** Takes the member out of Raft and back in, while the protocol goes on answering. Both are idempotent. */
export interface TestingControls {
  stop(): Promise<void>;
  start(): Promise<void>;
  isUp(): boolean;
}

/** Knows the addresses of members that are not in the cluster yet. */
export interface Membership {
  /** Resolves once the change is committed; otherwise with why it is not. */
  add(id: number): Promise<Reason | null>;
  /** Enters, as the member that it was started as, the cluster that answers there. Absent: it is in one. */
  join?(endpoints: readonly string[]): Promise<Reason | null>;
  /** Why nothing can be asked of this member: it was started without a cluster, and nobody has told it of one. Null: it is in one, or entering. */
  waiting?(): Reason | null;
}

export type Protocol = (context: ApiContext) => Dialect;

const RANK: Readonly<Record<Access, number>> = { none: 0, read: 1, write: 2, admin: 3 };

export function mayDo(access: Access, needed: Access): boolean {
  return RANK[access] >= RANK[needed];
}
