/**
 * The latest configuration in the log is in force, committed or not (dissertation 4.1). Proves that truncation brings the one before back,
 * also when everything up to it was compacted away meanwhile, and that a snapshot is given the one that held at its index.
 */
import { expect, it } from 'vitest';
import { append, Subject, snapshotAt } from './subject.ts';
import { voters } from './world.ts';

/** Follower 1 of leader 2 in term 2: [command, {1,2}, command, {1,2,4}, command], of which the first `commit` are committed. */
function follower(commit: number): Subject {
  const subject = new Subject({ term: 2 });
  const rpc = append([0, 0], [2, 2, 2, 2, 2], { commit });
  const entries = rpc.entries.map((entry) => {
    if (entry.index % 2 === 1) return entry;
    const configuration = entry.index === 2 ? voters(1, 2) : voters(1, 2, 4);
    return { ...entry, kind: 'configuration' as const, configuration };
  });
  subject.ask({ ...rpc, entries });
  expect(subject.raft.configuration).toEqual(voters(1, 2, 4));
  return subject;
}

it('truncation takes a configuration out of force', () => {
  const subject = follower(1);
  subject.ask(append([3, 2], [3], { term: 3 }));
  expect([subject.raft.configurationIndex, subject.raft.configuration]).toEqual([2, voters(1, 2)]);
  subject.ask(append([1, 2], [4], { term: 4 }));
  expect([subject.raft.configurationIndex, subject.raft.configuration]).toEqual([
    0,
    voters(1, 2, 3),
  ]);
});

it('a snapshot carries the configuration at its index, and after compaction it is still known', () => {
  const subject = follower(3);
  subject.step({ type: 'Applied', index: 3 });
  for (const [index, known, ids] of [
    [1, 0, [1, 2, 3]],
    [2, 2, [1, 2]],
    [3, 2, [1, 2]],
    [4, 4, [1, 2, 4]],
  ] as const) {
    const at = subject.raft.configurationAt(index);
    expect([at.index, at.configuration]).toEqual([known, voters(...ids)]);
  }
  const snapshot = snapshotAt(3, 2, { configuration: voters(1, 2), configurationIndex: 2 });
  subject.step({ type: 'Compact', snapshot, keep: 0 });
  expect(subject.raft.log.firstIndex).toBe(4);
  expect(subject.raft.configuration).toEqual(voters(1, 2, 4));
  subject.ask(append([3, 2], [3], { term: 3 }));
  expect([subject.raft.configurationIndex, subject.raft.configuration]).toEqual([2, voters(1, 2)]);
});
