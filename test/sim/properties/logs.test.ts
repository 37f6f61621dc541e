/** S2, S3, S5..S9, S11: each rule catches a hand-made violation and accepts the nearest thing that is allowed. */
import { describe, expect, it } from 'vitest';
import { appended, configuration, entry, FakeCluster, snapshotAt } from './fake-cluster.ts';
import { expectViolation } from './violates.ts';

/** n1 leads term 1 with entries 1..3 everywhere, all committed. */
function settled(only?: string[]): FakeCluster {
  const cluster = new FakeCluster(only === undefined ? {} : { only });
  cluster.elect(1, 1);
  cluster.append(1, 2);
  cluster.settle(1);
  return cluster;
}

describe('S2 leader append-only', () => {
  it('accepts appends, and catches a leader that rewrites or truncates itself', () => {
    const cluster = settled();
    expect(cluster.rulebook.checks().S2).toBe(2);
    expectViolation('S2', 'replaces its own log from index 2', () => {
      settled(['S2'])
        .member(1)
        .step({ write: { truncateFrom: 2, entries: [entry(2, 1)] } });
    });
    expectViolation('S2', 'writes 4@0', () => {
      settled(['S2'])
        .member(1)
        .step({ write: { entries: [entry(4, 0)] } });
    });
  });

  it('lets a follower truncate', () => {
    const cluster = new FakeCluster({ only: ['S2'] });
    cluster.member(2).stepDurably({ write: { entries: [entry(1, 1)] } });
    cluster.member(2).step({ term: 2, write: { truncateFrom: 1, entries: [entry(1, 2)] } });
  });
});

describe('S3 log matching', () => {
  it('accepts equal copies, also as other objects, and counts them', () => {
    const cluster = settled();
    expect(cluster.rulebook.checks().S3).toBe(6);
  });

  it('catches another entry under the same index and term', () => {
    const cluster = settled(['S3']);
    cluster.append(1, 1);
    expectViolation('S3', 'at 4@1 that differs from the one n1 appended', () => {
      cluster.replicate([entry(4, 1, 'other')], [2]);
    });
  });

  it('catches an equal entry after another predecessor', () => {
    const cluster = new FakeCluster({ only: ['S3'] });
    cluster.replicate([entry(1, 1), entry(2, 3)], [1]);
    expectViolation('S3', '2@3 after an entry of term 2', () => {
      cluster.replicate([entry(1, 2), entry(2, 3)], [2]);
    });
  });

  it('catches a disk that gives back another entry than was written', () => {
    const member = settled(['S3']).member(2);
    member.crash();
    const entries = member.raft.log.entries.with(1, entry(2, 1, 'rotten'));
    expectViolation('S3', 'restarted with an entry at 2@1 that differs', () => {
      member.boot({ entries });
    });
  });

  it('catches a gap', () => {
    expectViolation('S3', 'do not join its log', () => {
      new FakeCluster({ only: ['S3'] }).member(2).step({ write: { entries: [entry(2, 1)] } });
    });
  });
});

describe('S5 state machine safety', () => {
  it('accepts equal applies and counts the second ones', () => {
    const cluster = settled();
    for (const id of [1, 2, 3]) {
      for (const one of cluster.member(1).raft.log.entries) cluster.member(id).apply(one);
    }
    expect(cluster.rulebook.checks().S5).toBe(6);
  });

  it('catches a follower that commits what nobody committed', () => {
    const cluster = settled(['S5']);
    cluster.replicate(cluster.append(1, 1), [2]);
    expectViolation('S5', 'n2 takes index 4 as committed, but no leader', () => {
      cluster.member(2).step({ commit: 4 });
    });
  });

  it('catches a follower that commits its own entry where another is committed', () => {
    const cluster = new FakeCluster({ only: ['S5'] });
    cluster.replicate([entry(1, 1)], [3]);
    cluster.elect(1, 2);
    cluster.settle(1, [1, 2]);
    expectViolation('S5', 'index 1 as committed with an entry of term 1', () => {
      cluster.member(3).step({ commit: 1 });
    });
  });

  it('catches a different entry applied, and one applied before it is committed', () => {
    const cluster = settled(['S5']);
    cluster.member(1).apply(cluster.member(1).raft.log.entries[0]!);
    expectViolation('S5', 'n2 applied 1@1, but the entry committed at that index', () => {
      cluster.member(2).apply(entry(1, 1, 'other'));
    });
    expectViolation('S5', 'which no leader has committed', () => {
      cluster.member(2).apply(entry(9, 1));
    });
  });
});

