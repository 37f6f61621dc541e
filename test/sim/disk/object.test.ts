/** The object disk: order, grouping, what a crash leaves, and errors that are said rather than hidden. */
import type { Disk } from '@seedraft/sim';
import { createObjectDisk } from '@seedraft/sim';
import { describe, expect, it } from 'vitest';
import {
  bootstrap,
  entries,
  INCARNATION,
  knobs,
  metadata,
  snapshotBytes,
  write,
} from './fixtures.ts';
import { TestHost } from './host.ts';

function make(seed = 1): { disk: Disk; host: TestHost } {
  const host = new TestHost(seed);
  const disk = createObjectDisk({ host, knobs, incarnation: INCARNATION, bootstrap });
  return { disk, host };
}

function recovered(disk: Disk) {
  const recovery = disk.recover();
  if (recovery.outcome !== 'intact') throw new Error(recovery.sentence);
  return recovery.member.core;
}

describe('object disk', () => {
  it('a new one recovers the bootstrap state', () => {
    expect(recovered(make().disk)).toEqual(bootstrap.core);
  });

  it('keeps one sync in flight and completes everything that arrived meanwhile as one group', () => {
    const { disk, host } = make();
    disk.persist(write(1, 1, entries(1, 1, 1)));
    disk.persist(write(2, 1, entries(2, 2, 1)));
    disk.persist(write(3, 1, entries(3, 3, 1)));
    expect(disk.pending).toBe(true);
    host.run();
    expect(host.take()).toEqual([
      { type: 'durable', seq: 1 },
      { type: 'persisted', seq: 1 },
      { type: 'durable', seq: 3 },
      { type: 'persisted', seq: 3 },
    ]);
    expect(disk.pending).toBe(false);
  });

  for (const [how, last] of [
    ['kept', 2],
    ['dropped', 1],
    ['torn', 1],
  ] as const) {
    it(`a crash with the group in flight ${how} leaves entries up to ${last}, and never the queue`, () => {
      const { disk, host } = make();
      disk.persist(write(1, 1, entries(1, 1, 1)));
      host.run();
      disk.persist(write(2, 2, entries(2, 2, 2)));
      disk.persist(write(3, 3, entries(3, 3, 3)));
      disk.crash(how);
      host.crash();
      const core = recovered(disk);
      expect(core.entries.at(-1)?.index).toBe(last);
      expect(core.hardState.term).toBe(last);
    });
  }

  it('truncates, appends, installs and seals as Persist says', () => {
    const { disk, host } = make();
    disk.persist(write(1, 1, entries(1, 10, 1)));
    disk.persist(write(2, 2, entries(8, 9, 2), { truncateFrom: 8 }));
    const bytes = snapshotBytes(5000);
    const own = metadata(5, 1, bytes);
    disk.writeSnapshot(own.id, 0, bytes.subarray(0, 4000));
    disk.writeSnapshot(own.id, 4000, bytes.subarray(4000));
    disk.sealSnapshot(own, 3);
    host.run();
    let core = recovered(disk);
    expect(core.snapshot).toEqual(own);
    expect(core.entries.map((e) => `${e.index}@${e.term}`)).toEqual([
      '4@1',
      '5@1',
      '6@1',
      '7@1',
      '8@2',
      '9@2',
    ]);
    disk.readSnapshot(own.id, 4500, 1000);
    host.run();
    expect(host.take().at(-1)).toEqual({
      type: 'read',
      id: own.id,
      offset: 4500,
      bytes: bytes.subarray(4500),
    });

    const received = metadata(20, 3, bytes);
    disk.writeSnapshot(received.id, 0, bytes);
    disk.persist(write(3, 3, entries(21, 22, 3), { snapshot: received }));
    disk.dropSnapshot(own.id);
    host.run();
    core = recovered(disk);
    expect([core.applied, core.entries[0]?.index, core.snapshot?.id]).toEqual([
      20,
      21,
      received.id,
    ]);
    disk.readSnapshot(own.id, 0, 10);
    host.run();
    expect(host.take().at(-1)).toEqual({
      type: 'snapshotFailed',
      id: own.id,
      code: 'UNKNOWN_SNAPSHOT',
    });
  });

  it('a failed fsync is said, and nothing is ever acknowledged again in this boot', () => {
    const { disk, host } = make();
    expect(disk.inject({ kind: 'fsync-failure' })).toBe(true);
    disk.persist(write(1, 1, entries(1, 1, 1)));
    disk.persist(write(2, 1, entries(2, 2, 1)));
    host.run();
    disk.persist(write(3, 1, entries(3, 3, 1)));
    host.run();
    expect(host.take()).toEqual([
      { type: 'persistFailed', seq: 1, code: 'FSYNC_FAILED' },
      { type: 'persistFailed', seq: 3, code: 'FSYNC_FAILED' },
    ]);
  });

  it('a full disk refuses seq and everything later until that seq is written again', () => {
    const { disk, host } = make();
    disk.inject({ kind: 'full', on: true });
    disk.persist(write(1, 1, entries(1, 1, 1)));
    disk.persist(write(2, 1, entries(2, 2, 1)));
    host.run();
    expect(host.take()).toEqual([{ type: 'persistFailed', seq: 1, code: 'NO_SPACE' }]);
    disk.inject({ kind: 'full', on: false });
    // Sent before the member heard of the refusal.
    disk.persist(write(3, 1, entries(3, 3, 1)));
    host.run();
    expect(host.take()).toEqual([]);
    disk.persist(write(1, 1, entries(1, 1, 1)));
    disk.persist(write(2, 1, entries(2, 2, 1)));
    host.run();
    expect(host.take().at(-1)).toEqual({ type: 'persisted', seq: 2 });
  });

  it('a stall holds completions back until its end', () => {
    const { disk, host } = make();
    disk.persist(write(1, 1, entries(1, 1, 1)));
    disk.inject({ kind: 'stall', duration: 5_000_000 });
    host.run(4_000_000);
    expect(host.take()).toEqual([]);
    host.run(2_000_000);
    expect(host.take().at(-1)).toEqual({ type: 'persisted', seq: 1 });
  });

  it('has no bytes to damage', () => {
    const { disk } = make();
    for (const kind of ['bit-rot', 'misdirected-write', 'stale-read', 'short-read'] as const) {
      expect(disk.inject({ kind })).toBe(false);
    }
    expect(disk.tainted).toBe(false);
  });
});
