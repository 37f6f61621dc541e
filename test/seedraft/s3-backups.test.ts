/**
 * Backups as objects, in this process, against a store that checks signatures: whole, or refused with a sentence; of any size in bounded memory; and nothing
 * deleted but what is provably this cluster's, older than what was kept.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Configuration } from '@seedraft/core';
import type { BackupAbout } from '@seedraft/store';
import { readBackup } from '@seedraft/store/level';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { lineageOf, S3Backups } from '../../packages/seedraft/src/s3/backups.ts';
import { Bucket } from '../../packages/seedraft/src/s3/bucket.ts';
import {
  folderOf,
  nameOf,
  readLocation,
  readName,
} from '../../packages/seedraft/src/s3/location.ts';
import { oneBackup, openLocation } from '../../packages/seedraft/src/verbs/s3-flags.ts';
import { S3Server } from './s3-server.ts';

let server: S3Server;
let backups: S3Backups;
const folder = mkdtempSync(path.join(tmpdir(), 'seedraft-s3-'));

beforeAll(() => {
  vi.stubEnv('AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED', 'true');
});
beforeEach(async () => {
  server = new S3Server('backups');
  await server.start();
  for (const [name, value] of Object.entries(server.environment)) vi.stubEnv(name, value);
  backups = new S3Backups(await Bucket.open('backups', ''), 'team/');
});
afterEach(async () => {
  backups.bucket.close();
  await server.stop();
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

function madeBy(...incarnations: readonly string[]): Configuration {
  const members = incarnations.map((incarnation, at) => ({
    id: at + 1,
    incarnation,
    name: `n${at + 1}`,
    peerAddress: `h:${at}`,
    clientAddress: '',
    role: 'voter' as const,
    priority: 0,
  }));
  return { members, outgoing: null, autoLeave: false, highestId: members.length };
}

function about(index: number, configuration = madeBy('aa', 'bb', 'cc')): BackupAbout {
  const state = { clusterTime: 5, stateDigest: '0123456789abcdef', configuration };
  const takenAt = Date.UTC(2026, 10, 21) + index;
  const of = { clusterId: 'blue', member: 1, version: '0.1.0', takenAt };
  return { ...of, ...state, index, term: 2, configurationIndex: 1 };
}

async function* state(bytes: number, onEnd = () => {}): AsyncGenerator<Uint8Array> {
  try {
    for (let at = 0; at < bytes; at += 262_144) {
      yield new Uint8Array(Math.min(262_144, bytes - at)).fill(at / 262_144);
    }
  } finally {
    onEnd();
  }
}

async function stored(index: number, configuration?: Configuration): Promise<string> {
  const of = about(index, configuration);
  const lineage = lineageOf(of.configuration);
  const { key } = await backups.write(of, state(1000), { key: null, lineage });
  return key;
}

/** The object's bytes, changed behind everybody's back. */
function alter(key: string, change: (bytes: Buffer) => Uint8Array): void {
  const object = server.objects.get(`backups/${key}`)!;
  const bytes = Buffer.from(change(Buffer.from(object.bytes)));
  server.objects.set(`backups/${key}`, { ...object, bytes });
}

test.each([
  ['a small state, in one request', 1000, 0],
  ['9 MiB, in parts', 9 << 20, 2],
])(
  '%s: written, read back, listed, and the same file as ever when it is fetched',
  async (_, bytes, parts) => {
    const of = about(7);
    const written = await backups.write(of, state(bytes), { key: null, lineage: ['aa'] });
    expect(written.key).toBe('team/blue/20261121T000000.007Z-entry-7.backup');
    expect(server.asked.filter(({ query }) => query.has('partNumber'))).toHaveLength(parts);
    expect(await backups.list('blue')).toMatchObject([{ key: written.key, bytes: written.bytes }]);
    const file = path.join(folder, `${bytes}`);
    await backups.download(written.key, file);
    const read = readBackup(file);
    expect(read).toMatchObject({ outcome: 'ok', about: of, fileBytes: written.bytes });
    expect((await backups.check(written.key)).chunks.size).toBe(bytes);
  },
);

test('a byte changed, an end missing, something added, another object: refused with a sentence', async () => {
  const key = await stored(1);
  const { bytes } = server.objects.get(`backups/${key}`)!;
  const judged = async (changed: Uint8Array) => {
    alter(key, () => changed);
    return backups.check(key).then(
      () => 'whole',
      (error: { code: string }) => error.code,
    );
  };
  expect(await judged(bytes)).toBe('whole');
  for (const at of [20, bytes.length >> 1, bytes.length - 1]) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 4;
    expect(await judged(changed), `byte ${at}`).toBe('BACKUP_DAMAGED');
  }
  for (const length of [16, 400, bytes.length - 1]) {
    expect(await judged(bytes.subarray(0, length))).toBe('BACKUP_DAMAGED');
  }
  expect(await judged(Buffer.concat([bytes, bytes]))).toBe('BACKUP_DAMAGED');
  expect(await judged(Buffer.from('something else, and longer'))).toBe('NOT_A_BACKUP');
  expect(await judged(Buffer.alloc(0))).toBe('NOT_A_BACKUP');
  const file = path.join(folder, 'refused');
  await expect(backups.download(key, file)).rejects.toThrow(/^s3:\/\/backups\/team\/blue\//);
});

