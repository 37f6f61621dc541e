/**
 * Whose addresses clients are told. The state that a backup carries names where the members of the OLD cluster served each protocol, under the ids that the new
 * one uses too: nobody may be sent there.
 */
import { type OpenedApi, openApi, type ProtocolName } from '@seedraft/api';
import type { KvValue } from '@seedraft/kv';
import { afterEach, expect, test } from 'vitest';
import { DoorDouble, member } from './door-double.ts';
import { ask } from './http-client.ts';
import { exchange } from './launcher.ts';

const THERE = '127.0.0.1:9002';
let api: OpenedApi;
afterEach(() => api.stop());

/** A member that follows member 2, in whose state stands what `announced` says of it; member 3 is an id that nobody has taken. */
async function following(protocol: ProtocolName, announced: KvValue, incarnation = 'two') {
  const ticket = member(3, '', { name: '', clientAddress: '', role: 'learner' });
  const members = [member(1, 'one'), member(2, incarnation), ticket];
  const door = new DoorDouble((request) => {
    const [verb] = (request.type === 'Query' ? request.query : []) as readonly string[];
    const item = { key: `${protocol}/2`, value: announced };
    const scanned = { status: 'scanned', items: [item], more: false };
    const value = verb === 'scan' ? scanned : { status: 'missing' };
    return { type: 'Ok', index: 1, term: 1, value } as never;
  }, members);
  door.leader = 2;
  api = await openApi({ protocol, door, listen: { host: '127.0.0.1', port: 0 } });
  return door;
}

test.each<[string, KvValue, string?]>([
  ['another cluster, before addresses named theirs', THERE],
  ['another cluster', ['there', 'two', THERE]],
  ['another data directory', ['here', 'before', THERE]],
  ['a member that is bound to nothing yet', ['here', '', THERE], ''],
  ['nothing that is an address', ['here', 'two', 5]],
])('what was announced by %s is no address: answered here', async (_, announced, incarnation) => {
  await following('distraft', announced, incarnation);
  expect(await ask(api.address, 'GET', '/k')).toMatchObject({ status: 200, body: { ok: true } });
  const { body } = await ask(api.address, 'GET', '/');
  const { members } = (body as { status: { members: object } }).status;
  expect(Object.keys(members)).toEqual(['n1']);
});

test('what the member of this cluster announced is; an id without a member is nobody', async () => {
  const door = await following('distraft', ['here', 'two', THERE]);
  const { status, headers } = await ask(api.address, 'GET', '/k');
  expect([status, headers.get('location')]).toEqual([302, `http://${THERE}/k`]);
  const { body } = await ask(api.address, 'GET', '/');
  expect(body).toMatchObject({
    status: { members: { n2: ['127.0.0.1', 7002, '127.0.0.1', 9002] } },
  });
  expect((body as { status: { members: object } }).status.members).not.toHaveProperty('n3');
  const put = door.asked.find(({ type }) => type === 'Command');
  const own = ['put', '$api', 'distraft/1', ['here', 'one', api.address]];
  expect((put as { command: readonly unknown[] }).command.slice(0, 4)).toEqual(own);
});

test('raftnode lists nobody without an address, nor one that speaks something else there', async () => {
  const door = await following('raftnode', THERE);
  const port = Number(api.address.split(':')[1]);
  expect(await exchange(port, { type: 'peers' })).toEqual({ type: 'peers', peers: [api.address] });
  door.leader = 1;
  expect(await exchange(port, { type: 'peers' })).toEqual({ type: 'peers', peers: [] });
});

test('where all speak it at their client address, an id that nobody has taken has none', async () => {
  const door = await following('raftnode', null);
  await api.stop();
  const listen = { host: '127.0.0.1', port: 0 };
  api = await openApi({ protocol: 'raftnode', door, listen, isClientAddress: true });
  const peers = ['127.0.0.1:8001'];
  const port = Number(api.address.split(':')[1]);
  expect(await exchange(port, { type: 'peers' })).toEqual({ type: 'peers', peers });
});
