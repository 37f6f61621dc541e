/** Figure 2, RequestVote RPC, receiver's steps 1 and 2: each in its own words, and both against the paper's text. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PaperServer, requestVote } from './paper.ts';
import { type LooseRpc, only, type Seen, Subject } from './subject.ts';

function candidacy(from: number, term: number, last: readonly [number, number]): LooseRpc {
  const [lastLogIndex, lastLogTerm] = last;
  return { type: 'RequestVote', from, term, lastLogIndex, lastLogTerm, transfer: false };
}

function granted(seen: Seen): boolean {
  const replies = only(seen, 'RequestVoteReply');
  expect(replies).toHaveLength(1);
  return replies[0]!.voteGranted;
}

describe('F2 RV.1 a candidate of an older term gets no vote', () => {
  it('F2 RV.1 however good its log, and it learns the newer term', () => {
    const subject = new Subject({ term: 4, log: [1] });
    const seen = subject.ask(candidacy(2, 3, [9, 3]));
    expect(only(seen, 'RequestVoteReply')).toMatchObject([{ voteGranted: false, term: 4, to: 2 }]);
    expect(subject.raft.votedFor).toBe(0);
    expect(seen.persists).toEqual([]);
    expect(granted(subject.ask(candidacy(2, 4, [9, 3]))), 'in our term it gets it').toBe(true);
  });
});

describe('F2 RV.2 one vote a term, for a log at least as up to date', () => {
  it('F2 RV.2 the first who asks gets it, and nobody else in that term', () => {
    const subject = new Subject({ term: 1, log: [1] });
    expect(granted(subject.ask(candidacy(2, 2, [1, 1])))).toBe(true);
    expect(granted(subject.ask(candidacy(3, 2, [8, 1])))).toBe(false);
    expect(subject.raft.votedFor).toBe(2);
    expect(granted(subject.ask(candidacy(3, 3, [1, 1]))), 'a new term, a new vote').toBe(true);
  });

  it('F2 RV.2 asked again by the same candidate it answers the same', () => {
    const subject = new Subject({ term: 1, log: [1] });
    subject.ask(candidacy(2, 2, [1, 1]));
    const again = subject.ask(candidacy(2, 2, [1, 1]));
    expect(granted(again)).toBe(true);
    expect(again.persists).toEqual([]);
  });

  it('F2 RV.2 a vote given before a crash still binds', () => {
    const subject = new Subject({ term: 5, votedFor: 3, log: [1] });
    expect(granted(subject.ask(candidacy(2, 5, [7, 4])))).toBe(false);
    expect(granted(subject.ask(candidacy(3, 5, [1, 1])))).toBe(true);
  });

  it('F2 RV.2 a candidate has given its vote to itself', () => {
    const subject = new Subject({ term: 1, log: [1] });
    subject.wait(100);
    expect(subject.raft.role).toBe('candidate');
    expect(granted(subject.ask(candidacy(2, 2, [9, 1])))).toBe(false);
  });

  it.each([
    [[3, 2], true, 'the very same end'],
    [[4, 2], true, 'as late a term, a longer log'],
    [[2, 2], false, 'as late a term, a shorter log'],
    [[1, 3], true, 'a later term, however short the log'],
    [[9, 1], false, 'an earlier term, however long the log'],
    [[0, 0], false, 'an empty log'],
  ] as const)(
    'F2 RV.2 our log ends 3@2, that of the candidate %o: %s, %s',
    (last, expected, _why) => {
      const subject = new Subject({ term: 4, log: [1, 2, 2] });
      expect(granted(subject.ask(candidacy(2, 5, last)))).toBe(expected);
      expect(subject.raft.currentTerm, 'the term is adopted either way').toBe(5);
      expect(subject.raft.votedFor).toBe(expected ? 2 : 0);
    },
  );

  it('F2 RV.2 a candidate refused for its log leaves the vote free for a better one', () => {
    const subject = new Subject({ term: 4, log: [1, 2, 2] });
    expect(granted(subject.ask(candidacy(2, 5, [2, 2])))).toBe(false);
    expect(granted(subject.ask(candidacy(3, 5, [3, 2])))).toBe(true);
  });

  it('F2 RV.2 no one hears of a vote that is not durable', () => {
    const subject = new Subject({ term: 1, log: [1] });
    const seen = subject.hear(candidacy(2, 2, [1, 1]));
    expect(seen.messages).toEqual([]);
    expect(seen.persists).toMatchObject([{ hardState: { term: 2, votedFor: 2 } }]);
    const before = subject.hear(candidacy(2, 2, [1, 1]));
    expect(before.messages, 'not when asked again either').toEqual([]);
    const after = subject.persisted();
    expect(after.messages).toMatchObject([{ voteGranted: true }, { voteGranted: true }]);
  });

  it('F2 RV.1-2 agree with the paper on any sequence of candidates', () => {
    const candidates = fc.array(
      fc.record({
        from: fc.integer({ min: 2, max: 4 }),
        term: fc.integer({ min: 1, max: 6 }),
        lastLogIndex: fc.nat({ max: 5 }),
        lastLogTerm: fc.nat({ max: 5 }),
      }),
      { minLength: 1, maxLength: 20, size: 'max' },
    );
    const logs = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 5, size: 'max' });
    fc.assert(
      fc.property(logs, candidates, (unsorted, asked) => {
        const log = unsorted.slice().sort((a, b) => a - b);
        const term = log.at(-1) ?? 0;
        const subject = new Subject({ term, log, voters: [1, 2, 3, 4] });
        const paper: PaperServer = { currentTerm: term, votedFor: null, log, commitIndex: 0 };
        for (const { from, term: asks, lastLogIndex, lastLogTerm } of asked) {
          const seen = subject.ask(candidacy(from, asks, [lastLogIndex, lastLogTerm]));
          const candidate = { term: asks, candidateId: from, lastLogIndex, lastLogTerm };
          const [reply] = only(seen, 'RequestVoteReply');
          const { currentTerm, votedFor } = subject.raft;
          const vote = requestVote(paper, candidate);
          expect([reply!.voteGranted, currentTerm, votedFor]).toEqual([
            vote,
            paper.currentTerm,
            paper.votedFor ?? 0,
          ]);
        }
      }),
      { numRuns: 200 },
    );
  });
});
