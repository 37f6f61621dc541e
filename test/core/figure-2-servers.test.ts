/** Figure 2, "Rules for Servers": all, followers, candidates, leaders; each in its own words. */
import { firstConfiguration, type RaftConfig } from '@seedraft/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { append, type LooseRpc, only, Subject, snapshotAt } from './subject.ts';

describe('F2 RS.A.1 what is committed is applied, in order', () => {
  it('F2 RS.A.1 each entry once, none skipped, none before it is committed', () => {
    const subject = new Subject({ term: 1 });
    const given: number[] = [];
    const hear = (...args: Parameters<typeof append>) => {
      for (const { index } of subject.ask(append(...args)).commits) given.push(index);
    };
    hear([0, 0], [1, 1, 1]);
    expect(given).toEqual([]);
    hear([3, 1], [], { commit: 1 });
    expect(given).toEqual([1]);
    hear([3, 1], [1], { commit: 4 });
    hear([2, 1], [1], { commit: 4 });
    expect(given).toEqual([1, 2, 3, 4]);
  });

  it('F2 RS.A.1 and none before it is durable here', () => {
    const subject = new Subject({ term: 1 });
    const seen = subject.hear(append([0, 0], [1, 1], { commit: 2 }));
    expect(subject.raft.commitIndex).toBe(2);
    expect(seen.commits).toEqual([]);
    expect(subject.persisted().commits.map(({ index }) => index)).toEqual([1, 2]);
  });
});

describe('F2 RS.A.2 a greater term is adopted, as follower', () => {
  const reply = { success: true, rejectedIndex: 0, conflictIndex: 0, conflictTerm: 0 };
  const greater: [string, LooseRpc][] = [
    ['AppendEntries', append([0, 0], [])],
    [
      'AppendEntriesReply',
      { type: 'AppendEntriesReply', ...reply, matchIndex: 0, round: 0, lastIndex: 0 },
    ],
    ['RequestVote', { type: 'RequestVote', lastLogIndex: 0, lastLogTerm: 0, transfer: false }],
    ['RequestVoteReply', { type: 'RequestVoteReply', voteGranted: false }],
    ['PreVoteReply, refused', { type: 'PreVoteReply', voteGranted: false }],
    [
      'InstallSnapshot',
      {
        type: 'InstallSnapshot',
        snapshot: snapshotAt(9, 2),
        offset: 0,
        length: 1,
        data: new Uint8Array(1),
        round: 0,
      },
    ],
    [
      'InstallSnapshotReply',
      {
        type: 'InstallSnapshotReply',
        snapshotId: '',
        offset: 0,
        installed: false,
        matchIndex: 0,
        round: 0,
      },
    ],
  ];
  const roles: [string, (subject: Subject) => void][] = [
    ['follower', () => {}],
    ['candidate', (subject) => subject.wait(100)],
    ['leader', (subject) => subject.elect(2)],
  ];
  for (const [role, become] of roles) {
    it.each(greater)(`F2 RS.A.2 a ${role} that hears %s of a greater term`, (_, rpc) => {
      const subject = new Subject({ log: [1, 1] });
      become(subject);
      expect(subject.raft.role).toBe(role);
      const { raft } = subject;
      const seen = subject.ask({ ...rpc, term: raft.currentTerm + 5 });
      expect([raft.role, raft.votedFor]).toEqual(['follower', 0]);
      expect(raft.currentTerm).toBe(role === 'follower' ? 6 : 7);
      expect(seen.persists.at(-1)!.hardState).toEqual({ term: raft.currentTerm, votedFor: 0 });
    });
  }

  it('F2 RS.A.2 a PreVote, and the consent to one, name a term nobody has entered', () => {
    const subject = new Subject({ log: [1, 1] });
    subject.ask({ type: 'PreVote', term: 9, lastLogIndex: 2, lastLogTerm: 1 });
    subject.ask({ type: 'PreVoteReply', term: 9, voteGranted: true });
    expect(subject.raft.currentTerm).toBe(1);
  });
});

