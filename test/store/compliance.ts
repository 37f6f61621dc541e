/**
 * What every engine must do for the store, whatever it is made of. One suite, run by each engine's own test file; a driver says how to
 * build it, let calls finish, restart it, and take its power away.
 */
import type { RecoveredMember } from '@seedraft/replica';
import type { MemberStore } from '@seedraft/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  bootstrap,
  entries,
  INCARNATION,
  metadata,
  snapshotBytes,
  write,
} from '../sim/disk/fixtures.ts';
import type { Report } from '../sim/disk/host.ts';

export interface EngineDriver {
  /** The store of the running member. */
  readonly store: Pick<
    MemberStore,
    | 'persist'
    | 'writeSnapshot'
    | 'sealSnapshot'
    | 'readSnapshot'
    | 'dropSnapshot'
    | 'writeBootstrap'
  >;
  /** What was reported since the last call. */
  take(): Report[];
  /** Let everything under way finish. */
  settle(): void | Promise<void>;
  /** Lose what is under way, then recover and serve again. */
  powerLoss(): RecoveredMember['core'] | Promise<RecoveredMember['core']>;
  /** The next write fails with NO_SPACE, once. */
  refuseNextWrite(): void;
  /** The next fsync fails. */
  failNextFsync(): void;
  /** After the last call of a test. */
  end?(): Promise<void>;
}

