/** Figure 2, AppendEntries RPC, receiver's steps 1 to 5: each in its own words, and all together against the paper's text. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendEntries, type PaperServer } from './paper.ts';
import { append, only, type Seen, Subject, snapshotAt } from './subject.ts';

function answer(seen: Seen) {
  const replies = only(seen, 'AppendEntriesReply');
  expect(replies).toHaveLength(1);
  return replies[0]!;
}

describe('F2 AE.1 an AppendEntries of an older term is refused', () => {
  it('F2 AE.1 with our term in the reply, and nothing else comes of it', () => {
    const subject = new Subject({ term: 3, log: [1, 2] });
    const { deadline } = subject.raft;
    subject.now += 50;
    const seen = subject.ask(append([2, 2], [2], { term: 2, commit: 2 }));
    expect(answer(seen)).toMatchObject({ success: false, term: 3, to: 2 });
    expect(seen.persists).toEqual([]);
    expect(subject.terms).toEqual([1, 2]);
    expect(subject.raft.commitIndex).toBe(0);
    expect(subject.raft.leader).toBe(0);
    expect(subject.raft.deadline, 'a deposed leader keeps nobody from campaigning').toBe(deadline);
  });

  it('F2 AE.1 the same message in the current term is taken', () => {
    const subject = new Subject({ term: 3, log: [1, 2] });
    const replies = only(subject.ask(append([2, 2], [3], { term: 3 })), 'AppendEntriesReply');
    expect(replies.at(-1)).toMatchObject({ success: true, matchIndex: 3 });
    expect(subject.terms).toEqual([1, 2, 3]);
    expect(subject.raft.leader).toBe(2);
  });
});

describe('F2 AE.2 refused unless the log holds prevLogTerm at prevLogIndex', () => {
  it.each([
    [[0, 0], true, 'before the first entry every log agrees'],
    [[2, 1], true, 'an entry inside the log'],
    [[3, 2], true, 'the last entry'],
    [[3, 1], false, 'another term there'],
    [[3, 3], false, 'a greater term there'],
    [[4, 2], false, 'beyond the end'],
    [[9, 0], false, 'far beyond the end, where no term is known'],
  ] as const)('F2 AE.2 prev=%o: %s, %s', (prev, success, _why) => {
    const subject = new Subject({ term: 4, log: [1, 1, 2] });
    const reply = answer(subject.ask(append(prev, [], { commit: 3 })));
    expect(reply.success).toBe(success);
    expect(subject.raft.commitIndex).toBe(success ? prev[0] : 0);
    expect(subject.terms).toEqual([1, 1, 2]);
    expect(subject.raft.leader, 'refusing entries is not refusing the leader').toBe(2);
  });

  it('F2 AE.2 entries after an unknown one are not taken', () => {
    const subject = new Subject({ term: 4, log: [1, 1, 2] });
    const seen = subject.ask(append([3, 3], [4, 4], { commit: 5 }));
    expect(answer(seen)).toMatchObject({ success: false, rejectedIndex: 3 });
    expect(subject.terms).toEqual([1, 1, 2]);
  });

  it('F2 AE.2 the term at a compacted boundary is the one the snapshot names, not 0', () => {
    const snapshot = snapshotAt(4, 2);
    for (const [term, success] of [
      [2, true],
      [0, false],
      [3, false],
    ] as const) {
      const subject = new Subject({ term: 3, snapshot, log: [3] });
      expect(answer(subject.ask(append([4, term], [3]))).success).toBe(success);
    }
  });

  it('F2 AE.2 a refusal says where the logs may still agree', () => {
    // At 6 the leader has an entry of term 4; here nothing of term 5 or later can agree with it.
    const subject = new Subject({ term: 6, log: [1, 1, 4, 5, 5, 5] });
    const reply = answer(subject.ask(append([6, 4], [])));
    expect(reply).toMatchObject({ success: false, conflictIndex: 3, conflictTerm: 4 });
  });
});

describe('F2 AE.3 a conflicting entry goes, with all that follow it', () => {
  it('F2 AE.3 same index, other term: it and everything after it', () => {
    const subject = new Subject({ term: 3, log: [1, 1, 2, 2, 2] });
    const seen = subject.ask(append([2, 1], [3]));
    expect(subject.terms).toEqual([1, 1, 3]);
    expect(seen.persists).toMatchObject([{ truncateFrom: 3 }]);
  });

  it('F2 AE.3 the first conflict counts, not the first entry of the message', () => {
    const subject = new Subject({ term: 3, log: [1, 1, 2, 2, 2] });
    const seen = subject.ask(append([1, 1], [1, 2, 3]));
    expect(subject.terms).toEqual([1, 1, 2, 3]);
    expect(seen.persists).toMatchObject([{ truncateFrom: 4 }]);
  });

  it.each([
    ['a message that came late holds less than the log', append([1, 1], [1, 2])],
    ['a heartbeat holds nothing', append([2, 1], [])],
  ])('F2 AE.3 entries that agree stay, and so does what follows them: %s', (_, rpc) => {
    const subject = new Subject({ term: 3, log: [1, 1, 2, 2, 2] });
    const seen = subject.ask(rpc);
    expect(answer(seen).success).toBe(true);
    expect(subject.terms).toEqual([1, 1, 2, 2, 2]);
    expect(seen.persists).toEqual([]);
  });
});

describe('F2 AE.4 entries not yet in the log are appended', () => {
  it('F2 AE.4 only those, all of those, and durably before they are acknowledged', () => {
    const subject = new Subject({ term: 2, log: [1, 1] });
    const seen = subject.ask(append([0, 0], [1, 1, 2, 2]));
    expect(subject.terms).toEqual([1, 1, 2, 2]);
    expect(seen.persists).toHaveLength(1);
    expect(seen.persists[0]!.entries.map(({ index }) => index)).toEqual([3, 4]);
    expect(only(seen, 'AppendEntriesReply').at(-1)).toMatchObject({ success: true, matchIndex: 4 });
  });

  it('F2 AE.4 the same message twice appends once', () => {
    const subject = new Subject({ term: 2, log: [1] });
    subject.ask(append([1, 1], [2, 2]));
    const seen = subject.ask(append([1, 1], [2, 2]));
    expect(seen.persists).toEqual([]);
    expect(answer(seen)).toMatchObject({ success: true, matchIndex: 3 });
    expect(subject.terms).toEqual([1, 2, 2]);
  });
});

describe('F2 AE.5 commitIndex follows leaderCommit, up to the last new entry', () => {
  it('F2 AE.5 what the message did not vouch for is not committed, though it is in the log', () => {
    const subject = new Subject({ term: 2, log: [1, 1, 1, 1] });
    subject.ask(append([2, 1], [], { commit: 4 }));
    expect(subject.raft.commitIndex).toBe(2);
    subject.ask(append([2, 1], [1], { commit: 9 }));
    expect(subject.raft.commitIndex).toBe(3);
  });

  it('F2 AE.5 no further than leaderCommit', () => {
    const subject = new Subject({ term: 2, log: [1] });
    subject.ask(append([1, 1], [2, 2, 2], { commit: 2 }));
    expect(subject.raft.commitIndex).toBe(2);
  });

  it('F2 AE.5 never back', () => {
    const subject = new Subject({ term: 2, log: [1, 1, 1] });
    subject.ask(append([3, 1], [], { commit: 3 }));
    subject.ask(append([1, 1], [1], { commit: 1 }));
    expect(subject.raft.commitIndex).toBe(3);
  });
});

/**
 * A follower's log and a leader's: one beginning, then two ways apart. Below their parting all is agreed and may be committed; after it no
 * (index, term) occurs in both, as log matching demands (the follower's terms are even there, the leader's odd).
 */