describe('F2 RS.F.1 followers answer leaders and candidates', () => {
  it('F2 RS.F.1 but say nothing of entries that are not durable', () => {
    const subject = new Subject({ term: 1, log: [1] });
    const before = subject.hear(append([1, 1], [1, 1]));
    expect(only(before, 'AppendEntriesReply').every(({ matchIndex }) => matchIndex <= 1)).toBe(
      true,
    );
    const after = only(subject.persisted(), 'AppendEntriesReply');
    expect(after).toMatchObject([{ to: 2, success: true, matchIndex: 3 }]);
  });

  it('F2 RS.F.1 a write that is overwritten before it is answered vouches for nothing', () => {
    const subject = new Subject({ term: 2, log: [1] });
    subject.hear(append([1, 1], [2, 2]));
    subject.hear({ ...append([1, 1], [3, 3]), term: 3, from: 3 });
    // Only the first write is answered: of term 2, and long gone.
    const seen = subject.step({ type: 'Persisted', seq: 1 });
    expect(only(seen, 'AppendEntriesReply').every(({ matchIndex }) => matchIndex <= 1)).toBe(true);
    expect(only(subject.persisted(), 'AppendEntriesReply').at(-1)).toMatchObject({
      to: 3,
      term: 3,
      matchIndex: 3,
    });
  });

  it('F2 RS.F.1 even what comes back after being overwritten waits for its own write', () => {
    const subject = new Subject({ term: 2, log: [1] });
    subject.hear(append([1, 1], [2]));
    subject.hear({ ...append([1, 1], [3]), term: 3, from: 3 });
    subject.hear({ ...append([1, 1], [2, 4]), term: 4, from: 2 });
    subject.step({ type: 'Persisted', seq: 1 });
    expect(subject.raft.durableIndex, '2@2 was written, deleted, and is not written again').toBe(1);
    subject.step({ type: 'Persisted', seq: 2 });
    expect(subject.raft.durableIndex).toBe(1);
    const seen = subject.step({ type: 'Persisted', seq: 3 });
    expect(only(seen, 'AppendEntriesReply').at(-1)).toMatchObject({ to: 2, matchIndex: 3 });
  });
});

