/**
 * Proves that a cluster of bare cores elects, replicates, reads, changes members, transfers and catches up, and stays safe under a hostile
 * schedule. The finer rules have tests of their own, by tag.
 */
import { firstConfiguration, type MemberChange, Raft } from '@seedraft/core';
import { describe, expect, it } from 'vitest';
import { absurd } from './absurd.ts';
import { cluster, storm } from './storm.ts';
import { member, type Node, World } from './world.ts';

function elect(world: World): Node {
  expect(world.until(() => (world.leader()?.raft?.commitIndex ?? 0) > 0)).toBe(true);
  return world.leader() as Node;
}

function outcomeOf(world: World, id: number): unknown {
  return world.replies.find(({ reply }) => reply.id === id)?.reply.result;
}

/** Another member than `node`. */
function other(world: World, node: Node): Node {
  return [...world.nodes.values()].find((candidate) => candidate !== node) as Node;
}

function allApplied(world: World, command: string): boolean {
  return [...world.nodes.values()].every((node) => node.applied.includes(command));
}

describe('a calm cluster', () => {
  it.each([1, 2, 3, 5])('of %i elects a leader and commits', (size) => {
    const world = cluster(11 + size, size);
    const leader = elect(world);
    const id = world.propose(leader, 'x=1');
    expect(world.until(() => allApplied(world, 'x=1'))).toBe(true);
    expect(outcomeOf(world, id)).toMatchObject({ outcome: 'committed' });
  });

  it('keeps its leader while nothing fails', () => {
    const world = cluster(5, 5);
    const leader = elect(world);
    const term = leader.raft?.currentTerm;
    world.run(world.now + 10_000);
    expect(world.leader()?.raft?.currentTerm).toBe(term);
  });

  it('answers linearizable reads at leader and follower', () => {
    const world = cluster(6, 3);
    const leader = elect(world);
    const follower = other(world, leader);
    world.propose(leader, 'a');
    world.until(() => leader.applied.includes('a'));
    const ids = [leader, follower].map((node) => world.read(node, 'readIndex'));
    expect(world.until(() => world.open.size === 0)).toBe(true);
    const index = leader.raft?.commitIndex;
    for (const id of ids) expect(outcomeOf(world, id)).toEqual({ outcome: 'ready', index });
  });

  it('obeys a window that is narrowed while it runs', () => {
    const world = cluster(18, 3);
    const leader = elect(world);
    world.run(world.now + 100);
    const limits = { maxAppendEntries: 1, maxInflightMessages: 2 };
    world.step(leader, { type: 'Resize', at: world.now, limits });
    for (let i = 0; i < 10; i += 1) world.propose(leader, `c${i}`);
    const inflight = leader.raft?.status().followers.map((follower) => follower.inflightMessages);
    expect(inflight).toEqual([2, 2]);
    expect(world.until(() => allApplied(world, 'c9'))).toBe(true);
  });

  it('transfers leadership', () => {
    const world = cluster(7, 3);
    const leader = elect(world);
    const id = world.nextId(leader);
    const target = leader.id === 1 ? 2 : 1;
    world.step(leader, { type: 'TransferLeadership', at: world.now, id, target });
    expect(world.until(() => world.leader()?.id === target)).toBe(true);
    expect(outcomeOf(world, id)).toEqual({ outcome: 'transferred', to: target });
  });
});

