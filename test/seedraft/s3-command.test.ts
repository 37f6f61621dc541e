/** `backup`, `backup --check` and `restore` with s3://, as processes, against a store that checks signatures; and without the SDK. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from '@seedraft/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ProcessMember } from '../../packages/seedraft/src/local-cluster/process-member.ts';
import { freePort } from '../node/cluster.ts';
import { S3Server } from './s3-server.ts';

const BIN = fileURLToPath(new URL('../../packages/seedraft/bin/seedraft.js', import.meta.url));
const root = mkdtempSync(path.join(tmpdir(), 'seedraft-s3-command-'));
const server = new S3Server('backups');
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
    flags: [...flags, ...timing, '--http-listen', 'off'],
    onLine: () => {},
    onExit: () => {},
  });
  running.push(member);
  await member.ready;
  return member;
}

const leftovers = () => readdirSync(root).filter((name) => name.startsWith('seedraft-restore-'));

test('into a bucket, checked there, and a new cluster from the newest; what was altered is refused and nothing is written', async () => {
  const [peer, client, newPeer, newClient] = await Promise.all(
    Array.from({ length: 4 }, async () => `127.0.0.1:${await freePort()}`),
  );
  const first = ['--bootstrap', '--cluster', 'old', '--data', path.join(root, 'old')];
  await serve(...first, '--peer-listen', peer!, '--client-listen', client!);
  const old = await connect({ endpoints: [client!], timeouts: { connect: 15_000 } });
  await old.kv().put('k', 'v');
  const taken = await command(['backup', 's3://backups/team', '--endpoints', client!, '--json']);
  expect(taken).toMatchObject({ code: 0 });
  const { file, index, stateDigest } = JSON.parse(taken.out);
  expect(file).toMatch(/^s3:\/\/backups\/team\/old\/2.*-entry-\d+\.backup$/);
  await old.close();
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
}, 60_000);

test('without the SDK: what to install, before anything is asked; a prefix of several clusters: which to name', async () => {
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
  const [path] = server.objects.keys();
  server.objects.set(
    'backups/green/20300101T000000.000Z-entry-1.backup',
    server.objects.get(path!)!,
  );
  const several = await command(checking);
  expect(several).toMatchObject({ code: 64 });
  expect(several.error).toMatch(/s3:\/\/backups\/green\/, s3:\/\/backups\/team\/old\//);
}, 30_000);
