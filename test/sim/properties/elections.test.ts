/** S1, S4, S10, S12, S13: each rule catches a hand-made violation and accepts the nearest thing that is allowed. */
import { describe, expect, it } from 'vitest';
import {
  append,
  appended,
  CONFIG,
  entry,
  FakeCluster,
  preVote,
  requestVote,
  voted,
} from './fake-cluster.ts';
import { expectViolation } from './violates.ts';

describe('S1 election safety', () => {
  it('accepts one leader a term, again and again, and counts from the second', () => {
    const cluster = new FakeCluster();
    cluster.elect(1, 1);
    cluster.elect(2, 2, [2, 3]);
    cluster.elect(1, 3);
    expect(cluster.rulebook.checks().S1).toBe(2);
  });

  it('catches a second leader of a term', () => {
    const cluster = new FakeCluster({ only: ['S1'] });
    cluster.elect(1, 1);
    expectViolation('S1', 'n2 became leader of term 1, but n1 already', () => {
      cluster.elect(2, 1, [2, 3]);
    });
  });

  it('catches an election without a quorum of durable votes', () => {
    const cluster = new FakeCluster({ voters: 4, only: ['S1'] });
    cluster.elect(1, 1, [1, 2, 3]);
    expectViolation('S1', 'durable votes of n2, n3 only', () => cluster.elect(2, 2, [2, 3]));
  });

  it('does not count a vote that is not durable yet', () => {
    const cluster = new FakeCluster({ only: ['S1'] });
    cluster.member(2).step({ term: 1, vote: 1 });
    expectViolation('S1', 'durable votes of n1 only', () => cluster.elect(1, 1, [1]));
  });
});

describe('S4 leader completeness', () => {
  it('catches a leader without a committed entry', () => {
    const cluster = new FakeCluster({ only: ['S4'] });
    cluster.elect(1, 1);
    cluster.settle(1, [1, 2]);
    expectViolation('S4', 'n3 became leader of term 2 without entry 1@1', () => {
      cluster.elect(3, 2, [2, 3]);
    });
  });

  it('asks nothing of a late leader of a term before the commit', () => {
    const cluster = new FakeCluster();
    cluster.elect(1, 1);
    const late = cluster.member(3);
    for (const id of [2, 3])
      cluster
        .member(id)
        .stepDurably({ term: 2, vote: 3, role: id === 3 ? 'candidate' : 'follower' });
    cluster.elect(1, 3, [1, 2]);
    cluster.settle(1, [1, 2]);
    late.stepDurably({ role: 'leader', write: { entries: [entry(1, 2)] } });
    expect(cluster.rulebook.checks().S4).toBe(0);
  });
});

