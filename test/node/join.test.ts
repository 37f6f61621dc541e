/** Joining: an id from the cluster's log, the same one after a crash in the middle, a learner that catches up and becomes a voter. */

import { startNode } from '@seedraft/node';
import { afterEach, expect, test } from 'vitest';
import { NodeCluster } from './cluster.ts';
import { MemoryStorage } from './memory-storage.ts';

let cluster: NodeCluster;
afterEach(() => cluster.stop());

const joinAt = (endpoints: readonly string[], more = {}) =>
  ({ start: { how: 'join', endpoints, ...more } }) as const;

const roleOf = (id: number) =>
  cluster
    .running()
    .map((node) => node.status().configuration.members.find((member) => member.id === id)?.role);

test('two empty directories join through a follower, catch up, and become voters', async () => {
  cluster = await NodeCluster.start(3, {
    snapshot: { everyEntries: 20, everyBytes: 1e9, keep: 2 },
  });
  for (let i = 0; i < 50; i++) await cluster.put(`k${i}`, `${i}`);
  const leader = await cluster.leader();
  const follower = cluster.running().find(({ id }) => id !== leader.id)!;
  const [four, five] = await Promise.all([
    cluster.boot(4, joinAt([follower.clientAddress], { name: 'late' })),
    cluster.boot(5, joinAt([follower.clientAddress])),
  ]);
  expect([four.id, five.id].sort()).toEqual([4, 5]);
  for (const id of [4, 5]) {
    await cluster.until(`${id} a voter everywhere`, () =>
      roleOf(id).every((role) => role === 'voter'),
    );
  }
  await cluster.put('after', '1');
  await cluster.converged();
  // Ids are never handed out twice: 5 is removed, the next one is 6.
  const last = cluster.running().find(({ id }) => id === 5)!;
  await cluster.until('removed', async () => {
    const chief = await cluster.leader();
    const changes = [{ type: 'remove', id: 5 }] as const;
    const reply = await chief.request({ type: 'ChangeMembership', changes, mode: 'single' });
    return reply.type === 'Ok';
  });
  expect(await last.stopped).toMatchObject({ code: 'MEMBER_REMOVED' });
  const six = await cluster.boot(6, joinAt([four.clientAddress], { promote: false }));
  expect(six.id).toBe(6);
  await cluster.put('more', '1');
  await cluster.converged();
  expect(new Set(roleOf(6))).toEqual(new Set(['learner']));
});

test('a joiner that crashed after it got its id gets the same one again', async () => {
  cluster = await NodeCluster.start(1);
  const leader = await cluster.leader();
  const storage = new MemoryStorage();
  // The directory cannot be made at first: the id was given, and the joiner starts again.
  const create = storage.create.bind(storage);
  storage.create = () => {
    const sentence = 'The disk is full.';
    return Promise.resolve({ outcome: 'refused', code: 'DIRECTORY_UNUSABLE', sentence });
  };
  const options = { ...cluster.options(2, joinAt([leader.clientAddress])), storage };
  expect(await startNode(options)).toMatchObject({ ok: false, code: 'DIRECTORY_UNUSABLE' });
  const named = leader.status().configuration.members;
  expect(named.map(({ id }) => id)).toEqual([1, 2]);
  storage.create = create;
  const again = await startNode(options);
  if (!again.ok) throw new Error(again.sentence);
  expect(again.node.id).toBe(2);
  expect(leader.status().configuration.members).toHaveLength(2);
  await cluster.until('a voter', () => roleOf(2)[0] === 'voter');
  await cluster.put('a', '1');
  await again.node.stop();
});

test('an id that was recorded beforehand is taken by one directory, and by no other', async () => {
  cluster = await NodeCluster.start(1);
  const leader = await cluster.leader();
  const address = '127.0.0.1:1';
  const places = { name: 'late', peerAddress: address, clientAddress: address, priority: 0 };
  const member = { ...places, id: 7, incarnation: '', role: 'learner' } as const;
  const changes = [{ type: 'add', member }] as const;
  await cluster.until('recorded', async () => {
    const reply = await leader.request({ type: 'ChangeMembership', changes, mode: 'single' });
    return reply.type === 'Ok';
  });
  const seven = await cluster.boot(2, joinAt([leader.clientAddress], { id: 7 }));
  expect(seven.id).toBe(7);
  const recorded = leader.status().configuration.members.find(({ id }) => id === 7);
  expect(recorded).toMatchObject({ name: 'late', peerAddress: seven.peerAddress });
  await cluster.until('a voter', () => roleOf(7)[0] === 'voter');
  const more = (id: number) => ({ ...joinAt([leader.clientAddress], { id }) });
  const second = { ...cluster.options(3, more(7)), storage: new MemoryStorage() };
  expect(await startNode(second)).toMatchObject({
    ok: false,
    sentence: expect.stringMatching(/TICKET_TAKEN/),
  });
  const stranger = { ...cluster.options(4, more(9)), storage: new MemoryStorage() };
  expect(await startNode(stranger)).toMatchObject({
    ok: false,
    sentence: expect.stringMatching(/NO_TICKET/),
  });
});

test('nobody to join, or a token that does not cover it: refused with the reason', async () => {
  const tokens = [
    { token: 'reader', role: 'read' },
    { token: 'operator', role: 'admin' },
  ] as const;
  cluster = await NodeCluster.start(1, { security: { clients: { tokens } } });
  const leader = await cluster.leader();
  const attempt = (endpoint: string, token: string) =>
    startNode({
      ...cluster.options(2, joinAt([endpoint], { within: 300, token })),
      storage: new MemoryStorage(),
    });
  expect(await attempt('127.0.0.1:1', 'operator')).toMatchObject({
    ok: false,
    code: 'JOIN_FAILED',
    sentence: expect.stringContaining('ECONNREFUSED'),
  });
  expect(await attempt(leader.clientAddress, 'reader')).toMatchObject({
    ok: false,
    code: 'JOIN_FAILED',
    sentence: expect.stringContaining('UNAUTHORIZED'),
  });
  const joined = await attempt(leader.clientAddress, 'operator');
  expect(joined).toMatchObject({ ok: true });
  if (joined.ok) await joined.node.stop();
});

test('a member told to stop while its directory is opened ends, and the directory can be opened again', async () => {
  cluster = await NodeCluster.start(0);
  const start = { how: 'bootstrap', clusterId: 'test', id: 1, members: [] } as const;
  const members = [{ id: 1, name: 'n1', peerAddress: 'p:1', clientAddress: 'c:1' }];
  const storage = new MemoryStorage();
  const options = { ...cluster.options(1), start: { ...start, members }, storage };
  const controller = new AbortController();
  const starting = startNode({ ...options, signal: controller.signal });
  controller.abort();
  expect(await starting).toMatchObject({ ok: false, code: 'INTERRUPTED' });
  const again = await startNode(options);
  expect(again).toMatchObject({ ok: true });
  if (again.ok) await again.node.stop();
});