describe('S6 a commit is durable on a quorum', () => {
  function leading(voters = 3): FakeCluster {
    const cluster = new FakeCluster({ voters, only: ['S6'] });
    cluster.elect(1, 1);
    cluster.append(1, 1);
    return cluster;
  }

  it('catches a commit before followers are durable, and accepts it right after', () => {
    const cluster = leading();
    const { entries } = cluster.member(1).raft.log;
    cluster.member(2).step({ write: { entries } });
    expectViolation('S6', 'commits 2@1, which is durable on n1 only', () => {
      cluster.member(1).step({ commit: 2 });
    });
    const waiting = leading();
    waiting.member(2).stepDurably({ write: { entries: waiting.member(1).raft.log.entries } });
    waiting.member(1).step({ commit: 2 });
    expect(waiting.rulebook.checks().S6).toBe(1);
  });

  it('catches a leader that counts its own entry before it is durable', () => {
    const cluster = leading();
    const next = entry(3, 1);
    cluster.member(1).step({ write: { entries: [next] } });
    cluster.replicate([...cluster.member(1).raft.log.entries], [2]);
    expectViolation('S6', 'durable on n2 only', () => cluster.member(1).step({ commit: 3 }));
  });

  it('needs three of four', () => {
    const cluster = leading(4);
    cluster.replicate(cluster.member(1).raft.log.entries, [2]);
    expectViolation('S6', 'no quorum of {n1, n2, n3, n4}', () =>
      cluster.member(1).step({ commit: 2 }),
    );
  });

  it('counts what a member had before its disk was lost: the commit is honest', () => {
    const cluster = leading();
    const follower = cluster.member(2);
    cluster.replicate(cluster.member(1).raft.log.entries, [2]);
    follower.crash();
    cluster.rulebook.onWipe(follower.view);
    cluster.member(1).step({ commit: 2 });
  });
});

describe('S7 commit by counting in the own term', () => {
  it('catches Figure 8 and accepts an old entry committed by one of the own term', () => {
    const figure8 = (): FakeCluster => {
      const cluster = new FakeCluster({ only: ['S7'] });
      cluster.elect(1, 2);
      cluster.replicate(cluster.member(1).raft.log.entries, [2, 3]);
      cluster.elect(1, 4);
      return cluster;
    };
    expectViolation('S7', 'from 0 to 1, an entry of term 2', () => {
      figure8().member(1).step({ commit: 1 });
    });
    const cluster = figure8();
    cluster.settle(1);
    expect(cluster.rulebook.checks().S7).toBe(1);
  });
});

describe('S8 indexes in order', () => {
  it('catches a commitIndex that goes back, and one beyond the log', () => {
    expectViolation('S8', 'commitIndex from 3 back to 2', () => {
      settled(['S8']).member(2).step({ commit: 2 });
    });
    expectViolation('S8', 'commitIndex 7 above its last index 3', () => {
      settled(['S8']).member(2).step({ commit: 7 });
    });
  });

  it('accepts that a restart forgets commitIndex', () => {
    const member = settled().member(2);
    member.crash();
    member.boot();
    member.step({ commit: 1 });
  });

  it('catches entries applied twice, skipped, or above commitIndex', () => {
    const cluster = settled(['S8']);
    cluster.append(1, 1);
    const { entries } = cluster.member(1).raft.log;
    const member = cluster.member(1);
    member.apply(entries[0]!);
    expectViolation('S8', 'applied 1 right after 1', () => member.apply(entries[0]!));
    expectViolation('S8', 'applied 3 right after 1', () => member.apply(entries[2]!));
    member.apply(entries[1]!);
    member.apply(entries[2]!);
    expectViolation('S8', 'applied 4 above commitIndex 3', () => member.apply(entries[3]!));
  });

  it('catches a log purged beyond the snapshot, and a snapshot of what is not applied', () => {
    const cluster = settled(['S8']);
    const member = cluster.member(1);
    member.raft.log.firstIndex = 3;
    expectViolation('S8', 'purged up to 2, but its snapshot ends at 0', () => member.step());
    expectViolation('S8', 'a snapshot up to 3, but applied only 0', () => {
      cluster.member(2).seal(snapshotAt(3, 1, cluster.bootstrap));
    });
  });
});

