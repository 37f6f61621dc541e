/** What a member says of itself at `/`, in distraft's words: members by name, addresses as pairs of host and port. */
import type { ApiContext } from '../protocol.ts';

const STATES = {
  follower: 'Follower',
  'pre-candidate': 'Candidate',
  candidate: 'Candidate',
  leader: 'Leader',
} as const;

type Endpoint = readonly [host: string, port: number];

export async function distraftStatus(
  context: ApiContext,
): Promise<Readonly<Record<string, unknown>>> {
  const status = context.door.status();
  const addresses = await context.addresses();
  const isUp = context.testing?.isUp() ?? true;
  const isLeader = isUp && status.role === 'leader';
  const names = new Map(status.configuration.members.map(({ id, name }) => [id, name || `n${id}`]));
  const progress = isLeader ? status.progress : [];
  return {
    id: names.get(status.id) ?? status.name,
    leader: isUp ? (names.get(status.leader) ?? null) : null,
    is_leader: isLeader,
    state: isUp ? STATES[status.role] : 'Follower',
    up: isUp,
    commit_index: status.commitIndex,
    last_applied: status.appliedIndex,
    last_log_index: status.lastIndex,
    last_log_term: status.lastTerm,
    term: status.term,
    next_index: byName(progress.map(({ id, nextIndex }) => [names.get(id), nextIndex])),
    match_index: byName(progress.map(({ id, matchIndex }) => [names.get(id), matchIndex])),
    members: byName(
      status.configuration.members.flatMap(({ id, peerAddress }) => {
        const address = addresses.get(id);
        // Its clients would call there: who is not known to speak this is left out.
        if (address === undefined) return [];
        return [[names.get(id), [...endpoint(peerAddress), ...endpoint(address)]]];
      }),
    ),
  };
}

function byName(pairs: readonly (readonly [string | undefined, unknown])[]) {
  return Object.fromEntries(pairs.map(([name, value]) => [name ?? '?', value]));
}

function endpoint(address: string): Endpoint {
  const at = address.lastIndexOf(':');
  return at === -1 ? ['', 0] : [address.slice(0, at), Number(address.slice(at + 1))];
}
