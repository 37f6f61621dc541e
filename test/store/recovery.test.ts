/**
 * Verdicts, one story each, over the engine in memory: what the witness and the chain prove together, what a repair keeps in mind, and that
 * a newer format is refused with a sentence. (Damage to real bytes is in test/sim/disk.)
 */
import { crc32c, utf8Encode } from '@seedraft/codec';
import type { Persist } from '@seedraft/core';
import type { Scan, Verdict } from '@seedraft/store';
import {
  createDirectory,
  encodeRecord,
  encodeWitness,
  FORMAT_VERSION,
  isIntact,
  MemberStore,
  MemoryEngine,
  recover,
} from '@seedraft/store';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  bootstrap,
  entries,
  INCARNATION,
  metadata,
  snapshotBytes,
  write,
} from '../sim/disk/fixtures.ts';
import { TestHost } from '../sim/disk/host.ts';

type Opened = Extract<Verdict, { outcome: 'intact' | 'repairable' }>;

let engine: MemoryEngine;
let store: MemberStore;

function serve(verdict: Verdict): Opened {
  if (!('resumption' in verdict)) throw new Error(JSON.stringify(verdict));
  if (verdict.rewrite !== null) engine.format(verdict.rewrite);
  const { resumption } = verdict;
  store = new MemberStore({ engine, events: new TestHost(), resumption, durability: 'default' });
  engine.attach(store);
  return verdict;
}

function persist(...writes: Persist[]): void {
  for (const one of writes) {
    store.persist(one);
    engine.settle();
  }
}

const keysOf = (prefix: string): string[] =>
  engine
    .scan()
    .records.map((record) => record.key)
    .filter((key) => key.startsWith(prefix));

/** The scan without some records: as if they had never been. */
function without(...keys: string[]): Scan {
  const scan = engine.scan();
  return { ...scan, records: scan.records.filter((record) => !keys.includes(record.key)) };
}

/** The scan with one bit of a record changed. */
function rotted(key: string): Scan {
  const scan = engine.scan();
  const records = scan.records.map((record) => {
    if (record.key !== key) return record;
    const value = record.value.slice();
    value[value.length >>> 1]! ^= 4;
    return { ...record, value };
  });
  return { ...scan, records };
}

function damagedSentence(verdict: Verdict): string {
  if (verdict.outcome !== 'damaged') throw new Error(verdict.outcome);
  return verdict.sentence;
}

function repairable(verdict: Verdict): Extract<Verdict, { outcome: 'repairable' }> {
  if (verdict.outcome !== 'repairable') throw new Error(JSON.stringify(verdict));
  return verdict;
}

beforeEach(() => {
  engine = new MemoryEngine();
  engine.format(createDirectory(bootstrap, INCARNATION));
  serve(recover(engine.scan()));
  persist(
    write(1, 1, entries(1, 2, 1)),
    write(2, 2, entries(3, 4, 2)),
    write(3, 3, entries(5, 6, 3)),
    write(4, 4, entries(7, 8, 4)),
  );
});