describe('S8 and a snapshot that cannot be read back (swarm seed 52652)', () => {
  const withSnapshotUpTo2 = () => {
    const cluster = settled(['S8']);
    const member = cluster.member(1);
    member.raft.log.firstIndex = 3;
    member.raft.snapshot = snapshotAt(2, 1, cluster.bootstrap);
    member.step();
    return member;
  };

  it('lets a member give it up whose disk is bad, until it has another one', () => {
    const member = withSnapshotUpTo2();
    member.diskFaults = 'hindered';
    member.raft.snapshot = null;
    member.step();
  });

  it('catches a member that gives it up over a good disk', () => {
    const member = withSnapshotUpTo2();
    member.raft.snapshot = null;
    expectViolation('S8', 'purged up to 2, but its snapshot ends at 0', () => member.step());
  });

  it('catches one that purges more meanwhile', () => {
    const member = withSnapshotUpTo2();
    member.diskFaults = 'damaged';
    member.raft.snapshot = null;
    member.step();
    member.raft.log.firstIndex = 4;
    expectViolation('S8', 'purged up to 3, while its snapshot cannot be read', () => member.step());
  });
});

describe('S9 committed entries stay', () => {
  it('catches the truncation of a committed entry, by a snapshot too', () => {
    expectViolation('S9', 'truncates its log from index 3, although its entry 3@1', () => {
      settled(['S9'])
        .member(2)
        .step({ term: 2, write: { truncateFrom: 3 } });
    });
    const cluster = settled(['S9']);
    const snapshot = snapshotAt(1, 1, cluster.bootstrap);
    expectViolation('S9', 'installs a snapshot up to 1 and drops what follows', () => {
      cluster.member(2).step({ write: { snapshot } });
    });
  });

  it('accepts that a leader of an older term reaches a member that was not counted, and nothing else', () => {
    // n1 appended 2@1 alone; n2 has it too, leads term 3 and commits it with n3. n1 knows nothing of that.
    const committedWithout1 = (): FakeCluster => {
      const cluster = new FakeCluster({ only: ['S9'] });
      cluster.elect(1, 1);
      cluster.settle(1);
      const second = { write: { entries: [entry(2, 1)] } };
      cluster.member(1).stepDurably(second);
      cluster.member(2).stepDurably({ term: 3, role: 'leader', ...second });
      cluster.member(3).stepDurably({ term: 3, ...second });
      cluster.member(2).step({ commit: 2 });
      return cluster;
    };
    const dropAt = (term: number) =>
      committedWithout1()
        .member(1)
        .step({ term, role: 'follower', write: { truncateFrom: 2, entries: [entry(2, 2)] } });
    dropAt(2);
    expectViolation('S9', 'truncates its log from index 2, although its entry 2@1', () =>
      dropAt(3),
    );
    expectViolation('S9', 'from index 1, although its entry 1@1', () => {
      committedWithout1()
        .member(1)
        .step({ term: 2, role: 'follower', write: { truncateFrom: 1 } });
    });
  });

  it('accepts rewriting the same, truncating the uncommitted, and a snapshot that keeps the rest', () => {
    const cluster = settled();
    const member = cluster.member(2);
    const { entries } = member.raft.log;
    member.stepDurably({ write: { truncateFrom: 2, entries: entries.slice(1) } });
    member.stepDurably({ write: { entries: [entry(4, 1)] } });
    member.stepDurably({ term: 2, write: { truncateFrom: 4 } });
    const snapshot = snapshotAt(2, 1, cluster.bootstrap);
    member.stepDurably({ write: { snapshot, entries: entries.slice(2) } });
    expect(cluster.rulebook.checks().S9).toBe(3);
  });

  it('catches a snapshot of what is not committed, or of another entry', () => {
    expectViolation('S9', 'up to 9@1, but only 3 is committed', () => {
      const snapshot = snapshotAt(9, 1, configuration([1, 2, 3]));
      settled(['S9']).member(2).step({ write: { snapshot } });
    });
    expectViolation('S9', 'up to 3@2, but 3@1 is what was committed', () => {
      const snapshot = snapshotAt(3, 2, configuration([1, 2, 3]));
      settled(['S9']).member(2).step({ write: { snapshot } });
    });
  });
});

