/**
 * Proves with real members on real sockets: an id is reserved once and for one address whoever asks at once and whoever leads; several tickets
 * become voters by one joint change or not at all; nobody is recorded at another's address; and a member in the program's own hands does all of it too.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Client, connect, type Ticket } from '@seedraft/client';
import type { Configuration } from '@seedraft/core';
import { KvMachine, put } from '@seedraft/kv';
import { createNode, type NodeHandle } from 'seedraft';
import { afterEach, expect, test } from 'vitest';
import { NodeCluster } from '../node/cluster.ts';
import { freePort } from '../node/free-ports.ts';

let cluster: NodeCluster;
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
  await cluster.stop();
});

async function client(): Promise<Client> {
  const connected = await connect({ endpoints: cluster.first.map((one) => one.clientAddress) });
  open.push({ close: () => connected.close({ within: 0 }) });
  return connected;
}

const votersOf = ({ members }: Configuration) =>
  members.filter(({ role }) => role === 'voter').map(({ id }) => id);

/** A learner with its ticket. */
function boot(ticket: Ticket) {
  const { reservedId: id, leaderAddr } = ticket;
  const start = { how: 'join', endpoints: [leaderAddr], id, promote: false } as const;
  const [host, port] = ticket.raftAddr.split(':') as [string, string];
  return cluster.boot(id, { start, peerListen: { host, port: Number(port) } });
}

const address = async () => `127.0.0.1:${await freePort()}`;

test('ids asked for by many at once, while leadership moves: one for each address, never one twice', async () => {
  cluster = await NodeCluster.start(3);
  await cluster.leader();
  const addresses = Array.from({ length: 6 }, (_, n) => `127.0.0.1:${n + 1}`);
  const clients = await Promise.all([client(), client(), client()]);
  const [first] = clients;
  const asked = addresses.flatMap((at) => clients.map((one) => one.members.requestId(at)));
  const moving = first!.transfer().then(() => first!.transfer());
  const tickets = await Promise.all(asked);
  await moving;
  const ids = new Map(tickets.map(({ raftAddr, reservedId }) => [raftAddr, reservedId]));
  for (const { raftAddr, reservedId } of tickets) expect(reservedId).toBe(ids.get(raftAddr));
  expect([...ids.values()].sort()).toEqual([4, 5, 6, 7, 8, 9]);
  // A removed one's id is nobody's any more, and its ticket is worth nothing.
  await first!.members.remove(9);
  const again = await first!.members.requestId(addresses.find((at) => ids.get(at) === 9)!);
  expect(again.reservedId).toBe(10);
  const gone = first!.members.join([{ reservedId: 9 }]);
  await expect(gone).rejects.toMatchObject({ code: 'NO_TICKET', outcome: 'not applied' });
});

test('one more member is never recorded where one is, be it asked for twice at once', async () => {
  cluster = await NodeCluster.start(1);
  const { members } = await client();
  const [one] = cluster.first;
  const free = { peerAddress: '127.0.0.1:1', clientAddress: '127.0.0.1:2' };
  for (const taken of [{ peerAddress: one!.peerAddress }, { clientAddress: one!.clientAddress }]) {
    await expect(members.add({ name: 'n2', ...free, ...taken })).rejects.toMatchObject({
      code: 'ADDRESS_IN_USE',
      message: expect.stringMatching(/reach member 1 \(n1\) at .*give another address/),
      outcome: 'not applied',
    });
  }
  const both = await Promise.allSettled([1, 2].map((n) => members.add({ name: `${n}`, ...free })));
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  await expect(members.add({ name: 'n9', ...free })).rejects.toThrow(/^ADDRESS_IN_USE/);
  expect((await members.configuration()).members.map(({ id }) => id)).toEqual([1, 2]);
  // Who is there no more is in nobody's way.
  await members.remove(2);
  expect(await members.add({ name: 'n3', ...free })).toBe(3);
});

test('two tickets are one joint change: both are voters, or neither', async () => {
  cluster = await NodeCluster.start(3);
  const { members } = await client();
  const tickets: Ticket[] = [];
  for (const at of [await address(), await address()]) tickets.push(await members.requestId(at));
  expect(tickets[0]!.peers.map(({ id }) => id)).toEqual([1, 2, 3]);
  await boot(tickets[0]!);
  const alone = members.join(tickets, { timeout: 400 });
  await expect(alone).rejects.toMatchObject({ code: 'LAGGING', outcome: 'not applied' });
  expect(votersOf(await members.configuration())).toEqual([1, 2, 3]);
  await boot(tickets[1]!);
  await members.join(tickets, { stayJoint: true });
  const joint = await members.configuration();
  expect([votersOf(joint), joint.outgoing]).toEqual([
    [1, 2, 3, 4, 5],
    [1, 2, 3],
  ]);
  await members.leaveJoint();
  await cluster.put('k', 'v');
  await cluster.converged();
  for (const node of cluster.running()) {
    const { configuration } = node.status();
    expect([votersOf(configuration), configuration.outgoing]).toEqual([[1, 2, 3, 4, 5], null]);
  }
  await expect(members.leaveJoint()).rejects.toMatchObject({ code: 'NOT_JOINT' });
  await members.join(tickets);
});