describe('F2 RS.F.2 an election timeout without leader or granted vote makes a candidate', () => {
  const candidacy = {
    type: 'RequestVote',
    lastLogIndex: 1,
    lastLogTerm: 1,
    transfer: false,
  } as const;

  it('F2 RS.F.2 not before it elapsed, and then at once', () => {
    const subject = new Subject({ log: [1] });
    subject.wait(99);
    expect(subject.raft.role).toBe('follower');
    subject.wait(1);
    expect(subject.raft.role).toBe('candidate');
  });

  it.each<[string, LooseRpc]>([
    ['AppendEntries of the current leader', append([1, 1], [])],
    ['AppendEntries of it that must be refused', append([7, 1], [])],
    ['a vote granted', { ...candidacy, term: 2 }],
  ])('F2 RS.F.2 begins afresh with %s', (_, rpc) => {
    const subject = new Subject({ log: [1] });
    subject.now += 60;
    subject.ask(rpc);
    subject.wait(99);
    expect(subject.raft.role).toBe('follower');
    subject.wait(1);
    expect(subject.raft.role).toBe('candidate');
  });

  it.each<[string, LooseRpc]>([
    ['a vote refused', { ...candidacy, term: 2, lastLogIndex: 0, lastLogTerm: 0 }],
    ['AppendEntries of an older term', append([0, 0], [], { term: 0 })],
    ['a PreVote consented to', { type: 'PreVote', term: 2, lastLogIndex: 1, lastLogTerm: 1 }],
  ])('F2 RS.F.2 goes on through %s', (_, rpc) => {
    const subject = new Subject({ log: [1] });
    subject.now += 60;
    subject.ask(rpc);
    subject.wait(40);
    expect(subject.raft.role).toBe('candidate');
  });

  describe('a learner', () => {
    const learner = (log: readonly number[], config: Partial<RaftConfig> = {}): Subject => {
      const members = snapshotAt(1, 1).configuration.members.map((member) =>
        member.id === 1 ? { ...member, role: 'learner' as const } : member,
      );
      return new Subject({ log, config, configuration: firstConfiguration(members) });
    };
    const asked = (term: number, lastLogIndex: number, lastLogTerm: number): LooseRpc => {
      return { type: 'RequestVote', term, lastLogIndex, lastLogTerm, transfer: false };
    };

    it('F2 RS.F.2 a learner never stands of itself', () => {
      const subject = learner([1]);
      subject.wait(1000);
      subject.ask(append([1, 1], []));
      expect(subject.raft.leader, 'nor when its leader falls silent').toBe(2);
      subject.wait(1000);
      subject.step({ type: 'Campaign' });
      expect(subject.raft).toMatchObject({ role: 'follower', currentTerm: 1, leader: 0 });
    });

    it('stands when it must refuse a vote that it is asked for, and counts no vote of its own', () => {
      const subject = learner([1, 2]);
      const seen = subject.ask(asked(5, 7, 1));
      expect(only(seen, 'RequestVote')).toMatchObject([
        { to: 2, term: 6, lastLogIndex: 2, lastLogTerm: 2 },
        { to: 3, term: 6 },
      ]);
      subject.ask({ type: 'RequestVoteReply', from: 2, voteGranted: true });
      expect(subject.raft.role, 'one of two voters').toBe('candidate');
      subject.ask({ type: 'RequestVoteReply', from: 3, voteGranted: true });
      expect(subject.raft.role).toBe('leader');
      subject.acknowledge(2, 3);
      const handedOver = subject.acknowledge(3, 3);
      expect(handedOver.messages.map(({ type }) => type)).toContain('TimeoutNow');
      expect(subject.raft.role, 'and leads no longer than it takes to commit').toBe('follower');
    });

    it('stands once for each question, and not while it hears a leader or may grant the vote', () => {
      const subject = learner([1, 2]);
      subject.ask(asked(5, 7, 1));
      subject.wait(100);
      expect(subject.raft, 'nobody answered').toMatchObject({ role: 'follower', currentTerm: 6 });
      subject.wait(1000);
      expect(subject.raft.role).toBe('follower');
      subject.ask(asked(7, 7, 1));
      expect(subject.raft).toMatchObject({ role: 'candidate', currentTerm: 8 });
      subject.ask(append([2, 2], [], { term: 9 }));
      subject.ask(asked(10, 7, 1));
      expect(subject.raft, 'a leader spoke').toMatchObject({ role: 'follower', currentTerm: 10 });
      subject.wait(100);
      subject.ask(asked(11, 2, 2));
      expect(subject.raft, 'as good a log').toMatchObject({ role: 'follower', votedFor: 2 });
    });

    it('asked for a pre-vote it asks for pre-votes, and changes nothing durable', () => {
      const subject = learner([1, 2], { preVote: true });
      const seen = subject.ask({ type: 'PreVote', term: 5, lastLogIndex: 7, lastLogTerm: 1 });
      expect(only(seen, 'PreVoteReply')).toMatchObject([{ voteGranted: false }]);
      expect(only(seen, 'PreVote').map(({ to, term }) => [to, term])).toEqual([
        [2, 3],
        [3, 3],
      ]);
      expect(seen.persists).toEqual([]);
      expect(subject.raft).toMatchObject({ role: 'pre-candidate', currentTerm: 2, votedFor: 0 });
    });
  });
});

