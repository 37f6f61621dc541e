/**
 * Proves: `continuous` gives uring's placements and relocations (its golden vectors); under both strategies every vnode has exactly one owner
 * and shares are even, and relocations turn the old placement into the new one; `minimal` moves as few vnodes as an even ring allows.
 */
import {
  KvMachine,
  type KvRelocation,
  type KvRing,
  type KvRingStrategy,
  ring,
  ringAdd,
  ringRemove,
  ringSize,
  watch,
} from '@seedraft/kv';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ringAfter } from './ring-twin.ts';

class Rings {
  readonly machine = new KvMachine();
  #index = 0;

  constructor(size: number, strategy: KvRingStrategy) {
    this.ask(ringSize('', 'ring', size, strategy));
  }

  ask(command: unknown) {
    this.#index++;
    const answer = this.machine.apply(command, { index: this.#index, time: 0, sessionId: 0 });
    if (answer.status !== 'ring') throw new Error(answer.status);
    return answer;
  }

  add = (node: string) => this.ask(ringAdd('', 'ring', node));
  remove = (node: string) => this.ask(ringRemove('', 'ring', node));
}

const placed = ({ nodes }: KvRing) => nodes.map(({ id, vnodes }) => `${id}[${vnodes}]`).join(' ');
const moved = (relocations: readonly KvRelocation[]) =>
  relocations.map(({ source, destination, vnodes }) => `${source}->${destination}[${vnodes}]`);

describe('continuous', () => {
  const grown = (...nodes: string[]) => {
    const rings = new Rings(8, 'continuous');
    for (const node of nodes) rings.add(node);
    return rings;
  };

  test.each([
    [[], 'n1', 'n1[0,1,2,3,4,5,6,7]', []],
    [['n1'], 'n2', 'n1[0,1,2,3] n2[4,5,6,7]', ['n1->n2[4,5,6,7]']],
    [['n1', 'n2'], 'n3', 'n1[0,1,2] n2[3,4,5] n3[6,7]', ['n1->n2[3]', 'n2->n3[6,7]']],
    [
      ['n1', 'n2', 'n3'],
      'n4',
      'n1[0,1] n2[2,3] n3[4,5] n4[6,7]',
      ['n1->n2[2]', 'n2->n3[4,5]', 'n3->n4[6,7]'],
    ],
    [['n1', 'n2'], 'n2', 'n1[0,1,2,3] n2[4,5,6,7]', []],
  ])('%j and %s', (before, node, nodes, relocations) => {
    const { ring: after, relocations: told } = grown(...before).add(node);
    expect(placed(after)).toBe(nodes);
    expect(moved(told)).toEqual(relocations);
  });

  test.each([
    ['n4', 'n1[0,1,2] n2[3,4,5] n3[6,7]', ['n2->n1[2]', 'n3->n2[4,5]', 'n4->n3[6,7]']],
    ['n1', 'n2[0,1,2] n3[3,4,5] n4[6,7]', ['n1->n2[0,1]', 'n2->n3[3]']],
    ['n2', 'n1[0,1,2] n3[3,4,5] n4[6,7]', ['n2->n1[2]', 'n2->n3[3]']],
    ['n5', 'n1[0,1] n2[2,3] n3[4,5] n4[6,7]', []],
  ])('four without %s', (node, nodes, relocations) => {
    const { ring: after, relocations: told } = grown('n1', 'n2', 'n3', 'n4').remove(node);
    expect(placed(after)).toBe(nodes);
    expect(moved(told)).toEqual(relocations);
  });

  test('32 vnodes and three nodes', () => {
    const rings = new Rings(32, 'continuous');
    for (const node of ['n1', 'n2']) rings.add(node);
    const owned = rings.add('n3').ring.nodes.map(({ vnodes }) => [vnodes[0], vnodes.at(-1)]);
    expect(owned).toEqual([
      [0, 10],
      [11, 21],
      [22, 31],
    ]);
  });

  test.each([
    ['continuous', [32, 31, 33, 30, 30, 33, 35]],
    ['minimal', [32, 21, 16, 12, 10, 9, 8]],
  ] as const)('what %s moves at 64 vnodes for the second to the eighth node', (strategy, costs) => {
    const rings = new Rings(64, strategy);
    rings.add('n1');
    expect(costs.map((_, i) => cost(rings.add(`n${i + 2}`).relocations))).toEqual(costs);
  });
});

const cost = (relocations: readonly KvRelocation[]) =>
  relocations.reduce((sum, { vnodes }) => sum + vnodes.length, 0);

/** The owner of each vnode; throws when one has two. */
function owners({ size, nodes }: KvRing): (string | undefined)[] {
  const all = new Array<string | undefined>(size);
  for (const { id, vnodes } of nodes) {
    let last = -1;
    for (const vnode of vnodes) {
      if (all[vnode] !== undefined || vnode <= last || vnode >= size) {
        throw new Error(`${id} may not own ${vnode} after ${last}`);
      }
      last = vnode;
      all[vnode] = id;
    }
  }
  return all;
}

const step = fc.tuple(fc.constantFrom('ringAdd', 'ringRemove'), fc.integer({ min: 1, max: 7 }));

describe.each(['continuous', 'minimal'] as const)('%s, over any history', (strategy) => {
  test('one owner each, even shares, relocations that make the difference, as the twin says', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.array(step, { maxLength: 30 }),
        (size, steps) => {
          const rings = new Rings(size, strategy);
          let before: KvRing = { size, strategy, nodes: [] };
          for (const [word, n] of steps) {
            const answer = word === 'ringAdd' ? rings.add(`n${n}`) : rings.remove(`n${n}`);
            const { ring: after, relocations } = answer;
            expect({ ring: after, relocations }).toEqual(
              ringAfter(before, word as 'ringAdd', `n${n}`),
            );
            const expected = owners(before);
            for (const { source, destination, vnodes } of relocations) {
              expect(vnodes.filter((vnode) => expected[vnode] !== source)).toEqual([]);
              for (const vnode of vnodes) expected[vnode] = destination;
            }
            const now = owners(after);
            const isFirst = before.nodes.length === 0;
            if (!isFirst && after.nodes.length > 0) expect(now).toEqual(expected);
            const loads = after.nodes.map(({ vnodes }) => vnodes.length);
            if (loads.length > 0) {
              expect(now).not.toContain(undefined);
              expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
            }
            if (strategy === 'minimal' && !isFirst && loads.length > 0) {
              expect(cost(relocations)).toBe(optimum(before, after));
            }
            before = after;
          }
          expect(rings.ask(ring('', 'ring')).ring).toEqual(before);
        },
      ),
      { numRuns: 100 },
    );
  });
});

