/** Liveness mode on a scripted world: whom it picks, what it demands, what it excuses, and whom it blames. */
import type { AppendEntries, MemberId, PeerMessage } from '@seedraft/core';
import {
  type ClientOperation,
  type LivenessVerdict,
  type LivenessWorld,
  runLiveness,
} from '@seedraft/sim';
import { describe, expect, it } from 'vitest';
import { type ClusterOptions, change, configuration, FakeCluster } from './fake-cluster.ts';
import { expectViolation } from './violates.ts';

/** What the scripted cluster does each time the world is asked to run on. */
interface Script {
  /** Called ten times per `runUntil`; `cut` names those that nobody hears any more and that hear nobody. */
  tick?(cluster: FakeCluster, cut: ReadonlySet<MemberId>): void;
  acknowledges?: boolean;
  /** The shape that outsiders get. */
  shape?: 'cut off' | 'deaf' | 'mute';
  dead?: readonly MemberId[];
  /** The atlas's word. */
  impaired?: readonly MemberId[];
  /** Keys whose reads get no answer. */
  unread?: readonly string[];
  /** Members that owe an answer. */
  silent?: readonly MemberId[];
  underWay?: readonly PeerMessage[];
  /** The operator asks for the end of an explicit joint configuration. */
  leave?(): void;
}

function phase(cluster: FakeCluster, script: Script): LivenessVerdict {
  const blocked = new Set<string>();
  const healed: MemberId[][] = [];
  const operations: ClientOperation[] = [];
  const cut = (): Set<MemberId> => {
    const ids = cluster.members.map(({ id }) => id);
    const both = (id: MemberId) =>
      ids.every(
        (other) => other === id || (blocked.has(`${id} ${other}`) && blocked.has(`${other} ${id}`)),
      );
    return new Set(ids.filter(both));
  };
  const world = Object.assign(Object.create(cluster.world) as LivenessWorld, {
    draw: {
      pick: (purpose: string, from: readonly unknown[]) =>
        purpose.startsWith('outsider') ? (script.shape ?? from[0]) : from[0],
      shuffle: (_: string, from: readonly unknown[]) => [...from],
      chance: () => false,
    },
    freezeFaults: () => {},
    revive: (id: MemberId) => !(script.dead ?? []).includes(id),
    messagesUnderWay: () => script.underWay ?? [],
    healCore: (core: readonly MemberId[]) => healed.push([...core]),
    block: (from: MemberId, to: MemberId) => blocked.add(`${from} ${to}`),
    crash: () => {},
    impaired: script.impaired ?? [],
    writtenKeys: () => ['k1', 'k2'],
    readBack: (_core: unknown, _first: unknown, keys: readonly string[]) => () =>
      keys.filter((key) => script.unread?.includes(key)).length,
    unanswered: (id: MemberId) => (script.silent?.includes(id) ? 1 : 0),
    changeMembership: () => script.leave?.(),
    submitFresh: () => {
      const operation = cluster.operation({});
      operations.push(operation);
      return operation;
    },
    runUntil: (predicate: () => boolean, within: number) => {
      for (let n = 0; n < 10; n++) {
        if (predicate()) return true;
        cluster.now += within / 10;
        script.tick?.(cluster, cut());
        for (const one of operations) if (script.acknowledges !== false) one.outcome = 'ok';
      }
      return predicate();
    },
  });
  return runLiveness(world, cluster.rulebook.ledger);
}

/** n1 led and committed; everybody is up, nobody leads any more. */
function settled(options: ClusterOptions = {}): FakeCluster {
  const cluster = new FakeCluster({ ...options, only: [] });
  cluster.elect(1, 1);
  cluster.settle(1);
  for (const member of cluster.members) {
    member.raft.role = 'follower';
    member.replica = { appliedIndex: 1 };
  }
  return cluster;
}

function follow(cluster: FakeCluster, leader: MemberId): void {
  for (const { raft } of cluster.members) {
    raft.currentTerm = 9;
    raft.leader = leader;
    raft.role = raft.id === leader ? 'leader' : 'follower';
  }
}

