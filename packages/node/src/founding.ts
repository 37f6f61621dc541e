/** What people are told while a cluster is being founded (replica's founding.ts): whom a first member waits for, and who will never have it. */
import type { Configuration, MemberId } from '@seedraft/core';
import type { FoundingStatus } from '@seedraft/replica';

/** Null: it is founded, or was never a first member. */
export function describeFounding(
  founding: FoundingStatus | null,
  { members }: Configuration,
): string | null {
  if (founding === null) return null;
  const nameOf = (id: MemberId): string => {
    const member = members.find((one) => one.id === id);
    return `${member?.name || `member ${id}`} at ${member?.peerAddress ?? 'an unknown address'}`;
  };
  const { waitingFor, refusedBy } = founding;
  if (refusedBy.length > 0) {
    return (
      `${refusedBy.map(nameOf).join(' and ')} met this id with another data directory when the cluster was founded: what was in that one is lost, so this one ` +
      'never votes. Remove the member and let an empty directory join; if no member of the cluster has served a client yet, empty all their directories and bootstrap again'
    );
  }
  if (waitingFor.length === 0) return 'all first members have met: writes that down';
  return (
    'the cluster is being founded, and every first member must be heard once: ' +
    `waits for ${waitingFor.map(nameOf).join(' and ')} (is it started, and is that its address?)`
  );
}
