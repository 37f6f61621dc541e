/** S14, S15 and the quorums they rest on: hand-made violations, and the nearest things that are allowed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isQuorum, quorumsIntersect } from '../../../sim/src/properties/quorum.ts';
import { appended, change, configuration, entry, FakeCluster, voted } from './fake-cluster.ts';
import { expectViolation } from './violates.ts';

describe('quorums', () => {
  it('of neighbours in single-server changes always intersect, of configurations two apart they need not', () => {
    const three = configuration([1, 2, 3]);
    expect(quorumsIntersect(three, configuration([1, 2, 3, 4]))).toBe(true);
    expect(quorumsIntersect(three, configuration([1, 2]))).toBe(true);
    expect(quorumsIntersect(three, configuration([1, 2, 3, 4, 5]))).toBe(false);
    expect(quorumsIntersect(three, configuration([4, 5], { outgoing: [1, 2, 3] }))).toBe(true);
    expect(
      quorumsIntersect(configuration([4, 5], { outgoing: [1, 2, 3] }), configuration([4, 5])),
    ).toBe(true);
  });

  it('agree with counting by hand, for every joint configuration and set of members', () => {
    const ids = fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { minLength: 1 });
    fc.assert(
      fc.property(ids, fc.option(ids), ids, (voters, outgoing, set) => {
        const joint = configuration(voters, outgoing === null ? {} : { outgoing });
        const enough = (half: number[]): boolean =>
          half.filter((id) => set.includes(id)).length >= Math.floor(half.length / 2) + 1;
        const expected = enough(voters) && (outgoing === null || enough(outgoing));
        expect(isQuorum(joint, (id) => set.includes(id))).toBe(expected);
      }),
    );
  });
});

/** n1 leads term 1, its no-op committed. */
function leading(only?: string[], voters = 3, learners = 0): FakeCluster {
  const cluster = new FakeCluster({ voters, learners, ...(only && { only }) });
  cluster.elect(1, 1);
  cluster.settle(1);
  return cluster;
}

describe('S14 configuration safety', () => {
  it('accepts a single change, a joint one and its end, one after another', () => {
    const cluster = leading();
    const add = configuration([1, 2, 3, 4]);
    const joint = configuration([1, 5, 6], { outgoing: [1, 2, 3, 4] });
    for (let more = 0; more < 3; more++) cluster.spawn().stepDurably({ term: 1 });
    for (const [index, to] of [add, joint, configuration([1, 5, 6])].entries()) {
      cluster.member(1).stepDurably({ write: { entries: [change(2 + index, 1, to)] } });
      cluster.settle(1, [1, 2, 3, 4, 5, 6]);
    }
    expect(cluster.rulebook.checks().S14).toBe(3);
  });

  it('catches a second change in flight', () => {
    const cluster = leading(['S14']);
    const first = change(2, 1, configuration([1, 2, 3, 4]));
    cluster.member(1).stepDurably({ write: { entries: [first] } });
    expectViolation('S14', 'while the one at 2 is uncommitted', () => {
      cluster.member(1).step({ write: { entries: [change(3, 1, configuration([1, 2, 3]))] } });
    });
  });

  it('catches a step of two servers at once', () => {
    expectViolation('S14', 'can decide without any member of a quorum', () => {
      const two = change(2, 1, configuration([1, 2, 3, 4, 5]));
      leading(['S14'])
        .member(1)
        .step({ write: { entries: [two] } });
    });
  });

  it('catches the 2015 bug: a single-server change before a commit in the own term', () => {
    const cluster = leading(['S14']);
    cluster.elect(2, 2);
    const add = { write: { entries: [change(3, 2, configuration([1, 2, 3, 4]))] } };
    expectViolation('S14', 'before it committed an entry of its own term', () => {
      cluster.member(2).step(add);
    });
    const patient = leading(['S14']);
    patient.elect(2, 2);
    patient.settle(2);
    patient.member(2).step(add);
  });

  it('lets a leader bind an incarnation before that: nobody gets a vote by it', () => {
    const cluster = leading(['S14']);
    cluster.elect(2, 2);
    cluster.member(2).step({ write: { entries: [change(3, 2, configuration([1, 2, 3]))] } });
    expect(cluster.rulebook.checks().S14).toBe(0);
  });

  it('catches a member that acts under an older configuration than its log has', () => {
    const cluster = leading(['S14']);
    const entries = [change(2, 1, configuration([1, 2, 3, 4]))];
    expectViolation(
      'S14',
      'acts under the configuration of index 0, but the latest in its log is at 2',
      () => {
        cluster.member(2).step({ write: { entries }, configurationIndex: 0 });
      },
    );
  });
});

