/**
 * What a connection is in the midst of: its database, version, name, what it may do, and a transaction that is being told. Kept: what was queued is
 * carried out as one entry or not at all, and not if anything of it was refused, or a watch could not be set.
 */
import type { KvGuard } from '@seedraft/kv';
import { DEFAULT_NAMESPACE } from '../namespace.ts';
import type { Access, ApiContext } from '../protocol.ts';
import type { Plan } from './plan.ts';
import type { RespVersion } from './reply.ts';

export const DATABASES = 16;

/** Told between MULTI and EXEC. */
export interface Queue {
  /** Each is planned when EXEC comes: a SELECT before it counts. */
  readonly plans: (() => Plan)[];
  bytes: number;
  /** Something was refused: EXEC refuses all of it. */
  isFlawed: boolean;
}

/** What the connections of one port share. */
export interface RedisServer {
  readonly context: ApiContext;
  readonly sessions: Set<RedisSession>;
}

export class RedisSession {
  readonly id: number;
  readonly address: string;
  readonly server: RedisServer;
  version: RespVersion = 2;
  access: Access;
  name = '';
  database = 0;
  /** Reads come from this member's own state, however old. */
  readsStale = false;
  queue: Queue | null = null;
  /** By namespace and key. */
  guards = new Map<string, KvGuard>();
  /** Watches that were asked for and are not there, as in `guards`: without them a transaction would go unguarded. */
  unguarded = new Set<string>();
  isOver = false;

  constructor(id: number, address: string, server: RedisServer) {
    this.id = id;
    this.address = address;
    this.server = server;
    this.access = server.context.access('');
  }

  get namespace(): string {
    return namespaceOf(this.database);
  }

  /** Of whatever was being told or watched, nothing is left. */
  endTransaction(): void {
    this.queue = null;
    this.guards = new Map();
    this.unguarded = new Set();
  }

  /** How to make everything but the transaction be as it is now. */
  remember(): () => void {
    const { version, access, name, database, readsStale } = this;
    return () => {
      Object.assign(this, { version, access, name, database, readsStale });
    };
  }

  reset(): void {
    this.endTransaction();
    this.version = 2;
    this.access = this.server.context.access('');
    this.name = '';
    this.database = 0;
    this.readsStale = false;
  }
}

/** Database 0 is where the protocols without namespaces keep their keys. */
export function namespaceOf(database: number): string {
  return database === 0 ? DEFAULT_NAMESPACE : String(database);
}
