/**
 * Rings of vnodes, one partition per ring. Conventions; nodes are [id, ascending vnodes] in the order in which they were added:
 *   size    input {ring, size, strategy}   output whether it made the ring; false: there is one already
 *   add     input {ring, node}             output {nodes, moves} after it, or null: there is no such ring
 *   remove  input {ring, node}             likewise
 *   nodes   input {ring}                   output the nodes, or null
 * Of a system that does not tell moves the output of add and remove is the nodes alone.
 * `moves` are [from, to, ascending vnodes], by source in the order of the nodes before, then by first vnode. Adding who is there and
 * removing who is not moves nothing.
 *
 * Placement is done one vnode at a time, as it is told to people. `continuous` (uring's): each node in order gives from its tail to the next
 * until it is within its quota, floor(size / n), one more for the first size mod n; a leaver's vnodes go back to the first node before that.
 * `minimal`: to a newcomer one after the other, from whoever has most (the last of these) its highest; from a leaver to whoever has least.
 */
import { canonical, equal } from '../canonical.ts';
import type { Model } from '../history.ts';
import { type Box, defineModel, type OperationRule } from './define.ts';

export type RingNodes = readonly (readonly [id: string, vnodes: readonly number[]])[];
export type RingMoves = readonly (readonly [from: string, to: string, vnodes: readonly number[]])[];
export interface RingState {
  readonly size: number;
  readonly strategy: 'continuous' | 'minimal';
  readonly nodes: RingNodes;
}

interface RingInput {
  readonly ring: string;
}
interface SizeInput extends RingInput, Pick<RingState, 'size' | 'strategy'> {}
interface NodeInput extends RingInput {
  readonly node: string;
}

type State = RingState | null;
type Lists = [id: string, vnodes: number[]][];

const isNull = (output: unknown): boolean => output === null;

const RULES: Readonly<Record<string, OperationRule<State>>> = {
  size: {
    readOnly: (output) => output === false,
    apply: (state, { size, strategy }: SizeInput) =>
      state === null
        ? { state: { size, strategy, nodes: [] }, output: true }
        : { state, output: false },
  },
  add: {
    readOnly: isNull,
    apply: (state, { node }: NodeInput) => changed(state, node, 'add'),
    matches: asFarAsTold,
  },
  remove: {
    readOnly: isNull,
    apply: (state, { node }: NodeInput) => changed(state, node, 'remove'),
    matches: asFarAsTold,
  },
  nodes: {
    readOnly: true,
    apply: (state) => ({ state, output: state === null ? null : state.nodes }),
  },
};

/** Rings: size, add, remove, nodes. */
export function ring(): Model<Box<State>> {
  return defineModel<State>({
    name: 'ring',
    initial: null,
    operations: RULES,
    partition: ({ ring: name }: RingInput) => canonical(name),
  });
}

function changed(state: State, node: string, how: 'add' | 'remove') {
  if (state === null) return { state, output: null };
  const { nodes, moves } = placeAnew(state, node, how);
  return { state: { ...state, nodes }, output: { nodes, moves } };
}

function asFarAsTold(observed: unknown, answered: unknown): boolean {
  if (!Array.isArray(observed)) return equal(observed, answered);
  return answered !== null && equal(observed, (answered as { nodes: RingNodes }).nodes);
}

/** What a ring becomes, and which vnodes move, when a node comes or goes. */
export function placeAnew(
  state: RingState,
  node: string,
  how: 'add' | 'remove',
): { readonly nodes: RingNodes; readonly moves: RingMoves } {
  const isThere = state.nodes.some(([id]) => id === node);
  if (isThere === (how === 'add')) return { nodes: state.nodes, moves: [] };
  const lists: Lists = state.nodes.map(([id, vnodes]) => [id, [...vnodes]]);
  if (how === 'add') add(state, lists, node);
  else takeOut(state, lists, node);
  for (const [, vnodes] of lists) ascending(vnodes);
  return { nodes: lists, moves: movesBetween(state.nodes, lists) };
}

function add({ size, strategy }: RingState, lists: Lists, node: string): void {
  const newcomer: number[] = [];
  lists.push([node, newcomer]);
  if (lists.length === 1) {
    for (let vnode = 0; vnode < size; vnode++) newcomer.push(vnode);
  } else if (strategy === 'continuous') shift(size, lists);
  else {
    const givers = lists.slice(0, -1);
    for (let wanted = Math.floor(size / lists.length); wanted > 0; wanted--) {
      const most = Math.max(...givers.map(([, vnodes]) => vnodes.length));
      const [, giver] = givers.filter(([, vnodes]) => vnodes.length === most).at(-1)!;
      newcomer.push(ascending(giver).pop()!);
    }
  }
}

function takeOut({ size, strategy }: RingState, lists: Lists, node: string): void {
  const place = lists.findIndex(([id]) => id === node);
  const homeless = lists[place]![1];
  lists.splice(place, 1);
  if (lists.length === 0) return;
  if (strategy === 'continuous') {
    for (const [, vnodes] of lists.slice(1)) lists[0]![1].push(...vnodes.splice(0));
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
  lists.forEach(([, vnodes], place) => {
    const quota = Math.floor(size / lists.length) + (place < size % lists.length ? 1 : 0);
    ascending(vnodes);
    while (vnodes.length > quota) lists[place + 1]![1].push(vnodes.pop()!);
  });
}

function movesBetween(before: RingNodes, after: RingNodes): RingMoves {
  const moves: [string, string, number[]][] = [];
  for (const [from, had] of before) {
    const given: typeof moves = [];
    for (const [to, has] of after) {
      const vnodes = had.filter((vnode) => to !== from && has.includes(vnode));
      if (vnodes.length > 0) given.push([from, to, vnodes]);
    }
    moves.push(...given.sort((a, b) => a[2][0]! - b[2][0]!));
  }
  return moves;
}

function ascending(vnodes: number[]): number[] {
  return vnodes.sort((a, b) => a - b);
}
