/** Redis's protocol, RESP2 and RESP3. */
import { overConnections } from '../connections.ts';
import type { Dialect } from '../listener.ts';
import type { ApiContext } from '../protocol.ts';
import { RedisConnection } from './connection.ts';
import type { RedisServer } from './session.ts';

export function redis(context: ApiContext): Dialect {
  const server: RedisServer = { context, sessions: new Set() };
  let ids = 0;
  return overConnections((socket, onGone) => new RedisConnection(socket, ++ids, server, onGone));
}
