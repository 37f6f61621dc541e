/** Figure 13, InstallSnapshot RPC, receiver's steps 1 to 8: each in its own words. */
import type { SnapshotMetadata } from '@seedraft/core';
import { describe, expect, it } from 'vitest';
import { append, type LooseRpc, only, type Start, Subject, snapshotAt } from './subject.ts';
import { voters } from './world.ts';

/** Bytes [offset, offset + length) of the snapshot: byte i is i. */
function chunk(
  snapshot: SnapshotMetadata,
  offset: number,
  length: number,
  envelope: { readonly from?: number; readonly term?: number } = {},
): LooseRpc {
  const data = Uint8Array.from({ length }, (_, i) => offset + i);
  return { type: 'InstallSnapshot', snapshot, offset, length, data, round: 1, ...envelope };
}

function stored(subject: Subject, snapshot: SnapshotMetadata, offset: number) {
  const complete = offset === snapshot.size;
  return subject.step({ type: 'SnapshotStored', snapshotId: snapshot.id, offset, complete });
}

/** Sends it whole, in one chunk, and lets the store take it. */
function install(subject: Subject, snapshot: SnapshotMetadata) {
  const seen = subject.hear(chunk(snapshot, 0, snapshot.size));
  expect(seen.chunks).toHaveLength(1);
  return stored(subject, snapshot, snapshot.size);
}

const BEHIND: Start = { term: 4, log: [1, 1, 2] };

describe('F13 IS.1 an InstallSnapshot of an older term is refused', () => {
  it('F13 IS.1 at once, with our term, and nothing is stored', () => {
    const subject = new Subject(BEHIND);
    const { deadline } = subject.raft;
    subject.now += 50;
    const seen = subject.ask(chunk(snapshotAt(9, 3), 0, 10, { term: 3 }));
    expect(only(seen, 'InstallSnapshotReply')).toMatchObject([
      { to: 2, term: 4, installed: false },
    ]);
    expect(seen.chunks).toEqual([]);
    expect(subject.raft.leader).toBe(0);
    expect(subject.raft.deadline).toBe(deadline);
  });

  it('F13 IS.1 in the current term it is a sign of life, like AppendEntries', () => {
    const subject = new Subject(BEHIND);
    subject.wait(100);
    expect(subject.raft.role).toBe('candidate');
    subject.now += 50;
    subject.ask(chunk(snapshotAt(9, 3), 0, 5));
    expect(subject.raft).toMatchObject({
      role: 'follower',
      leader: 2,
      deadline: subject.now + 100,
    });
  });
});

describe('F13 IS.2-4 chunks', () => {
  const snapshot = snapshotAt(9, 3);

  it('F13 IS.2 offset 0 starts a snapshot file', () => {
    const subject = new Subject(BEHIND);
    const seen = subject.hear(chunk(snapshot, 0, 4));
    expect(seen.chunks).toEqual([{ snapshot, offset: 0, data: Uint8Array.of(0, 1, 2, 3) }]);
  });

  it('F13 IS.2 without a start there is no middle: it asks for the start', () => {
    const subject = new Subject(BEHIND);
    const seen = subject.ask(chunk(snapshot, 4, 4));
    expect(seen.chunks).toEqual([]);
    expect(only(seen, 'InstallSnapshotReply')).toMatchObject([{ offset: 0, installed: false }]);
  });

  it('F13 IS.2 nor does the middle of one snapshot end another', () => {
    const subject = new Subject(BEHIND);
    subject.hear(chunk(snapshot, 0, 4));
    stored(subject, snapshot, 4);
    subject.ask(chunk(snapshotAt(8, 3), 4, 4));
    expect(subject.hear(chunk(snapshot, 4, 6)).chunks).toMatchObject([{ snapshot, offset: 4 }]);
  });

  it('F13 IS.3 data goes in at its offset, without gap or overlap', () => {
    const subject = new Subject(BEHIND);
    subject.hear(chunk(snapshot, 0, 4));
    stored(subject, snapshot, 4);
    const ahead = subject.ask(chunk(snapshot, 8, 2));
    expect(ahead.chunks).toEqual([]);
    expect(only(ahead, 'InstallSnapshotReply')).toMatchObject([{ offset: 4 }]);
    const again = subject.ask(chunk(snapshot, 0, 4));
    expect(again.chunks).toEqual([]);
    expect(only(again, 'InstallSnapshotReply')).toMatchObject([{ offset: 4 }]);
    const next = subject.hear(chunk(snapshot, 4, 4));
    expect(next.chunks).toEqual([{ snapshot, offset: 4, data: Uint8Array.of(4, 5, 6, 7) }]);
  });

  it('F13 IS.4 it answers and waits for the rest: until then the log stands', () => {
    const subject = new Subject(BEHIND);
    const handed = subject.hear(chunk(snapshot, 0, 4));
    expect(handed.messages, 'not before the store has it').toEqual([]);
    const answered = stored(subject, snapshot, 4);
    expect(only(answered, 'InstallSnapshotReply')).toMatchObject([
      { to: 2, snapshotId: snapshot.id, offset: 4, installed: false },
    ]);
    subject.hear(chunk(snapshot, 4, 6));
    expect(subject.terms).toEqual([1, 1, 2]);
    expect(subject.raft.commitIndex).toBe(0);
    stored(subject, snapshot, 10);
    expect(subject.raft.commitIndex).toBe(9);
  });

  it('F13 IS.4 bytes that failed their checksum are asked for again, from the start', () => {
    const subject = new Subject(BEHIND);
    subject.hear(chunk(snapshot, 0, 10));
    const seen = subject.step({ type: 'SnapshotUnavailable', snapshotId: snapshot.id });
    expect(only(seen, 'InstallSnapshotReply')).toMatchObject([{ offset: 0, installed: false }]);
    expect(subject.terms).toEqual([1, 1, 2]);
    expect(subject.hear(chunk(snapshot, 0, 10)).chunks).toHaveLength(1);
  });
});

