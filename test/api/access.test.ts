/** Tokens: what a port answers whom, in each protocol's own form, where the cluster has any. */
import { once } from 'node:events';
import type { Access, ProtocolName } from '@seedraft/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ApiCluster } from './api-cluster.ts';
import { ask } from './http-client.ts';
import { exchange } from './launcher.ts';

const ROLES: Readonly<Record<string, Access>> = { reader: 'read', writer: 'write', boss: 'admin' };
const access = (token: string): Access => ROLES[token] ?? 'none';
let cluster: ApiCluster;
const at = {} as Record<ProtocolName, string>;

beforeAll(async () => {
  cluster = await ApiCluster.start('raftnode', 1, { access });
  const [only] = cluster.members;
  at.raftnode = only!.api.address;
  for (const protocol of ['distraft', 'uring', 'raftify'] as const) {
    at[protocol] = (await cluster.also(only!, protocol, { access })).address;
  }
});
afterAll(() => cluster.stop());

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test('raftnode: a token in the object, which is not echoed', async () => {
  const port = Number(at.raftnode.split(':')[1]);
  const put = { type: 'put', key: 'k', value: 1 };
  const get = { type: 'get', key: 'k' };
  expect(await exchange(port, put)).toMatchObject({ success: false, code: 'UNAUTHORIZED' });
  expect(await exchange(port, { ...put, token: 'reader' })).toMatchObject({ success: false });
  expect(await exchange(port, { ...put, token: 'writer' })).toMatchObject({ success: true });
  expect(await exchange(port, { ...get, token: 'reader' })).toEqual({
    type: 'get',
    data: { ...get, value: 1 },
  });
  expect(await exchange(port, get)).toMatchObject({ data: null, code: 'UNAUTHORIZED' });
  expect(await exchange(port, { type: 'ping' })).toMatchObject({ is_alive: true });
});

test.each([
  ['distraft', 'GET', '/k', 'POST', '/k', new URLSearchParams({ value: 'v' }), 200],
  ['uring', 'GET', '/kv/k', 'POST', '/kv/k', '{"value":"v"}', 201],
  ['raftify', 'GET', '/store/k', 'PUT', '/store/k/v', undefined, 200],
] as const)('%s: Authorization: Bearer', async (name, get, path, write, to, body, done) => {
  const base = at[name];
  expect(await ask(base, write, to, body, bearer('writer'))).toMatchObject({ status: done });
  expect(await ask(base, get, path, undefined, bearer('reader'))).toMatchObject({ status: 200 });
  expect(await ask(base, get, path)).toMatchObject({ status: 401 });
  expect(await ask(base, write, to, body, bearer('reader'))).toMatchObject({ status: 401 });
  expect(await ask(base, write, to, body, bearer('nobody'))).toMatchObject({ status: 401 });
});

test("uring: members are the admin's; a socket has the role it was opened with", async () => {
  expect(await ask(at.uring, 'POST', '/uring/1', undefined, bearer('writer'))).toMatchObject({
    status: 401,
  });
  expect(await ask(at.uring, 'POST', '/uring/1', undefined, bearer('boss'))).toMatchObject({
    status: 200,
  });
  const socket = new WebSocket(`ws://${at.uring}/uring`, { headers: bearer('reader') });
  await once(socket, 'open');
  const codeOf = async (cmd: unknown): Promise<number> => {
    socket.send(JSON.stringify({ As: { protocol: 'KV', cmd } }));
    return JSON.parse(String((await once(socket, 'message'))[0])).code;
  };
  expect(await codeOf({ Get: { rid: 1, key: 'k' } })).toBe(200);
  expect(await codeOf({ Put: { rid: 1, key: 'k', store: 1 } })).toBe(401);
  socket.close();
  await once(socket, 'close');
});
