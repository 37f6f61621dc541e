/** Redis's protocol, RESP2 and RESP3. */
import type { Socket } from 'node:net';
import type { Dialect } from '../listener.ts';
import type { ApiContext } from '../protocol.ts';
import { RedisConnection } from './connection.ts';
import type { RedisServer } from './session.ts';

export function redis(context: ApiContext): Dialect {
  const server: RedisServer = { context, sessions: new Set() };
  const connections = new Set<RedisConnection>();
  let ids = 0;
  let onEmpty: () => void = () => {};
  return {
    accept(socket: Socket): void {
      const connection = new RedisConnection(socket, ++ids, server, () => {
        connections.delete(connection);
        if (connections.size === 0) onEmpty();
      });
      connections.add(connection);
    },
    drain(): Promise<void> {
      for (const connection of connections) connection.drain();
      if (connections.size === 0) return Promise.resolve();
      return new Promise((resolve) => {
        onEmpty = resolve;
      });
    },
    close(): void {
      for (const connection of connections) connection.destroy();
    },
  };
}