describe('F13 IS.5 an older partial snapshot is dropped for a newer one', () => {
  it('F13 IS.5 and what the store still says of it means nothing', () => {
    const older = snapshotAt(7, 3);
    const newer = snapshotAt(9, 3);
    const subject = new Subject(BEHIND);
    subject.hear(chunk(older, 0, 4));
    stored(subject, older, 4);
    expect(subject.hear(chunk(newer, 0, 4)).chunks).toMatchObject([{ snapshot: newer, offset: 0 }]);
    expect(stored(subject, older, 10).messages).toEqual([]);
    expect(subject.raft.commitIndex).toBe(0);
    expect(only(subject.ask(chunk(older, 4, 6)), 'InstallSnapshotReply')).toMatchObject([
      { snapshotId: older.id, offset: 0 },
    ]);
    stored(subject, newer, 4);
    subject.hear(chunk(newer, 4, 6));
    stored(subject, newer, 10);
    expect(subject.raft.snapshot).toEqual(newer);
  });

  it('F13 IS.5 the part that is stored serves another leader with the same snapshot', () => {
    const snapshot = snapshotAt(9, 3);
    const subject = new Subject(BEHIND);
    subject.hear(chunk(snapshot, 0, 4));
    stored(subject, snapshot, 4);
    const seen = subject.ask(chunk(snapshot, 0, 4, { from: 3, term: 5 }));
    expect(only(seen, 'InstallSnapshotReply')).toMatchObject([{ to: 3, term: 5, offset: 4 }]);
  });
});

describe('F13 IS.6 a log that holds the snapshot`s last entry is kept', () => {
  it('F13 IS.6 with all that follows, and the snapshot`s part is committed', () => {
    const subject = new Subject({ term: 4, log: [1, 1, 2, 2, 3] });
    const seen = subject.ask(chunk(snapshotAt(3, 2), 0, 10));
    expect(seen.chunks, 'not a byte of it is needed').toEqual([]);
    expect(subject.terms).toEqual([1, 1, 2, 2, 3]);
    expect(subject.raft.commitIndex).toBe(3);
    expect(seen.commits.map(({ index }) => index)).toEqual([1, 2, 3]);
    expect(seen.persists).toEqual([]);
    expect(only(seen, 'InstallSnapshotReply')).toMatchObject([{ installed: true, matchIndex: 3 }]);
  });

  it('F13 IS.6 also when it came to hold it while the chunks were on their way', () => {
    const subject = new Subject({ term: 4, log: [1] });
    const snapshot = snapshotAt(3, 2);
    subject.hear(chunk(snapshot, 0, 10));
    subject.ask(append([1, 1], [1, 2, 3]));
    const seen = stored(subject, snapshot, 10);
    expect(subject.terms).toEqual([1, 1, 2, 3]);
    expect(seen.persists).toEqual([]);
    expect(only(seen, 'InstallSnapshotReply')).toMatchObject([{ installed: true, matchIndex: 3 }]);
  });

  it('F13 IS.6 the same entry not durable yet: kept, and acknowledged only after its write', () => {
    const subject = new Subject({ term: 4, log: [1] });
    subject.hear(append([1, 1], [1, 2, 3]));
    const seen = subject.hear(chunk(snapshotAt(3, 2), 0, 10));
    expect(only(seen, 'InstallSnapshotReply')).toEqual([]);
    expect(only(subject.persisted(), 'InstallSnapshotReply')).toMatchObject([{ matchIndex: 3 }]);
  });

  it('F13 IS.6 a snapshot older than what is committed replaces nothing', () => {
    const subject = new Subject({ term: 4, snapshot: snapshotAt(8, 3), log: [3, 4] });
    const seen = subject.ask(chunk(snapshotAt(5, 2), 0, 10));
    expect(seen.chunks).toEqual([]);
    expect(seen.persists).toEqual([]);
    expect(subject.raft.snapshot!.lastIncludedIndex).toBe(8);
    expect(subject.terms).toEqual([3, 4]);
  });
});

