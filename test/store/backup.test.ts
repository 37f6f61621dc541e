/**
 * Backups as files, and what is made of them: any changed, missing or added byte is found; a file is there whole or not at all, and never in
 * the place of another; a restored directory opens as a member whose snapshot is the backup, at every crash point nothing or that.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { crc32c } from '@seedraft/codec';
import { type BackupAbout, encodeRecord, FORMAT_VERSION } from '@seedraft/store';
import {
  type BackupFile,
  encodeBackup,
  openDirectory,
  readBackup,
  restoreDirectory,
  writeBackup,
} from '@seedraft/store/level';
import { afterAll, expect, test } from 'vitest';
import { DurableFiles } from '../../packages/store/src/level/files.ts';
import { configuration } from '../sim/disk/fixtures.ts';
import { TestHost } from '../sim/disk/host.ts';
import { IDENTITY, Scratch } from './real-member.ts';

const scratch = new Scratch();
mkdirSync(scratch.root, { recursive: true });
afterAll(() => scratch.remove());

const about: BackupAbout = {
  clusterId: 'old',
  member: 2,
  version: '0.1.0',
  takenAt: 1_700_000_000_000,
  index: 41,
  term: 7,
  clusterTime: 5000,
  stateDigest: '0123456789abcdef',
  configuration,
  configurationIndex: 3,
};

const chunk = (seed: number, length: number) =>
  Uint8Array.from({ length }, (_, i) => (seed * 31 + i * 7) & 0xff);
const CHUNKS = [chunk(1, 60), chunk(2, 60), chunk(3, 17)];

async function* given(chunks = CHUNKS): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function written(chunks = CHUNKS): Promise<string> {
  const file = scratch.fresh();
  const result = await writeBackup(file, encodeBackup(about, given(chunks)), { overwrite: false });
  expect(result).toEqual({ outcome: 'ok', fileBytes: statSync(file).size });
  return file;
}

async function whole(chunks = CHUNKS): Promise<BackupFile> {
  const read = readBackup(await written(chunks));
  if (read.outcome !== 'ok') throw new Error(read.sentence);
  return read;
}

const leftIn = (folder: string, name: string) =>
  readdirSync(folder).filter((one) => one.startsWith(name));

test('what was written is what is read, part by part', async () => {
  const read = await whole();
  expect(read.about).toEqual(about);
  expect(CHUNKS.map((_, at) => read.readChunk(at))).toEqual(CHUNKS);
  expect(read.chunks.size).toBe(137);
  expect((await whole([])).chunks.size).toBe(0);
});

test('any byte changed, any end missing, anything added: not believed', async () => {
  const file = await written();
  const bytes = readFileSync(file);
  const codes = new Map<string, number>();
  const judge = (changed: Uint8Array): void => {
    writeFileSync(file, changed);
    const read = readBackup(file);
    const code = read.outcome === 'ok' ? 'BELIEVED' : read.code;
    codes.set(code, (codes.get(code) ?? 0) + 1);
  };
  for (let at = 0; at < bytes.length; at++) {
    const changed = Uint8Array.from(bytes);
    changed[at]! ^= 1 << (at % 8);
    judge(changed);
  }
  for (let length = 0; length < bytes.length; length++) judge(bytes.subarray(0, length));
  judge(Buffer.concat([bytes, Uint8Array.of(0)]));
  judge(Buffer.concat([bytes, bytes]));
  expect([...codes.keys()].sort()).toEqual(['BACKUP_DAMAGED', 'NOT_A_BACKUP']);
  // The magic, and what is shorter than it.
  expect(codes.get('NOT_A_BACKUP')).toBe(32);
});

test('records that are lost, repeated or exchanged are found, and so is a newer format', async () => {
  const file = await written();
  const bytes = readFileSync(file);
  const records: Buffer[] = [];
  for (let at = 16; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32LE(at);
    records.push(bytes.subarray(at, end));
    at = end;
  }
  const [header, one, two, three, end] = records as [Buffer, Buffer, Buffer, Buffer, Buffer];
  for (const order of [
    [header, one, three, end],
    [header, two, one, three, end],
    [header, one, one, two, three, end],
    [one, two, three, end],
    [header, end],
    [header, header, end],
  ]) {
    writeFileSync(file, Buffer.concat([bytes.subarray(0, 16), ...order]));
    expect(readBackup(file)).toMatchObject({ outcome: 'refused', code: 'BACKUP_DAMAGED' });
  }
  const newer = Buffer.from(encodeRecord('backup/0', ['of another shape']));
  newer[4] = FORMAT_VERSION + 1;
  newer.writeUInt32LE(crc32c(newer, crc32c(Buffer.from('backup/0')), 4));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(newer.length);
  writeFileSync(file, Buffer.concat([bytes.subarray(0, 16), length, newer]));
  expect(readBackup(file)).toMatchObject({ code: 'FORMAT_NEWER' });
});

test('a file is whole or not there, and does not take the place of another unasked', async () => {
  const file = await written();
  const before = readFileSync(file);
  const again = () => encodeBackup({ ...about, index: 42 }, given());
  expect(await writeBackup(file, again(), { overwrite: false })).toMatchObject({
    code: 'FILE_EXISTS',
  });
  expect(readFileSync(file)).toEqual(before);
  async function* breaking(): AsyncGenerator<Uint8Array> {
    yield CHUNKS[0]!;
    throw new Error('the member is gone');
  }
  const broken = writeBackup(file, encodeBackup(about, breaking()), { overwrite: true });
  await expect(broken).rejects.toThrow('the member is gone');
  expect(readFileSync(file)).toEqual(before);
  expect(leftIn(scratch.root, path.basename(file))).toEqual([path.basename(file)]);
  expect(await writeBackup(file, again(), { overwrite: true })).toMatchObject({ outcome: 'ok' });
  expect(readBackup(file)).toMatchObject({ about: { index: 42 } });
  const nowhere = path.join(file, 'below', 'a-file');
  expect(await writeBackup(nowhere, again(), { overwrite: false })).toMatchObject({
    code: 'FILE_UNUSABLE',
  });
  expect(readBackup(scratch.fresh())).toMatchObject({ code: 'FILE_UNUSABLE' });
});

const options = (directory: string) =>
  ({ directory, durability: 'default', events: new TestHost(), onFailure: () => {} }) as const;

const identity = { ...IDENTITY, clusterId: 'new' };

test('a restored directory is a member whose whole history is the snapshot', async () => {
  const backup = await whole([chunk(1, 200_000), chunk(2, 200_000), chunk(3, 5)]);
  const directory = path.join(scratch.fresh(), 'deep');
  expect(await restoreDirectory(directory, identity, configuration, backup)).toEqual({
    outcome: 'ok',
  });
  const host = new TestHost();
  const opening = await openDirectory({ ...options(directory), events: host });
  if (opening.outcome !== 'open') throw new Error(JSON.stringify(opening));
  expect(opening.identity).toEqual(identity);
  expect(opening.warning).toBeNull();
  const { core } = opening.recovered;
  expect(core).toMatchObject({
    hardState: { term: 7, votedFor: 0 },
    entries: [],
    applied: 41,
    configuration,
    repairUntil: 0,
    snapshot: { lastIncludedIndex: 41, lastIncludedTerm: 7, configuration, size: 400_005 },
  });
  opening.store.readSnapshot(core.snapshot!.id, 199_990, 20);
  await opening.settled();
  const expected = Buffer.concat([chunk(1, 200_000).slice(-10), chunk(2, 200_000).slice(0, 10)]);
  const read = host.reports.find(({ type }) => type === 'read') as { bytes: Uint8Array };
  expect(Buffer.from(read.bytes)).toEqual(expected);
  await opening.close();
  const again = await restoreDirectory(directory, identity, configuration, backup);
  expect(again).toMatchObject({ code: 'DIRECTORY_NOT_EMPTY' });
});

test('what is in a directory, whatever it is, is left alone', async () => {
  const backup = await whole();
  const directory = scratch.fresh();
  mkdirSync(directory);
  writeFileSync(path.join(directory, 'precious'), 'x');
  expect(await restoreDirectory(directory, identity, configuration, backup)).toMatchObject({
    code: 'DIRECTORY_NOT_EMPTY',
  });
  expect(readdirSync(directory)).toEqual(['precious']);
});

test('a crash at each change: nothing, which can be restored again, then the member', async () => {
  const backup = await whole();
  const directory = scratch.fresh();
  const points: string[] = [];
  const files = new DurableFiles(() => points.push(scratch.copyOf(directory)));
  await restoreDirectory(directory, identity, configuration, backup, files);
  points.push(scratch.copyOf(directory));
  const outcomes: string[] = [];
  for (const point of points) {
    const opening = await openDirectory(options(point));
    if (opening.outcome === 'open') await opening.close();
    else {
      expect(await restoreDirectory(point, identity, configuration, backup)).toEqual({
        outcome: 'ok',
      });
    }
    outcomes.push(opening.outcome);
  }
  expect(new Set(outcomes)).toEqual(new Set(['empty', 'open']));
  expect(outcomes.lastIndexOf('empty')).toBeLessThan(outcomes.indexOf('open'));
});

test('a file that changes between being checked and being restored is noticed', async () => {
  const backup = await whole([chunk(1, 3000)]);
  truncateSync(backup.file, backup.fileBytes - 1500);
  const directory = scratch.fresh();
  const made = await restoreDirectory(directory, identity, configuration, backup);
  expect(made).toMatchObject({ outcome: 'refused', code: 'DIRECTORY_UNUSABLE' });
  expect(await openDirectory(options(directory))).toEqual({ outcome: 'empty' });
  expect(existsSync(path.join(directory, 'store-000001'))).toBe(false);
});
