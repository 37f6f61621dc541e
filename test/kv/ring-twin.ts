/**
 * The slow obvious twin of the ring, one vnode at a time. `continuous` as uring does it: each node in order pops from the tail to the
 * next one until it is within its quota, and everybody's list is sorted after each pop. `minimal`: one move after the other from whoever has
 * most, or of what the leaver had to whoever has least.
 */
import type { KvRelocation, KvRing } from '@seedraft/kv';

export type TwinRing = KvRing;
type Lists = [id: string, vnodes: number[]][];

export function ringAfter(ring: TwinRing, word: 'ringAdd' | 'ringRemove', node: string) {
  const before: Lists = ring.nodes.map(({ id, vnodes }) => [id, [...vnodes]]);
  const isThere = before.some(([id]) => id === node);
  if (isThere === (word === 'ringAdd')) return { ring, relocations: [] };
  const lists: Lists = before.map(([id, vnodes]) => [id, [...vnodes]]);
  if (word === 'ringAdd') add(ring, lists, node);
  else takeOut(ring, lists, node);
  for (const [, vnodes] of lists) vnodes.sort((a, b) => a - b);
  const nodes = lists.map(([id, vnodes]) => ({ id, vnodes }));
  return { ring: { ...ring, nodes }, relocations: moves(before, lists) };
}

function add({ size, strategy }: TwinRing, lists: Lists, node: string): void {
  lists.push([node, []]);
  if (lists.length === 1) lists[0]![1].push(...Array(size).keys());
  else if (strategy === 'continuous') shift(size, lists);
  else {
    for (let i = 0; i < Math.floor(size / lists.length); i++) {
      const givers = lists.slice(0, -1);
      const most = Math.max(...givers.map(([, vnodes]) => vnodes.length));
      const giver = givers.findLast(([, vnodes]) => vnodes.length === most)!;
      giver[1].sort((a, b) => a - b);
      lists.at(-1)![1].push(giver[1].pop()!);
    }
  }
}

function takeOut({ size, strategy }: TwinRing, lists: Lists, node: string): void {
  const place = lists.findIndex(([id]) => id === node);
  const [[, homeless]] = lists.splice(place, 1) as [Lists[number]];
  if (lists.length === 0) return;
  if (strategy === 'continuous') {
    // Everything back to the first node, and from there on again as when they were added.
    for (const list of lists.slice(1)) lists[0]![1].push(...list[1].splice(0));
    lists[0]![1].push(...homeless);
    shift(size, lists);
    return;
  }
  for (const vnode of homeless) {
    const least = Math.min(...lists.map(([, vnodes]) => vnodes.length));
    lists.find(([, vnodes]) => vnodes.length === least)![1].push(vnode);
  }
}

function shift(size: number, lists: Lists): void {
  lists.forEach(([, vnodes], i) => {
    const quota = Math.floor(size / lists.length) + (i < size % lists.length ? 1 : 0);
    while (vnodes.length > quota) {
      vnodes.sort((a, b) => a - b);
      lists[i + 1]![1].push(vnodes.pop()!);
    }
  });
}

function moves(before: Lists, after: Lists): KvRelocation[] {
  const all: KvRelocation[] = [];
  for (const [source, had] of before) {
    for (const [destination, has] of after) {
      const vnodes = had.filter((vnode) => destination !== source && has.includes(vnode));
      if (vnodes.length > 0) all.push({ source, destination, vnodes });
    }
  }
  // In the order of what is given.
  const order = (one: KvRelocation) => before.findIndex(([id]) => id === one.source);
  return all.sort((a, b) => order(a) - order(b) || a.vnodes[0]! - b.vnodes[0]!);
}
