/** The engine over real files and the real LevelDB passes the suite that every engine must pass; power is lost by copying what is there. */
import { fdatasync } from 'node:fs';
import { crc32c } from '@seedraft/codec';
import { afterAll, expect, it } from 'vitest';
import { entries, metadata, snapshotBytes, write } from '../sim/disk/fixtures.ts';
import { describeEngine, type EngineDriver } from './compliance.ts';
import { createMember, openMember, type RealMember, Scratch } from './real-member.ts';

const scratch = new Scratch();
afterAll(() => scratch.remove());

async function create(): Promise<EngineDriver> {
  let directory = scratch.fresh();
  let free = Number.POSITIVE_INFINITY;
  let isSyncBroken = false;
  const machine = {
    freeBytes: () => {
      const now = free;
      free = Number.POSITIVE_INFINITY;
      return now;
    },
    sync: (_descriptor: number, done: (error: Error | null) => void) => {
      const error = isSyncBroken ? new Error('EIO: i/o error, fdatasync') : null;
      isSyncBroken = false;
      setImmediate(() => done(error));
    },
  };
  await createMember(directory);
  let running: RealMember = await openMember(directory, 'default', machine);
  return {
    get store() {
      return running.store;
    },
    take: () => running.host.take(),
    settle: () => running.settled(),
    async powerLoss() {
      const copy = scratch.copyOf(directory);
      await running.close();
      directory = copy;
      running = await openMember(directory, 'default', machine);
      return running.recovered.core;
    },
    refuseNextWrite() {
      free = 0;
    },
    failNextFsync() {
      isSyncBroken = true;
    },
    end: () => running.close(),
  };
}

describeEngine('classic-level', create);

/** Three groups of one term; `onSync` hears how often the witness was synced so far. */
async function threeGroups(
  durability: 'default' | 'paranoid',
  onSync: (count: number) => void,
): Promise<RealMember> {
  const directory = scratch.fresh();
  await createMember(directory);
  let count = 0;
  const sync = (descriptor: number, done: (error: Error | null) => void): void => {
    onSync(++count);
    fdatasync(descriptor, done);
  };
  const running = await openMember(directory, durability, { sync });
  for (const seq of [1, 2, 3]) {
    running.store.persist(write(seq, 1, entries(seq, seq, 1)));
    await running.settled();
  }
  return running;
}

it('paranoid: the witness is synced with every group', async () => {
  const counts: number[] = [];
  const running = await threeGroups('paranoid', (count) => counts.push(count));
  expect(counts).toEqual([1, 2, 3]);
  await running.close();
});

it('default: with a new hard state, and soon after by itself', async () => {
  let isSyncedAgain: () => void = () => {};
  const again = new Promise<void>((resolve) => {
    isSyncedAgain = resolve;
  });
  const running = await threeGroups('default', (count) => {
    if (count === 2) isSyncedAgain();
  });
  await again;
  await running.close();
});

it('gives the room of what was given up back, however long it lives', async () => {
  const directory = scratch.fresh();
  await createMember(directory);
  const member = await openMember(directory);
  const value = new Uint8Array(16 * 1024);
  let last = 0;
  for (let round = 1; round <= 12; round++) {
    // Four megabytes of log, and a snapshot that stands for nearly all of it.
    for (let n = 0; n < 256; n++) {
      last += 1;
      const data = value.fill(last & 0xff).slice();
      const entry = { ...entries(last, last, 1)[0]!, data, checksum: crc32c(data) };
      member.store.persist(write(last, 1, [entry]));
    }
    await member.settled();
    const bytes = snapshotBytes(1000, round);
    const own = metadata(last, 1, bytes);
    member.store.writeSnapshot(own.id, 0, bytes);
    member.store.sealSnapshot(own, last - 5);
    await member.settled();
  }
  // The last base, and the deletions behind it, ride along with a write each.
  for (let n = 0; n < 2; n++) {
    last += 1;
    member.store.persist(write(last, 1, entries(last, last, 1)));
    await member.settled();
  }
  const onDisk = await member.bytesOnDisk();
  await member.close();
  expect(last * value.length).toBeGreaterThan(48e6);
  expect(onDisk).toBeLessThan(12e6);
}, 30_000);
