/**
 * Quorums, written a second time: the rules must not ask the core under test what a quorum is. A joint configuration needs a majority
 * of both halves (section 6 of the paper).
 */
import type { Configuration, MemberId } from '@seedraft/core';

type Holds = (id: MemberId) => boolean;

function majorityOf(voters: readonly MemberId[], holds: Holds): boolean {
  let count = 0;
  for (const id of voters) if (holds(id)) count += 1;
  return count * 2 > voters.length;
}

/** The incoming voters; `counting` widens them for the diagnosis "it counted those too". */
export function incomingVoters(configuration: Configuration): MemberId[] {
  const voters: MemberId[] = [];
  for (const member of configuration.members) if (member.role === 'voter') voters.push(member.id);
  return voters;
}

/** True when the members for which `holds` is true contain a quorum. No voters: never. */
export function isQuorum(configuration: Configuration, holds: Holds): boolean {
  let voters = 0;
  let count = 0;
  for (const member of configuration.members) {
    if (member.role !== 'voter') continue;
    voters += 1;
    if (holds(member.id)) count += 1;
  }
  if (voters === 0 || count * 2 <= voters) return false;
  return configuration.outgoing === null || majorityOf(configuration.outgoing, holds);
}

/** True when every quorum of one shares a member with every quorum of the other; exact, by trying every set of members. */
export function quorumsIntersect(one: Configuration, other: Configuration): boolean {
  const ids = [...new Set([...votersEver(one), ...votersEver(other)])];
  if (ids.length > 16) throw new RangeError(`${ids.length} voters are too many to enumerate`);
  for (let set = 0; set < 1 << ids.length; set++) {
    const inside: Holds = (id) => (set & (1 << ids.indexOf(id))) !== 0;
    if (isQuorum(one, inside) && isQuorum(other, (id) => !inside(id))) return false;
  }
  return true;
}

/** Voters of either half. */
export function votersEver(configuration: Configuration): MemberId[] {
  const voters = incomingVoters(configuration);
  for (const id of configuration.outgoing ?? []) if (!voters.includes(id)) voters.push(id);
  return voters;
}

/** How many members have a vote in either half. */
export function countVoters({ members, outgoing }: Configuration): number {
  let count = outgoing === null ? 0 : outgoing.length;
  for (const { id, role } of members) {
    if (role === 'voter' && (outgoing === null || !outgoing.includes(id))) count += 1;
  }
  return count;
}

/** True when both give the same members a vote, in both halves. */
export function sameVoters(one: Configuration, other: Configuration): boolean {
  return (
    incomingVoters(one).join() === incomingVoters(other).join() &&
    (one.outgoing ?? []).join() === (other.outgoing ?? []).join() &&
    (one.outgoing === null) === (other.outgoing === null)
  );
}
