/** Commands on rings: what `ring.ts` places is stored, told and answered here. */
import { type KvRingAdd, type KvRingRemove, type KvRingSize, MAX_RING_NODES } from './command.ts';
import { NEVER } from './keyspace.ts';
import { assertType, Refusal } from './refusal.ts';
import type { KvResult } from './result.ts';
import { addNode, emptyRing, removeNode, ringContent, ringOf } from './ring.ts';
import type { Entry } from './table.ts';
import { type Bench, MISSING } from './writes.ts';

/** A ring's size is set once; whoever comes later is told what it is. */
export function sizeRing(command: KvRingSize, { keys, answers, context }: Bench): KvResult {
  const [, namespace, name, size, strategy = 'continuous'] = command;
  const existing = keys.find(namespace, name);
  if (existing !== undefined) {
    assertType(existing, 'ring');
    return { status: 'conflict', current: answers.item(existing) };
  }
  const ring = emptyRing(size, strategy);
  const content = ringContent(ring);
  const told = { change: 'sized' } as const;
  const { revision } = keys.write('ring', namespace, name, content, NEVER, context.index, told);
  return { status: 'ring', ring, relocations: [], revision };
}

export function changeRing(command: KvRingAdd | KvRingRemove, bench: Bench): KvResult {
  const [word, namespace, name, node] = command;
  const { keys, context } = bench;
  const entry = keys.find(namespace, name);
  if (entry === undefined) return MISSING;
  assertType(entry, 'ring');
  const before = ringOf(entry);
  const { ring, relocations } =
    word === 'ringAdd' ? addNode(before, node) : removeNode(before, node);
  if (ring === before) return { status: 'ring', ring, relocations, revision: entry.revision };
  if (ring.nodes.length > MAX_RING_NODES) {
    throw new Refusal('FULL', `a ring has at most ${MAX_RING_NODES} nodes`);
  }
  const change = word === 'ringAdd' ? 'added' : 'removed';
  const told = { change, node, relocations } as const;
  const content = ringContent(ring);
  const expires = (entry as Entry).expires;
  const written = keys.write('ring', namespace, name, content, expires, context.index, told);
  return { status: 'ring', ring, relocations, revision: written.revision };
}
