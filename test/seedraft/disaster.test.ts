/**
 * An operator's bad days, with real processes and the very lines that the help prints: a backup of a running cluster becomes a new one with the
 * same state; a majority is killed and its disks are gone, and the survivor goes on, joined by new members; the old ones are kept out.
 */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from '@seedraft/client';
import type { MemberStatus } from '@seedraft/wire';
import { afterAll, afterEach, expect, test } from 'vitest';
import {
  LocalCluster,
  type LocalMember,
} from '../../packages/seedraft/src/local-cluster/local-cluster.ts';
import { ProcessMember } from '../../packages/seedraft/src/local-cluster/process-member.ts';
import { freePort } from '../node/free-ports.ts';

const BIN = fileURLToPath(new URL('../../packages/seedraft/bin/seedraft.js', import.meta.url));
const root = mkdtempSync(path.join(tmpdir(), 'seedraft-disaster-'));
const running = new Set<ProcessMember>();
const clusters: LocalCluster[] = [];

afterEach(async () => {
  for (const member of running) member.signal('SIGKILL');
  await Promise.all([...running].map(({ exited }) => exited));
  running.clear();
  for (const cluster of clusters.splice(0)) {
    for (const member of cluster.members) cluster.processOf(member)?.signal('SIGKILL');
    await cluster.stop();
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function command(...words: string[]): Promise<{ code: number; out: string; error: string }> {
  return new Promise((resolve) => {
    const options = { cwd: root, env: { ...process.env, NO_COLOR: '1' } };
    execFile(process.execPath, [BIN, ...words], options, (failed, out, error) => {
      resolve({ code: failed === null ? 0 : Number(failed.code), out, error });
    });
  });
}

const TIMING = ['--election-timeout', '300ms', '--heartbeat-interval', '60ms'];
const ALONE = [...TIMING, '--http-listen', 'off'];

/** What `serve` said, and the process. */
async function serve(
  flags: readonly string[],
): Promise<{ member: ProcessMember; lines: string[] }> {
  const lines: string[] = [];
  const member = new ProcessMember({
    flags: [...flags, ...ALONE],
    onLine: (line) => lines.push(line),
    onExit: () => {},
  });
  running.add(member);
  await member.ready;
  return { member, lines };
}

async function threeMembers(name: string): Promise<LocalCluster> {
  const cluster = await LocalCluster.plan({
    cluster: name,
    folder: path.join(root, name),
    size: 3,
    flags: TIMING,
    onLine: () => {},
    onExit: () => {},
  });
  clusters.push(cluster);
  await Promise.all(cluster.members.map((member) => cluster.start(member).ready));
  return cluster;
}

const clientsOf = (cluster: LocalCluster) => cluster.members.map(({ client }) => client);

async function kill(cluster: LocalCluster, member: LocalMember): Promise<void> {
  const victim = cluster.processOf(member)!;
  victim.signal('SIGKILL');
  await victim.exited;
}

async function filled(endpoints: readonly string[], count: number): Promise<void> {
  const client = await connect({ endpoints });
  const kv = client.kv();
  await Promise.all(Array.from({ length: count }, (_, i) => kv.put(`k${i}`, `v${i}`)));
  await client.close();
}

async function statusOf(address: string): Promise<MemberStatus> {
  const client = await connect({ endpoints: [address] });
  const status = await client.status({ address });
  await client.close();
  return status;
}

async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (await holds().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`never: ${what}`);
}

test('a backup of a running cluster, checked; then a new cluster with that very state', async () => {
  const old = await threeMembers('old');
  await filled(clientsOf(old), 300);
  const asked = ['--endpoints', clientsOf(old).join(',')];
  const taken = await command('backup', 'a.backup', ...asked, '--json');
  expect(taken).toMatchObject({ code: 0 });
  const { index, stateDigest, clusterId } = JSON.parse(taken.out);
  expect(clusterId).toBe('old');
  expect(existsSync(path.join(root, 'a.backup.partial'))).toBe(false);

  const bytes = readFileSync(path.join(root, 'a.backup'));
  expect(await command('backup', 'a.backup', ...asked)).toMatchObject({ code: 64 });
  expect(readFileSync(path.join(root, 'a.backup'))).toEqual(bytes);
  const checked = await command('backup', '--check', 'a.backup', '--json');
  expect(JSON.parse(checked.out)).toMatchObject({ whole: true, index, stateDigest });
  writeFileSync(path.join(root, 'bad.backup'), bytes.subarray(0, bytes.length - 9));
  const bad = await command('backup', '--check', 'bad.backup');
  expect(bad).toMatchObject({ code: 1 });
  expect(bad.error).toMatch(/BACKUP_DAMAGED.*ends before its last record/);

  const ports = await Promise.all(Array.from({ length: 6 }, () => freePort()));
  const addresses = [0, 1, 2].map((at) => ({
    peer: `127.0.0.1:${ports[2 * at]}`,
    client: `127.0.0.1:${ports[2 * at + 1]}`,
  }));
  const members = addresses.map(({ peer, client }, at) => `${at + 1}=${peer}/${client}`).join(',');
  const names = new Set<string>();
  const figuresAt = new Set<string>();
  const started: Promise<unknown>[] = [];
  for (const id of ['1', '2', '3']) {
    const flags = ['--data', `new/n${id}`, '--members', members, '--id', id, '--json'];
    const made = await command('restore', 'a.backup', ...flags);
    expect(made).toMatchObject({ code: 0 });
    const shown = JSON.parse(made.out);
    expect(shown).toMatchObject({ index, stateDigest, id: Number(id) });
    names.add(shown.clusterId);
    figuresAt.add(/ --http-listen (127\.0\.0\.1:\d+)$/.exec(shown.start)?.[1] ?? 'nowhere');
    if (id === '1') {
      const again = await command('restore', 'a.backup', ...flags);
      expect(again).toMatchObject({ code: 64 });
      expect(JSON.parse(again.out).error).toMatch(/DIRECTORY_NOT_EMPTY/);
    }
    const { peer, client } = addresses[Number(id) - 1]!;
    const listen = ['--peer-listen', peer, '--client-listen', client];
    started.push(serve(['--data', path.join(root, 'new', `n${id}`), ...listen]));
  }
  await Promise.all(started);
  expect(names.size).toBe(1);
  // All on one machine: each line that starts a member names another port for its figures.
  expect(figuresAt.size).toBe(3);
  for (const at of figuresAt) expect(members).not.toContain(at);
  const [name] = [...names];
  expect(name).toMatch(/^old-restored-[0-9a-f]{8}$/);

  const endpoints = addresses.map(({ client }) => client);
  await eventually('one state on all three, the one of the backup', async () => {
    const all = await Promise.all(endpoints.map(statusOf));
    return all.every((one) => one.stateDigest === stateDigest && one.leader !== 0);
  });
  const client = await connect({ endpoints });
  expect(await client.kv().get('k299')).toMatchObject({ value: 'v299' });
  expect((await client.kv().put('new', 'x')).status).toBe('stored');
  expect(await client.status()).toMatchObject({ clusterId: name });
  await client.close();
}, 90_000);

test('two of three are killed and their disks gone: the survivor goes on, others join, the old are kept out', async () => {
  const cluster = await threeMembers('blue');
  const [survivor, second, third] = cluster.members as [LocalMember, LocalMember, LocalMember];
  await filled(clientsOf(cluster), 200);
  const acknowledged = (await statusOf(survivor.client)).commitIndex;
  await eventually('the survivor has it all', async () => {
    const all = await Promise.all(clientsOf(cluster).map(statusOf));
    return new Set(all.map((one) => one.stateDigest)).size === 1;
  });
  const before = await statusOf(survivor.client);
  expect(before.commitIndex).toBeGreaterThanOrEqual(acknowledged);
  for (const member of [second, third]) await kill(cluster, member);
  const copyOfSecond = path.join(root, 'copy-of-n2');
  cpSync(second.data, copyOfSecond, { recursive: true });
  for (const member of [second, third]) cluster.wipe(member);
  const stuck = await command(
    'kv',
    'put',
    'x',
    'y',
    '--endpoints',
    survivor.client,
    '--timeout',
    '1s',
  );
  expect(stuck).toMatchObject({ code: 69 });
  const running = await command('debug', 'force-configuration', survivor.data, '--yes');
  expect(running).toMatchObject({ code: 64 });
  expect(running.error).toMatch(/DIRECTORY_LOCKED/);
  await kill(cluster, survivor);

  const undecided = await command('debug', 'force-configuration', survivor.data);
  expect(undecided).toMatchObject({ code: 64 });
  expect(undecided.error).toMatch(/lost: whatever only the others had[\s\S]*Give --yes/);
  const forced = await command('debug', 'force-configuration', survivor.data, '--yes', '--json');
  expect(forced).toMatchObject({ code: 0 });
  const { clusterId, lastIndex } = JSON.parse(forced.out);
  expect(clusterId).toMatch(/^blue-forced-[0-9a-f]{8}$/);
  expect(lastIndex).toBeGreaterThanOrEqual(before.commitIndex);

  const listen = ['--peer-listen', survivor.peer, '--client-listen', survivor.client];
  const alone = await serve(['--data', survivor.data, ...listen]);
  const client = await connect({ endpoints: [survivor.client], timeouts: { connect: 15_000 } });
  for (let i = 0; i < 200; i++)
    expect(await client.kv().get(`k${i}`)).toMatchObject({ value: `v${i}` });
  await client.kv().put('after', 'all');

  // An old member comes back at the address where the new ones know nobody; it speaks to the survivor, which will not hear it.
  const back = await serve([
    '--data',
    copyOfSecond,
    '--peer-listen',
    second.peer,
    '--client-listen',
    second.client,
  ]);
  await eventually('the old member is refused', async () =>
    [...alone.lines, ...back.lines].some((line) =>
      /belongs to cluster "blue[^"]*", not to "blue/.test(line),
    ),
  );
  expect((await statusOf(second.client)).role).not.toBe('leader');
  back.member.signal('SIGKILL');
  await back.member.exited;

  const joined: string[] = [];
  for (const name of ['n4', 'n5']) {
    const own = [await freePort(), await freePort()].map((port) => `127.0.0.1:${port}`);
    joined.push(own[1]!);
    const at = ['--peer-listen', own[0]!, '--client-listen', own[1]!, '--name', name];
    await serve(['--join', survivor.client, '--data', path.join(root, name), ...at]);
  }
  await eventually('three voters with one state', async () => {
    const { members } = await client.members.configuration();
    const voters = members.filter(({ role }) => role === 'voter');
    const all = await Promise.all(members.map(({ clientAddress }) => statusOf(clientAddress)));
    expect(members.map(({ id }) => id)).toEqual([1, 4, 5]);
    return voters.length === 3 && new Set(all.map((one) => one.stateDigest)).size === 1;
  });
  // Now it stands the loss of one again.
  alone.member.signal('SIGKILL');
  await alone.member.exited;
  await client.close({ within: 0 });
  const others = await connect({ endpoints: joined });
  expect(await others.kv().get('after')).toMatchObject({ value: 'all' });
  await others.close();
}, 90_000);