describe('F13 IS.7 otherwise the whole log is discarded', () => {
  it.each([
    ['it ends before the snapshot', [1, 1, 2]],
    ['it has another term there', [1, 1, 2, 2, 2, 2, 2]],
  ] as const)('F13 IS.7 %s', (_, log) => {
    const subject = new Subject({ term: 4, log });
    const snapshot = snapshotAt(6, 3);
    const { persists } = install(subject, snapshot);
    expect(subject.terms).toEqual([]);
    expect(subject.raft.log).toMatchObject({ firstIndex: 7, lastIndex: 6, lastTerm: 3 });
    expect(persists).toMatchObject([{ snapshot, entries: [] }]);
  });

  it('F13 IS.7 what follows is appended after the snapshot`s last entry', () => {
    const subject = new Subject({ term: 4, log: [1, 1, 2] });
    install(subject, snapshotAt(6, 3));
    const seen = subject.ask(append([6, 3], [4], { commit: 7 }));
    expect(subject.terms).toEqual([4]);
    expect(only(seen, 'AppendEntriesReply').at(-1)).toMatchObject({ success: true, matchIndex: 7 });
    expect(seen.commits.map(({ index }) => index)).toEqual([7]);
  });
});

describe('F13 IS.8 state and configuration come from the snapshot', () => {
  it('F13 IS.8 nothing it stands for is applied again, and its configuration is in force', () => {
    const subject = new Subject({ term: 4, log: [1, 1, 2] });
    const configuration = voters(1, 2, 3, 4, 5);
    const snapshot = snapshotAt(6, 3, { configuration, configurationIndex: 4 });
    const seen = install(subject, snapshot);
    expect(seen.persists).toMatchObject([{ snapshot }]);
    expect(subject.raft.configuration).toEqual(configuration);
    expect(subject.raft.configurationIndex).toBe(4);
    expect(subject.raft.commitIndex).toBe(6);
    expect(subject.persisted().commits).toEqual([]);
  });

  it('F13 IS.8 what follows the snapshot is applied after it, even if both become durable at once', () => {
    const subject = new Subject({ term: 4, log: [1, 1, 2] });
    install(subject, snapshotAt(6, 3));
    subject.hear(append([6, 3], [4, 4, 4, 4, 4, 4, 4, 4], { commit: 9 }));
    expect(subject.persisted().commits.map(({ index }) => index)).toEqual([7, 8, 9]);
  });

  it('F13 IS.8 it is acknowledged when it is durable, not before', () => {
    const subject = new Subject({ term: 4, log: [1, 1, 2] });
    const seen = install(subject, snapshotAt(6, 3));
    expect(only(seen, 'InstallSnapshotReply')).toEqual([]);
    expect(only(subject.persisted(), 'InstallSnapshotReply')).toMatchObject([
      { to: 2, installed: true, matchIndex: 6 },
    ]);
  });

  it('F13 IS.8 a configuration of the discarded log is forgotten with it', () => {
    const subject = new Subject({ term: 4 });
    const rpc = append([0, 0], [2, 2]);
    const changed = {
      ...rpc.entries[1]!,
      kind: 'configuration' as const,
      configuration: voters(1),
    };
    subject.ask({ ...rpc, entries: [rpc.entries[0]!, changed] });
    expect(subject.raft.configurationIndex).toBe(2);
    install(subject, snapshotAt(6, 3));
    expect(subject.raft.configuration).toEqual(voters(1, 2, 3));
    expect(subject.raft.configurationIndex).toBe(0);
  });
});