describe('the core', () => {
  it('is a quorum of the latest committed configuration, and everything demanded is met', () => {
    const verdict = phase(settled(), { tick: (cluster) => follow(cluster, 1) });
    expect(verdict).toMatchObject({ outcome: 'live', core: [1, 2] });
    expect(verdict.outcome === 'live' && verdict.checks).toMatchObject({ L1: 1, L6: 0 });
  });

  it('is a quorum of every later configuration in a log as well', () => {
    const cluster = settled({ voters: 5 });
    const joint = configuration([3, 4], { outgoing: [1, 2, 3, 4, 5] });
    cluster.member(5).stepDurably({ write: { entries: [change(2, 1, joint)] } });
    const verdict = phase(cluster, { tick: () => follow(cluster, 1) });
    expect(verdict).toMatchObject({ outcome: 'live', core: [1, 2, 3, 4] });
  });

  it('is a quorum of a later configuration on its way to a log, unless that comes too late', () => {
    const joint = configuration([3, 4], { outgoing: [1, 2, 3, 4, 5] });
    const appendOf = (term: number): AppendEntries => ({
      type: 'AppendEntries',
      from: 5,
      to: 1,
      term,
      prevLogIndex: 1,
      prevLogTerm: 1,
      entries: [change(2, term, joint)],
      leaderCommit: 1,
      round: 1,
    });
    const coreWith = (term: number) => {
      const cluster = settled({ voters: 5 });
      cluster.member(1).stepDurably({ term: 3 });
      return phase(cluster, { tick: () => follow(cluster, 1), underWay: [appendOf(term)] });
    };
    expect(coreWith(3)).toMatchObject({ outcome: 'live', core: [1, 2, 3, 4] });
    expect(coreWith(2)).toMatchObject({ outcome: 'live', core: [1, 2, 3] });
  });

  it('leaves out who cannot come back, and says so when too few can', () => {
    const tick = (cluster: FakeCluster): void => follow(cluster, 2);
    const lost = (...ids: MemberId[]): Script => ({ tick, dead: ids, impaired: ids });
    expect(phase(settled(), lost(1))).toMatchObject({ core: [2, 3] });
    expect(phase(settled(), lost(1, 2))).toEqual({
      outcome: 'inconclusive',
      reason: 'no quorum of {n1, n2, n3} is left with its disk: only n3 could vote',
    });
    const wiped = settled();
    for (const id of [2, 3]) wiped.rulebook.onWipe(wiped.member(id).view);
    expect(phase(wiped, { tick, impaired: [2, 3] })).toMatchObject({ outcome: 'inconclusive' });
  });

  it('is our own error when members stay away whose disks nobody touched', () => {
    const tick = (cluster: FakeCluster): void => follow(cluster, 2);
    const away = () => phase(settled(), { tick, dead: [1, 2], impaired: [1] });
    expect(away).toThrow('n2, n3 are whole and were not revived');
  });

  it('holds the last committed entry on one of its disks, or it never was committed', () => {
    const cluster = settled();
    for (const id of [1, 2]) cluster.rulebook.ledger.shadowOf(id)?.durable.reset(0, 0);
    expectViolation('S6', 'entry 1@1 was committed, and is on no disk of n1, n2', () =>
      phase(cluster, { tick: () => follow(cluster, 1) }),
    );
  });

  it('does not count on a member that is still repairing its log', () => {
    const cluster = settled();
    // Its log is as long as it was, and it wrote since: it waits for a leader to confirm that log all the same (swarm 594: L1, unjustly).
    cluster.member(1).crash();
    cluster.member(1).boot({ repairUntil: 1 });
    cluster.member(1).stepDurably({ term: 2 });
    const verdict = phase(cluster, { tick: () => follow(cluster, 2), impaired: [1] });
    expect(verdict).toMatchObject({ outcome: 'live', core: [1, 2, 3] });
  });
});