describe('S10 one durable vote', () => {
  it('accepts a vote told once it is durable', () => {
    const cluster = new FakeCluster();
    const voter = cluster.member(2);
    voter.step({ term: 1, vote: 1 });
    voter.sync();
    voter.step({ send: [voted({ from: 2, to: 1, term: 1 })] });
    expect(cluster.rulebook.checks().S10).toBe(1);
  });

  it('catches a vote told before it is durable, also in the step that writes it', () => {
    const cluster = new FakeCluster({ only: ['S10'] });
    expectViolation('S10', 'only term 0 is durable', () => {
      cluster.member(2).step({ term: 1, vote: 1, send: [voted({ from: 2, to: 1, term: 1 })] });
    });
    const voter = cluster.member(3);
    voter.stepDurably({ term: 1 });
    voter.step({ vote: 2 });
    expectViolation('S10', 'its durable vote in that term is for nobody', () => {
      voter.step({ send: [voted({ from: 3, to: 2, term: 1 })] });
    });
  });

  it('catches a second vote in a term, in memory and on the disk', () => {
    const cluster = new FakeCluster({ only: ['S10'] });
    const voter = cluster.member(3);
    voter.stepDurably({ term: 1, vote: 1 });
    expectViolation('S10', 'changed its vote in term 1 from n1 to n2', () => {
      voter.step({ vote: 2 });
    });
    const forgetful = new FakeCluster({ only: ['S10'] }).member(2);
    forgetful.stepDurably({ term: 1, vote: 1 });
    expectViolation('S10', 'wrote a vote for n3', () => {
      forgetful.stepDurably({ write: { hardState: { term: 1, votedFor: 3 } } });
    });
  });

  it('catches a member that restarts with an older term than was durable', () => {
    const cluster = new FakeCluster();
    const member = cluster.member(2);
    member.stepDurably({ term: 4, vote: 1 });
    member.crash();
    expectViolation('S10', 'n2 restarted with term 3', () => {
      member.boot({ hardState: { term: 3, votedFor: 0 } });
    });
  });

  it('does not take a write under way for durable when a damaged log is to be repaired', () => {
    const { member, entries } = repairing();
    member.step({ term: 5, vote: 3 });
    member.crash();
    member.boot({
      hardState: { term: 4, votedFor: 1 },
      entries: entries.slice(0, 1),
      repairUntil: 2,
    });
    const other = repairing().member;
    other.step({ term: 5, vote: 3 });
    other.crash();
    expectViolation('S10', 'but term 4 with its vote for n1 was durable before', () => {
      other.boot({ hardState: { term: 3, votedFor: 0 }, entries: [], repairUntil: 2 });
    });
  });

  it('lets damage take a durable write only if its member never heard of it', () => {
    for (const [metDamage, heard] of [
      [true, false],
      [true, true],
      [false, false],
    ] as const) {
      const { member, entries } = repairing();
      member.stepDurably({ term: 5, vote: 3 });
      if (heard) member.hear();
      member.crash();
      member.metDamage = metDamage;
      const boot = () => member.boot({ hardState: { term: 4, votedFor: 1 }, entries });
      if (metDamage && !heard) boot();
      else expectViolation('S10', 'n2 restarted with term 4', boot);
    }
  });

  it('accepts a restart that lost, or kept, what was not durable yet', () => {
    for (const kept of [true, false]) {
      const member = new FakeCluster().member(2);
      member.stepDurably({ term: 4, vote: 1 });
      member.step({ term: 5, vote: 3 });
      member.crash();
      member.boot({ hardState: kept ? { term: 5, votedFor: 3 } : { term: 4, votedFor: 1 } });
    }
  });

  it('catches a leader that speaks in a term that is not durable', () => {
    const cluster = new FakeCluster({ only: ['S10'] });
    expectViolation('S10', 'sends AppendEntries in term 1 to n2', () => {
      cluster.member(1).step({ term: 1, send: [append({ from: 1, to: 2, term: 1 })] });
    });
  });

  it('catches a term that goes back', () => {
    const cluster = new FakeCluster({ only: ['S10'] });
    cluster.member(1).stepDurably({ term: 2 });
    expectViolation('S10', 'went back from term 2 to 1', () => cluster.member(1).step({ term: 1 }));
  });
});

/** Two entries and a vote for n1 in term 4 are durable at n2, and it knows. */
function repairing() {
  const member = new FakeCluster({ plan: { bytes: true } }).member(2);
  const entries = [entry(1, 1), entry(2, 1)];
  member.stepDurably({ term: 4, vote: 1, write: { entries } });
  member.hear();
  return { member, entries };
}

