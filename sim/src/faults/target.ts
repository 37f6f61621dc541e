/**
 * Whom a fault hits, in words. `leader`, `lagging follower`, `majority` resolve at the moment the fault fires, so a scenario can speak of
 * roles that only the run decides; what they resolved to is told in the fault's sentence. Choices among several are keyed draws.
 */
import type { Member, MemberId } from '@seedraft/core';
import { z } from 'zod';
import type { MemberView } from '../observer.ts';
import type { Draw, FaultWorld } from './fault.ts';

export const TARGET_WORDS = [
  'leader',
  'follower',
  'followers',
  'lagging follower',
  'learner',
  'majority',
  'minority',
  'random',
  'all',
] as const;

const TARGET = new RegExp(`^(${TARGET_WORDS.join('|')}|n[1-9][0-9]*)$`);
const EXPECTED = `expected a member (n1, n2, ...) or one of: ${TARGET_WORDS.join(', ')}`;

/** A member's name, or a word for one or several. */
export function target() {
  return z.string().regex(TARGET, EXPECTED).meta({ target: true });
}

/** A member's name only: for steps of a story that are about this one. */
export function memberName() {
  return z
    .string()
    .regex(/^n[1-9][0-9]*$/, 'expected a member: n1, n2, ...')
    .meta({ target: true });
}

/** Who joins: a name in the order of joining (n6 after five members), or `new` for the next one. */
export function newcomer() {
  return z
    .string()
    .regex(/^(new|n[1-9][0-9]*)$/, 'expected a new member: n6, ..., or new for the next one')
    .meta({ newcomer: true });
}

/** Of a Raft cluster: the members that count now, by the configuration of the leader, or of the member with the highest term. */
export function currentMembers(world: FaultWorld): readonly Member[] {
  let best = world.leader();
  if (best === null) {
    for (const member of world.current) {
      if (best === null || (member.raft?.currentTerm ?? 0) > (best.raft?.currentTerm ?? 0)) {
        best = member;
      }
    }
  }
  return best?.raft?.configuration.members ?? [];
}

/** Of a Raft cluster: voters that count now and are not lost, id-sorted (FaultWorld.voters). */
export function currentVoters(world: FaultWorld): MemberView[] {
  const voters: MemberView[] = [];
  for (const member of currentMembers(world)) {
    if (member.role !== 'voter') continue;
    const view = find(world, member.id);
    if (view !== null && view.status !== 'gone') voters.push(view);
  }
  return voters;
}

/** Everyone the target stands for now, id-sorted; empty when there is nobody. `purpose` keys the draw. */
export function resolve(
  world: FaultWorld,
  word: string,
  draw: Draw,
  purpose = 'target',
): MemberView[] {
  const leader = world.leader();
  switch (word) {
    case 'leader':
      return leader === null ? [] : [leader];
    case 'all':
      return [...world.current];
    case 'followers':
      return world.current.filter((member) => member !== leader);
    case 'follower':
      return one(
        world.voters.filter((member) => member !== leader && member.status !== 'down'),
        draw,
        purpose,
      );
    case 'learner':
      return one(learners(world), draw, purpose);
    case 'random':
      return one(world.current, draw, purpose);
    case 'lagging follower':
      return lagging(world, leader);
    case 'majority':
      return some(world, draw, purpose, (voters) => Math.floor(voters / 2) + 1);
    case 'minority':
      return some(world, draw, purpose, (voters) => Math.floor((voters - 1) / 2));
    default: {
      const named = world.members.find((member) => member.name === word);
      return named === undefined || named.status === 'gone' ? [] : [named];
    }
  }
}

/** The first of those the target stands for, or null. */
export function resolveOne(
  world: FaultWorld,
  word: string,
  draw: Draw,
  purpose = 'target',
): MemberView | null {
  return resolve(world, word, draw, purpose)[0] ?? null;
}

/** "n1", "n1 and n4", "n1, n2 and n5"; "nobody" for none. */
export function names(members: readonly MemberView[]): string {
  const all = members.map((member) => member.name);
  const last = all.pop();
  if (last === undefined) return 'nobody';
  return all.length === 0 ? last : `${all.join(', ')} and ${last}`;
}

export function find(world: FaultWorld, id: MemberId): MemberView | null {
  return world.members.find((member) => member.id === id) ?? null;
}

function one(from: readonly MemberView[], draw: Draw, purpose: string): MemberView[] {
  return from.length === 0 ? [] : [draw.pick(purpose, from)];
}

function some(
  world: FaultWorld,
  draw: Draw,
  purpose: string,
  count: (voters: number) => number,
): MemberView[] {
  const { voters } = world;
  const chosen = draw.shuffle(purpose, voters).slice(0, Math.max(0, count(voters.length)));
  return chosen.sort((left, right) => left.id - right.id);
}

function learners(world: FaultWorld): MemberView[] {
  const configuration = world.leader()?.raft?.configuration;
  return world.current.filter((member) =>
    configuration?.members.some((other) => other.id === member.id && other.role === 'learner'),
  );
}

function lagging(world: FaultWorld, leader: MemberView | null): MemberView[] {
  let least: MemberView | null = null;
  for (const member of world.current) {
    if (member === leader || member.raft === null) continue;
    const index = member.raft.log.lastIndex;
    if (least === null || index < (least.raft?.log.lastIndex ?? 0)) least = member;
  }
  return least === null ? [] : [least];
}