describe('what is demanded', () => {
  it('L1: a leader that all follow', () => {
    expectViolation('L1', 'the healed core {n1, n2} has no leader after', () =>
      phase(settled(), {}),
    );
    expectViolation('L1', 'has no leader after', () => {
      const tick = (cluster: FakeCluster): void => {
        follow(cluster, 1);
        cluster.member(2).raft.leader = 0;
      };
      phase(settled(), { tick });
    });
  });

  it('L2: a fresh write is acknowledged', () => {
    expectViolation('L2', 'has not acknowledged a fresh write', () => {
      phase(settled(), { tick: (cluster) => follow(cluster, 1), acknowledges: false });
    });
  });

  it('L2: what was written before can be read', () => {
    expectViolation('L2', 'has left 1 of 2 reads unanswered after', () => {
      phase(settled(), { tick: (cluster) => follow(cluster, 1), unread: ['k2'] });
    });
  });

  it('L7: every request ends', () => {
    expectViolation('L7', 'owes its clients answers after', () => {
      phase(settled(), { tick: (cluster) => follow(cluster, 1), silent: [2] });
    });
    const outsider = phase(settled(), { tick: (cluster) => follow(cluster, 1), silent: [3] });
    expect(outsider.outcome === 'live' && outsider.checks.L7).toBe(2);
  });

  it('L3: the leader stays', () => {
    let ticks = 0;
    const tick = (cluster: FakeCluster): void => {
      follow(cluster, 1);
      ticks += 1;
      if (ticks % 5 === 0) cluster.member(1).raft.currentTerm += ticks;
    };
    expectViolation('L3', 'does not keep its leader', () => phase(settled(), { tick }));
  });

  it('L4: a joint configuration is left', () => {
    const cluster = settled();
    const { raft } = cluster.member(1);
    raft.configuration = configuration([1, 2], { outgoing: [1, 2, 3] });
    expectViolation('L4', 'is still in a joint configuration', () => {
      phase(cluster, { tick: () => follow(cluster, 1) });
    });
  });

  it('L4: the operator ends an explicit one, also if it comes into force late', () => {
    for (const begins of [1, 5]) {
      const cluster = settled();
      const { raft } = cluster.member(1);
      const before = raft.configuration;
      raft.configurationIndex = 2;
      let ticks = 0;
      const tick = (): void => {
        follow(cluster, 1);
        ticks += 1;
        if (ticks < begins || raft.configurationIndex !== 2) return;
        raft.configurationIndex = 3;
        raft.configuration = {
          ...configuration([1, 2], { outgoing: [1, 2, 3] }),
          autoLeave: false,
        };
      };
      const leave = (): void => {
        raft.configurationIndex = 1;
        raft.configuration = before;
      };
      expect(phase(cluster, { tick, leave })).toMatchObject({ outcome: 'live' });
      expect(ticks).toBeGreaterThanOrEqual(begins);
      expect(raft.configuration).toBe(before);
    }
  });

  it('L5: followers catch up', () => {
    const cluster = settled();
    cluster.member(2).replica = { appliedIndex: 0 };
    expectViolation('L5', 'has members that have not applied 1 after', () => {
      phase(cluster, { tick: () => follow(cluster, 1) });
    });
  });

  it('L6: a half-deaf outsider is blamed if the core does once it is cut off', () => {
    const tick = (cluster: FakeCluster, cut: ReadonlySet<MemberId>): void => {
      if (cut.has(3)) follow(cluster, 1);
    };
    expectViolation('L6', 'but does once n3, half-deaf, is cut off', () => {
      phase(settled(), { tick, shape: 'deaf' });
    });
    const harmless = phase(settled(), { tick: (cluster) => follow(cluster, 1), shape: 'mute' });
    expect(harmless.outcome === 'live' && harmless.checks.L6).toBe(1);
  });

  it('does without a member whose damage comes to light only now, and not without another', () => {
    const falls = (id: MemberId) => {
      const tick = (cluster: FakeCluster): void => {
        follow(cluster, 2);
        Object.assign(cluster.member(id), { status: 'down', replica: null });
      };
      return phase(settled(), { tick, impaired: [1] });
    };
    expect(falls(1)).toMatchObject({ outcome: 'live', core: [1, 2, 3] });
    expectViolation('L1', 'has no leader', () => falls(3));
  });

  it('L5: a repair ends', () => {
    const cluster = settled();
    Object.assign(cluster.member(2).raft, { repairUntil: 1 });
    expectViolation('L5', 'n2 at 1, repairing', () => {
      phase(cluster, { tick: () => follow(cluster, 1) });
    });
  });
});
