/** The door: what is asked at any member is done once or not at all while leaders come and go, and every ask ends in time. */
import { MemberDoor } from '@seedraft/api';
import { get, increment, type KvResult, put } from '@seedraft/kv';
import type { ClientReply } from '@seedraft/replica';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { NodeCluster } from '../node/cluster.ts';

let cluster: NodeCluster;

beforeAll(async () => {
  const raft = { electionTimeoutMin: 200, electionTimeoutMax: 400, heartbeatInterval: 40 };
  cluster = await NodeCluster.start(3, { raft: { ...raft, forwardProposals: true } });
});
afterAll(() => cluster.stop());

test('a write is never applied twice, and every Ok was, while leaders are handed over and stopped', async () => {
  const first = await cluster.leader();
  const bystander = cluster.running().find(({ id }) => id !== first.id)!;
  const doors = [new MemberDoor(bystander), new MemberDoor(bystander)];
  const replies: ClientReply[] = [];
  let isOver = false;
  onTestFinished(() => {
    isOver = true;
  });
  const writers = doors.flatMap((door, writer) =>
    Array.from({ length: 8 }, async (_, lane) => {
      for (let n = 0; !isOver; n++) {
        const key = `${writer}/${lane}/${n}`;
        // Applied twice it would find itself there.
        const command = put('once', key, n, { ifAbsent: true });
        replies.push(await door.ask({ type: 'Command', command }));
      }
    }),
  );
  for (let n = 0; n < 4; n++) {
    const leader = await cluster.leader();
    if (leader.id !== bystander.id) {
      await leader.request({ type: 'TransferLeadership', target: 0 });
    }
    await cluster.until('progress', () => replies.length > 40 * (n + 1));
  }
  const leader = await cluster.leader();
  if (leader.id === bystander.id) {
    const target = cluster.running().find(({ id }) => id !== bystander.id)!.id;
    await leader.request({ type: 'TransferLeadership', target });
  }
  const last = await cluster.until('another leader', () =>
    cluster.running().find((node) => node.status().role === 'leader' && node !== bystander),
  );
  await last.stop();
  const before = replies.length;
  await cluster.until('writes under the next leader', () => replies.length > before + 40);
  isOver = true;
  await Promise.all(writers);
  const statuses = replies.map((one) => (one.type === 'Ok' ? (one.value as KvResult).status : one));
  expect(new Set(statuses)).toEqual(new Set(['stored']));
});

test('who wrote at a follower reads it there at once', async () => {
  const leader = await cluster.leader();
  const follower = cluster.running().find(({ id }) => id !== leader.id)!;
  const door = new MemberDoor(follower);
  for (let n = 0; n < 20; n++) {
    await door.ask({ type: 'Command', command: put('', 'own', n) });
    const reply = await door.ask({ type: 'Query', mode: 'stale', query: get('', 'own') });
    expect(reply).toMatchObject({ type: 'Ok', value: { item: { value: n } } });
  }
});

test('a batch is one entry with a result each; too many at once are refused at once', async () => {
  const door = new MemberDoor(await cluster.leader(), { maxOpen: 1 });
  const commands = [put('', 'a', 1), get('', 'a')];
  const open = door.ask({ type: 'Batch', commands });
  expect(await door.ask({ type: 'Command', command: put('', 'b', 1) })).toMatchObject({
    type: 'Refused',
    code: 'OVERLOADED',
  });
  expect(await open).toMatchObject({
    type: 'Ok',
    value: [{ status: 'stored' }, { status: 'found' }],
  });
});

test('writes of one turn are one entry, each with its own result, and none harms another', async () => {
  const leader = await cluster.leader();
  const door = new MemberDoor(cluster.running().find(({ id }) => id !== leader.id)!);
  await door.ask({ type: 'Command', command: put('shared', 'text', 'no number') });
  const wished = [
    { type: 'Command', command: put('shared', 'a', 1) },
    { type: 'Command', command: increment('shared', 'n', '2') },
    { type: 'Batch', commands: [increment('shared', 'n', '3'), put('shared', 'b', 'x')] },
    { type: 'Command', command: increment('shared', 'text', '1') },
    { type: 'Command', command: increment('shared', 'n', '5') },
  ] as const;
  const replies = await Promise.all(wished.map((one) => door.ask(one)));
  expect(replies).toMatchObject([
    { value: { status: 'stored' } },
    { value: { status: 'incremented', value: '2' } },
    { value: [{ status: 'incremented', value: '5' }, { status: 'stored' }] },
    { value: { status: 'refused', code: 'NOT_AN_INTEGER' } },
    { value: { status: 'incremented', value: '10' } },
  ]);
  const indexes = replies.map((reply) => (reply.type === 'Ok' ? reply.index : 0));
  expect(new Set(indexes).size).toBe(1);
  // What is no command is the machine's to refuse.
  const strange = { type: 'Command', command: ['put', 'shared', 'd', 1, null] } as const;
  expect(await door.ask(strange)).toMatchObject({ type: 'Ok', value: { status: 'refused' } });
  // What no entry can carry is refused by itself.
  const wrong = { type: 'Command', command: put('shared', 'c', Number.NaN) } as const;
  const [right, refused] = await Promise.all([wished[0], wrong].map((one) => door.ask(one)));
  expect(right).toMatchObject({ type: 'Ok', value: { status: 'stored' } });
  expect(refused).toMatchObject({ type: 'Refused', code: 'BAD_REQUEST' });
});

test('with a leader cut off from everybody a write ends as unknown or refused, within the bound', async () => {
  const leader = await cluster.leader();
  const door = new MemberDoor(leader, { within: 1500, leaderless: 300 });
  await door.ask({ type: 'Command', command: put('', 'k', 1) });
  const others = cluster.running().filter(({ id }) => id !== leader.id);
  await Promise.all(others.map((node) => node.stop()));
  const began = performance.now();
  const reply = await door.ask({ type: 'Command', command: put('', 'k', 2) });
  const read = await door.ask({ type: 'Query', mode: 'linearizable', query: get('', 'k') });
  expect(performance.now() - began).toBeLessThan(3500);
  expect(reply.type).not.toBe('Ok');
  expect(read).toMatchObject({ type: 'Refused', code: 'NO_LEADER' });
});
