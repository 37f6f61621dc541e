/**
 * uring's PubSub: what happens to keys, to the ring and to the members, as its messages. Keys and ring are watched in the replicated state, so
 * every subscriber at one member hears every change there once, in the order of the log; roles and members are this member's own view.
 */
import { type KvChange, type KvRelocation, type KvRing, watch } from '@seedraft/kv';
import type { MemberStatus } from '@seedraft/wire';
import type { Door } from '../door.ts';
import { jsonOf } from '../json-out.ts';
import { DEFAULT_NAMESPACE, RING_NAMESPACE } from '../namespace.ts';
import { numberOf, ROLES } from './status.ts';

export const CHANNELS = ['kv', 'mring', 'uring'] as const;
export type Channel = (typeof CHANNELS)[number];

/** Returns how to end it. `push` must not throw. */
export function subscribe(
  door: Door,
  channel: Channel,
  push: (message: unknown) => void,
): () => void {
  switch (channel) {
    case 'kv':
      return watching(door, DEFAULT_NAMESPACE, kvMessage, push);
    case 'mring':
      return watching(door, RING_NAMESPACE, ringMessage, push);
    case 'uring':
      return looking(door, push);
  }
}

/** A snapshot may replace the state: then changes were missed, which is told, and it goes on from there. */
function watching(
  door: Door,
  namespace: string,
  describe: (change: KvChange) => unknown,
  push: (message: unknown) => void,
): () => void {
  let cancel: (() => void) | null = null;
  const begin = (): void => {
    const query = watch(namespace, '', { previous: true, conflicts: true });
    const notify = (_: number, change: unknown): void => {
      const message = describe(change as KvChange);
      if (message !== null) push(message);
    };
    const onLost = (): void => {
      push({ Lost: {} });
      begin();
    };
    cancel = door.watch(query, notify, onLost);
  };
  begin();
  return () => cancel?.();
}

/** uring numbers its services; keys are its first. */
const scope = 0;

function kvMessage(change: KvChange): unknown {
  const { kind, key, wanted } = change;
  const now = jsonOf(change.item?.value ?? null);
  const old = jsonOf(change.previous?.value ?? null);
  switch (kind) {
    case 'put':
      return { Put: { scope, key, new: now, old } };
    case 'cas':
      return { Cas: { scope, key, new: now, old } };
    case 'conflict':
      return { CasConflict: { scope, key, new: jsonOf(wanted ?? null), conflict: now } };
    case 'delete':
    case 'expire':
      return { Delete: { scope, key, old } };
    case 'flush':
      return { Flush: { scope } };
    default:
      return null;
  }
}

function ringMessage({ item, ring }: KvChange): unknown {
  if (ring === undefined || item === null) return null;
  const { size, strategy, nodes } = item.value as KvRing;
  if (ring.change === 'sized') return { SetSize: { size, strategy } };
  const { node } = ring;
  const next = nodes.map(({ id, vnodes }) => ({ id, vnodes }));
  const told = { node, strategy, next, relocations: relocationsOf(ring.relocations) };
  return ring.change === 'added' ? { NodeAdded: told } : { NodeRemoved: told };
}

/** `{source: {destinations: {destination: [vnodes]}}}`. */
function relocationsOf(relocations: readonly KvRelocation[]) {
  // A node may be called `__proto__`: only a Map and Object.fromEntries take that for a name.
  const told = new Map<string, { readonly destinations: Record<string, readonly number[]> }>();
  for (const { source, destination, vnodes } of relocations) {
    const before = Object.entries(told.get(source)?.destinations ?? {});
    told.set(source, { destinations: Object.fromEntries([...before, [destination, vnodes]]) });
  }
  return Object.fromEntries(told);
}

function looking(door: Door, push: (message: unknown) => void): () => void {
  const look = (role: MemberStatus['role']) => {
    const status = door.status();
    const members = new Set(status.configuration.members.map(numberOf));
    return { id: numberOf(status), role, members };
  };
  let before = look(door.status().role);
  return door.onChange((role) => {
    const now = look(role);
    if (now.role !== before.role) {
      const [prev_state, next_state] = [ROLES[before.role], ROLES[now.role]];
      push({ StateChange: { node: now.id, prev_state, next_state } });
    }
    for (const id of now.members) {
      if (!before.members.has(id)) push({ AddNode: { node: now.id, new_node: id } });
    }
    for (const id of before.members) {
      if (!now.members.has(id)) push({ RemoveNode: { node: now.id, old_node: id } });
    }
    before = now;
  });
}