describe('a leader in trouble', () => {
  it('with a stuck disk hands over, and its client is not told a lie', () => {
    const world = cluster(12, 3);
    const leader = elect(world);
    leader.diskDelay = 60_000;
    const id = world.propose(leader, 'x');
    expect(world.until(() => world.leader() !== leader, 3000)).toBe(true);
    expect(world.until(() => world.leader() !== null, 3000)).toBe(true);
    const successor = world.leader() as Node;
    world.propose(successor, 'y');
    expect(world.until(() => successor.applied.includes('y'), 3000)).toBe(true);
    // A majority without it had the entry: either answer is true, and silence is not.
    expect(outcomeOf(world, id)).toMatchObject({
      outcome: expect.stringMatching(/unknown|committed/),
    });
  });

  it('with a full disk refuses writes, still reads, and offers leadership', () => {
    const world = cluster(13, 3);
    const leader = elect(world);
    leader.diskDelay = 60_000;
    world.propose(leader, 'x');
    world.step(leader, { type: 'PersistFailed', at: world.now, seq: 99, code: 'NO_SPACE' });
    expect(outcomeOf(world, world.propose(leader, 'y'))).toMatchObject({ code: 'NO_SPACE' });
    const read = world.read(leader, 'readIndex');
    expect(world.until(() => outcomeOf(world, read) !== undefined, 50)).toBe(true);
    expect(outcomeOf(world, read)).toMatchObject({ outcome: 'ready' });
    expect(world.until(() => world.leader() !== leader, 3000)).toBe(true);
  });

  it('whose write failed falls silent, and every question still gets its answer', () => {
    const world = cluster(14, 3);
    const leader = elect(world);
    const id = world.propose(leader, 'x');
    world.step(leader, { type: 'PersistFailed', at: world.now, seq: 99, code: 'EIO' });
    expect(outcomeOf(world, id)).toMatchObject({ outcome: 'unknown' });
    expect(outcomeOf(world, world.propose(leader, 'y'))).toMatchObject({ code: 'STOPPED' });
    expect(leader.raft?.deadline).toBe(Infinity);
  });

  it('that nobody hears from falls silent within a bound', () => {
    const world = cluster(15, 5);
    const leader = elect(world);
    for (const id of world.nodes.keys()) world.cut.add(`${id}>${leader.id}`);
    world.run(world.now + world.config.electionTimeoutMax + 2 * world.config.heartbeatInterval);
    expect(leader.raft?.role).not.toBe('leader');
  });
});

describe('a follower', () => {
  it('forwards a proposal once', () => {
    const world = cluster(16, 3, { forwardProposals: true });
    const leader = elect(world);
    world.knobs = { ...world.knobs, duplicate: 1 };
    const id = world.propose(other(world, leader), 'forwarded');
    expect(world.until(() => allApplied(world, 'forwarded'))).toBe(true);
    expect(outcomeOf(world, id)).toMatchObject({ outcome: 'committed' });
    expect(leader.applied.filter((command) => command === 'forwarded')).toHaveLength(1);
  });

  it('that is preferred ends up leading, and a dead favourite delays nobody for long', () => {
    const world = new World(17);
    const members = [member(1), member(2), member(3, 'voter', 5)];
    for (const { id } of members) world.add(id, firstConfiguration(members));
    expect(world.until(() => world.leader()?.id === 3)).toBe(true);
    world.run(world.now + 1000);
    world.crash(world.node(3));
    expect(world.until(() => world.leader() !== null, 2000)).toBe(true);
  });
});

