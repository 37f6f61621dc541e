/**
 * The ring: vnodes 0 to size - 1, each owned by exactly one node once there is one, shared out evenly: everyone has floor(size / n) of
 * them or one more. Two strategies: `continuous` gives blocks in the order of the nodes, the first size mod n nodes having one more, so
 * that a placement follows from size and nodes alone; `minimal` moves no vnode that an even share does not force to move.
 *
 * Pure and deterministic: who gives, and which vnodes, is decided by loads and order alone.
 */
import { decodeOrThrow, encode } from '@seedraft/codec';
import type { KvRingStrategy } from './command.ts';
import type { KvRelocation, KvRing } from './result.ts';
import type { Content } from './table.ts';

export interface RingChange {
  readonly ring: KvRing;
  readonly relocations: readonly KvRelocation[];
}

const STRATEGIES: readonly KvRingStrategy[] = ['continuous', 'minimal'];

export function emptyRing(size: number, strategy: KvRingStrategy): KvRing {
  return { size, strategy, nodes: [] };
}

/** Unchanged if the node is there already. */
export function addNode(ring: KvRing, node: string): RingChange {
  if (ring.nodes.some(({ id }) => id === node)) return { ring, relocations: [] };
  const ids = [...ring.nodes.map(({ id }) => id), node];
  return changed(ring, ids, ring.strategy === 'minimal' ? addMinimal : continuous);
}

/** Unchanged if there is no such node. The last node leaves a ring that nobody owns. */
export function removeNode(ring: KvRing, node: string): RingChange {
  const ids = ring.nodes.map(({ id }) => id).filter((id) => id !== node);
  if (ids.length === ring.nodes.length) return { ring, relocations: [] };
  return changed(ring, ids, ring.strategy === 'minimal' ? removeMinimal : continuous);
}

/** By the node's id, ascending vnodes. */
type Placement = Map<string, number[]>;
type Strategy = (ring: KvRing, ids: readonly string[]) => Placement;

function changed(ring: KvRing, ids: readonly string[], place: Strategy): RingChange {
  const placement = place(ring, ids);
  const nodes = ids.map((id) => ({ id, vnodes: placement.get(id)! }));
  return { ring: { ...ring, nodes }, relocations: relocationsOf(ring, placement) };
}

/** Blocks in the order of the nodes. */
function continuous({ size }: KvRing, ids: readonly string[]): Placement {
  const placement: Placement = new Map();
  const [least, more] = [Math.floor(size / ids.length), size % ids.length];
  let vnode = 0;
  ids.forEach((id, place) => {
    const count = least + (place < more ? 1 : 0);
    placement.set(
      id,
      Array.from({ length: count }, (_, i) => vnode + i),
    );
    vnode += count;
  });
  return placement;
}

/**
 * The newcomer, last of `ids`, takes floor(size / n): no fewer would be even. Whoever has most gives, the later one of equals; as loads
 * were even before, giving from the top keeps them so.
 */
function addMinimal({ size, nodes }: KvRing, ids: readonly string[]): Placement {
  const newcomer: number[] = [];
  const placement: Placement = new Map(nodes.map(({ id, vnodes }) => [id, [...vnodes]]));
  if (nodes.length === 0) newcomer.push(...Array.from({ length: size }, (_, vnode) => vnode));
  else {
    for (let wanted = Math.floor(size / ids.length); wanted > 0; wanted--) {
      newcomer.push(mostLoaded(placement).pop()!);
    }
  }
  placement.set(
    ids.at(-1)!,
    newcomer.sort((a, b) => a - b),
  );
  return placement;
}

/** What the leaver had is all that moves, each to whoever has least then, the earlier one of equals. */
function removeMinimal({ nodes }: KvRing, ids: readonly string[]): Placement {
  const staying = new Set(ids);
  const placement: Placement = new Map();
  let homeless: readonly number[] = [];
  for (const { id, vnodes } of nodes) {
    if (staying.has(id)) placement.set(id, [...vnodes]);
    else homeless = vnodes;
  }
  if (ids.length === 0) return placement;
  for (const vnode of homeless) leastLoaded(placement).push(vnode);
  for (const vnodes of placement.values()) vnodes.sort((a, b) => a - b);
  return placement;
}

function mostLoaded(placement: Placement): number[] {
  let most: number[] = [];
  for (const vnodes of placement.values()) if (vnodes.length >= most.length) most = vnodes;
  return most;
}

function leastLoaded(placement: Placement): number[] {
  let least: number[] | null = null;
  for (const vnodes of placement.values()) {
    if (least === null || vnodes.length < least.length) least = vnodes;
  }
  return least!;
}

/** By source in the order of the nodes before, then by destination in the order of what it is given. */
function relocationsOf({ nodes, size }: KvRing, placement: Placement): KvRelocation[] {
  const owners = new Array<string>(size);
  for (const [id, vnodes] of placement) for (const vnode of vnodes) owners[vnode] = id;
  const relocations: KvRelocation[] = [];
  for (const { id: source, vnodes } of nodes) {
    const moved = new Map<string, number[]>();
    for (const vnode of vnodes) {
      const destination = owners[vnode];
      if (destination === undefined || destination === source) continue;
      const known = moved.get(destination);
      if (known === undefined) moved.set(destination, [vnode]);
      else known.push(vnode);
    }
    for (const [destination, given] of moved) {
      relocations.push({ source, destination, vnodes: given });
    }
  }
  return relocations;
}

// -------------------------------------------------------------------------------------------------------------------------- bytes

/** [size, strategy, [[id, [first, length, first, length, ...]] ...]]: vnodes as runs, of which a continuous ring has one for each node. */
export function ringContent({ size, strategy, nodes }: KvRing): Content {
  const rows = nodes.map(({ id, vnodes }) => [id, runsOf(vnodes)]);
  const bytes = encode([size, STRATEGIES.indexOf(strategy), rows]);
  return { type: 'ring', bytes, pages: null };
}

export function ringOf({ bytes }: Content): KvRing {
  const [size, strategy, rows] = decodeOrThrow(bytes) as [number, number, [string, number[]][]];
  const nodes = rows.map(([id, runs]) => ({ id, vnodes: vnodesOf(runs) }));
  return { size, strategy: STRATEGIES[strategy]!, nodes };
}

function runsOf(vnodes: readonly number[]): number[] {
  const runs: number[] = [];
  for (let i = 0; i < vnodes.length; ) {
    const first = vnodes[i]!;
    let length = 1;
    while (vnodes[i + length] === first + length) length++;
    runs.push(first, length);
    i += length;
  }
  return runs;
}

function vnodesOf(runs: readonly number[]): number[] {
  const vnodes: number[] = [];
  for (let i = 0; i < runs.length; i += 2) {
    for (let n = 0; n < runs[i + 1]!; n++) vnodes.push(runs[i]! + n);
  }
  return vnodes;
}
