/**
 * The workload `ring`: rings of vnodes on the built-in machine, that clients size, add nodes to and remove nodes from, and look at. What each
 * answer says (every node's vnodes, every relocation) is judged by the ring model, which places one vnode at a time.
 */
import { type RingMoves, type RingNodes, ring as ringModel } from '@seedraft/check';
import {
  KvMachine,
  type KvResult,
  type KvRing,
  ring,
  ringAdd,
  ringRemove,
  ringSize,
} from '@seedraft/kv';
import type { OwnDraw, OwnOperation, OwnSystem } from '../own/system.ts';
import type { WorkloadPlan } from '../plan.ts';

const NAMESPACE = 'rings';
const SIZES = [1, 3, 8, 16, 32];
const STRATEGIES = ['continuous', 'minimal'] as const;
/** Few, so that the same ones come and go. */
const NODES = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'];

export function ringSystem({ mix }: WorkloadPlan): OwnSystem {
  const { add = 3, remove = 2, get } = mix;
  // Whatever the mix: rings must come to be before anything else means much.
  const weights = { nodes: get, size: 1, add, remove };
  return {
    machine: () => new KvMachine(),
    model: ringModel(),
    workload: () => ({ next: (draw) => operation(draw.weighted(weights), draw) }),
  };
}

function operation(f: 'nodes' | 'size' | 'add' | 'remove', draw: OwnDraw): OwnOperation {
  const name = draw.key();
  const node = draw.pick(NODES);
  switch (f) {
    case 'nodes':
      return { f, input: { ring: name }, query: ring(NAMESPACE, name), output: nodesOf };
    case 'size': {
      const [size, strategy] = [draw.pick(SIZES), draw.pick(STRATEGIES)];
      const command = ringSize(NAMESPACE, name, size, strategy);
      return { f, input: { ring: name, size, strategy }, command, output: isMade };
    }
    case 'add':
      return { f, input: { ring: name, node }, command: ringAdd(NAMESPACE, name, node), output };
    case 'remove':
      return { f, input: { ring: name, node }, command: ringRemove(NAMESPACE, name, node), output };
  }
}

function isMade(answer: unknown): boolean {
  return (answer as KvResult).status === 'ring';
}

function nodesOf(answer: unknown): RingNodes | null {
  const result = answer as KvResult;
  return result.status === 'ring' ? listed(result.ring) : null;
}

function output(answer: unknown): { nodes: RingNodes; moves: RingMoves } | null {
  const result = answer as KvResult;
  if (result.status !== 'ring') return null;
  const moves = result.relocations.map(
    ({ source, destination, vnodes }) => [source, destination, vnodes] as const,
  );
  return { nodes: listed(result.ring), moves };
}

function listed({ nodes }: KvRing): RingNodes {
  return nodes.map(({ id, vnodes }) => [id, vnodes] as const);
}
