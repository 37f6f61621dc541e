/**
 * The last resort: a survivor's directory goes on under a new cluster id as the only voter, with everything its log held and one entry more. At
 * every crash point it is wholly the old member's or wholly the new one's; nothing is done without a decision, nor to a member that runs.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { crc32c } from '@seedraft/codec';
import {
  beginJoin,
  type Forceable,
  forceConfiguration,
  openDirectory,
} from '@seedraft/store/level';
import { afterAll, expect, test } from 'vitest';
import { DurableFiles } from '../../packages/store/src/level/files.ts';
import { configuration, entries, INCARNATION, write } from '../sim/disk/fixtures.ts';
import { TestHost } from '../sim/disk/host.ts';
import { createMember, openMember, Scratch } from './real-member.ts';

const scratch = new Scratch();
afterAll(() => scratch.remove());

const bytes = new Uint8Array(5000).map((_, i) => i & 0xff);

/** Entries 1..30 in terms 1 and 4, a snapshot up to 10, and a member that learned to be a learner. */
async function survivor(): Promise<string> {
  const directory = scratch.fresh();
  await createMember(directory);
  const { store, settled, close } = await openMember(directory);
  store.persist(write(1, 1, entries(1, 20, 1)));
  store.persist(write(2, 4, entries(21, 30, 4)));
  store.writeSnapshot('s', 0, bytes);
  await settled();
  const place = { lastIncludedIndex: 10, lastIncludedTerm: 1, configurationIndex: 0 };
  const sum = { size: bytes.length, checksum: crc32c(bytes) };
  store.sealSnapshot({ id: 's', ...place, configuration, ...sum }, 8);
  await settled();
  await close();
  return directory;
}

async function recoveredFrom(directory: string) {
  const { identity, recovered, warning, close } = await openMember(directory);
  await close();
  return { identity, core: recovered.core, warning };
}

const yes = async () => 'new';

test('everything is kept; the last entry makes it the only voter, in a term above all', async () => {
  const directory = await survivor();
  const before = await recoveredFrom(directory);
  let seen: Forceable | null = null;
  const forced = await forceConfiguration(directory, async (what) => {
    seen = what;
    return 'new';
  });
  expect(forced).toMatchObject({ outcome: 'forced', identity: { clusterId: 'new', id: 1 } });
  expect(seen).toMatchObject({
    identity: { clusterId: 'c1' },
    sentence: '',
    forcing: { committed: 10, lastIndex: 30, lostUntil: 0, previously: configuration },
  });
  const { identity, core, warning } = await recoveredFrom(directory);
  expect(warning).toBeNull();
  expect(identity).toEqual({ ...before.identity, clusterId: 'new' });
  expect(core.snapshot).toEqual(before.core.snapshot);
  expect(core.entries.slice(0, -1)).toEqual(before.core.entries);
  expect(core.hardState).toEqual({ term: 5, votedFor: 0 });
  const [own] = configuration.members;
  expect(core.entries.at(-1)).toMatchObject({
    index: 31,
    term: 5,
    kind: 'configuration',
    configuration: {
      members: [{ ...own!, incarnation: INCARNATION, role: 'voter' }],
      outgoing: null,
      highestId: 3,
    },
  });
  expect(readdirSync(directory).sort()).toEqual(['lock', 'store-000002']);
});

test('a crash at each change: the old member or the new one, and the same verb ends it', async () => {
  const directory = await survivor();
  const before = await recoveredFrom(directory);
  const points: string[] = [];
  const files = new DurableFiles(() => points.push(scratch.copyOf(directory)));
  await forceConfiguration(directory, yes, files);
  points.push(scratch.copyOf(directory));
  const names: string[] = [];
  for (const point of points) {
    const { identity, core } = await recoveredFrom(point);
    names.push(identity.clusterId);
    const isNew = identity.clusterId === 'new';
    expect(core.entries.at(-1)!.index).toBe(isNew ? 31 : 30);
    expect(core.hardState).toEqual(isNew ? { term: 5, votedFor: 0 } : before.core.hardState);
    if (isNew) continue;
    expect(await forceConfiguration(point, yes)).toMatchObject({ outcome: 'forced' });
    expect((await recoveredFrom(point)).core.entries.at(-1)!.index).toBe(31);
  }
  expect(new Set(names)).toEqual(new Set(['c1', 'new']));
  expect(names.lastIndexOf('c1')).toBeLessThan(names.indexOf('new'));
});

test('not without a decision, not under the old name, not while it runs', async () => {
  const directory = await survivor();
  const before = await recoveredFrom(directory);
  expect(await forceConfiguration(directory, async () => null)).toEqual({ outcome: 'left' });
  expect(await forceConfiguration(directory, async () => 'c1')).toMatchObject({
    code: 'IDENTITY_MISMATCH',
  });
  expect(await recoveredFrom(directory)).toEqual(before);
  const running = await openMember(directory);
  expect(await forceConfiguration(directory, yes)).toMatchObject({ code: 'DIRECTORY_LOCKED' });
  await running.close();
});

test('where there is nothing to go on from, it says so and makes nothing', async () => {
  const nowhere = scratch.fresh();
  expect(await forceConfiguration(nowhere, yes)).toMatchObject({ code: 'DIRECTORY_EMPTY' });
  expect(() => readdirSync(nowhere)).toThrow(/ENOENT/);
  const joining = scratch.fresh();
  await beginJoin(joining, { clusterId: 'c1', incarnation: INCARNATION, name: 'n4' });
  expect(await forceConfiguration(joining, yes)).toMatchObject({ code: 'DIRECTORY_EMPTY' });
});

test('a log with a hole goes on without what is missing, and says up to where it once went', async () => {
  const directory = scratch.fresh();
  await createMember(directory);
  const member = await openMember(directory);
  for (let seq = 1; seq <= 6; seq++) {
    member.store.persist(write(seq, 1, entries(seq * 10 - 9, seq * 10, 1, 400)));
    await member.settled();
  }
  await member.close();
  const place = path.join(directory, 'store-000001');
  const log = readdirSync(place).find((name) => name.endsWith('.log'))!;
  const content = readFileSync(path.join(place, log));
  content[Math.floor(content.length * 0.5)]! ^= 1;
  writeFileSync(path.join(place, log), content);
  const seen: Forceable[] = [];
  const forced = await forceConfiguration(directory, async (what) => {
    seen.push(what);
    return 'new';
  });
  expect(forced).toMatchObject({ outcome: 'forced' });
  const [{ forcing, sentence }] = seen as [Forceable];
  expect(forcing.lostUntil).toBe(60);
  expect(forcing.lastIndex).toBeLessThan(60);
  expect(forcing.lastIndex).toBeGreaterThan(0);
  expect(sentence).toContain('of 60');
  const { core } = await recoveredFrom(directory);
  expect(core.repairUntil).toBe(0);
  expect(core.entries.at(-1)).toMatchObject({ index: forcing.lastIndex + 1, term: 2 });
});

test('a member whose hard state is not proven is not believed here either', async () => {
  const directory = await survivor();
  const place = path.join(directory, readdirSync(directory).find((name) => name !== 'lock')!);
  writeFileSync(path.join(place, 'WITNESS'), new Uint8Array(12_800));
  expect(await forceConfiguration(directory, yes)).toMatchObject({ code: 'DIRECTORY_DAMAGED' });
  const events = new TestHost();
  const opening = await openDirectory({
    ...{ directory, durability: 'default', events },
    onFailure: () => {},
  });
  expect(opening).toMatchObject({ code: 'DIRECTORY_DAMAGED' });
});
