/** The protocol of raftnode: JSON objects over plain TCP. */
import type { Socket } from 'node:net';
import type { Dialect } from '../listener.ts';
import type { ApiContext } from '../protocol.ts';
import { RaftnodeConnection } from './connection.ts';

export function raftnode(context: ApiContext): Dialect {
  const connections = new Set<RaftnodeConnection>();
  let onEmpty: () => void = () => {};
  return {
    accept(socket: Socket): void {
      const connection = new RaftnodeConnection(socket, context, () => {
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