describe('F2 RS.C.1 a candidate increments its term, votes for itself, resets its timer, asks everyone', () => {
  it('F2 RS.C.1 in that order: the requests leave when term and vote are durable', () => {
    const subject = new Subject({ log: [1, 3, 3], voters: [1, 2, 3, 4, 5] });
    subject.now += 100;
    const seen = subject.step({ type: 'Tick' });
    expect(subject.raft).toMatchObject({
      role: 'candidate',
      currentTerm: 4,
      votedFor: 1,
      leader: 0,
    });
    expect(seen.persists).toMatchObject([{ hardState: { term: 4, votedFor: 1 } }]);
    expect(seen.messages).toEqual([]);
    expect(subject.raft.deadline).toBe(subject.now + 100);
    const asked = only(subject.persisted(), 'RequestVote');
    expect(asked.map(({ to }) => to)).toEqual([2, 3, 4, 5]);
    for (const rpc of asked) {
      expect(rpc).toMatchObject({ term: 4, lastLogIndex: 3, lastLogTerm: 3, transfer: false });
    }
  });
});

describe('F2 RS.C.2 votes of a majority make a leader', () => {
  const vote = (from: number, voteGranted = true, term?: number): LooseRpc => ({
    type: 'RequestVoteReply',
    from,
    voteGranted,
    ...(term === undefined ? {} : { term }),
  });

  it.each([
    [1, 0],
    [2, 1],
    [3, 1],
    [4, 2],
    [5, 2],
    [6, 3],
    [7, 3],
  ])('F2 RS.C.2 of %i voters, itself and %i others, and not one less', (size, others) => {
    const voters = Array.from({ length: size }, (_, i) => i + 1);
    const subject = new Subject({ voters });
    subject.wait(100);
    for (let i = 0; i < others; i += 1) {
      expect(subject.raft.role).toBe('candidate');
      subject.ask(vote(2 + i));
    }
    expect(subject.raft.role).toBe('leader');
    expect(subject.raft.leader).toBe(1);
  });

  it.each<[string, LooseRpc]>([
    ['the same voter again', vote(2)],
    ['a refusal', vote(3, false)],
    ['a vote of an older term', vote(3, true, 0)],
    ['someone who is no voter', vote(9)],
    ['a consent to a PreVote', { type: 'PreVoteReply', from: 3, voteGranted: true }],
  ])('F2 RS.C.2 does not count %s', (_, rpc) => {
    const subject = new Subject({ voters: [1, 2, 3, 4, 5] });
    subject.wait(100);
    subject.ask(vote(2));
    subject.ask(rpc);
    expect(subject.raft.role).toBe('candidate');
    subject.ask(vote(4));
    expect(subject.raft.role).toBe('leader');
  });

  it('F2 RS.C.2 its own vote counts when durable, like anyone else`s', () => {
    const subject = new Subject({ voters: [1] });
    subject.now += 100;
    subject.step({ type: 'Tick' });
    expect(subject.raft.role).toBe('candidate');
    subject.persisted();
    expect(subject.raft.role).toBe('leader');
  });
});

describe('F2 RS.C.3 AppendEntries of the new leader makes a candidate a follower', () => {
  it('F2 RS.C.3 of its own term, in that term, keeping its vote', () => {
    const subject = new Subject({ log: [1] });
    subject.wait(100);
    const seen = subject.ask(append([1, 1], [2], { from: 3 }));
    expect(subject.raft).toMatchObject({
      role: 'follower',
      leader: 3,
      currentTerm: 2,
      votedFor: 1,
    });
    expect(only(seen, 'AppendEntriesReply').at(-1)).toMatchObject({ to: 3, matchIndex: 2 });
  });

  it('F2 RS.C.3 not of an older one', () => {
    const subject = new Subject({ log: [1] });
    subject.wait(100);
    subject.ask(append([1, 1], [], { from: 3, term: 1 }));
    expect(subject.raft).toMatchObject({ role: 'candidate', currentTerm: 2 });
  });
});

describe('F2 RS.C.4 an election without result is repeated', () => {
  it('F2 RS.C.4 in a new term, with requests of its own; old votes are worth nothing', () => {
    const subject = new Subject({ voters: [1, 2, 3, 4, 5] });
    subject.wait(100);
    subject.ask({ type: 'RequestVoteReply', voteGranted: true });
    const seen = subject.wait(100);
    expect(subject.raft).toMatchObject({ role: 'candidate', currentTerm: 2, votedFor: 1 });
    expect(only(seen, 'RequestVote').map(({ to, term }) => [to, term])).toEqual([
      [2, 2],
      [3, 2],
      [4, 2],
      [5, 2],
    ]);
    subject.ask({ type: 'RequestVoteReply', from: 3, voteGranted: true });
    expect(subject.raft.role).toBe('candidate');
  });
});

