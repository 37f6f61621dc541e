/**
 * Whatever JSON one protocol stores, every protocol gives back, `__proto__` and other names that every object has included, at any depth: over real
 * sockets, at a real member.
 */
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { canonical } from '@seedraft/check';
import { type Client, connect } from '@seedraft/client';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ApiCluster } from './api-cluster.ts';

let cluster: ApiCluster;
let client: Client;
let socket: WebSocket;
let uring: string;

beforeAll(async () => {
  cluster = await ApiCluster.start('raftnode', 1);
  const [member] = cluster.members;
  uring = (await cluster.also(member!, 'uring', {})).address;
  client = await connect({ endpoints: [member!.node.clientAddress] });
  socket = new WebSocket(`ws://${uring}/uring`);
  await once(socket, 'open');
});
afterAll(async () => {
  socket.close();
  await client.close();
  await cluster.stop();
});

async function raftnode(request: unknown): Promise<Record<string, unknown>> {
  const { host, port } = cluster.members[0]!;
  const tcp = connectTcp(port, host).setEncoding('utf8');
  tcp.write(JSON.stringify(request));
  let whole = '';
  for await (const part of tcp) whole += part;
  return JSON.parse(whole);
}

async function http(method: string, path: string, body?: unknown): Promise<unknown> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  return await (await fetch(`http://${uring}${path}`, { method, ...sent })).json();
}

async function ws(command: unknown): Promise<unknown> {
  socket.send(JSON.stringify({ As: { protocol: 'KV', cmd: command } }));
  const [answer] = await once(socket, 'message');
  return JSON.parse(String(answer)).data;
}

type Put = (key: string, value: unknown) => Promise<unknown>;
type Get = (key: string) => Promise<unknown>;

const DOORS: Record<string, { readonly put: Put; readonly get: Get }> = {
  raftnode: {
    put: (key, value) => raftnode({ type: 'put', key, value }),
    get: async (key) => ((await raftnode({ type: 'get', key })).data as { value: unknown }).value,
  },
  'uring /kv': {
    put: (key, value) => http('POST', `/kv/${key}`, { value }),
    get: (key) => http('GET', `/kv/${key}`),
  },
  'uring /data': {
    put: (key, value) => http('POST', `/data/${key}`, { value }),
    get: async (key) => ((await http('GET', `/data/${key}`)) as { value: unknown }).value,
  },
  'uring socket': {
    put: (key, store) => ws({ Put: { rid: 1, key, store } }),
    get: (key) => ws({ Get: { rid: 1, key } }),
  },
  native: {
    put: (key, value) => client.kv().put(key, value as never),
    get: async (key) => (await client.kv().get(key))?.value,
  },
};

const name = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', '', '0'),
  fc.string({ maxLength: 3 }),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 5 }, tie('leaf'), tie('list'), tie('object'), tie('object')),
  leaf: fc.oneof(fc.string({ maxLength: 4 }), fc.integer(), fc.boolean(), fc.constant(null)),
  list: fc.array(tie('value'), { maxLength: 3 }),
  object: fc.array(fc.tuple(name, tie('value')), { maxLength: 3 }).map(Object.fromEntries),
}));

test('what one stores, all give back', async () => {
  const doors = Object.keys(DOORS);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...doors), value, async (writer, written) => {
      await DOORS[writer]!.put('k', written);
      for (const reader of doors) {
        const read = await DOORS[reader]!.get('k');
        expect(`${reader}: ${canonical(read)}`).toBe(`${reader}: ${canonical(written)}`);
      }
    }),
    {
      numRuns: 60,
      examples: doors.map((door) => [door, JSON.parse('{"__proto__":{"__proto__":[1]}}')]),
    },
  );
});
