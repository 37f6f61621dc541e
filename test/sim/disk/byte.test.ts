/** The disk of bytes: the suite that every engine must pass, and the faults that are not damage. */
import type { RecoveredMember } from '@seedraft/replica';
import type { Disk } from '@seedraft/sim';
import { createByteDisk } from '@seedraft/sim';
import { describe, expect, it } from 'vitest';
import { describeEngine, type EngineDriver } from '../../store/compliance.ts';
import { bootstrap, entries, INCARNATION, knobs, write } from './fixtures.ts';
import { TestHost } from './host.ts';

interface SimulatedDriver extends EngineDriver {
  readonly disk: Disk;
  readonly host: TestHost;
  powerLoss(): RecoveredMember['core'];
}

function create(seed: number): SimulatedDriver {
  const host = new TestHost(seed);
  const disk = createByteDisk({ host, knobs, incarnation: INCARNATION, bootstrap });
  const start = () => {
    const recovery = disk.recover();
    if (recovery.outcome !== 'intact') throw new Error(recovery.sentence);
    return recovery.member.core;
  };
  start();
  return {
    disk,
    host,
    store: disk,
    take: () => host.take(),
    settle: () => host.run(),
    powerLoss() {
      disk.crash('drawn');
      host.crash();
      return start();
    },
    refuseNextWrite() {
      disk.inject({ kind: 'full', on: true });
      host.after(1, () => disk.inject({ kind: 'full', on: false }));
    },
    failNextFsync() {
      disk.inject({ kind: 'fsync-failure' });
    },
  };
}

for (const seed of [1, 2, 3]) describeEngine(`byte disk, seed ${seed}`, () => create(seed));

describe('byte disk', () => {
  it('a crash keeps, drops or tears the group in flight as a whole, and all before it stays', () => {
    const found = new Set<number>();
    for (let seed = 1; seed <= 30; seed++) {
      const { disk, host, powerLoss } = create(seed);
      disk.persist(write(1, 1, entries(1, 1, 1)));
      host.run();
      disk.persist(write(2, 2, entries(2, 9, 2, 700)));
      disk.persist(write(3, 3, entries(10, 10, 3)));
      expect(disk.pending).toBe(true);
      const core = powerLoss();
      found.add(core.entries.length);
      expect(core.hardState.term).toBe(core.entries.length === 1 ? 1 : 2);
    }
    expect([...found].sort()).toEqual([1, 9]);
  });

  it('a stall and slowness delay, nothing more', () => {
    const { disk, host } = create(4);
    disk.inject({ kind: 'slow', factor: 10 });
    disk.persist(write(1, 1, entries(1, 1, 1)));
    disk.inject({ kind: 'stall', duration: 3_000_000 });
    host.run(2_900_000);
    expect(host.take()).toEqual([]);
    host.run(200_000);
    expect(host.take().at(-1)).toEqual({ type: 'persisted', seq: 1 });
  });

  it('short reads are read on from', () => {
    const { disk, host, powerLoss } = create(5);
    disk.persist(write(1, 1, entries(1, 50, 1)));
    host.run();
    for (let i = 0; i < 3; i++) disk.inject({ kind: 'short-read' });
    expect(powerLoss().entries).toHaveLength(50);
  });

  it('a write error leaves a torn record and a member that must stop; recovery cuts it off', () => {
    const { disk, host, powerLoss } = create(6);
    disk.persist(write(1, 1, entries(1, 1, 1)));
    host.run();
    host.take();
    disk.inject({ kind: 'write-error' });
    disk.persist(write(2, 2, entries(2, 2, 2)));
    host.run();
    expect(host.take()).toEqual([{ type: 'persistFailed', seq: 2, code: 'EIO' }]);
    expect(powerLoss().entries).toHaveLength(1);
    disk.persist(write(1, 3, entries(2, 2, 3)));
    host.run();
    expect(powerLoss().entries).toHaveLength(2);
  });
});