describe('F2 RS.L.1 heartbeats', () => {
  it('F2 RS.L.1 at once after the election, to everyone, with the no-op that starts the term', () => {
    const subject = new Subject({ log: [1] });
    const sent = only(subject.elect(3), 'AppendEntries');
    expect(sent.map(({ to, term }) => [to, term])).toEqual([
      [2, 2],
      [3, 2],
    ]);
    for (const { prevLogIndex, prevLogTerm, entries } of sent) {
      expect([prevLogIndex, prevLogTerm]).toEqual([1, 1]);
      expect(entries).toMatchObject([{ index: 2, term: 2, kind: 'noop' }]);
    }
  });

  it('F2 RS.L.1 again at every interval without anything else to send', () => {
    const subject = new Subject();
    subject.elect(2);
    for (const from of [2, 3]) subject.acknowledge(from, 1);
    expect(subject.wait(29).messages).toEqual([]);
    for (const pause of [1, 30, 30]) {
      const beats = only(subject.wait(pause), 'AppendEntries');
      expect(beats.map(({ to, entries }) => [to, entries.length])).toEqual([
        [2, 0],
        [3, 0],
      ]);
      expect(beats[0]).toMatchObject({ prevLogIndex: 1, prevLogTerm: 1, leaderCommit: 1 });
    }
  });

  it('F2 RS.L.1 a leader never campaigns against itself', () => {
    const subject = new Subject();
    subject.elect(2);
    for (let i = 0; i < 20; i += 1) subject.wait(90);
    expect(subject.raft).toMatchObject({ role: 'leader', currentTerm: 1 });
  });
});

describe('F2 RS.L.2 a command is appended, and answered once committed', () => {
  it('F2 RS.L.2 not when appended, not when durable here, but when a majority has it', () => {
    const subject = new Subject({ voters: [1, 2, 3, 4, 5] });
    subject.elect(2, 3);
    for (const from of [2, 3]) subject.acknowledge(from, 1);
    const appended = subject.propose(7, 'a');
    expect(subject.terms).toEqual([1, 1]);
    expect(appended.replies).toEqual([]);
    expect(subject.persisted().replies).toEqual([]);
    expect(subject.acknowledge(2, 2).replies).toEqual([]);
    const committed = subject.acknowledge(5, 2);
    expect(committed.commits).toMatchObject([{ index: 2, term: 1 }]);
    expect(committed.replies).toEqual([
      { type: 'ProposalReply', id: 7, result: { outcome: 'committed', index: 2, term: 1 } },
    ]);
  });

  it.each([
    [1, 'unknown', 'it may live on elsewhere, and commit there (Figure 8)'],
    [2, 'superseded', 'nothing else can ever stand there'],
  ] as const)('F2 RS.L.2 overwritten, with commit=%i, it is %s: %s', (commit, outcome, _why) => {
    const subject = new Subject();
    subject.elect(2);
    subject.acknowledge(2, 1);
    subject.propose(7, 'a');
    const seen = subject.ask(append([1, 1], [2], { term: 2, commit }));
    expect(seen.replies).toEqual([
      { type: 'ProposalReply', id: 7, result: { outcome, index: 2, term: 1 } },
    ]);
  });

  it('F2 RS.L.2 who does not lead says so, and appends nothing', () => {
    const subject = new Subject({ log: [1] });
    subject.ask(append([1, 1], []));
    const seen = subject.propose(7, 'a');
    expect(seen.replies).toMatchObject([{ id: 7, result: { outcome: 'rejected', leader: 2 } }]);
    expect(subject.terms).toEqual([1]);
  });
});

