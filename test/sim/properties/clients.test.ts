/** S16..S21 and LIN: what clients and state machines may see; hand-made violations, and the nearest things that are allowed. */
import type { Operation } from '@seedraft/check';
import { judgeHistory } from '@seedraft/sim';
import { describe, expect, it } from 'vitest';
import { CONFIG, digest, FakeCluster, snapshotAt } from './fake-cluster.ts';
import { expectViolation } from './violates.ts';

/** n1 leads term 1; entries 1..4 are committed everywhere; a write at 3 was acknowledged. */
function serving(only?: string[], beyondDriftBound = false): FakeCluster {
  const cluster = new FakeCluster({ ...(only && { only }), plan: { beyondDriftBound } });
  cluster.elect(1, 1);
  cluster.append(1, 3);
  cluster.settle(1);
  cluster.complete(cluster.invoke(), 3);
  return cluster;
}

describe('S16 linearizable reads in true time', () => {
  function read(cluster: FakeCluster, mode: 'linearizable' | 'lease' | 'stale', at: number): void {
    const operation = cluster.invoke({ readOnly: true, mode });
    cluster.rulebook.onRead(cluster.member(2).view, operation, mode, at, at);
  }

  it('catches a read that misses an acknowledged write, by ReadIndex and by lease', () => {
    for (const mode of ['linearizable', 'lease'] as const) {
      expectViolation('S16', `served a ${mode} read of client 1 at index 2, but index 3`, () => {
        read(serving(['S16']), mode, 2);
      });
    }
  });

  it('accepts up-to-date reads, stale ones, and lease reads beyond the drift bound', () => {
    read(serving(), 'linearizable', 3);
    read(serving(), 'stale', 0);
    read(serving(undefined, true), 'lease', 1);
    expectViolation('S16', 'index 3', () => read(serving(['S16'], true), 'linearizable', 2));
  });

  it('accepts a read that began before the write was acknowledged', () => {
    const cluster = serving();
    const operation = cluster.invoke({ readOnly: true, mode: 'linearizable' });
    cluster.complete(cluster.invoke(), 4);
    cluster.rulebook.onRead(cluster.member(1).view, operation, 'linearizable', 3, 3);
  });

  it('counts what an earlier read was told', () => {
    const cluster = serving(['S16']);
    cluster.complete(cluster.invoke({ readOnly: true, mode: 'linearizable' }), 4);
    expectViolation('S16', 'index 4', () => read(cluster, 'linearizable', 3));
  });

  it('counts only reads soon after a leader change', () => {
    const cluster = serving();
    read(cluster, 'linearizable', 4);
    expect(cluster.rulebook.checks().S16).toBe(0);
    cluster.elect(2, 2);
    read(cluster, 'linearizable', 4);
    cluster.now += 2 * CONFIG.electionTimeoutMax * 1000 + 1;
    read(cluster, 'linearizable', 4);
    expect(cluster.rulebook.checks().S16).toBe(1);
  });
});

describe('S17 reads wait for their index', () => {
  it('catches a read before its index is applied, and an index that is not committed', () => {
    const cluster = serving(['S17']);
    const { view } = cluster.member(2);
    expectViolation('S17', 'having applied only 3 of read index 4', () => {
      cluster.rulebook.onRead(view, null, 'linearizable', 4, 3);
    });
    expectViolation('S17', 'read index 9, but only 4 is committed', () => {
      cluster.rulebook.onRead(view, null, 'linearizable', 9, 9);
    });
    cluster.rulebook.onRead(view, null, 'linearizable', 3, 4);
    cluster.rulebook.onRead(view, null, 'stale', 0, 0);
    expect(cluster.rulebook.checks().S17).toBe(3);
  });
});