test('a known address keeps its id; one whose disk was lost gets another, and its old place goes as it joins', async () => {
  cluster = await NodeCluster.start(3);
  const { members } = await client();
  const third = cluster.node(3);
  const at = third.peerAddress;
  for (const options of [{}, { lostDisk: true }]) {
    await expect(members.requestId(at, options)).rejects.toMatchObject({
      code: 'ADDRESS_IN_USE',
      message: expect.stringMatching(/member 3 .* runs at .*stop it first/),
      outcome: 'not applied',
    });
  }
  if ((await cluster.leader()).id === 3) await (await client()).transfer();
  await third.stop();
  expect((await members.requestId(at)).reservedId).toBe(3);
  const lost = await Promise.all([1, 2].map(() => members.requestId(at, { lostDisk: true })));
  expect(lost.map(({ reservedId }) => reservedId)).toEqual([4, 4]);
  await boot(lost[0]!);
  await members.join(lost.slice(0, 1));
  const { members: all, outgoing } = await members.configuration();
  expect(all.map(({ id, role }) => [id, role])).toEqual([1, 2, 4].map((id) => [id, 'voter']));
  expect(outgoing).toBeNull();
});

test('a member in the hands of its program: reserved, joined and led from here', async () => {
  cluster = await NodeCluster.start(0);
  const folder = mkdtempSync(path.join(tmpdir(), 'seedraft-tickets-'));
  const create = async (more: object, at?: string): Promise<NodeHandle> => {
    const node = await createNode({
      address: at ?? (await address()),
      clientAddress: await address(),
      data: path.join(folder, `${open.length}`),
      machine: () => new KvMachine(),
      tokens: [{ token: 'an-admin', role: 'admin' }],
      config: { electionTimeoutMin: 200, electionTimeoutMax: 400, heartbeatInterval: 40 },
      ...more,
    });
    open.unshift({ close: () => node.stop() });
    return node;
  };
  open.push({ close: async () => rmSync(folder, { recursive: true }) });
  const one = await create({});
  await one.propose(put('', 'k', 1));
  const places = [await address(), await address()];
  const tickets = [];
  for (const place of places) tickets.push(await one.requestId(place));
  for (const name of ['', ' ', 'a\nb', ' a']) {
    const flawed = one.requestId('127.0.0.1:1', { name });
    await expect(flawed).rejects.toMatchObject({
      code: 'INVALID_CHANGE',
      message: expect.stringMatching(/is no name/),
    });
  }
  await expect(one.requestId('there')).rejects.toMatchObject({ code: 'INVALID_CHANGE' });
  const two = await create({ ticket: tickets[0] }, places[0]);
  const three = await create({ ticket: tickets[1] }, places[1]);
  // Asked at a learner, carried out by the leader.
  await three.join(tickets);
  expect([two.id, three.id, one.clusterSize]).toEqual([2, 3, 3]);
  // Asked at whichever member: whoever runs at the address, or leads, is asked for itself.
  for (const at of [one, two, three]) {
    const taken = at.requestId(places[0]!);
    await expect(taken).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' });
    const unknown = at.join([{ reservedId: 77 }], { timeout: 30_000 });
    await expect(unknown).rejects.toMatchObject({ code: 'UNKNOWN_MEMBER' });
  }
  expect(await two.query(['get', '', 'k'])).toMatchObject({ item: { value: 1 } });
  await two.propose(put('', 'k', 2));
  expect((two.stateMachine as KvMachine).query(['get', '', 'k'])).toMatchObject({
    item: { value: 2 },
  });
  const other = { ...tickets[0]!, reservedId: 9 };
  const data = path.join(folder, 'again');
  const alone = { address: '127.0.0.1:0', data, machine: () => new KvMachine() };
  await (await createNode(alone)).stop();
  await expect(createNode({ ...alone, ticket: other })).rejects.toMatchObject({
    code: 'IDENTITY_MISMATCH',
  });
  await two.campaign();
  expect([two.isLeader, two.leaderId]).toEqual([true, 2]);
  await two.demote();
  expect(two.isLeader).toBe(false);
  expect(await three.snapshot()).toBeGreaterThan(0);
  await expect(three.leaveJoint()).rejects.toMatchObject({ code: 'NOT_JOINT' });
  await three.leave();
  expect(await three.stopped).toMatchObject({ code: 'MEMBER_REMOVED' });
  expect(one.peers.map(({ id }) => id)).toEqual([1, 2]);
});