describe('membership', () => {
  it('adds a learner by snapshot, promotes it, and removes the leader', () => {
    const world = cluster(8, 3, { autoPromote: true, snapshotChunkBytes: 16 });
    world.knobs = { ...world.knobs, snapshotEvery: 5 };
    const leader = elect(world);
    for (let i = 0; i < 20; i += 1) {
      world.propose(leader, `v${i}`);
      world.run(world.now + 20);
    }
    world.add(4);
    const added = world.nextId(leader);
    world.step(leader, {
      type: 'ChangeMembership',
      at: world.now,
      id: added,
      changes: [{ type: 'add', member: member(4, 'learner') }],
      mode: 'single',
    });
    const isPromoted = (): boolean => {
      const raft = leader.raft as Raft;
      const isVoter = raft.configuration.members.some((m) => m.id === 4 && m.role === 'voter');
      return isVoter && raft.commitIndex >= raft.configurationIndex;
    };
    expect(world.until(isPromoted)).toBe(true);
    expect(outcomeOf(world, added)).toMatchObject({ outcome: 'committed' });
    const removed = world.nextId(leader);
    world.step(leader, {
      type: 'ChangeMembership',
      at: world.now,
      id: removed,
      changes: [{ type: 'remove', id: leader.id }],
      mode: 'single',
    });
    expect(world.until(() => world.leader() !== null && world.leader() !== leader)).toBe(true);
    expect(outcomeOf(world, removed)).toMatchObject({ outcome: 'committed' });
    const next = world.leader() as Node;
    world.propose(next, 'after');
    expect(world.until(() => world.node(4).applied.includes('after'))).toBe(true);
  });

  it('never hands out an id twice, not even after a removal that a snapshot swallowed', () => {
    const world = cluster(11, 3);
    world.knobs = { ...world.knobs, snapshotEvery: 2 };
    const leader = elect(world);
    const change = (one: MemberChange) => {
      const id = world.nextId(leader);
      const changes = [one];
      world.step(leader, { type: 'ChangeMembership', at: world.now, id, changes, mode: 'single' });
      expect(world.until(() => outcomeOf(world, id) !== undefined)).toBe(true);
      return outcomeOf(world, id);
    };
    const learner = member(7, 'learner');
    expect(change({ type: 'add', member: learner })).toMatchObject({ outcome: 'committed' });
    expect(change({ type: 'remove', id: 7 })).toMatchObject({ outcome: 'committed' });
    for (let i = 0; i < 10; i += 1) world.propose(leader, `v${i}`);
    world.run(world.now + 200);
    const again = { outcome: 'rejected', code: 'INVALID_CHANGE' };
    expect(change({ type: 'add', member: learner })).toMatchObject(again);
    expect(change({ type: 'add', member: member(4, 'learner') })).toMatchObject(again);
    const next = change({ type: 'add', member: member(8, 'learner') });
    expect(next).toMatchObject({ outcome: 'committed' });
    expect(leader.raft?.configuration.highestId).toBe(8);
  });

  it('enters and leaves a joint configuration, even when its leader crashes in between', () => {
    const world = cluster(9, 3);
    const leader = elect(world);
    for (const id of [4, 5]) world.add(id);
    world.step(leader, {
      type: 'ChangeMembership',
      at: world.now,
      id: world.nextId(leader),
      changes: [
        { type: 'add', member: member(4) },
        { type: 'add', member: member(5) },
        { type: 'remove', id: leader.id },
      ],
      mode: 'joint',
    });
    world.run(world.now + 3);
    world.crash(leader);
    const isLeft = (): boolean => {
      const now = world.leader()?.raft?.configuration;
      return now?.outgoing === null && now.members.map((m) => m.id).includes(5);
    };
    expect(world.until(isLeft)).toBe(true);
    world.start(leader);
    world.run(world.now + 2000);
    // It was removed while it was down and is never told: it may ask, but nobody listens.
    expect(leader.raft?.role).toMatch(/follower|pre-candidate/);
  });

  it('{1,2} -> {2} recovers when leader 1 crashes before 2 heard of it', () => {
    const world = cluster(10, 2);
    const leader = elect(world);
    const other = world.node(3 - leader.id);
    world.isolate(leader.id);
    world.step(leader, {
      type: 'ChangeMembership',
      at: world.now,
      id: world.nextId(leader),
      changes: [{ type: 'remove', id: leader.id }],
      mode: 'single',
    });
    world.run(world.now + 20);
    world.crash(leader);
    world.heal();
    world.run(world.now + 1000);
    world.start(leader);
    expect(world.until(() => world.leader() === other)).toBe(true);
    expect(world.until(() => other.raft?.configuration.members.length === 1)).toBe(true);
  });
});

/** A removed member is not told; only those in force must catch up. */
function inForce(world: World): Node[] {
  const members = world.leader()?.raft?.configuration.members ?? [];
  return members.map((known) => world.node(known.id));
}

