/**
 * Named sites: moments in a member's life at which a crash is worth more than at a random one, each with the rule it puts to the test.
 */
import type { MemberView } from '../observer.ts';
import type { FaultWorld } from './fault.ts';

export const SITES = [
  'persist-pending',
  'candidate',
  'elected',
  'uncommitted',
  'joint',
  'unapplied',
  'behind-snapshot',
] as const;
export type Site = (typeof SITES)[number];

/** What the member is in the middle of, for people. */
export const SITE_SENTENCES: Readonly<Record<Site, string>> = {
  'persist-pending': 'a write of it is under way',
  candidate: 'it asks for votes',
  elected: 'it leads and nothing of its term is committed yet',
  uncommitted: 'it leads with entries not committed yet',
  joint: 'it leads in a joint configuration',
  unapplied: 'it has committed more than it has applied',
  'behind-snapshot': 'the leader can only send it a snapshot',
};

/** True while the member is at the site. */
export function isAtSite(world: FaultWorld, member: MemberView, site: Site): boolean {
  if (member.status !== 'up') return false;
  // S10, S11: whatever was said before the write was durable must not be missed after.
  if (site === 'persist-pending') return world.isPersisting(member.id);
  const { raft } = member;
  if (raft === null) return false;
  switch (site) {
    case 'candidate':
      return raft.role === 'candidate';
    case 'elected':
      // Figure 8: entries of older terms are on a majority, none of this term is.
      return raft.role === 'leader' && raft.log.termAt(raft.commitIndex) !== raft.currentTerm;
    case 'uncommitted':
      return raft.role === 'leader' && raft.log.lastIndex > raft.commitIndex;
    case 'joint':
      return raft.role === 'leader' && raft.configuration.outgoing !== null;
    case 'unapplied':
      return raft.commitIndex > raft.lastApplied;
    case 'behind-snapshot': {
      const leader = world.leader()?.raft;
      return (
        leader !== undefined && leader !== null && leader.log.firstIndex > raft.log.lastIndex + 1
      );
    }
  }
}
