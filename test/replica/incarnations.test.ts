/** An id is bound to one data directory: what comes under it from another is refused and counted (M32). */
import { EMPTY_CONFIGURATION, type PeerMessage } from '@seedraft/core';
import { describe, expect, test } from 'vitest';
import { Incarnations } from '../../packages/replica/src/incarnations.ts';
import { incarnationOf, TestCluster } from './cluster.ts';

const vote = (from: number, to: number): PeerMessage => ({
  type: 'RequestVote',
  from,
  to,
  term: 1000,
  lastLogIndex: 1000,
  lastLogTerm: 999,
  transfer: true,
});

describe('incarnations', () => {
  test('a message under a bound id from another data directory changes nothing and is counted', () => {
    const cluster = new TestCluster();
    const leader = cluster.leader();
    const follower = cluster.follower();
    const replica = cluster.replica(follower);
    const before = replica.raft.digest();
    const wiped = incarnationOf(0xdead);
    replica.receive(cluster.clockOf(cluster.member(follower)), wiped, vote(leader, follower));
    replica.receive(cluster.clockOf(cluster.member(follower)), '', vote(leader, follower));
    expect(replica.raft.digest()).toEqual(before);
    expect(replica.refusedMessages).toBe(2);
  });

  test('the leader of a cluster bootstrapped from addresses binds everyone it hears, itself included', () => {
    const cluster = new TestCluster({ unbound: true });
    cluster.leader();
    cluster.run(1000);
    for (const { id, replica } of cluster.members) {
      const { members } = replica!.raft.configuration;
      expect(members.map((m) => m.incarnation)).toEqual([1, 2, 3].map(incarnationOf));
      expect(members.map((m) => m.role)).toEqual(['voter', 'voter', 'voter']);
      expect(cluster.member(id).death).toBeNull();
    }
    const { log } = cluster.replica(1).raft;
    cluster.run(2000);
    expect(cluster.replica(1).raft.log.lastIndex).toBe(log.lastIndex);
  });

  test('an unbound member is held to the incarnation it was first heard with', () => {
    const member = {
      incarnation: '',
      name: '',
      peerAddress: '',
      clientAddress: '',
      role: 'voter',
      priority: 0,
    } as const;
    const configuration = {
      members: [
        { ...member, id: 1 },
        { ...member, id: 2 },
      ],
      outgoing: null,
      autoLeave: false,
      highestId: 2,
    };
    const incarnations = new Incarnations(1, 'own', 20, () => '');
    const asks = { type: 'TimeoutNow', from: 2, to: 1, term: 1 } as const;
    expect(incarnations.admit(asks, 'first', configuration)).toBe(true);
    expect(incarnations.admit(asks, 'other', configuration)).toBe(false);
    expect(incarnations.admit(asks, 'first', configuration)).toBe(true);
    expect(incarnations.refused).toBe(1);
    expect(incarnations.bind(0, 5, configuration)?.changes).toHaveLength(2);
    expect(incarnations.dueAt).toBe(Number.POSITIVE_INFINITY);
    expect(incarnations.ended(5)).toBe(true);
    expect(incarnations.dueAt).toBe(20);
  });

  test('an id in no configuration may ask, but its promises are not listened to', () => {
    const incarnations = new Incarnations(1, 'own', 20, () => '');
    const vote = { type: 'RequestVoteReply', from: 7, to: 1, term: 1, voteGranted: true } as const;
    const asks = { type: 'TimeoutNow', from: 7, to: 1, term: 1 } as const;
    expect(incarnations.admit(asks, 'new', EMPTY_CONFIGURATION)).toBe(true);
    expect(incarnations.admit(vote, 'new', EMPTY_CONFIGURATION)).toBe(false);
    expect(incarnations.refused).toBe(1);
  });
});
