/** What stands between a member and its directory: each is a refusal with a code and a sentence, and the directory is as it was. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { crc32c, utf8Encode } from '@seedraft/codec';
import { beginJoin, createDirectory, type Opening, openDirectory } from '@seedraft/store/level';
import { afterAll, describe, expect, it } from 'vitest';
import { configuration, entries, INCARNATION, write } from '../sim/disk/fixtures.ts';
import { TestHost } from '../sim/disk/host.ts';
import { createMember, IDENTITY, openMember, type RealMember, Scratch } from './real-member.ts';

const scratch = new Scratch();
afterAll(() => scratch.remove());

const open = (directory: string): Promise<Opening> =>
  openDirectory({ directory, durability: 'default', events: new TestHost(), onFailure: () => {} });

async function refusalOf(directory: string): Promise<[code: string, sentence: string]> {
  const opening = await open(directory);
  if (opening.outcome !== 'refused') throw new Error(opening.outcome);
  expect(opening.sentence.length).toBeGreaterThan(60);
  return [opening.code, opening.sentence];
}

const storeOf = (directory: string): string =>
  path.join(directory, readdirSync(directory).find((name) => name.startsWith('store-'))!);

async function member(): Promise<string> {
  const directory = scratch.fresh();
  await createMember(directory);
  return directory;
}

describe('two processes', () => {
  const script = `
    import { openDirectory } from '@seedraft/store/level';
    const opening = await openDirectory({ directory: process.argv[1], durability: 'default', events: {}, onFailure() {} });
    console.log(opening.code ?? opening.outcome);
    process.stdin.resume().on('end', () => process.exit());
  `;
  const cwd = fileURLToPath(new URL('../..', import.meta.url));

  /** Opens `directory` and holds it until its input ends; resolves to what it said. */
  async function opener(directory: string): Promise<{ child: ChildProcess; said: string }> {
    const args = ['--input-type=module', '-e', script, directory];
    const child = spawn(process.execPath, args, { cwd, stdio: ['pipe', 'pipe', 'inherit'] });
    for await (const said of createInterface({ input: child.stdout! })) return { child, said };
    throw new Error('it ended without a word');
  }

  it('at once: one opens, the others are told; killed, it leaves nothing locked', async () => {
    const directory = await member();
    const openers = await Promise.all([1, 2, 3].map(() => opener(directory)));
    expect(openers.map(({ said }) => said).sort()).toEqual([
      'DIRECTORY_LOCKED',
      'DIRECTORY_LOCKED',
      'open',
    ]);
    expect((await refusalOf(directory))[0]).toBe('DIRECTORY_LOCKED');
    for (const { child } of openers) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    await (await openMember(directory)).close();
  });

  it('in one process too; and once closed it may be opened again', async () => {
    const directory = await member();
    const first = await openMember(directory);
    expect((await refusalOf(directory))[0]).toBe('DIRECTORY_LOCKED');
    expect(await createDirectory(directory, IDENTITY, configuration)).toMatchObject({
      code: 'DIRECTORY_LOCKED',
    });
    await Promise.all([first.close(), first.close()]);
    await (await openMember(directory)).close();
  });

  it('the lock itself may be damaged: it holds nothing', async () => {
    const directory = await member();
    const lock = path.join(directory, 'lock');
    for (const name of readdirSync(lock)) {
      if (name === 'LOCK') continue;
      const bytes = readFileSync(path.join(lock, name));
      writeFileSync(path.join(lock, name), bytes.fill(0x55));
    }
    await (await openMember(directory)).close();
  });
});

