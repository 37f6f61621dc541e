/** A configuration in one line, for people. */
import type { Configuration } from '@seedraft/core';

export function describeMembers({ members, outgoing }: Configuration): string {
  const all = members.map(({ id, name, role }) => `${id} ${name} (${role})`).join(', ');
  return outgoing === null
    ? all || 'none: it has not heard of its cluster yet'
    : `${all}; leaving ${outgoing.join(', ')}`;
}
