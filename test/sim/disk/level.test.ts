/** The simulated LevelDB against the production reader: what one writes, the other finds, through switches, merges and reopening. */
import { hash64 } from '@seedraft/codec';
import { readLog, readTable, scanLevelDirectory } from '@seedraft/store';
import { describe, expect, it } from 'vitest';
import { SimulatedFiles } from '../../../sim/src/disk/files.ts';
import { buildTable, frameRecord, type TableRow } from '../../../sim/src/disk/level-format.ts';
import { SimulatedLevel } from '../../../sim/src/disk/leveldb.ts';
import { TestHost } from './host.ts';

const filled = (length: number, salt: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + salt * 31 + (i >> 8)) & 0xff);

function join(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const hash = (bytes: Uint8Array): string => JSON.stringify([bytes.length, hash64(bytes)]);

describe('log framing', () => {
  it('reads back records of every length around a block, each where it begins', () => {
    const lengths = [0, 1, 100, 32_761, 32_762, 5, 32_754, 1, 70_000, 3];
    let log = new Uint8Array(0);
    for (const [i, length] of lengths.entries()) {
      log = join([log, frameRecord(filled(length, i), log.length)]) as Uint8Array<ArrayBuffer>;
    }
    const { records, damages, tail } = readLog(log);
    const same = records.every(({ bytes }, i) => hash(bytes) === hash(filled(lengths[i]!, i)));
    expect([records.length, same]).toEqual([lengths.length, true]);
    expect([damages, tail]).toEqual([[], null]);
  });

  it('tells a bad tail from a bad record that an intact one follows, at every byte', () => {
    const first = frameRecord(filled(60, 1), 0);
    const second = frameRecord(filled(60, 2), first.length);
    const log = join([first, second]);
    for (let i = 0; i < log.length; i++) {
      const spoilt = log.slice();
      spoilt[i]! ^= 0x40;
      const { damages, tail, records } = readLog(spoilt);
      if (i < first.length) expect([damages.length, tail, records.length]).toEqual([1, null, 1]);
      else expect([damages.length, tail?.offset, records.length]).toEqual([0, first.length, 1]);
    }
  });

  it('finds a log cut anywhere to end in a torn record, or between records', () => {
    const first = frameRecord(filled(60, 1), 0);
    const log = join([first, frameRecord(filled(60, 2), first.length)]);
    for (let size = 0; size < log.length; size++) {
      const { damages, tail } = readLog(log.slice(0, size));
      expect(damages).toEqual([]);
      expect(tail === null).toBe(size === 0 || size === first.length);
    }
  });
});

describe('sorted tables', () => {
  const rows: TableRow[] = Array.from({ length: 300 }, (_, i) => ({
    key: `key/${i.toString().padStart(5, '0')}`,
    sequence: 1000 - i,
    value: i % 7 === 0 ? null : filled(i, i),
  }));

  it('gives back every row, over many blocks', () => {
    const { changes, defects } = readTable(buildTable(5, 0, rows).bytes);
    expect(defects).toEqual([]);
    expect(changes.map(({ key, sequence, value }) => ({ key, sequence, value }))).toEqual(rows);
  });

  it('notices any flipped byte, but for the padding of the footer', () => {
    const { bytes } = buildTable(5, 0, rows.slice(0, 20));
    const missed: number[] = [];
    for (let i = 0; i < bytes.length; i++) {
      const spoilt = bytes.slice();
      spoilt[i]! ^= 0x10;
      if (readTable(spoilt).defects.length === 0) missed.push(i - bytes.length);
    }
    // Handles of four varints lie in the first bytes of 40; what follows up to the magic is zeros that nobody reads.
    expect(missed.every((fromEnd) => fromEnd >= -48 && fromEnd < -8)).toBe(true);
  });
});

describe('simulated LevelDB', () => {
  function draws() {
    const host = new TestHost(7);
    return (purpose: string) => host.draw(purpose);
  }

  it('keeps every live record through switches, merges and reopening', () => {
    const files = new SimulatedFiles(draws());
    let level = SimulatedLevel.create(files, 4096, [{ key: 'a', value: filled(10, 1) }]);
    const model = new Map([['a', filled(10, 1)]]);
    for (let i = 0; i < 400; i++) {
      const key = `k${i.toString().padStart(4, '0')}`;
      const gone = i > 20 && i % 3 === 0 ? [`k${(i - 20).toString().padStart(4, '0')}`] : [];
      level.append({ deletes: gone, puts: [{ key, value: filled(100 + i, i) }] });
      level.syncLog();
      model.set(key, filled(100 + i, i));
      for (const old of gone) model.delete(old);
      if (i % 5 === 0) level.work();
      if (i % 90 === 89) {
        files.crash(() => 'dropped');
        level = SimulatedLevel.open(files, 4096);
      }
    }
    const scan = scanLevelDirectory(files);
    expect(scan.defects).toEqual([]);
    expect(files.list().filter((name) => name.endsWith('.ldb')).length).toBeGreaterThan(0);
    const expected = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
    const fingerprint = (list: readonly (readonly [string, Uint8Array])[]): string[] =>
      list.map(([key, value]) => `${key} ${hash(value)}`);
    const found = scan.records.map(({ key, value }) => [key, value] as const);
    expect(fingerprint(found)).toEqual(fingerprint(expected));
    for (const [key, value] of expected) {
      expect(hash(level.read(key) as Uint8Array)).toBe(hash(value));
    }
    expect(level.read('never')).toBe(null);
  });

  it('loses an unsynced batch and keeps a later synced one when a switch lies between (as the real one does)', () => {
    const files = new SimulatedFiles(draws());
    const level = SimulatedLevel.create(files, 4096, []);
    level.append({ deletes: [], puts: [{ key: 'early', value: filled(5000, 1) }] });
    level.append({ deletes: [], puts: [{ key: 'late', value: filled(10, 2) }] });
    level.syncLog();
    files.crash(() => 'dropped');
    const keys = scanLevelDirectory(files).records.map((record) => record.key);
    expect(keys).toEqual(['late']);
  });

  it('rewrites rot under a fresh checksum when it merges (as the real one does)', () => {
    const files = new SimulatedFiles(draws());
    const level = SimulatedLevel.create(files, 4096, []);
    const value = filled(200, 9);
    let rotted = false;
    for (let i = 0; i < 200; i++) {
      level.append({ deletes: [], puts: [{ key: `k${i}`, value: filled(200, i) }] });
      level.syncLog();
      while (level.hasWork) level.work();
      const table = files.list().find((name) => name.endsWith('.ldb'));
      if (rotted || table === undefined) continue;
      const { changes } = readTable(files.read(table, 0, files.size(table))!);
      const target = changes.find((change) => change.key === 'k9')!;
      expect(target.value).toEqual(value);
      files.flip(table, target.offset, 0x01);
      rotted = true;
    }
    const scan = scanLevelDirectory(files);
    expect(scan.defects).toEqual([]);
    expect(scan.records.find((record) => record.key === 'k9')!.value).not.toEqual(value);
  });
});