describe('verdicts', () => {
  it('nothing at all is empty, never a new member by itself', () => {
    expect(recover(new MemoryEngine().scan())).toEqual({ outcome: 'empty' });
  });

  it('whole chain, witness at its head: intact', () => {
    expect(recover(engine.scan()).outcome).toBe('intact');
    expect(keysOf('group/')).toHaveLength(5);
  });

  it('a database without its witness is damaged, not new', () => {
    expect(damagedSentence(recover({ ...engine.scan(), witness: null }))).toMatch(/witness/);
  });

  it('the newest group gone, with no trace of damage: damaged, and it says which', () => {
    const sentence = damagedSentence(recover(without(keysOf('group/').at(-1)!)));
    expect(sentence).toMatch(
      /known up to group 4, but group 5 was durable \(term 4, vote 1, last index 8\)/,
    );
  });

  it('the newest group rotted: damaged, though a torn tail would look alike', () => {
    expect(damagedSentence(recover(rotted(keysOf('group/').at(-1)!)))).toMatch(
      /fails its checksum/,
    );
  });

  it('a group in the middle gone: repairable, with the newest hard state and the log before the gap', () => {
    const { member, sentence } = repairable(recover(without(keysOf('group/')[2]!)));
    expect(member.core.hardState).toEqual({ term: 4, votedFor: 1 });
    expect(member.core.entries).toEqual(entries(1, 2, 1));
    expect(member.core.repairUntil).toBe(8);
    expect(sentence).toMatch(/known up to 2 of 8/);
  });

  it('the base gone: damaged, since nothing says where the log began', () => {
    expect(damagedSentence(recover(without(keysOf('base/')[0]!)))).toMatch(/no base/);
  });

  it('one slot unreadable: intact while nothing else is wrong, damaged as soon as something is', () => {
    const scan = engine.scan();
    for (const slot of [0, 1] as const) {
      const witness = [...scan.witness!] as unknown as [Uint8Array[], Uint8Array[]];
      witness[slot] = [new Uint8Array(512)];
      expect(recover({ ...scan, witness }).outcome).toBe('intact');
      const gone = without(keysOf('group/')[2]!);
      expect(recover({ ...gone, witness }).outcome).toBe('damaged');
      const torn = {
        file: '000009.log',
        offset: 7,
        reason: 'a record ends',
        kind: 'torn' as const,
      };
      expect(recover({ ...scan, witness, defects: [torn] }).outcome).toBe('damaged');
    }
  });

  it('a torn tail beyond the witness is cut; the same tail at the witness is damage', () => {
    const torn = { file: '000009.log', offset: 7, reason: 'a record ends', kind: 'torn' as const };
    const cut = { file: '000009.log', offset: 7 };
    expect(recover({ ...engine.scan(), defects: [torn], cut })).toMatchObject({
      outcome: 'intact',
      cut,
    });
    const short = without(keysOf('group/').at(-1)!);
    expect(recover({ ...short, defects: [torn], cut }).outcome).toBe('damaged');
  });

  it('damage where nothing needed lies is still said, and nothing is given up', () => {
    const defect = {
      file: '000003.ldb',
      offset: 9,
      reason: 'a block fails',
      kind: 'damage' as const,
    };
    const { member, sentence } = repairable(recover({ ...engine.scan(), defects: [defect] }));
    expect(member.core.repairUntil).toBe(0);
    expect(member.core.entries).toHaveLength(8);
    expect(sentence).toMatch(
      /^000003.ldb, offset 9: a block fails; nothing of the log is missing$/,
    );
  });

  it('another directory’s witness beside this database is damage', () => {
    const witness = encodeWitness({
      incarnation: 'f'.repeat(32),
      seq: 5,
      hash: { hi: 1, lo: 2 },
      hardState: { term: 4, votedFor: 1 },
      lastIndex: 8,
    });
    const verdict = recover({ ...engine.scan(), witness: [[witness], [witness]] });
    expect(damagedSentence(verdict)).toMatch(/another directory/);
  });

  it('an entry whose bytes are not its proposer’s is damage, though record and frame are right', () => {
    const [first] = entries(9, 9, 4);
    const data = first!.data.slice();
    data[0]! ^= 1;
    expect(isIntact(1, 2)).toBe(false);
    // Past the store's own check: as if memory had changed between that check and the encoding.
    const late = { ...first!, data: first!.data.slice() };
    store.persist(write(5, 4, [late]));
    late.data.set(data);
    engine.settle();
    expect(recover(engine.scan()).outcome).toBe('intact');
    const spoilt = { ...first!, index: 10, data: first!.data.slice() };
    store.persist(write(6, 4, entries(10, 10, 4)));
    store.persist(write(7, 4, [{ ...spoilt, index: 11 }]));
    // The second waits in the queue while the first is under way: its record is made only then.
    spoilt.data.set(data);
    engine.settle();
    expect(damagedSentence(recover(engine.scan()))).toMatch(
      /entry 11@4 in group\/\w+ fails its proposer's checksum/,
    );
  });

  it('a newer format is refused with a sentence, and is not called damage', () => {
    const key = keysOf('group/').at(-1)!;
    const record = engine.valueOf(key)!;
    const newer = encodeRecord(key, ['whatever a later version writes']);
    expect(record[4]).toBe(FORMAT_VERSION);
    const scan = engine.scan();
    const verdict = recover({
      ...scan,
      records: scan.records.map((one) =>
        one.key === key ? { ...one, value: asVersion(newer, key) } : one,
      ),
    });
    if (verdict.outcome !== 'refused') throw new Error(verdict.outcome);
    expect(verdict.sentence).toMatch(/written in format 2; this version reads formats up to 1/);
  });
});

/** A record re-sealed under the next format version. */
function asVersion(record: Uint8Array, key: string): Uint8Array {
  const bytes = record.slice();
  bytes[4] = FORMAT_VERSION + 1;
  const checksum = crc32c(bytes, crc32c(utf8Encode(key)), 4);
  for (let i = 0; i < 4; i++) bytes[i] = checksum >>> (8 * i);
  return bytes;
}