describe('S18 sessions execute exactly once', () => {
  it('accepts an execution, its duplicate with the same result, and the same on every member', () => {
    const cluster = serving();
    const { entries } = cluster.member(1).raft.log;
    for (const id of [1, 2]) {
      const member = cluster.member(id);
      member.apply(entries[0]!);
      cluster.rulebook.onSession(member.view, 7, 1, 'executed', 2);
      member.apply(entries[1]!, digest(2), { swapped: true });
      cluster.rulebook.onSession(member.view, 7, 1, 'duplicate', 3);
      member.apply(entries[2]!, digest(3), { swapped: true });
      cluster.rulebook.onSession(member.view, 7, 0, 'expired', 4);
      cluster.rulebook.onSession(member.view, 8, 0, 'expired', 4);
    }
    expect(cluster.rulebook.checks().S18).toBe(6);
  });

  it('catches a second execution, and a duplicate of nothing', () => {
    const cluster = serving(['S18']);
    const { view } = cluster.member(1);
    cluster.rulebook.onSession(view, 7, 1, 'executed', 2);
    expectViolation('S18', 'executed session 7, sequence 1 at index 3, but it had been', () => {
      cluster.rulebook.onSession(view, 7, 1, 'executed', 3);
    });
    expectViolation('S18', 'but it was never executed', () => {
      cluster.rulebook.onSession(view, 7, 2, 'duplicate', 4);
    });
  });

  it('catches a member that takes an entry otherwise than another did, or lets a session live longer', () => {
    const cluster = serving(['S18']);
    const [one, other] = [cluster.member(1).view, cluster.member(2).view];
    cluster.rulebook.onSession(one, 7, 1, 'executed', 2);
    expectViolation('S18', 'as expired (session 7, sequence 1), but n1 took it as executed', () => {
      cluster.rulebook.onSession(other, 7, 1, 'expired', 2);
    });
    cluster.rulebook.onSession(one, 9, 0, 'expired', 3);
    expectViolation(
      'S18',
      'session 9 expire at index 4, but elsewhere it expired at index 3',
      () => {
        cluster.rulebook.onSession(other, 9, 0, 'expired', 4);
      },
    );
  });

  it('catches a duplicate that gets another result', () => {
    const cluster = serving(['S18']);
    const member = cluster.member(1);
    const { entries } = member.raft.log;
    cluster.rulebook.onSession(member.view, 7, 1, 'executed', 2);
    member.apply(entries[1]!, digest(2), [1, null]);
    cluster.rulebook.onSession(member.view, 7, 1, 'duplicate', 3);
    expectViolation('S18', 'with another result than its execution at index 2', () => {
      member.apply(entries[2]!, digest(3), [1, 2]);
    });
  });

  it('catches members that get different results for one entry', () => {
    const cluster = serving(['S18']);
    const second = cluster.member(1).raft.log.entries[1]!;
    cluster.member(1).apply(second, digest(2), 'a');
    expectViolation('S18', 'n2 got another result than n1', () => {
      cluster.member(2).apply(second, digest(2), 'b');
    });
  });
});

describe('S19 snapshot and tail equal full replay, S20 equal states', () => {
  it('catches a restore into another state, and accepts one into the same', () => {
    const cluster = serving();
    const { entries } = cluster.member(1).raft.log;
    for (const one of entries.slice(0, 3)) cluster.member(1).apply(one);
    const snapshot = snapshotAt(3, 1, cluster.bootstrap);
    cluster.rulebook.onRestore(cluster.member(2).view, snapshot, digest(3));
    cluster.member(2).apply(entries[3]!);
    expect(cluster.rulebook.checks().S19).toBe(1);
    expectViolation('S19', 'n3 restored a snapshot up to 3@1 into another state than n1', () => {
      cluster.rulebook.onRestore(cluster.member(3).view, snapshot, digest(4));
    });
  });

  it('catches a snapshot with the wrong configuration, and two contents under one name', () => {
    const cluster = serving(['S19']);
    cluster.member(1).seal(snapshotAt(3, 1, cluster.bootstrap));
    expectViolation('S19', 'the configuration of index 2, but that of 0 was in force', () => {
      const more = { id: 'x', configurationIndex: 2 };
      cluster.member(1).seal(snapshotAt(3, 1, cluster.bootstrap, more));
    });
    expectViolation('S19', 'has a snapshot named snapshot 3@1', () => {
      cluster.member(1).seal(snapshotAt(3, 1, cluster.bootstrap, { checksum: 99 }));
    });
  });

  it('catches different states at equal applied index, also of one member before and after a restart', () => {
    const cluster = serving(['S20']);
    const first = cluster.member(1).raft.log.entries[0]!;
    cluster.member(1).apply(first);
    cluster.member(2).apply(first);
    expect(cluster.rulebook.checks().S20).toBe(1);
    expectViolation('S20', 'n3 is in another state than n1', () => {
      cluster.member(3).apply(first, digest(8));
    });
    cluster.member(1).crash();
    cluster.member(1).boot();
    expectViolation('S20', 'n1 is in another state than it had before', () => {
      cluster.member(1).apply(first, digest(8));
    });
  });
});

