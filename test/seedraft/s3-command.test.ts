/** `backup`, `backup --check` and `restore` with s3://, as processes, against a store that checks signatures; and without the SDK. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect } from '@seedraft/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  ProcessMember,
  type ReadyMessage,
} from '../../packages/seedraft/src/local-cluster/process-member.ts';
import { Launchers } from '../api/launcher.ts';
import { freePort } from '../node/free-ports.ts';
import { S3Server } from './s3-server.ts';

const BIN = fileURLToPath(new URL('../../packages/seedraft/bin/seedraft.js', import.meta.url));
const root = mkdtempSync(path.join(tmpdir(), 'seedraft-s3-command-'));
const server = new S3Server('backups', 'auto', 'launched');
const running: ProcessMember[] = [];

beforeAll(() => server.start());
afterAll(async () => {
  for (const member of running) member.signal('SIGKILL');
  await Promise.all(running.map(({ exited }) => exited));
  await server.stop();
  rmSync(root, { recursive: true, force: true });
});

/** Nothing that a test before this one left in the environment of this process. */
const environment = () => ({ ...process.env, ...server.environment, NO_COLOR: '1', TMPDIR: root });

function command(words: readonly string[], before: readonly string[] = []) {
  return new Promise<{ code: number; out: string; error: string }>((resolve) => {
    const options = { cwd: root, env: environment() };
    execFile(process.execPath, [...before, BIN, ...words], options, (failed, out, error) => {
      resolve({ code: failed === null ? 0 : Number(failed.code), out, error });
    });
  });
}

async function serve(...flags: readonly string[]): Promise<ProcessMember> {
  const timing = ['--election-timeout', '200ms', '--heartbeat-interval', '40ms'];
  const member = new ProcessMember({
    flags: [...flags, ...timing, '--http-listen', '127.0.0.1:0'],
    environment: server.environment,
    onLine: () => {},
    onExit: () => {},
  });
  running.push(member);
  await member.ready;
  return member;
}

/** The member makes one by itself as soon as it leads, and says so. */
async function scheduledOne({ httpAddress }: ReadyMessage): Promise<void> {
  const get = async (page: string) => (await fetch(`http://${httpAddress}/${page}`)).text();
  const lastSuccess = async () =>
    Number(
      /^seedraft_backup_last_success_timestamp_seconds (\S+)$/m.exec(await get('metrics'))![1],
    );
  let seen = await lastSuccess();
  for (; seen === 0; seen = await lastSuccess()) await pause(50);
  const [key] = server.keys('auto');
  expect(key).toMatch(/^old\/2.*-entry-\d+\.backup$/);
  const { backup } = JSON.parse(await get('status'));
  expect(backup).toMatchObject({ url: `s3://auto/${key}`, failuresTotal: 0, interval: 3_600_000 });
  expect(Date.parse(backup.lastSuccess) / 1000).toBeCloseTo(seen, 2);
}

const leftovers = () => readdirSync(root).filter((name) => name.startsWith('seedraft-restore-'));

test('into a bucket, checked there, and a new cluster from the newest; what was altered is refused and nothing is written', async () => {
  const [peer, client, newPeer, newClient] = await Promise.all(
    Array.from({ length: 4 }, async () => `127.0.0.1:${await freePort()}`),
  );
  const first = ['--bootstrap', '--cluster', 'old', '--data', path.join(root, 'old')];
  const byItself = ['--backup', 's3://auto/', '--backup-every', '1h', '--backup-keep', '3'];
  const listening = ['--peer-listen', peer!, '--client-listen', client!];
  const member = await serve(...first, ...listening, ...byItself);
  const old = await connect({ endpoints: [client!], timeouts: { connect: 15_000 } });
  await old.kv().put('k', 'v');
  const taken = await command(['backup', 's3://backups/team', '--endpoints', client!, '--json']);
  expect(taken).toMatchObject({ code: 0 });
  const { file, index, stateDigest } = JSON.parse(taken.out);
  expect(file).toMatch(/^s3:\/\/backups\/team\/old\/2.*-entry-\d+\.backup$/);
  await old.close();
  await scheduledOne(await member.ready);
  const at = file.slice('s3://'.length);
  const object = server.objects.get(at)!;
  const earlier = 'backups/team/old/20200101T000000.000Z-entry-99999.backup';
  server.objects.set(earlier, { ...object, bytes: Buffer.from('older, and no backup') });

  const latest = ['s3://backups/', '--latest', '--json'];
  const checked = await command(['backup', '--check', ...latest]);
  expect(JSON.parse(checked.out)).toMatchObject({ file, whole: true, index, stateDigest });

  const listen = ['--peer-listen', newPeer!, '--client-listen', newClient!];
  const members = ['--members', `1=${newPeer}/${newClient}`];
  const data = path.join(root, 'new');
  const made = await command(['restore', ...latest, '--data', data, ...members]);
  expect(JSON.parse(made.out)).toMatchObject({ index, stateDigest });
  await serve('--data', data, ...listen);
  const restored = await connect({ endpoints: [newClient!], timeouts: { connect: 15_000 } });
  expect(await restored.kv().get('k')).toMatchObject({ value: 'v' });
  await restored.close();

  const bytes = Buffer.from(object.bytes);
  bytes[bytes.length >> 1]! ^= 1;
  server.objects.set(at, { ...object, bytes });
  const bad = path.join(root, 'bad');
  const refused = await command(['restore', file, '--data', bad, ...members]);
  expect(refused).toMatchObject({ code: 64 });
  expect(refused.error).toMatch(/BACKUP_DAMAGED: s3:\/\/backups\/team\/old\/.* Use another backup/);
  expect(existsSync(bad)).toBe(false);
  expect(leftovers()).toEqual([]);
}, 90_000);

test("a launcher of another system's quick start is backed up too, by what its environment says", async () => {
  const launchers = new Launchers();
  const words = ['raftnode', '--ip', `127.0.0.1:${await freePort()}`, '--peers', ''];
  launchers.start(words, { ...server.environment, SEEDRAFT_BACKUP: 's3://launched/' });
  try {
    const isThere = async () => server.keys('launched').length > 0;
    await launchers.until('a backup', isThere);
  } finally {
    await launchers.stop();
  }
}, 50_000);

test('without the SDK: what to install, before anything is asked', async () => {
  const hook = `export const resolve = (name, context, next) => {
    if (!name.startsWith('@aws-sdk/')) return next(name, context);
    throw Object.assign(new Error('not installed'), { code: 'ERR_MODULE_NOT_FOUND' });
  };`;
  const asUrl = (text: string) => `data:text/javascript,${encodeURIComponent(text)}`;
  const register = `import { register } from 'node:module'; register(${JSON.stringify(asUrl(hook))});`;
  const lacking = ['--import', asUrl(register)];
  const checking = ['backup', '--check', 's3://backups/', '--latest'];
  const without = await command(checking, lacking);
  expect(without).toMatchObject({ code: 64 });
  expect(without.error).toMatch(/npm install @aws-sdk\/client-s3/);
}, 30_000);