test('what the store changed on the way in does not count, and does not stay', async () => {
  server.meanwhile = ({ method, path: of }) => {
    if (method === 'GET') alter(of.slice('backups/'.length), (bytes) => bytes.fill(1, 900, 901));
    return undefined;
  };
  const writing = backups.write(about(3), state(1000), { key: null, lineage: [] });
  await expect(writing).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
  expect(server.keys('backups')).toEqual([]);
});

test('a store that refuses a part: no object, no half-made upload, and the state is let go', async () => {
  server.meanwhile = ({ query }) => (query.get('partNumber') === '1' ? 'AccessDenied' : undefined);
  let isOver = false;
  const large = state(17 << 20, () => {
    isOver = true;
  });
  const writing = backups.write(about(3), large, { key: null, lineage: [] });
  await expect(writing).rejects.toMatchObject({ code: 'S3_DENIED' });
  expect(isOver).toBe(true);
  expect(server.uploads.size).toBe(0);
  expect(server.keys('backups')).toEqual([]);
});

test('an upload is given up at once when it is told so', async () => {
  const aborted = new AbortController();
  // Never answered: whoever waited for it would wait for ever.
  server.meanwhile = ({ query }) => {
    if (query.get('partNumber') !== '1') return undefined;
    aborted.abort();
    return new Promise(() => {});
  };
  const options = { key: null, lineage: [], signal: aborted.signal };
  const writing = backups.write(about(3), state(17 << 20), options);
  await expect(writing).rejects.toMatchObject({ code: 'ABORTED' });
  expect(server.keys('backups')).toEqual([]);
});

test('kept are the newest; deleted is what this cluster made, through every change of its members', async () => {
  for (const index of [1, 2]) await stored(index, madeBy('aa', 'bb'));
  await stored(3, madeBy('bb', 'cc'));
  const kept = [await stored(5, madeBy('cc', 'dd')), await stored(6, madeBy('dd', 'ee'))];
  // Of the same name, by clocks of another time, and with entries between ours.
  const stranger = await stored(4, madeBy('xx', 'yy'));
  const others = ['team/blue/notes.txt', 'team/blue-2/20261121T000000.001Z-entry-1.backup'];
  for (const key of [...others, 'team/blue/sub/20261121T000000.001Z-entry-1.backup']) {
    server.objects.set(`backups/${key}`, server.objects.get(`backups/${kept[0]}`)!);
  }
  const before = server.keys('backups').length;
  const retention = { clusterId: 'blue', lineage: ['ee'], keep: 2 };
  const done = await backups.retain(retention, kept[1]!);
  expect(done.deleted).toHaveLength(3);
  expect(done.strangers).toEqual([stranger]);
  expect(server.keys('backups')).toHaveLength(before - 3);
  for (const key of [...kept, stranger, ...others]) expect(server.keys('backups')).toContain(key);
  expect(await backups.retain(retention, kept[1]!)).toMatchObject({ deleted: [] });
  // The one that was just read back stays, though a clock that is behind calls it the oldest.
  const again = { ...about(6, madeBy('ee')), takenAt: 1 };
  const late = await backups.write(again, state(1000), { key: null, lineage: ['ee'] });
  expect((await backups.retain(retention, late.key)).deleted).toEqual([kept[0]]);
});

test('one that is damaged is not among the kept, and nothing that is whole goes for it', async () => {
  const [one, two, three] = [await stored(1), await stored(2), await stored(3)];
  const flip = (bytes: Buffer): Buffer => {
    bytes[500]! ^= 4;
    return bytes;
  };
  alter(two, flip);
  const retention = { clusterId: 'blue', lineage: ['aa'], keep: 2 };
  const kept = { deleted: [two], damaged: [two], strangers: [] };
  expect(await backups.retain(retention, three)).toEqual(kept);
  expect(server.keys('backups')).toEqual([one, three]);
  // Too few that are whole: everything stays, for want of better.
  const four = await stored(4);
  alter(one, flip);
  alter(three, flip);
  const few = { deleted: [], damaged: [three, one], strangers: [] };
  expect(await backups.retain(retention, four)).toEqual(few);
});

