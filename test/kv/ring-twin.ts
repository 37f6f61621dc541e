/** The slow obvious twin of the ring: the checker's model, which places one vnode at a time, in the words of the machine. */
import { placeAnew } from '@seedraft/check';
import type { KvRelocation, KvRing } from '@seedraft/kv';

export function ringAfter(
  before: KvRing,
  word: 'ringAdd' | 'ringRemove',
  node: string,
): { readonly ring: KvRing; readonly relocations: KvRelocation[] } {
  const nodes = before.nodes.map(({ id, vnodes }) => [id, vnodes] as const);
  const how = word === 'ringAdd' ? 'add' : 'remove';
  const after = placeAnew({ ...before, nodes }, node, how);
  return {
    ring: { ...before, nodes: after.nodes.map(([id, vnodes]) => ({ id, vnodes })) },
    relocations: after.moves.map(([source, destination, vnodes]) => ({
      source,
      destination,
      vnodes,
    })),
  };
}