describe('S15 only voters count', () => {
  it('catches a commit that counts a learner, and leaves it to this rule', () => {
    const cluster = leading(undefined, 3, 1);
    cluster.append(1, 1);
    cluster.replicate(cluster.member(1).raft.log.entries, [4]);
    expectViolation(
      'S15',
      'n1 committed 2@1 counting n4, without a vote in {n1, n2, n3} + n4',
      () => {
        cluster.member(1).step({ commit: 2 });
      },
    );
  });

  it('catches a removed leader that counts itself', () => {
    const cluster = leading(['S15']);
    cluster.member(1).stepDurably({ write: { entries: [change(2, 1, configuration([2, 3]))] } });
    cluster.replicate(cluster.member(1).raft.log.entries.slice(1), [2]);
    expectViolation('S15', 'counting n1, without a vote in {n2, n3}', () => {
      cluster.member(1).step({ commit: 2 });
    });
  });

  it('catches an election won with the vote of a learner', () => {
    const cluster = leading(['S1', 'S15'], 3, 1);
    expectViolation('S15', 'counting the votes of n4', () => cluster.elect(2, 2, [2, 4]));
  });

  it('accepts a removed leader that replicates its own removal without counting itself', () => {
    const cluster = leading();
    cluster.member(1).stepDurably({ write: { entries: [change(2, 1, configuration([2, 3]))] } });
    cluster.settle(1);
    expect(cluster.rulebook.checks().S15).toBe(1);
  });

  it('catches a peer that listens to a member with a lost disk, and accepts one that does not', () => {
    const cluster = leading(['S15']);
    const wiped = cluster.member(3);
    wiped.crash();
    cluster.rulebook.onWipe(wiped.view);
    wiped.boot({ incarnation: 'another', hardState: { term: 0, votedFor: 0 }, entries: [] });
    const vote = voted({ from: 3, to: 2, term: 9 });
    wiped.stepDurably({ term: 9, vote: 2, send: [vote] });
    cluster.member(1).receive(voted({ from: 2, to: 1, term: 9 }));
    expect(cluster.rulebook.checks().S15).toBe(1);
    expectViolation(
      'S15',
      'n2 handled RequestVoteReply in term 9 of n3, which lost its disk',
      () => {
        cluster.member(2).receive(vote);
      },
    );
  });

  it('accepts a vote on its way since before the disk was lost', () => {
    const cluster = new FakeCluster({ only: ['S15'] });
    const voter = cluster.member(3);
    const vote = voted({ from: 3, to: 2, term: 9 });
    voter.stepDurably({ term: 9, vote: 2 });
    voter.step({ send: [vote] });
    voter.crash();
    cluster.rulebook.onWipe(voter.view);
    voter.boot({ incarnation: 'another', hardState: { term: 0, votedFor: 0 }, entries: [] });
    voter.step({ term: 9, send: [vote, appended({ from: 3, to: 2, term: 9, success: false })] });
    cluster.member(2).receive(vote);
  });

  it('lets nothing else judge a member with a lost disk', () => {
    const cluster = leading();
    const wiped = cluster.member(3);
    wiped.crash();
    cluster.rulebook.onWipe(wiped.view);
    wiped.boot({ incarnation: 'another', hardState: { term: 0, votedFor: 0 }, entries: [] });
    wiped.step({ role: 'leader', term: 1, write: { entries: [entry(1, 1, 'fresh start')] } });
  });
});