describe('S11 acknowledged appends are durable', () => {
  function follower(): FakeCluster {
    const cluster = new FakeCluster({ only: ['S11'] });
    cluster.elect(1, 1);
    cluster.append(1, 2);
    return cluster;
  }
  const ack = (matchIndex: number) => appended({ from: 2, to: 1, term: 1, matchIndex });

  it('catches an acknowledgement before the write is durable, and accepts it after', () => {
    const cluster = follower();
    const member = cluster.member(2);
    const { entries } = cluster.member(1).raft.log;
    expectViolation('S11', 'acknowledges 3 to n1, but its durable log ends at 0@0', () => {
      member.step({ write: { entries }, send: [ack(3)] });
    });
    member.sync();
    member.step({ send: [ack(3)] });
    member.step({ send: [ack(3), ack(2)] });
    expect(cluster.rulebook.checks().S11).toBe(2);
  });

  it("catches an acknowledgement of other entries than the leader's", () => {
    const cluster = follower();
    cluster.replicate([entry(1, 0)], [2]);
    expectViolation('S11', 'acknowledges 1@0 to n1, whose log has term 1 there', () => {
      cluster.member(2).step({ send: [ack(1)] });
    });
  });

  it('catches that what was acknowledged is dropped in the same term, and accepts it in a later one', () => {
    for (const term of [1, 2]) {
      const cluster = follower();
      const member = cluster.member(2);
      cluster.replicate(cluster.member(1).raft.log.entries, [2]);
      member.step({ send: [ack(3)] });
      const truncate = { ...(term > 1 && { term }), write: { truncateFrom: 3 } };
      if (term > 1) member.step(truncate);
      else expectViolation('S11', 'drops entry 3 in term 1', () => member.step(truncate));
    }
  });

  it('catches a member that lost entries at a restart without saying so', () => {
    const cluster = follower();
    const member = cluster.member(2);
    cluster.replicate(cluster.member(1).raft.log.entries, [2]);
    member.crash();
    expectViolation('S11', 'restarted with a log that ends at 1@1 without reporting damage', () => {
      member.boot({ entries: member.raft.log.entries.slice(0, 1) });
    });
  });

  it('catches a repair that falls short of what was durable, and one forgotten by a restart', () => {
    const cluster = follower();
    const member = cluster.member(2);
    const { entries } = cluster.member(1).raft.log;
    cluster.replicate(entries, [2]);
    member.crash();
    expectViolation('S11', 'to be repaired up to 2 only, but 3@1 was durable before', () => {
      member.boot({ entries: entries.slice(0, 1), repairUntil: 2 });
    });
    const other = follower();
    const forgetful = other.member(2);
    other.replicate(entries, [2]);
    forgetful.crash();
    forgetful.boot({ entries: entries.slice(0, 1), repairUntil: 3 });
    forgetful.crash();
    expectViolation('S11', 'under repair up to 3', () => {
      forgetful.boot({ entries: entries.slice(0, 1) });
    });
  });

  it('lets a member under repair drop what had been overwritten before, and nothing else', () => {
    // Its disk held 1@1 2@1 3@1. Damage takes the last two and brings back 2@0, which 2@1 had replaced, or takes 3@1 only (swarm seed 55432).
    for (const [found, isStale] of [
      [entry(2, 0), true],
      [entry(2, 1), false],
    ] as const) {
      const cluster = follower();
      const member = cluster.member(2);
      const { entries } = cluster.member(1).raft.log;
      cluster.replicate(entries, [2]);
      member.step({ send: [ack(3)] });
      member.crash();
      member.boot({ entries: [...entries.slice(0, 1), found], repairUntil: 3 });
      const drop = () => member.step({ write: { truncateFrom: 2, entries: entries.slice(1) } });
      if (isStale) drop();
      else
        expectViolation('S11', 'drops entry 2 in term 1', () => {
          member.step({ write: { truncateFrom: 2 } });
        });
    }
  });

  it('lets a member that reported damage acknowledge only once everything is back', () => {
    const cluster = follower();
    const member = cluster.member(2);
    const { entries } = cluster.member(1).raft.log;
    cluster.replicate(entries, [2]);
    member.crash();
    member.boot({ entries: entries.slice(0, 1), repairUntil: 3 });
    member.stepDurably({ write: { entries: entries.slice(1, 2) } });
    expectViolation('S11', 'entries up to 3, once durable here, are still missing', () => {
      member.step({ send: [ack(2)] });
    });
    member.stepDurably({ write: { entries: entries.slice(2) } });
    member.step({ send: [ack(3)] });
  });
});
