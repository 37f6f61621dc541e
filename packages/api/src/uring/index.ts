/** uring's protocol: REST, and a WebSocket at /uring, on one port. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { HttpDialect, json } from '../http.ts';
import type { Dialect } from '../listener.ts';
import type { ApiContext } from '../protocol.ts';
import { UringCommands } from './commands.ts';
import { answerRest } from './rest.ts';
import { UringSocket } from './socket.ts';

export function uring(context: ApiContext): Dialect {
  const commands = new UringCommands(context);
  const sockets = new Set<UringSocket>();
  const { maxRequestBytes: maxPayload, idle } = context.limits;
  const upgrader = new WebSocketServer({ noServer: true, maxPayload, clientTracking: false });
  const probing = setInterval(() => {
    for (const socket of sockets) socket.probe();
  }, idle / 2);
  probing.unref();
  let onEmpty: () => void = () => {};
  return new HttpDialect(context, {
    answer: (request) => answerRest(request, commands, context),
    error: (status, code, sentence) => json(status, { error: sentence, code }),
    upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer, access) => {
      if (!/^\/uring\/?(\?|$)/.test(request.url ?? '')) return json(404, 'not found');
      upgrader.handleUpgrade(request, socket, head, (opened: WebSocket) => {
        const one = new UringSocket(opened, request.socket, { context, commands, access });
        sockets.add(one);
        opened.once('close', () => {
          sockets.delete(one);
          if (sockets.size === 0) onEmpty();
        });
      });
      return null;
    },
    drainUpgraded: () => {
      for (const socket of sockets) socket.drain();
      if (sockets.size === 0) return Promise.resolve();
      return new Promise((resolve) => {
        onEmpty = resolve;
      });
    },
    closeUpgraded: () => {
      clearInterval(probing);
      for (const socket of sockets) socket.terminate();
    },
  });
}
