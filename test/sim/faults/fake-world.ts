/** A world that only looks and remembers: enough of FaultWorld to see what a fault asks for, without an engine. */
import type { Configuration, MemberId } from '@seedraft/core';
import {
  currentVoters,
  type Draw,
  type MemberView,
  type RaftFaultWorld,
  Randomness,
} from '@seedraft/sim';

export interface FakeMember {
  readonly id: MemberId;
  status?: MemberView['status'];
  role?: 'leader' | 'follower';
  lastIndex?: number;
  commitIndex?: number;
  repairUntil?: number;
  configuration?: Configuration;
}

export function configurationOf(
  voters: readonly MemberId[],
  outgoing: readonly MemberId[] | null = null,
  learners: readonly MemberId[] = [],
): Configuration {
  const entry = (id: MemberId, role: 'voter' | 'learner' | 'leaving') => ({
    id,
    incarnation: `incarnation ${id}`,
    name: `n${id}`,
    peerAddress: '',
    clientAddress: '',
    role,
    priority: 0,
  });
  const leaving = (outgoing ?? []).filter((id) => !voters.includes(id));
  const members = [
    ...voters.map((id) => entry(id, 'voter')),
    ...learners.map((id) => entry(id, 'learner')),
    ...leaving.map((id) => entry(id, 'leaving')),
  ].sort((left, right) => left.id - right.id);
  return { members, outgoing, autoLeave: true, highestId: members.at(-1)?.id ?? 0 };
}

/** Views of members; what a test changes in `members` shows at once. */
export function views(members: readonly FakeMember[], all: Configuration): MemberView[] {
  return members.map((member) => ({
    id: member.id,
    name: `n${member.id}`,
    incarnation: `incarnation ${member.id}`,
    replica: null,
    get status() {
      return member.status ?? 'up';
    },
    get raft() {
      if (member.status === 'down' || member.status === 'gone') return null;
      return {
        role: member.role ?? 'follower',
        currentTerm: 1,
        commitIndex: member.commitIndex ?? 0,
        durableIndex: member.lastIndex ?? 0,
        repairUntil: member.repairUntil ?? 0,
        configuration: member.configuration ?? all,
        log: { lastIndex: member.lastIndex ?? 0 },
      } as unknown as NonNullable<MemberView['raft']>;
    },
    metDamage: false,
    diskFaults: 'none',
    clock: () => 0,
  }));
}

/** Blocked directions, as `from->to`. */
export interface FakeWorld extends RaftFaultWorld {
  readonly blocked: Map<string, number>;
}

export function fakeWorld(
  members: readonly FakeMember[],
  configuration?: Configuration,
): FakeWorld {
  const all = configuration ?? configurationOf(members.map((member) => member.id));
  const seen = views(members, all);
  const blocked = new Map<string, number>();
  const world = {
    now: 0,
    members: seen,
    get current() {
      return seen.filter(({ status }) => status === 'up' || status === 'paused');
    },
    member: (id: MemberId) => seen.find((view) => view.id === id),
    leader: () => seen.find(({ raft }) => raft?.role === 'leader') ?? null,
    get voters() {
      return currentVoters(world as unknown as FakeWorld);
    },
    permits: () => true,
    blocked,
    block(from: MemberId, to: MemberId) {
      const link = `${from}->${to}`;
      blocked.set(link, (blocked.get(link) ?? 0) + 1);
      return () => blocked.set(link, (blocked.get(link) ?? 0) - 1);
    },
  };
  return world as unknown as FakeWorld;
}

export function drawOf(id: number): Draw {
  return new Randomness([1, 2, 3, 4]).draw('test', id);
}
