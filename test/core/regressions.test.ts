/** Bugs that the command properties found, each as the shortest life that shows it. */
import { expect, it } from 'vitest';
import { append, only, Subject, snapshotAt } from './subject.ts';

it('a read whose retry and whose election timeout are due in one late tick asks nobody', () => {
  const subject = new Subject({ log: [1] });
  subject.ask(append([1, 1], []));
  subject.step({ type: 'Read', id: 1, mode: 'readIndex' });
  // The campaign has no leader, so the retry must not go to member 0.
  const seen = subject.wait(500);
  expect(seen.replies).toMatchObject([{ id: 1, result: { outcome: 'rejected' } }]);
  expect(seen.messages.map(({ type, to }) => [type, to])).toEqual([
    ['RequestVote', 2],
    ['RequestVote', 3],
  ]);
});

it('reads that wait behind a request are not asked for when its refusal brings a greater term', () => {
  const subject = new Subject({ log: [1] });
  subject.ask(append([1, 1], []));
  const asked = subject.step({ type: 'Read', id: 1, mode: 'readIndex' });
  subject.step({ type: 'Read', id: 2, mode: 'readIndex' });
  const { id } = only(asked, 'ReadIndex')[0]!;
  // The deposed leader refuses, in a term whose leader is not known here.
  const seen = subject.ask({
    type: 'ReadIndexReply',
    term: 2,
    id,
    index: 0,
    refusal: 'NOT_LEADER',
  });
  expect(seen.replies).toMatchObject([
    { id: 1, result: { outcome: 'rejected' } },
    { id: 2, result: { outcome: 'rejected' } },
  ]);
  expect(seen.messages).toEqual([]);
});

it('a repairing follower whose probe was lost gets a snapshot when what it lacks was compacted meanwhile', () => {
  const subject = new Subject({ log: [1, 1, 1, 1], config: { maxAppendEntries: 1 } });
  subject.elect(3);
  // Member 2 repairs its log: it takes entries and acknowledges none.
  const refuse = (rejectedIndex: number, conflictIndex: number, round: number) =>
    subject.ask({
      type: 'AppendEntriesReply',
      from: 2,
      success: false,
      matchIndex: 0,
      rejectedIndex,
      conflictIndex,
      conflictTerm: conflictIndex === 0 ? 0 : 1,
      round,
      lastIndex: 2,
    });
  const lost = refuse(4, 2, 0);
  expect(only(lost, 'AppendEntries').at(-1)).toMatchObject({ to: 2, prevLogIndex: 2 });
  subject.acknowledge(3, 5);
  subject.step({ type: 'Applied', index: 5 });
  subject.now += 200;
  const snapshot = snapshotAt(5, subject.raft.currentTerm);
  subject.step({ type: 'Compact', snapshot, keep: 0 });
  const beat = only(subject.wait(30), 'AppendEntries').find(({ to }) => to === 2);
  expect(beat).toMatchObject({ prevLogIndex: 0, entries: [] });
  const seen = refuse(0, 0, beat!.round);
  expect(only(seen, 'InstallSnapshot')).toMatchObject([{ to: 2, snapshot: { id: snapshot.id } }]);
});
