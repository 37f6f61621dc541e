/** A member's status in uring's words, times in its ticks. */
import type { MemberStatus } from '@seedraft/wire';

/** ms. */
const TICK = 100;

export const ROLES = {
  follower: 'Follower',
  'pre-candidate': 'PreCandidate',
  candidate: 'Candidate',
  leader: 'Leader',
} as const;

/**
 * The number that uring's users gave a member: it is in its name, since the cluster gives ids by itself, in the order of joining and never one twice.
 */
export function numberOf({ id, name }: { readonly id: number; readonly name: string }): number {
  const number = /^n([1-9]\d{0,8})$/.exec(name)?.[1];
  return number === undefined ? id : Number(number);
}

export function uringStatus(status: MemberStatus): Readonly<Record<string, unknown>> {
  const { role, term, lastIndex, isElectable, electionElapsed, electionTimeout } = status;
  return {
    id: numberOf(status),
    role: ROLES[role],
    promotable: isElectable,
    pass_election_timeout: role !== 'leader' && electionElapsed >= electionTimeout,
    election_elapsed: Math.floor(electionElapsed / TICK),
    randomized_election_timeout: Math.ceil(electionTimeout / TICK),
    term,
    last_index: lastIndex,
  };
}