function settle(world: World): void {
  world.heal();
  world.knobs = { ...world.knobs, drop: 0, duplicate: 0, delay: 2, diskDelay: 1 };
  for (const node of world.nodes.values()) if (node.raft === null) world.start(node);
  world.run(world.now + 2000);
  const leader = elect(world);
  world.propose(leader, 'final');
  const hasAll = (): boolean => inForce(world).every((node) => node.applied.includes('final'));
  expect(world.until(hasAll)).toBe(true);
  expect(world.until(() => world.open.size === 0)).toBe(true);
}

describe('a storm', () => {
  const configs = [
    {},
    { preVote: false },
    { checkQuorum: false, preVote: false },
    { forwardProposals: true, maxInflightMessages: 2, maxAppendEntries: 2 },
    { leaseReads: true, snapshotChunkBytes: 8, maxInflightBytes: 100 },
  ];
  it.each(Array.from({ length: 20 }, (_, i) => i + 1))('seed %i stays safe and heals', (seed) => {
    const world = storm(seed * 7919, configs[seed % configs.length]);
    settle(world);
    const acknowledged = world.replies.flatMap(({ reply }) =>
      reply.type === 'ProposalReply' && reply.result.outcome === 'committed'
        ? [reply.result.index]
        : [],
    );
    for (const index of acknowledged) expect(world.canonical.has(index)).toBe(true);
    const logs = inForce(world).map((node) => node.applied.join(' '));
    expect(new Set(logs).size).toBe(1);
  });

  it.each(configs)('no well-typed message makes it throw: %o', (config) => {
    const world = cluster(21, 3, config);
    elect(world);
    world.honest = false;
    for (let i = 0; i < 4000; i += 1) {
      const target = world.node(1 + world.pick(3));
      world.step(target, { type: 'Receive', at: world.now, rpc: absurd(world, target) });
      if (i % 10 === 0) world.run(world.now + world.pick(40));
    }
  });

  it.each(configs)('a fork, a restored state and the original have one future: %o', (config) => {
    const twins = new Map<Raft, Raft[]>();
    let steps = 0;
    storm(4242, config, (node, message, effects) => {
      const raft = node.raft as Raft;
      steps += 1;
      for (const twin of twins.get(raft) ?? []) {
        expect(twin.step(message)).toEqual(effects);
        expect(twin.deadline).toBe(raft.deadline);
        if (steps % 8 === 0) expect(twin.digest()).toEqual(raft.digest());
      }
      if (steps % 37 !== 0) return;
      twins.set(raft, [raft.fork(), Raft.restore(structuredClone(raft.state()))]);
    });
    expect(twins.size).toBeGreaterThan(3);
  });

  it('a member whose log was cut neither votes nor acknowledges until it is whole again', () => {
    // A window far smaller than what is missing: it must open although nothing is acknowledged.
    const world = cluster(23, 3, { maxInflightMessages: 2, maxAppendEntries: 1 });
    const leader = elect(world);
    for (let i = 0; i < 10; i += 1) world.propose(leader, `c${i}`);
    world.until(() => allApplied(world, 'c9'));
    const damaged = other(world, leader);
    world.crash(damaged);
    const lost = damaged.disk.entries.splice(3).length;
    world.start(damaged, lost + 3);
    world.onStep = (node, _message, effects) => {
      if (node !== damaged || (damaged.raft as Raft).log.lastIndex >= lost + 3) return;
      for (const rpc of effects.messages) {
        if (rpc.type === 'RequestVoteReply') expect(rpc.voteGranted).toBe(false);
        if (rpc.type === 'AppendEntriesReply') expect(rpc.matchIndex).toBe(0);
        expect(rpc.type).not.toMatch(/^(RequestVote|PreVote)$/);
      }
    };
    world.run(world.now + 1000);
    world.crash([...world.nodes.values()].find((n) => n !== damaged && n !== leader) as Node);
    const id = world.propose(leader, 'needs the repaired one');
    expect(world.until(() => outcomeOf(world, id) !== undefined)).toBe(true);
    expect(outcomeOf(world, id)).toMatchObject({ outcome: 'committed' });
  });
});
