/** What each protocol says of a write whose outcome nobody knows, of a refused one, how fresh a read it asks for, and what uring pushes of members. */
import { once } from 'node:events';
import { type OpenedApi, openApi, type ProtocolName } from '@seedraft/api';
import type { ClientReply } from '@seedraft/replica';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { DoorDouble, member } from './door-double.ts';
import { ask } from './http-client.ts';
import { exchange } from './launcher.ts';

const UNKNOWN: ClientReply = { type: 'Unknown', index: 0, term: 0 };
const REFUSED: ClientReply = { type: 'Refused', code: 'NO_LEADER', leader: 0 };

let api: OpenedApi;
afterEach(() => api.stop());

async function at(protocol: ProtocolName, reply: ClientReply): Promise<DoorDouble> {
  const door = new DoorDouble(() => reply, [member(1, 'one')]);
  const listen = { host: '127.0.0.1', port: 0 };
  api = await openApi({ protocol, door, listen, isClientAddress: true });
  return door;
}

test.each([
  [UNKNOWN, null, 504],
  [REFUSED, false, 503],
])('a write that ends as %o: raftnode says %o, HTTP %i', async (reply, said, status) => {
  const code = reply.type === 'Unknown' ? 'UNKNOWN' : 'NO_LEADER';
  await at('raftnode', reply);
  const put = { type: 'put', key: 'k', value: 1 };
  const answered = await exchange(Number(api.address.split(':')[1]), put);
  expect(answered).toMatchObject({ type: 'put', success: said, data: said, code });
  await api.stop();
  await at('uring', reply);
  expect(await ask(api.address, 'POST', '/kv/k', { value: 1 })).toMatchObject({ status });
  await api.stop();
  await at('raftify', reply);
  expect(await ask(api.address, 'PUT', '/store/k/v')).toMatchObject({ status });
});

test('raftify reads linearizably, and stale only where it is asked to', async () => {
  const door = await at('raftify', REFUSED);
  await ask(api.address, 'GET', '/store/k');
  await ask(api.address, 'GET', '/store/k?stale');
  expect(door.asked).toMatchObject([{ mode: 'linearizable' }, { mode: 'stale' }]);
});

test('raftify says of a sketch that it is no value, not that it is missing', async () => {
  const value = { status: 'refused', code: 'WRONG_TYPE', reason: 'the key holds a sketch' };
  await at('raftify', { type: 'Ok', index: 1, term: 1, value } as ClientReply);
  const { status, body } = await ask(api.address, 'GET', '/store/h');
  expect([status, body]).toEqual([400, 'WRONG_TYPE: the key holds a sketch.']);
});

test('uring tells its subscribers of members that come and go, and of changes that were missed', async () => {
  const door = await at('uring', REFUSED);
  const socket = new WebSocket(`ws://${api.address}/uring`);
  await once(socket, 'open');
  const messages: unknown[] = [];
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  for (const channel of ['kv', 'uring']) {
    socket.send(JSON.stringify({ Subscribe: { rid: 1, channel } }));
    await once(socket, 'message');
  }
  messages.length = 0;
  const [one, two] = [member(1, 'one'), member(2, 'two')];
  door.members = [one, two];
  door.notifyRole('leader');
  door.members = [one];
  door.notifyRole('leader');
  door.onLost();
  while (messages.length < 3) await once(socket, 'message');
  expect(messages).toEqual([
    { Msg: { channel: 'uring', msg: { AddNode: { node: 1, new_node: 2 } } } },
    { Msg: { channel: 'uring', msg: { RemoveNode: { node: 1, old_node: 2 } } } },
    { Msg: { channel: 'kv', msg: { Lost: {} } } },
  ]);
  socket.close();
  await once(socket, 'close');
});