describe('whose it is', () => {
  it('nothing, or only what is not ours, is empty, and stays so', async () => {
    const directory = scratch.fresh();
    expect(await open(directory)).toEqual({ outcome: 'empty' });
    mkdirSync(path.join(directory, 'lost+found'), { recursive: true });
    expect(await open(directory)).toEqual({ outcome: 'empty' });
    expect(readdirSync(directory)).toEqual(['lost+found']);
  });

  it('nothing is made over a member, or over a wish of another', async () => {
    const directory = await member();
    const wish = { clusterId: 'c1', incarnation: INCARNATION, name: 'n1' };
    const occupied = { outcome: 'refused', code: 'DIRECTORY_NOT_EMPTY' };
    expect(await createDirectory(directory, IDENTITY, configuration)).toMatchObject(occupied);
    expect(await beginJoin(directory, wish)).toMatchObject(occupied);
    const joining = scratch.fresh();
    expect(await beginJoin(joining, wish)).toEqual({ outcome: 'ok' });
    expect(await beginJoin(joining, wish)).toMatchObject(occupied);
    const other = { ...IDENTITY, clusterId: 'c2' };
    expect(await createDirectory(joining, other, configuration)).toMatchObject({
      code: 'IDENTITY_MISMATCH',
    });
    expect(await open(joining)).toEqual({ outcome: 'joining', identity: { ...wish, id: 0 } });
  });

  it('an identity without its database is damage, not a new member', async () => {
    const directory = await member();
    const store = storeOf(directory);
    for (const name of readdirSync(store)) {
      if (name !== 'IDENTITY') rmSync(path.join(store, name));
    }
    const [code, sentence] = await refusalOf(directory);
    expect(code).toBe('DIRECTORY_DAMAGED');
    expect(sentence).toMatch(/the database of member 1 and its witness are gone.*rejoin/);
  });

  it('a database without its identity, or with an unreadable one, is damage; with another’s, a mismatch', async () => {
    const directory = await member();
    const other = scratch.fresh();
    await createDirectory(other, { ...IDENTITY, incarnation: 'f'.repeat(32) }, configuration);
    const file = path.join(storeOf(directory), 'IDENTITY');
    const bytes = readFileSync(file);
    rmSync(file);
    expect((await refusalOf(directory))[0]).toBe('DIRECTORY_DAMAGED');
    writeFileSync(file, new Uint8Array(bytes.length));
    expect((await refusalOf(directory))[1]).toMatch(/unreadable in both copies/);
    writeFileSync(file, readFileSync(path.join(storeOf(other), 'IDENTITY')));
    expect((await refusalOf(directory))[0]).toBe('IDENTITY_MISMATCH');
    writeFileSync(file, bytes);
    await (await openMember(directory)).close();
  });

  it('a newer format is refused, and is not called damage', async () => {
    const directory = await member();
    const file = path.join(storeOf(directory), 'IDENTITY');
    const bytes = readFileSync(file);
    const length = bytes.readUInt32LE(0);
    const record = bytes.subarray(4, 4 + length);
    record[4]! += 1;
    record.writeUInt32LE(crc32c(record, crc32c(utf8Encode('identity')), 4), 0);
    writeFileSync(file, bytes);
    const [code, sentence] = await refusalOf(directory);
    expect(code).toBe('FORMAT_NEWER');
    expect(sentence).toMatch(/format 2: start the version that wrote it/);
  });
});

describe('the operating system', () => {
  function failureOf(running: RealMember): Promise<string> {
    return new Promise((resolve) => {
      const watch = setInterval(() => {
        const [sentence] = running.failures;
        if (sentence === undefined) return;
        clearInterval(watch);
        resolve(sentence);
      }, 5);
    });
  }

  it('a file where a directory should be', async () => {
    const file = scratch.fresh();
    writeFileSync(file, '');
    const [code, sentence] = await refusalOf(file);
    expect(code).toBe('DIRECTORY_UNUSABLE');
    expect(sentence).toMatch(/ENOTDIR.*name a directory/);
    expect(await createDirectory(file, IDENTITY, configuration)).toMatchObject({
      code: 'DIRECTORY_UNUSABLE',
    });
  });

  // The superuser may do anything.
  it.skipIf(process.getuid?.() === 0)('no permission', async () => {
    const directory = await member();
    chmodSync(directory, 0o500);
    expect((await refusalOf(directory))[0]).toBe('DIRECTORY_UNUSABLE');
    chmodSync(directory, 0o700);
  });

  it('files removed under an idle member end it with a sentence', async () => {
    const directory = await member();
    const running = await openMember(directory);
    running.store.persist(write(1, 1, entries(1, 1, 1)));
    await running.settled();
    // The witness of this one is in the cache, and to be made durable soon.
    running.store.persist(write(2, 1, entries(2, 2, 1)));
    await running.settled();
    const failed = failureOf(running);
    rmSync(storeOf(directory), { recursive: true });
    expect(await failed).toMatch(/its files were removed while it was running/);
    await running.close();
  });

  it('files removed under a running member end it with a sentence', async () => {
    const directory = await member();
    const running = await openMember(directory);
    rmSync(storeOf(directory), { recursive: true });
    const failed = failureOf(running);
    running.store.persist(write(1, 1, entries(1, 1, 1)));
    expect(await failed).toMatch(/free space cannot be told .ENOENT.* this member stops/);
    expect(running.host.take()).toEqual([{ type: 'persistFailed', seq: 1, code: 'EIO' }]);
    await running.close();
  });
});
