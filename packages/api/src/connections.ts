/** A dialect that is nothing but its connections: each socket becomes one, a drain ends when the last is gone. */
import type { Socket } from 'node:net';
import type { Dialect } from './listener.ts';

export interface DialectConnection {
  /** Ends as soon as nothing is open on it. */
  drain(): void;
  destroy(): void;
}

/** `open` calls `onGone` once the connection is no more. */
export function overConnections(
  open: (socket: Socket, onGone: () => void) => DialectConnection,
): Dialect {
  const connections = new Set<DialectConnection>();
  let onEmpty: () => void = () => {};
  return {
    accept(socket: Socket): void {
      const connection = open(socket, () => {
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