describe('F2 RS.L.3 entries from nextIndex on are sent to whoever lacks them', () => {
  it('F2 RS.L.3 to each what it lacks', () => {
    const subject = new Subject({ log: [1, 1] });
    subject.elect(2);
    subject.acknowledge(2, 3);
    subject.propose(1, 'a');
    const [toTwo] = only(subject.persisted(), 'AppendEntries');
    expect(toTwo, 'nothing new is sent twice').toBeUndefined();
    // Follower 3 has not answered the no-op yet: it is not known where its log agrees.
    const caughtUp = only(subject.acknowledge(3, 3), 'AppendEntries');
    expect(caughtUp).toMatchObject([{ to: 3, prevLogIndex: 3, prevLogTerm: 2 }]);
    expect(caughtUp[0]!.entries.map(({ index }) => index)).toEqual([4]);
  });

  it('F2 RS.L.3 in as many messages as it takes, each where the last one ended', () => {
    const subject = new Subject({ config: { maxAppendEntries: 2 } });
    subject.elect(2);
    subject.acknowledge(3, 1);
    const commands = [1, 2, 3, 4, 5].map((id) => ({ id, data: Uint8Array.of(id), checksum: 0 }));
    const sent = only(subject.step({ type: 'Propose', proposals: commands }), 'AppendEntries');
    expect(sent.map(({ to, entries }) => [to, ...entries.map(({ index }) => index)])).toEqual([
      [3, 2, 3],
      [3, 4, 5],
      [3, 6],
    ]);
    expect(sent.map(({ prevLogIndex }) => prevLogIndex)).toEqual([1, 3, 5]);
  });

  it('F2 RS.L.3 nothing to whom nothing is missing', () => {
    const subject = new Subject();
    subject.elect(2);
    for (const from of [2, 3]) subject.acknowledge(from, 1);
    expect(subject.acknowledge(2, 1).messages).toEqual([]);
  });

  it('F2 RS.L.3a success moves nextIndex and matchIndex on, and nothing moves them back', () => {
    const subject = new Subject({ log: [1, 1] });
    subject.elect(2);
    expect(subject.follower(2), 'at first: just after its own last').toMatchObject({
      matchIndex: 0,
    });
    subject.acknowledge(2, 3);
    expect(subject.follower(2)).toMatchObject({ matchIndex: 3, nextIndex: 4 });
    subject.acknowledge(2, 1);
    expect(subject.follower(2)).toMatchObject({ matchIndex: 3, nextIndex: 4 });
    expect(subject.follower(3).matchIndex).toBe(0);
  });

  it('F2 RS.L.3a an acknowledgement of more than was sent is no acknowledgement', () => {
    const subject = new Subject({ log: [1, 1] });
    subject.elect(2);
    subject.acknowledge(2, 99);
    expect(subject.follower(2).matchIndex).toBe(0);
    expect(subject.raft.commitIndex).toBe(0);
  });

  it('F2 RS.L.3b inconsistency moves nextIndex back, and asks again', () => {
    const subject = new Subject({ log: [1, 1, 2, 2] });
    subject.elect(2);
    const seen = subject.ask({
      type: 'AppendEntriesReply',
      success: false,
      matchIndex: 0,
      rejectedIndex: 4,
      conflictIndex: 2,
      conflictTerm: 1,
      round: 0,
      lastIndex: 2,
    });
    const [again] = only(seen, 'AppendEntries');
    expect(again).toMatchObject({ to: 2, prevLogIndex: 2, prevLogTerm: 1 });
    expect(again!.entries.map(({ index, term }) => `${index}@${term}`)).toEqual([
      '3@2',
      '4@2',
      '5@3',
    ]);
  });

  it('F2 RS.L.3b any two logs meet, in no more questions than they have terms, and the leader`s stays', () => {
    const terms = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 20, size: 'max' });
    fc.assert(
      fc.property(terms, terms, fc.nat({ max: 20 }), (left, right, agreed) => {
        const ours = left.slice().sort((a, b) => a - b);
        // Log matching: once they part, no index has the same term in both.
        const prefix = ours.slice(0, agreed);
        const rest = right.filter((term) => term >= (prefix.at(-1) ?? 0)).sort((a, b) => a - b);
        const theirs = prefix.slice();
        for (const term of rest) if (ours[theirs.length] !== term) theirs.push(term);
        const term = Math.max(ours.at(-1) ?? 0, theirs.at(-1) ?? 0);
        // Each is member 1 in its own eyes, and 2 in the other's.
        const leader = new Subject({ term, log: ours });
        const follower = new Subject({ term, log: theirs });
        let outbox = only(leader.elect(3), 'AppendEntries').filter(({ to }) => to === 2);
        let questions = 0;
        while (outbox.length > 0 && leader.follower(2).matchIndex < leader.raft.log.lastIndex) {
          questions += outbox.length;
          const answers = outbox.flatMap((rpc) =>
            only(follower.ask({ ...rpc, from: 2 }), 'AppendEntriesReply'),
          );
          outbox = answers.flatMap((rpc) => only(leader.ask({ ...rpc, from: 2 }), 'AppendEntries'));
        }
        expect(follower.terms).toEqual([...ours, term + 1]);
        expect(leader.terms).toEqual([...ours, term + 1]);
        expect(questions).toBeLessThanOrEqual(2 + new Set([...ours, ...theirs]).size);
      }),
      { numRuns: 200 },
    );
  });
});