test('one that cannot be read does not count either, and nothing goes', async () => {
  const [one, two, three] = [await stored(1), await stored(2), await stored(3)];
  server.meanwhile = ({ method, path: of }) =>
    method === 'GET' && of.endsWith(two) ? 'AccessDenied' : undefined;
  const retention = { clusterId: 'blue', lineage: ['aa'], keep: 2 };
  await expect(backups.retain(retention, three)).rejects.toMatchObject({ code: 'S3_DENIED' });
  expect(server.keys('backups')).toEqual([one, two, three]);
});

test('a backup is read once for all that come after it, until it is written again', async () => {
  const keys = [await stored(1), await stored(2), await stored(3)];
  const retention = { clusterId: 'blue', lineage: ['aa'], keep: 2 };
  const reads = () =>
    server.asked.filter(({ method, path: of }) => method === 'GET' && of.endsWith('.backup'));
  const readBy = async (index: number): Promise<number> => {
    const key = await stored(index);
    const before = reads().length;
    const { deleted } = await backups.retain(retention, key);
    expect(deleted.length).toBeGreaterThan(0);
    return reads().length - before;
  };
  expect([await readBy(4), await readBy(5), await readBy(6)]).toEqual([1, 0, 0]);
  expect(server.keys('backups')).not.toContain(keys[2]);
  const six = server.keys('backups').find((key) => key.includes('entry-6'))!;
  await stored(3);
  alter(six, (bytes) => bytes.fill(1, 500, 501));
  expect(await readBy(7)).toBeGreaterThan(0);
  expect(server.keys('backups')).not.toContain(six);
});

test('which backup is meant: the one that is named, or the newest of one cluster, else a sentence', async () => {
  const keys = [await stored(9), await stored(10)];
  // Later entries, but of long ago.
  const old = 'team/blue/20200101T000000.000Z-entry-99.backup';
  server.objects.set(`backups/${old}`, server.objects.get(`backups/${keys[0]}`)!);
  const meant = async (text: string, latest: boolean) => {
    const location = await openLocation(text, {});
    return oneBackup(location, { latest }).finally(() => location.backups.bucket.close());
  };
  expect(await meant('s3://backups/', true)).toBe(keys[1]);
  expect(await meant('s3://backups/team/blue', true)).toBe(keys[1]);
  expect(await meant(`s3://backups/${old}`, false)).toBe(old);
  await expect(meant('s3://backups/team/', false)).rejects.toThrow(/give --latest/);
  await expect(meant(`s3://backups/${old}`, true)).rejects.toThrow(/is one backup/);
  await expect(meant('s3://backups/none/', true)).rejects.toThrow(/no backup below/);
  // The same name in another folder is another cluster.
  server.objects.set(
    `backups/other/blue/${nameOf(about(11))}`,
    server.objects.get(`backups/${old}`)!,
  );
  await expect(meant('s3://backups/', true)).rejects.toThrow(
    /s3:\/\/backups\/other\/blue\/, s3:\/\/backups\/team\/blue\/\)/,
  );
});

test('sentences for a missing bucket, wrong credentials, a store that is not there', async () => {
  const nowhere = new S3Backups(await Bucket.open('nope', ''), '');
  await expect(nowhere.list()).rejects.toMatchObject({ code: 'S3_NO_BUCKET' });
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wrong-secret');
  const stranger = new S3Backups(await Bucket.open('backups', ''), '');
  const denied = await stranger.list().catch((error: Error) => error);
  expect(denied).toMatchObject({ code: 'S3_DENIED' });
  expect(String(denied)).not.toMatch(/secret|AKIA/);
  await server.stop();
  await expect(backups.list()).rejects.toMatchObject({ code: 'S3_UNREACHABLE' });
  for (const endpoint of ['nonsense', 'ftp://x', 'http://user:word@127.0.0.1:9000']) {
    const opening = Bucket.open('backups', endpoint);
    await expect(opening).rejects.toThrow(/--s3-endpoint/);
    await expect(opening).rejects.not.toThrow(/word/);
  }
});

test('locations and names: what is written is what is read, and what is neither is refused', () => {
  expect(readLocation('s3://b-1')).toEqual({ bucket: 'b-1', key: '', isObject: false });
  expect(readLocation('s3://b-1/x/y')).toEqual(readLocation('s3://b-1/x/y/'));
  expect(readLocation('s3://b-1/x/y.backup')).toMatchObject({ key: 'x/y.backup', isObject: true });
  for (const wrong of [
    's3:b',
    's3://',
    's3://b',
    's3://k:s@bucket/',
    's3://bucket:9000/',
    's3://bucket/../x',
  ]) {
    expect(readLocation(wrong), wrong).toBeTypeOf('string');
  }
  for (const clusterId of ['blue', 'a/b c%', '2026']) {
    const name = { clusterId, takenAt: 1_700_000_000_123, index: 12 };
    expect(readName(folderOf('p/', clusterId) + nameOf(name))).toEqual(name);
  }
  expect(readName('blue/notes.backup')).toBe(null);
});