describe('S21 acknowledged writes stay', () => {
  it('catches an acknowledgement of what is not committed, or of another entry', () => {
    const cluster = serving(['S21']);
    expectViolation('S21', 'is at index 5, but only 4 is committed', () => {
      cluster.complete(cluster.invoke(), 5);
    });
    const sessions = serving();
    sessions.rulebook.onSession(sessions.member(1).view, 7, 1, 'executed', 2);
    sessions.complete(sessions.invoke({ sessionId: 7, sequence: 1 }), 2);
    expectViolation(
      'S21',
      'that entry is of session 7, sequence 1, not of session 7, sequence 2',
      () => {
        sessions.complete(sessions.invoke({ sessionId: 7, sequence: 2 }), 2);
      },
    );
  });

  it('catches that it is gone at the end, and accepts that it is there', () => {
    serving().rulebook.onEnd();
    const cluster = serving(['S21']);
    for (const id of [2, 3])
      cluster.member(id).stepDurably({ term: 2, write: { truncateFrom: 2 } });
    expectViolation('S21', 'at the end 3@1 is durable on n1 only', () => cluster.rulebook.onEnd());
  });

  it('does not take disks that are lost for disks that hold it', () => {
    const cluster = serving(['S21']);
    for (const id of [1, 2]) cluster.rulebook.onWipe(cluster.member(id).view);
    cluster.rulebook.onEnd();
    cluster.rulebook.onWipe(cluster.member(3).view);
    expectViolation('S21', 'no disk that is left in {n1, n2, n3} holds 3@1', () =>
      cluster.rulebook.onEnd(),
    );
  });

  it('catches a quorum that could go on without it, but not one that must repair first', () => {
    for (const repairUntil of [4, 0]) {
      const cluster = serving(['S21']);
      for (const id of [2, 3]) {
        const member = cluster.member(id);
        member.crash();
        member.boot({ entries: member.raft.log.entries.slice(0, 1), repairUntil: 4 });
        // What it knows of its loss is forgotten.
        if (repairUntil === 0) cluster.rulebook.ledger.shadow(member.view).repairUntil = 0;
      }
      const end = () => cluster.rulebook.onEnd();
      if (repairUntil > 0) end();
      else expectViolation('S21', 'could elect a leader without 3@1', end);
    }
  });
});

describe('LIN', () => {
  const write = (value: string, invoked: number, index: number): Operation => ({
    process: 1,
    f: 'put',
    input: { key: 'x', value },
    output: null,
    invoked,
    returned: invoked + 1,
    witness: { index, read: false },
  });
  const read = (output: string | null, invoked: number, index: number): Operation => ({
    ...write('', invoked, index),
    f: 'get',
    input: { key: 'x' },
    output,
    witness: { index, read: true },
  });

  const silenced = ({ witness: _, ...rest }: Operation): Operation => rest;

  it('catches a stale read by the claimed order alone, and by search when no order is claimed', () => {
    const history = [write('a', 0, 1), write('b', 2, 2), read('a', 4, 1)];
    expectViolation('LIN', 'the order that the log claims is impossible', () =>
      judgeHistory(history, { blackBox: false }),
    );
    const silent = history.map(silenced);
    expectViolation('LIN', 'not linearizable', () => judgeHistory(silent, { blackBox: false }));
  });

  it('accepts a legal one, and says when it cannot tell', () => {
    const history = [write('a', 0, 1), write('b', 2, 2), read('b', 4, 2)];
    const verdict = judgeHistory(history, { blackBox: true });
    expect(verdict).toMatchObject({ outcome: 'linearizable', operations: 3 });
    const silent = Array.from({ length: 12 }, (_, n): Operation => {
      return { ...silenced(write(`${n}`, n, 0)), process: n, returned: 100 + n };
    });
    const undecided = judgeHistory(silent, { blackBox: true, maxSteps: 1 });
    expect(undecided.outcome).toBe('inconclusive');
  });
});