describe('F2 RS.L.4 commitIndex is what a majority matches, if that entry is of the current term', () => {
  it('F2 RS.L.4 a majority, not one less, its own log included', () => {
    const subject = new Subject({ voters: [1, 2, 3, 4, 5] });
    subject.elect(2, 3);
    subject.acknowledge(4, 1);
    expect(subject.raft.commitIndex).toBe(0);
    subject.acknowledge(4, 1);
    expect(subject.raft.commitIndex, 'the same follower twice').toBe(0);
    subject.acknowledge(5, 1);
    expect(subject.raft.commitIndex).toBe(1);
  });

  it('F2 RS.L.4 its own log only as far as it is durable', () => {
    const subject = new Subject();
    subject.elect(2);
    subject.acknowledge(2, 1);
    subject.propose(1);
    const reply = { success: true, rejectedIndex: 0, conflictIndex: 0, conflictTerm: 0, round: 0 };
    subject.hear({ type: 'AppendEntriesReply', ...reply, matchIndex: 2, lastIndex: 2 });
    expect(subject.raft.commitIndex, 'one follower and half a leader').toBe(1);
    subject.persisted();
    expect(subject.raft.commitIndex).toBe(2);
  });

  it('F2 RS.L.4 an entry of an older term is not committed by counting (Figure 8), but with one of this term', () => {
    const subject = new Subject({ log: [1, 2, 2], voters: [1, 2, 3, 4, 5] });
    subject.elect(2, 3);
    for (const from of [2, 3, 4, 5]) {
      subject.acknowledge(from, 3);
      expect(subject.raft.commitIndex).toBe(0);
    }
    subject.acknowledge(2, 4);
    expect(subject.raft.commitIndex).toBe(0);
    const seen = subject.acknowledge(3, 4);
    expect(subject.raft.commitIndex).toBe(4);
    expect(seen.commits.map(({ index }) => index)).toEqual([1, 2, 3, 4]);
  });

  it('F2 RS.L.4 the greatest such index, and learners and strangers count for nothing', () => {
    const members = snapshotAt(1, 1).configuration.members;
    const learner = { ...members[0]!, id: 4, role: 'learner' as const };
    const configuration = firstConfiguration([...members, learner]);
    const subject = new Subject({ configuration });
    subject.elect(2);
    for (const id of [1, 2, 3]) subject.propose(id);
    subject.persisted();
    subject.acknowledge(4, 4);
    subject.acknowledge(9, 4);
    expect(subject.raft.commitIndex).toBe(0);
    subject.acknowledge(2, 3);
    expect(subject.raft.commitIndex).toBe(3);
  });
});
