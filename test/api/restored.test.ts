/**
 * A cluster that was restored from a backup of another one, which still runs: whatever its members say of where the leader is, from their first answer on and
 * over a change of leaders, no client is sent into the old cluster; not by distraft's redirects, nor raftnode's peers, nor the frames of our own protocol.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MemberDoor, type OpenedApi, openApi } from '@seedraft/api';
import { connect, openBackup } from '@seedraft/client';
import { KvMachine } from '@seedraft/kv';
import { type FirstMember, type RunningNode, startNode } from '@seedraft/node';
import { encodeBackup, readBackup, writeBackup } from '@seedraft/store/level';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { restoreMember } from '../../packages/seedraft/src/restore.ts';
import { freePort } from '../node/free-ports.ts';
import { RawClient } from '../node/raw.ts';
import { ApiCluster } from './api-cluster.ts';
import { ask } from './http-client.ts';
import { exchange } from './launcher.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'seedraft-restored-'));
const raft = { electionTimeoutMin: 200, electionTimeoutMax: 400, heartbeatInterval: 40 };
const form = (value: string) => new URLSearchParams({ value });

interface Restored {
  readonly node: RunningNode;
  readonly distraft: OpenedApi;
  readonly raftnode: OpenedApi;
}

let old: ApiCluster;
const restored: Restored[] = [];

beforeAll(async () => {
  old = await ApiCluster.start('distraft', 3);
  for (const member of old.members) await old.also(member, 'raftnode', {});
  for (const { door } of old.members) await old.announced('raftnode', door);
  const write = inOld('POST', '/colour', form('old'));
  await old.nodes.until('it is written', async () => {
    return ((await write()) as { value?: unknown }).value === 'old';
  });
});
afterAll(async () => {
  for (const { node, distraft, raftnode } of restored) {
    await Promise.all([distraft.stop(), raftnode.stop()]);
    await node.stop();
  }
  await old.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** At whoever leads the old cluster at the moment. */
const inOld = (method: string, key: string, body?: URLSearchParams) => async () =>
  (await ask((await old.leader()).api.address, method, key, body)).body;

async function backedUp() {
  const opened = await openBackup({ endpoints: [(await old.leader()).node.clientAddress] });
  const file = path.join(folder, 'backup');
  const bytes = encodeBackup({ ...opened.about, takenAt: 1 }, opened.chunks);
  expect(await writeBackup(file, bytes, { overwrite: false })).toMatchObject({ outcome: 'ok' });
  opened.close();
  const read = readBackup(file);
  if (read.outcome === 'refused') throw new Error(read.sentence);
  return read;
}

async function firstMembers(): Promise<FirstMember[]> {
  const address = async () => `127.0.0.1:${await freePort()}`;
  const members: FirstMember[] = [];
  for (const id of [1, 2, 3]) {
    const [peerAddress, clientAddress] = [await address(), await address()];
    members.push({ id, name: `n${id}`, peerAddress, clientAddress });
  }
  return members;
}

const listen = { host: '127.0.0.1', port: 0 };
const portOf = (address: string) => ({ host: '127.0.0.1', port: Number(address.split(':')[1]) });

async function start({ id, peerAddress, clientAddress }: FirstMember): Promise<Restored> {
  const started = await startNode({
    directory: path.join(folder, `n${id}`),
    machine: () => new KvMachine(),
    peerListen: portOf(peerAddress),
    clientListen: portOf(clientAddress),
    start: { how: 'existing' },
    raft: { ...raft, forwardProposals: true },
  });
  if (!started.ok) throw new Error(started.sentence);
  const { node } = started;
  const door = new MemberDoor(node);
  const distraft = await openApi({ protocol: 'distraft', door, listen });
  return { node, distraft, raftnode: await openApi({ protocol: 'raftnode', door, listen }) };
}

/** What every member says, on every way, of where others are. Returns how many redirects there were. */
async function whereTheySend(values: string): Promise<number> {
  let redirects = 0;
  const http = new Set(restored.map(({ distraft }) => distraft.address));
  const json = new Set(restored.map(({ raftnode }) => raftnode.address));
  for (const { distraft, raftnode } of restored) {
    for (const [method, body] of [['GET'], ['POST', form(values)]] as const) {
      const { status, headers } = await ask(distraft.address, method, '/colour', body);
      if (status !== 302 && status !== 307) continue;
      redirects += 1;
      expect(http).toContain(new URL(headers.get('location')!).host);
    }
    const { body } = await ask(distraft.address, 'GET', '/');
    const { members } = (body as { status: { members: Record<string, unknown[]> } }).status;
    for (const [, , host, port] of Object.values(members))
      expect(http).toContain(`${host}:${port}`);
    const { peers } = await exchange(portOf(raftnode.address).port, { type: 'peers' });
    for (const peer of peers as string[]) expect(json).toContain(peer);
  }
  return redirects;
}

test('no client is sent into the cluster that the backup was taken of', async () => {
  const backup = await backedUp();
  const members = await firstMembers();
  for (const { id } of members) {
    await restoreMember(backup, path.join(folder, `n${id}`), 'new', id, members);
  }
  const wires: RawClient[] = [];
  for (const member of members) {
    restored.push(await start(member));
    wires.push(new RawClient(member.clientAddress));
    const welcome = await wires.at(-1)!.hello('', 'new');
    expect(welcome).toMatchObject({ type: 'welcome', clusterId: 'new' });
    // From the very first moment: alone, not led by anybody, with the old cluster's announcements in its state.
    const { members: listed } = (
      (await ask(restored.at(-1)!.distraft.address, 'GET', '/')).body as {
        status: { members: object };
      }
    ).status;
    expect(Object.keys(listed).length).toBeLessThanOrEqual(restored.length);
  }
  const leads = () => restored.find(({ node }) => node.status().role === 'leader');
  await expect.poll(leads, { timeout: 15_000 }).toBeDefined();
  for (let round = 0; round < 3; round++) await whereTheySend('new');
  await expect.poll(() => whereTheySend('new'), { timeout: 15_000 }).toBeGreaterThan(3);
  await leads()!.node.request({ type: 'TransferLeadership', target: 0 });
  await expect.poll(() => whereTheySend('newer'), { timeout: 15_000 }).toBeGreaterThan(3);

  const client = await connect({ endpoints: [members[0]!.clientAddress] });
  await client.kv().put('native', 'new');
  await client.close();
  const own = new Set(members.map(({ clientAddress }) => clientAddress));
  for (const wire of wires) {
    let news = 0;
    while (wire.frames.length > 0) {
      const frame = await wire.anything();
      if (frame?.type !== 'cluster') continue;
      news += 1;
      for (const at of [frame.leaderAddress, ...frame.addresses])
        if (at !== '') expect(own).toContain(at);
    }
    expect(news).toBeGreaterThan(0);
    wire.socket.destroy();
  }
  await expect.poll(inOld('GET', '/colour')).toMatchObject({ value: 'old' });
  await expect.poll(inOld('GET', '/native')).toMatchObject({ value: null });
  const inNew = async () =>
    (await ask(leads()!.distraft.address, 'POST', '/colour', form('newest'))).body;
  await expect.poll(inNew).toMatchObject({ value: 'newest' });
});