/** Whoever comes needs an even share at least; what the leaver had must go. */
function optimum(before: KvRing, after: KvRing): number {
  if (after.nodes.length > before.nodes.length) return Math.floor(after.size / after.nodes.length);
  const gone = before.nodes.find(({ id }) => !after.nodes.some((node) => node.id === id));
  return gone?.vnodes.length ?? 0;
}

test('whoever watches hears what changed, and nothing of what did not', () => {
  const rings = new Rings(4, 'continuous');
  const heard: unknown[] = [];
  rings.machine.watch(watch('', 'ring'), (_, { kind, ring: change }) => heard.push([kind, change]));
  rings.add('a');
  rings.add('a');
  rings.add('b');
  rings.remove('c');
  rings.remove('a');
  expect(heard).toEqual([
    ['ring', { change: 'added', node: 'a', relocations: [] }],
    [
      'ring',
      {
        change: 'added',
        node: 'b',
        relocations: [{ source: 'a', destination: 'b', vnodes: [2, 3] }],
      },
    ],
    [
      'ring',
      {
        change: 'removed',
        node: 'a',
        relocations: [{ source: 'a', destination: 'b', vnodes: [0, 1] }],
      },
    ],
  ]);
});

test('a ring is sized once, and has at most 1,024 nodes', () => {
  const rings = new Rings(16, 'minimal');
  const at = { index: 99, time: 0, sessionId: 0 };
  expect(rings.machine.apply(ringSize('', 'ring', 16, 'minimal'), at)).toMatchObject({
    status: 'conflict',
    current: { value: { size: 16, nodes: [] } },
  });
  expect(rings.machine.apply(ringAdd('', 'other', 'n'), at)).toEqual({ status: 'missing' });
  for (let n = 0; n < 1024; n++) rings.add(`n${n}`);
  const before = rings.machine.digest();
  expect(rings.machine.apply(ringAdd('', 'ring', 'n1024'), at)).toMatchObject({ code: 'FULL' });
  expect(rings.machine.digest()).toEqual(before);
});