/** `create` gives a new, bootstrapped member each time. */
export function describeEngine(
  name: string,
  create: () => EngineDriver | Promise<EngineDriver>,
): void {
  describe(`${name}: what every engine does`, () => {
    let driver: EngineDriver;
    beforeEach(async () => {
      driver = await create();
    });
    afterEach(() => driver.end?.());

    it('starts from the bootstrap state', async () => {
      expect(await driver.powerLoss()).toEqual(bootstrap.core);
      expect(INCARNATION).toHaveLength(32);
    });

    it('keeps a bootstrap configuration once it is said to be written, and goes on after it', async () => {
      const { configuration } = bootstrap.core;
      const members = configuration.members.map((member) => ({
        ...member,
        incarnation: 'f'.repeat(32),
      }));
      const filled = { ...configuration, members };
      driver.refuseNextWrite();
      driver.store.writeBootstrap(filled);
      await driver.settle();
      expect(driver.take()).toEqual([{ type: 'bootstrapFailed', code: 'NO_SPACE' }]);
      expect(await driver.powerLoss()).toEqual(bootstrap.core);
      driver.store.writeBootstrap(configuration);
      driver.store.writeBootstrap(filled);
      driver.store.persist(write(1, 3, entries(1, 5, 3)));
      await driver.settle();
      expect(driver.take().filter(({ type }) => type === 'bootstrap')).toHaveLength(2);
      const core = await driver.powerLoss();
      expect(core.configuration).toEqual(filled);
      expect(core.entries).toHaveLength(5);
      expect(await driver.powerLoss()).toEqual(core);
    });

    it('gives back exactly what was acknowledged, in the core’s own shapes', async () => {
      driver.store.persist(write(1, 3, entries(1, 5, 3)));
      driver.store.persist(write(2, 4, entries(4, 6, 4), { truncateFrom: 4 }));
      await driver.settle();
      expect(
        driver
          .take()
          .filter((report) => report.type === 'persisted')
          .at(-1),
      ).toEqual({
        type: 'persisted',
        seq: 2,
      });
      expect(await driver.powerLoss()).toEqual({
        ...bootstrap.core,
        hardState: { term: 4, votedFor: 1 },
        entries: [...entries(1, 3, 3), ...entries(4, 6, 4)],
      });
    });

    it('says durable before persisted, and completes in the order of the calls', async () => {
      for (let seq = 1; seq <= 20; seq++) driver.store.persist(write(seq, 1, entries(seq, seq, 1)));
      await driver.settle();
      let durable = 0;
      let persisted = 0;
      for (const report of driver.take()) {
        if (report.type === 'durable') durable = report.seq;
        if (report.type !== 'persisted') continue;
        expect(report.seq).toBeGreaterThan(persisted);
        expect(report.seq).toBeLessThanOrEqual(durable);
        persisted = report.seq;
      }
      expect([durable, persisted]).toEqual([20, 20]);
    });

    it('goes on after a restart where it was', async () => {
      for (let seq = 1; seq <= 10; seq++) {
        driver.store.persist(write(seq, seq, entries(seq, seq, seq)));
        await driver.settle();
        const core = await driver.powerLoss();
        expect(core.hardState.term).toBe(seq);
        expect(core.entries).toHaveLength(seq);
      }
    });

    it('keeps an own snapshot once it is sealed, and drops the log before it', async () => {
      const bytes = snapshotBytes(300_000);
      const own = metadata(50, 1, bytes);
      driver.store.persist(write(1, 1, entries(1, 60, 1)));
      await driver.settle();
      for (let at = 0; at < bytes.length; at += 70_000) {
        driver.store.writeSnapshot(own.id, at, bytes.subarray(at, at + 70_000));
      }
      await driver.settle();
      // Written, but nothing in the chain says so yet.
      expect((await driver.powerLoss()).snapshot).toBe(null);

      driver.store.writeSnapshot(own.id, 0, bytes);
      driver.store.sealSnapshot(own, 45);
      await driver.settle();
      expect(driver.take().at(-1)).toEqual({ type: 'sealed', id: own.id });
      const core = await driver.powerLoss();
      expect([core.snapshot, core.applied]).toEqual([own, 50]);
      expect(core.entries).toEqual(entries(46, 60, 1));
      for (const [offset, length] of [
        [0, 300_000],
        [65_000, 10_000],
        [299_990, 50],
        [300_000, 10],
      ] as const) {
        driver.store.readSnapshot(own.id, offset, length);
        await driver.settle();
        const read = driver.take().at(-1)!;
        const expected = bytes.slice(offset, offset + length);
        if (read.type !== 'read') throw new Error(read.type);
        expect([read.offset, read.bytes.length]).toEqual([offset, expected.length]);
        expect(read.bytes.every((byte, i) => byte === expected[i])).toBe(true);
      }
    });

    it('refuses to seal bytes that are not those of the metadata', async () => {
      const bytes = snapshotBytes(1000);
      const own = metadata(5, 1, bytes);
      driver.store.persist(write(1, 1, entries(1, 5, 1)));
      driver.store.writeSnapshot(own.id, 0, bytes.subarray(0, 999));
      driver.store.sealSnapshot(own, 5);
      await driver.settle();
      const failed = driver.take().filter((report) => report.type === 'snapshotFailed');
      expect(failed).toEqual([{ type: 'snapshotFailed', id: own.id, code: 'SNAPSHOT_INCOMPLETE' }]);
      expect((await driver.powerLoss()).snapshot).toBe(null);
    });

    it('installs a received snapshot with the persist that bears it, and forgets the old one when told', async () => {
      const old = snapshotBytes(5000, 2);
      const sealed = metadata(3, 1, old);
      driver.store.persist(write(1, 1, entries(1, 9, 1)));
      driver.store.writeSnapshot(sealed.id, 0, old);
      driver.store.sealSnapshot(sealed, 3);
      await driver.settle();
      const bytes = snapshotBytes(9000, 3);
      const received = metadata(40, 2, bytes);
      driver.store.writeSnapshot(received.id, 0, bytes);
      driver.store.dropSnapshot(sealed.id);
      driver.store.persist(write(2, 2, entries(41, 42, 2), { snapshot: received }));
      await driver.settle();
      driver.store.persist(write(3, 2, entries(43, 43, 2)));
      await driver.settle();
      driver.store.readSnapshot(sealed.id, 0, 10);
      await driver.settle();
      expect(driver.take().at(-1)).toEqual({
        type: 'snapshotFailed',
        id: sealed.id,
        code: 'UNKNOWN_SNAPSHOT',
      });
      const core = await driver.powerLoss();
      expect(core.snapshot).toEqual(received);
      expect(core.entries).toEqual(entries(41, 43, 2));
    });

    it('refuses a gap in a snapshot, and begins afresh at offset 0', async () => {
      const bytes = snapshotBytes(3000);
      const own = metadata(2, 1, bytes);
      driver.store.persist(write(1, 1, entries(1, 2, 1)));
      driver.store.writeSnapshot(own.id, 0, bytes.subarray(0, 1000));
      driver.store.writeSnapshot(own.id, 2000, bytes.subarray(2000));
      await driver.settle();
      expect(driver.take().filter((report) => report.type === 'snapshotFailed')).toEqual([
        { type: 'snapshotFailed', id: own.id, code: 'GAP' },
      ]);
      driver.store.writeSnapshot(own.id, 0, bytes);
      driver.store.sealSnapshot(own, 0);
      await driver.settle();
      expect((await driver.powerLoss()).snapshot).toEqual(own);
    });

    it('NO_SPACE: nothing of that persist or a later one is there until it is written again', async () => {
      driver.store.persist(write(1, 1, entries(1, 1, 1)));
      await driver.settle();
      driver.take();
      driver.refuseNextWrite();
      driver.store.persist(write(2, 2, entries(2, 2, 2)));
      driver.store.persist(write(3, 3, entries(3, 3, 3)));
      await driver.settle();
      expect(driver.take()).toEqual([{ type: 'persistFailed', seq: 2, code: 'NO_SPACE' }]);
      driver.store.persist(write(4, 4, entries(4, 4, 4)));
      await driver.settle();
      expect(driver.take()).toEqual([]);
      driver.store.persist(write(2, 2, entries(2, 2, 2)));
      driver.store.persist(write(3, 3, entries(3, 3, 3)));
      await driver.settle();
      expect(driver.take().at(-1)).toEqual({ type: 'persisted', seq: 3 });
      expect((await driver.powerLoss()).entries).toHaveLength(3);
    });

    it('a failed fsync ends it: nothing is acknowledged until a new start', async () => {
      driver.failNextFsync();
      driver.store.persist(write(1, 1, entries(1, 1, 1)));
      await driver.settle();
      driver.store.persist(write(2, 1, entries(2, 2, 1)));
      await driver.settle();
      // `durable` may be true: the sync that failed may have been that of the witness.
      const reports = driver.take().filter((report) => report.type !== 'durable');
      expect(reports.map((report) => report.type)).toEqual(['persistFailed', 'persistFailed']);
      expect(reports[0]).toMatchObject({ code: 'FSYNC_FAILED' });
    });

    it('refuses an entry whose bytes are not those its proposer summed', async () => {
      const [entry] = entries(1, 1, 1);
      const data = entry!.data.slice();
      data[3]! ^= 1;
      driver.store.persist(write(1, 1, [{ ...entry!, data }]));
      await driver.settle();
      expect(driver.take()).toEqual([{ type: 'persistFailed', seq: 1, code: 'ENTRY_DAMAGED' }]);
    });

    it('gives up old groups as snapshots are sealed, and never what is still needed', async () => {
      let last = 0;
      let seq = 0;
      for (let round = 1; round <= 6; round++) {
        for (let i = 0; i < 10; i++) {
          last += 1;
          driver.store.persist(write(++seq, round, entries(last, last, round)));
          await driver.settle();
        }
        const bytes = snapshotBytes(2000, round);
        const own = metadata(last - 2, round, bytes);
        driver.store.writeSnapshot(own.id, 0, bytes);
        driver.store.sealSnapshot(own, last - 5);
        await driver.settle();
        const core = await driver.powerLoss();
        expect(core.snapshot).toEqual(own);
        expect(core.entries.map((entry) => entry.index)).toEqual([
          last - 4,
          last - 3,
          last - 2,
          last - 1,
          last,
        ]);
        expect(core.hardState.term).toBe(round);
      }
    });
  });
}