describe('S12 votes only for an up-to-date log', () => {
  function voter(): FakeCluster {
    const cluster = new FakeCluster({ only: ['S12'] });
    cluster.member(3).stepDurably({ term: 2, write: { entries: [entry(1, 1), entry(2, 2)] } });
    return cluster;
  }
  const ask = (lastLogIndex: number, lastLogTerm: number) =>
    requestVote({ from: 1, to: 3, term: 3, lastLogIndex, lastLogTerm });

  it('catches a vote for a shorter log and for an older last term', () => {
    for (const rpc of [ask(1, 2), ask(9, 1)]) {
      expectViolation('S12', 'before its own at 2@2', () => {
        voter().member(3).receive(rpc, { term: 3, vote: 1 });
      });
    }
  });

  it('accepts equal, longer and later ones, a refusal, and a vote given before the log grew', () => {
    for (const rpc of [ask(2, 2), ask(3, 2), ask(1, 3)]) {
      voter().member(3).receive(rpc, { term: 3, vote: 1 });
    }
    const cluster = voter();
    cluster.member(3).receive(ask(1, 2), { term: 3, vote: 0 });
    expect(cluster.rulebook.checks().S12).toBe(1);
    const grown = voter().member(3);
    grown.receive(ask(2, 2), { term: 3, vote: 1 });
    grown.stepDurably({ write: { entries: [entry(3, 3)] } });
    grown.receive(ask(2, 2));
  });

  it('catches a candidate that flatters its log', () => {
    expectViolation('S12', 'n3 asks for votes in term 3', () => {
      voter()
        .member(3)
        .step({ send: [ask(5, 2)] });
    });
  });

  it('catches the vote of a member that is still repairing its log', () => {
    const cluster = new FakeCluster({ only: ['S12'] });
    const member = cluster.member(3);
    member.stepDurably({ term: 1, write: { entries: [entry(1, 1), entry(2, 1)] } });
    member.crash();
    member.boot({ entries: [entry(1, 1)], repairUntil: 2 });
    expectViolation('S12', 'still missing', () => {
      member.receive(ask(2, 1), { term: 3, vote: 1 });
    });
  });
});

describe('S13 PreVote and CheckQuorum', () => {
  it('catches a term raised by a PreVote, and accepts one that changes nothing', () => {
    const cluster = new FakeCluster({ only: ['S13'] });
    const asked = preVote({ from: 1, to: 2, term: 5 });
    cluster.member(2).receive(asked);
    expect(cluster.rulebook.checks().S13).toBe(1);
    expectViolation('S13', 'on a PreVote of n1 for term 5', () => {
      cluster.member(2).receive(asked, { term: 5 });
    });
  });

  it('lets only a leader append in the step of a PreVote, and in its own term', () => {
    const asked = preVote({ from: 1, to: 2, term: 5 });
    const write = { entries: [entry(2, 1)] };
    const cluster = new FakeCluster({ only: ['S13'] });
    cluster.elect(2, 1);
    cluster.member(2).receive(asked, { write });
    expectViolation('S13', 'on a PreVote of n1 for term 5', () => {
      cluster.member(2).receive(asked, { write, term: 5 });
    });
    const other = new FakeCluster({ only: ['S13'] });
    expectViolation('S13', 'on a PreVote of n1 for term 5', () => {
      other.member(2).receive(asked, { write: { entries: [entry(1, 1)] } });
    });
  });

  it('catches a pre-candidate in a new term', () => {
    const cluster = new FakeCluster({ only: ['S13'] });
    expectViolation('S13', 'while only asking', () => {
      cluster.member(2).step({ term: 1, role: 'pre-candidate' });
    });
  });

  const bound = 2 * CONFIG.electionTimeoutMax + CONFIG.heartbeatInterval;

  it('catches a deaf leader that goes on leading beyond the bound', () => {
    const cluster = new FakeCluster({ only: ['S13'] });
    cluster.elect(1, 1);
    const leader = cluster.member(1);
    leader.step();
    leader.at = bound;
    leader.step();
    leader.at = bound + CONFIG.heartbeatInterval + 1;
    expectViolation('S13', 'it heard from n1 only', () => leader.step());
  });

  it('accepts a leader that hears a quorum, one that steps down, and plans without CheckQuorum', () => {
    const hearing = new FakeCluster();
    hearing.elect(1, 1);
    for (let at = 0; at < 4 * bound; at += 50) {
      hearing.member(1).at = at;
      hearing.member(1).receive(appended({ from: 3, to: 1, term: 1 }));
      hearing.member(1).step();
    }
    expect(hearing.rulebook.checks().S13).toBeGreaterThan(10);
    for (const raft of [{}, { checkQuorum: false }]) {
      const cluster = new FakeCluster({ raft });
      cluster.elect(1, 1);
      cluster.member(1).step();
      cluster.member(1).at = 4 * bound;
      cluster.member(1).step(raft.checkQuorum === false ? {} : { role: 'follower' });
    }
  });
});