const twoLogs = fc
  .record({
    shared: fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 12, size: 'max' }),
    ours: fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 12, size: 'max' }),
    theirs: fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 12, size: 'max' }),
    committed: fc.nat({ max: 12 }),
  })
  .map(({ shared, ours, theirs, committed }) => {
    const climb = (start: number, step: number, rises: readonly number[]) => {
      let term = start;
      return rises.map((rise) => {
        term += rise * step;
        return term;
      });
    };
    const prefix = climb(1, 1, shared);
    const parting = 2 * ((prefix.at(-1) ?? 1) + 1);
    const follower = [...prefix, ...climb(parting, 2, ours)];
    const leader = [...prefix, ...climb(parting + 1, 2, theirs)];
    const term = Math.max(follower.at(-1) ?? 1, leader.at(-1) ?? 1);
    return { follower, leader, term, committed: Math.min(committed, prefix.length) };
  });

/** Any part of the leader's log, as AppendEntries; sometimes from before its time (an older term), sometimes a later one. */
const parts = fc.array(
  fc.record({
    from: fc.nat({ max: 24 }),
    length: fc.nat({ max: 6 }),
    commit: fc.nat({ max: 24 }),
    age: fc.constantFrom(0, 0, 0, 0, -1),
  }),
  { minLength: 1, maxLength: 16, size: 'max' },
);

describe('F2 AE.1-5 together', () => {
  it('agree with the paper on any sequence of messages from one leader', () => {
    fc.assert(
      fc.property(twoLogs, parts, ({ follower, leader, term, committed }, sent) => {
        const subject = new Subject({ term, log: follower });
        const paper: PaperServer = {
          currentTerm: term,
          votedFor: null,
          log: follower.slice(),
          commitIndex: 0,
        };
        for (const { from, length, commit, age } of sent) {
          const prevLogIndex = Math.min(from, leader.length);
          const prevLogTerm = leader[prevLogIndex - 1] ?? 0;
          const terms = leader.slice(prevLogIndex, prevLogIndex + length);
          if (Math.max(prevLogTerm, ...terms) > term + age) continue;
          // The leader of an older term knew of fewer commits.
          const leaderCommit = Math.min(commit, age === 0 ? leader.length : committed);
          const rpc = { term: term + age, prevLogIndex, prevLogTerm, terms, leaderCommit };
          const seen = subject.ask(
            append([prevLogIndex, prevLogTerm], terms, { term: term + age, commit: leaderCommit }),
          );
          const success = appendEntries(paper, rpc);
          const replies = only(seen, 'AppendEntriesReply');
          expect([replies.at(-1)!.success, subject.terms, subject.raft.commitIndex]).toEqual([
            success,
            paper.log,
            paper.commitIndex,
          ]);
          const acknowledged = success ? prevLogIndex + terms.length : 0;
          expect(replies.at(-1)!.matchIndex).toBe(acknowledged);
        }
      }),
      { numRuns: 250 },
    );
  });
});
