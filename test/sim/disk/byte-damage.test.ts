/**
 * Small directories, damaged in every possible place: every byte flipped, every log cut at every byte, every file lost, every crash point of
 * a fixed life. Nothing acknowledged may be missing without a word.
 */
import type { RecoveredMember } from '@seedraft/replica';
import { createByteDisk } from '@seedraft/sim';
import { recover, scanLevelDirectory, WITNESS_FILE } from '@seedraft/store';
import { describe, expect, it } from 'vitest';
import type { ByteDisk } from '../../../sim/src/disk/byte.ts';
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

/** Terms 1..8, an own snapshot, several logs and tables. Returns the disk and what it had acknowledged. */
function liveALittle(seed: number): { disk: ByteDisk; host: TestHost; acknowledged: number } {
  const host = new TestHost(seed);
  const disk = createByteDisk({ host, knobs, incarnation: INCARNATION, bootstrap }) as ByteDisk;
  disk.recover();
  for (let term = 1; term <= 8; term++) {
    disk.persist(write(term, term, entries(2 * term - 1, 2 * term, term, term === 3 ? 400 : 12)));
    host.run(3000);
    if (term !== 4) continue;
    // Opened again, what the log held lies in a table.
    disk.crash('kept');
    host.crash();
    disk.recover();
  }
  const bytes = snapshotBytes(300);
  const own = metadata(6, 3, bytes);
  disk.writeSnapshot(own.id, 0, bytes);
  disk.sealSnapshot(own, 5);
  host.run(200_000);
  disk.persist(write(9, 9, entries(17, 17, 9)));
  host.run(200_000);
  disk.crash('kept');
  host.crash();
  return { disk, host, acknowledged: 9 };
}

/** The verdict on the directory as it is, without opening it. */
function judge(disk: ByteDisk) {
  return recover(scanLevelDirectory(disk.files));
}

/** Fails unless everything is there, or what is missing is said with the newest hard state known. */
function expectNoSilentLoss(verdict: ReturnType<typeof judge>, what: string): string {
  if (verdict.outcome === 'damaged' || verdict.outcome === 'refused') {
    return verdict.sentence.length > 20 ? verdict.outcome : 'no sentence';
  }
  if (verdict.outcome === 'empty') throw new Error(`${what}: taken for empty`);
  const { core } = verdict.member;
  const last = core.entries.at(-1)?.index ?? 0;
  const isWhole = core.hardState.term === 9 && last === 17 && core.snapshot !== null;
  const isSaid = core.hardState.term === 9 && core.repairUntil >= 17;
  if (!isWhole && !(verdict.outcome === 'repairable' && isSaid)) {
    throw new Error(`${what}: ${verdict.outcome} at term ${core.hardState.term}, last ${last}`);
  }
  return verdict.outcome;
}

/** How often each outcome occurred. */
function tally(): { note(outcome: string): void; of: Map<string, number> } {
  const of = new Map<string, number>();
  return { of, note: (outcome) => of.set(outcome, (of.get(outcome) ?? 0) + 1) };
}

describe('every place of a small directory', () => {
  it('each byte flipped: never a silent loss, and the rest of the directory is enough in many places', () => {
    const { disk } = liveALittle(2);
    const seen = tally();
    expectNoSilentLoss(judge(disk), 'untouched');
    for (const name of disk.files.list()) {
      const size = disk.files.size(name);
      for (let offset = 0; offset < size; offset++) {
        // Between the slots of the witness there is nothing.
        if (name === WITNESS_FILE && offset % 4096 >= 160) continue;
        const mask = 1 << (offset % 8);
        disk.files.flip(name, offset, mask);
        seen.note(expectNoSilentLoss(judge(disk), `${name} byte ${offset}`));
        disk.files.flip(name, offset, mask);
      }
    }
    expect(judge(disk).outcome).toBe('intact');
    expect(seen.of.get('repairable')).toBeGreaterThan(100);
  });

  it('each file lost: never a silent loss', () => {
    const outcomes = new Map<string, string>();
    for (const lost of liveALittle(1).disk.files.list()) {
      const { disk } = liveALittle(1);
      disk.files.remove(lost);
      outcomes.set(lost.replace(/\d+/, 'n'), expectNoSilentLoss(judge(disk), `without ${lost}`));
    }
    expect(outcomes.get('CURRENT')).toBe('repairable');
    expect(outcomes.get('MANIFEST-n')).toBe('repairable');
    expect(outcomes.get(WITNESS_FILE)).toBe('damaged');
  });

  it('each log cut at each byte: never a silent loss', () => {
    const logs = liveALittle(1)
      .disk.files.list()
      .filter((name) => name.endsWith('.log'));
    expect(logs.length).toBeGreaterThan(0);
    for (const log of logs) {
      const { disk } = liveALittle(1);
      const size = disk.files.size(log);
      for (let kept = size - 1; kept >= 0; kept--) {
        disk.files.truncate(log, kept);
        // A cut in the middle of what is otherwise whole: only the witness can tell.
        const outcome = expectNoSilentLoss(judge(disk), `${log} cut to ${kept}`);
        expect(outcome).not.toBe('intact');
      }
    }
  });

  it('an older log lost while a newer one is there', () => {
    const { disk, host } = liveALittle(1);
    disk.recover();
    let next = 18;
    for (let i = 0; i < 4000; i++) {
      const seq = i + 1;
      if (!disk.pending) disk.persist(write(seq, 9, entries(next, next++, 9, 400)));
      host.step();
      const logs = disk.files.list().filter((name) => name.endsWith('.log'));
      if (logs.length < 2) continue;
      disk.crash('kept');
      host.crash();
      disk.files.remove(logs[0]!);
      expect(judge(disk).outcome).not.toBe('intact');
      return;
    }
    throw new Error('no switch of logs was seen');
  });

  it('a sector that cannot be read, anywhere', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const { disk } = liveALittle(seed);
      expect(disk.inject({ kind: 'read-error' })).toBe(true);
      expectNoSilentLoss(judge(disk), `seed ${seed}`);
    }
  });
});

