/** Liveness mode on a scripted world: whom it picks, what it demands, what it excuses, and whom it blames. */
import type { MemberId } from '@seedraft/core';
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
    healCore: (core: readonly MemberId[]) => healed.push([...core]),
    block: (from: MemberId, to: MemberId) => blocked.add(`${from} ${to}`),
    crash: () => {},
    changeMembership: () => {},
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

  it('leaves out who cannot come back, and says so when too few can', () => {
    const tick = (cluster: FakeCluster): void => follow(cluster, 2);
    expect(phase(settled(), { tick, dead: [1] })).toMatchObject({ core: [2, 3] });
    expect(phase(settled(), { tick, dead: [1, 2] })).toEqual({
      outcome: 'inconclusive',
      reason: 'no quorum of {n1, n2, n3} is left with its disk: only n3 could vote',
    });
    const wiped = settled();
    for (const id of [2, 3]) wiped.rulebook.onWipe(wiped.member(id).view);
    expect(phase(wiped, { tick })).toMatchObject({ outcome: 'inconclusive' });
  });

  it('does not count on a member that is still repairing its log', () => {
    const cluster = settled();
    cluster.member(1).crash();
    cluster.member(1).boot({ entries: [], repairUntil: 1 });
    const verdict = phase(cluster, { tick: () => follow(cluster, 2) });
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

  it('excuses a core whose member stops because old damage came to light', () => {
    const cluster = settled();
    const tick = (): void => {
      cluster.member(2).replica = null;
    };
    expect(phase(cluster, { tick })).toEqual({
      outcome: 'inconclusive',
      reason: 'n2 of the core stopped: damage came to light',
    });
  });
});