describe('repair', () => {
  it('is not forgotten by a crash, and is over once a leader’s entries reach its end', () => {
    const gap = recover(without(keysOf('group/')[2]!));
    serve(gap);
    expect(repairable(serve(recover(engine.scan()))).member.core.repairUntil).toBe(8);
    persist(write(1, 5, entries(3, 6, 3)));
    expect(repairable(serve(recover(engine.scan()))).member.core.repairUntil).toBe(8);
    persist(write(1, 5, entries(7, 9, 5)));
    const whole = serve(recover(engine.scan()));
    expect([whole.outcome, whole.member.core.repairUntil]).toEqual(['intact', 0]);
    expect(whole.member.core.entries.map((entry) => entry.index)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
  });

  it('a snapshot with rotted bytes: given up with the log that stood on it, hard state kept', () => {
    const bytes = snapshotBytes(500);
    const own = metadata(6, 3, bytes);
    store.writeSnapshot(own.id, 0, bytes);
    store.sealSnapshot(own, 6);
    engine.settle();
    expect(recover(engine.scan()).outcome).toBe('intact');
    const { member } = repairable(serve(recover(rotted(keysOf('chunk/')[0]!))));
    expect(member.core).toMatchObject({ snapshot: null, entries: [], repairUntil: 8, applied: 0 });
    expect(member.core.hardState).toEqual({ term: 4, votedFor: 1 });
    expect(member.core.configuration).toEqual(own.configuration);
  });
});

describe('the witness', () => {
  it('is written after the sync and before the completion, while the next sync is under way', () => {
    const host = new TestHost();
    const verdict = recover(engine.scan());
    if (verdict.outcome !== 'intact') throw new Error(verdict.outcome);
    const { resumption } = verdict;
    const waiting = new MemberStore({ engine, events: host, resumption, durability: 'default' });
    engine.attach(waiting);
    waiting.persist(write(5, 5, entries(9, 9, 5)));
    waiting.persist(write(6, 6, entries(10, 10, 6)));
    engine.settleOne();
    expect(host.take()).toEqual([{ type: 'durable', seq: 5 }]);
    // Now the second batch and the first witness are under way, in this order.
    engine.settleOne();
    expect(host.take()).toEqual([{ type: 'durable', seq: 6 }]);
    engine.settleOne();
    expect(host.take()).toEqual([{ type: 'persisted', seq: 5 }]);
    engine.settleOne();
    expect(host.take()).toEqual([{ type: 'persisted', seq: 6 }]);
  });

  it('is synced with every change of the hard state, and otherwise when flushed', () => {
    const syncs: boolean[] = [];
    const writeWitness = engine.writeWitness.bind(engine);
    engine.writeWitness = (token, slot, bytes, sync) => {
      syncs.push(sync);
      writeWitness(token, slot, bytes, sync);
    };
    persist(write(5, 4, entries(9, 9, 4)), write(6, 5, []), write(7, 5, entries(10, 10, 5)));
    expect(syncs).toEqual([false, true, false]);
    expect(store.isWitnessSynced).toBe(false);
    store.flush();
    engine.settle();
    store.flush();
    expect(syncs).toEqual([false, true, false, true]);
    expect(store.isWitnessSynced).toBe(true);
    expect(recover(engine.scan()).outcome).toBe('intact');
  });
});

describe('compaction on disk', () => {
  it('deletes groups that no entry after compactTo needs, a batch after the base that replaces them', () => {
    const bytes = snapshotBytes(500);
    const own = metadata(6, 3, bytes);
    store.writeSnapshot(own.id, 0, bytes);
    store.sealSnapshot(own, 5);
    engine.settle();
    expect(keysOf('group/')).toHaveLength(6);
    persist(write(5, 4, entries(9, 9, 4)));
    // The new base is durable beside the old one.
    expect([keysOf('base/').length, keysOf('group/').length]).toEqual([2, 7]);
    persist(write(6, 4, entries(10, 10, 4)));
    expect(keysOf('base/')).toHaveLength(1);
    expect(keysOf('group/').map((key) => Number.parseInt(key.slice(6), 16))).toEqual([
      4, 5, 6, 7, 8,
    ]);
    const { member } = serve(recover(engine.scan()));
    expect(member.core.entries[0]?.index).toBe(6);
  });
});
