/** The protocol of raftnode: JSON objects over plain TCP. */
import { overConnections } from '../connections.ts';
import type { Dialect } from '../listener.ts';
import type { ApiContext } from '../protocol.ts';
import { RaftnodeConnection } from './connection.ts';

export function raftnode(context: ApiContext): Dialect {
  return overConnections((socket, onGone) => new RaftnodeConnection(socket, context, onGone));
}
