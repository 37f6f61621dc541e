/** raftnode's protocol: one JSON object each way on a connection of its own. It has no swap. */
import type { Socket } from 'node:net';
import { anyOf, NotDone, type OpenStore, StrangeAnswer } from '../store.ts';
import { dial, within } from './dial.ts';
import { parsed } from './http.ts';

interface Said {
  readonly data?: unknown;
  readonly code?: unknown;
  readonly error?: unknown;
}

export const openRaftnode: OpenStore = async (endpoints, patience) => {
  const ask = async (request: { readonly type: string; [field: string]: string }) => {
    const socket = await dial(anyOf(endpoints), patience);
    const text = await within(patience, socket, everything(socket, JSON.stringify(request)));
    const said = parsed(text) as Said | null | undefined;
    // A connection that broke is no answer.
    if (said == null) throw new NotDone('unknown', `the connection ended after ${text}`);
    if (said.code === undefined) return said.data;
    throw new NotDone(said.code === 'UNKNOWN' ? 'unknown' : 'not applied', String(said.error));
  };
  return {
    get: async (key) => ((await ask({ type: 'get', key })) as { value: string | null }).value,
    put: async (key, value) => {
      const data = await ask({ type: 'put', key, value });
      if (data !== true) throw new StrangeAnswer('raftnode', 'put', String(data));
    },
    delete: async (key) => {
      const data = await ask({ type: 'delete', key });
      if (typeof data === 'boolean') return data;
      throw new StrangeAnswer('raftnode', 'delete', String(data));
    },
    close: async () => {},
  };
};

function everything(socket: Socket, request: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (part: string) => {
      text += part;
    });
    socket.once('close', () => resolve(text));
    socket.write(request);
  });
}