describe('every crash point of a fixed life', () => {
  /** Persists, snapshots and background work, crashing after `steps` events; null once the life is over before. */
  function dieAfter(steps: number, seed: number, how: 'kept' | 'dropped' | 'torn') {
    const host = new TestHost(seed);
    const disk = createByteDisk({ host, knobs, incarnation: INCARNATION, bootstrap }) as ByteDisk;
    disk.recover();
    let left = steps;
    let acknowledged = 0;
    const hear = (): void => {
      for (const report of host.take()) {
        if (report.type === 'persisted') acknowledged = report.seq;
      }
    };
    const isOver = (): boolean => {
      for (; left > 0 && disk.pending; left--) host.step();
      hear();
      return left <= 0;
    };
    for (let seq = 1; seq <= 12; seq++) {
      disk.persist(write(seq, seq, entries(seq, seq, seq, seq % 4 === 0 ? 6000 : 50)));
      if (seq === 8) {
        const bytes = snapshotBytes(3000);
        const own = metadata(6, 6, bytes);
        disk.writeSnapshot(own.id, 0, bytes);
        disk.sealSnapshot(own, 5);
      }
      if (seq % 3 !== 0 && isOver()) break;
    }
    for (; left > 0 && host.step(); left--);
    const isLast = left > 0;
    hear();
    disk.crash(how);
    host.crash();
    return { disk, acknowledged, isLast };
  }

  for (const how of ['kept', 'dropped', 'torn'] as const) {
    it(`${how}: intact, at or after what was acknowledged, and it goes on from there`, () => {
      let points = 0;
      for (let seed = 1; seed <= (how === 'torn' ? 6 : 1); seed++) {
        for (let steps = 0, isLast = false; !isLast; steps++) {
          const life = dieAfter(steps, seed, how);
          isLast = life.isLast;
          points += 1;
          const recovery = life.disk.recover();
          if (recovery.outcome !== 'intact') throw new Error(recovery.sentence);
          const { core }: RecoveredMember = recovery.member;
          expect(core.hardState.term).toBeGreaterThanOrEqual(life.acknowledged);
          expect(core.entries.at(-1)?.term ?? 0).toBe(core.hardState.term);
        }
      }
      expect(points).toBeGreaterThan(20);
    });
  }
});

describe('what recovery hands on', () => {
  it('a torn tail is cut, so that the next recovery sees none', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const host = new TestHost(seed);
      const disk = createByteDisk({ host, knobs, incarnation: INCARNATION, bootstrap }) as ByteDisk;
      disk.recover();
      disk.persist(write(1, 1, entries(1, 30, 1, 100)));
      disk.crash('torn');
      host.crash();
      const first = judge(disk);
      if (first.outcome !== 'intact' || first.cut === null) continue;
      disk.recover();
      disk.crash('kept');
      const second = judge(disk);
      expect(second).toMatchObject({ outcome: 'intact', cut: null });
      return;
    }
    throw new Error('no tear was drawn');
  });

  it('names file, offset and what is missing', () => {
    const { disk } = liveALittle(1);
    const log = disk.files.list().find((name) => name.endsWith('.log'))!;
    disk.files.truncate(log, 0);
    const verdict = judge(disk);
    if (verdict.outcome !== 'damaged') throw new Error(verdict.outcome);
    expect(verdict.sentence).toMatch(/known up to group \d+, but group \d+ was durable/);
    expect(verdict.sentence).toMatch(/term 9, vote 1, last index 17/);
  });
});
