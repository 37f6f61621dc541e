/**
 * What an operator does by hand, for the membership faults: name a member in a configuration, wait until a learner has caught up, run
 * the usual procedure of replacing one member by another.
 */
import type { Member, MemberChange, MemberId } from '@seedraft/core';
import type { MemberView, Micros } from '../observer.ts';
import type { RaftFaultWorld } from './fault.ts';
import { currentMembers } from './target.ts';

/** More voters than this make runs slow and nothing more likely. */
export const MOST_VOTERS = 7;
/** Fewer voters than this bear no failure at all: random removals stop here. */
export const FEWEST_VOTERS = 3;

/** The member as a configuration entry lists it, bound to the incarnation of its data directory. */
export function memberOf(view: MemberView, role: 'voter' | 'learner'): Member {
  return {
    id: view.id,
    incarnation: view.incarnation,
    name: view.name,
    peerAddress: view.name,
    clientAddress: view.name,
    role,
    priority: 0,
  };
}

/** A new, empty member: the one named `name` if it was spawned before and is in no configuration, else the next one. */
export function newMember(world: RaftFaultWorld, name = 'new'): MemberView {
  const existing = world.members.find(
    (member) =>
      member.name === name && member.status !== 'gone' && roleOf(world, member.id) === null,
  );
  return existing ?? world.member(world.spawn());
}

/** The member's role in the leader's configuration; null when it is in none, or nobody leads. */
export function roleOf(world: RaftFaultWorld, id: MemberId): Member['role'] | null {
  for (const member of world.leader()?.raft?.configuration.members ?? []) {
    if (member.id === id) return member.role;
  }
  return null;
}

/**
 * Would the voters, once these changes are made, still have a quorum of members whose disks are whole? No operator in his senses removes
 * the healthy while others are broken; the atlas counts on it, since it cannot foresee changes. Asked when a change is first thought of, and
 * again whenever a leader is asked to make it.
 */
export function keepsQuorum(world: RaftFaultWorld, changes: readonly MemberChange[]): boolean {
  // To leave a joint configuration only takes away a half.
  if (changes.length === 0) return true;
  const voters = new Set<MemberId>();
  for (const member of currentMembers(world)) if (member.role === 'voter') voters.add(member.id);
  for (const change of changes) {
    if (change.type === 'add' && change.member.role === 'voter') voters.add(change.member.id);
    else if (change.type === 'promote') voters.add(change.id);
    else if (change.type === 'remove' || change.type === 'demote') voters.delete(change.id);
  }
  let broken = 0;
  for (const id of voters) {
    if (world.impaired.includes(id) || world.member(id).status === 'gone') broken += 1;
  }
  return broken <= Math.floor((voters.size - 1) / 2);
}

/** Runs `action` when the learner holds everything committed now; gives up after `within`. */
export function whenCaughtUp(
  world: RaftFaultWorld,
  learner: MemberView,
  within: Micros,
  action: () => void,
): void {
  const caughtUp = (): boolean => {
    const leader = world.leader()?.raft;
    const raft = learner.raft;
    if (!leader || !raft || roleOf(world, learner.id) !== 'learner') return false;
    return leader.commitIndex > 0 && raft.durableIndex >= leader.commitIndex;
  };
  world.when(caughtUp, within, action);
}

/** The procedure for replacing a member: the new one joins as a learner, catches up, and takes the place in one joint change. */
export function replaceMember(world: RaftFaultWorld, leaving: MemberId, joining: MemberView): void {
  world.changeMembership([{ type: 'add', member: memberOf(joining, 'learner') }], 'single');
  whenCaughtUp(world, joining, 10_000_000, () => {
    world.changeMembership(
      [
        { type: 'promote', id: joining.id },
        { type: 'remove', id: leaving },
      ],
      'joint',
    );
  });
}
