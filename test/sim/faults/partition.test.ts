/** Each partition shape cuts what its name says, and healing takes away exactly what it cut. */
import { fc, test } from '@fast-check/vitest';
import { faultNamed } from '@seedraft/sim';
import { describe, expect } from 'vitest';
import { drawOf, fakeWorld } from './fake-world.ts';

const partition = faultNamed('partition');
if (partition === null) throw new Error('partition is not registered');

/** Blocked directions after injecting, and the way to heal. */
function cut(size: number, written: Record<string, unknown>, draw = 0) {
  const members = Array.from({ length: size }, (_, index) => ({
    id: index + 1,
    role: index === 0 ? ('leader' as const) : ('follower' as const),
  }));
  const world = fakeWorld(members);
  const parameters = partition?.schema.parse(written) as Record<string, unknown>;
  const injected = partition?.inject(world, parameters, drawOf(draw)) ?? null;
  const blocked = () => [...world.blocked].filter(([, count]) => count > 0).map(([link]) => link);
  return { injected, blocked };
}

/** Whom each member hears in both directions, itself included. */
function hears(size: number, blocked: readonly string[]): number[][] {
  const ids = Array.from({ length: size }, (_, index) => index + 1);
  return ids.map((id) =>
    ids.filter(
      (other) =>
        other === id ||
        !(blocked.includes(`${id}->${other}`) || blocked.includes(`${other}->${id}`)),
    ),
  );
}

describe('partitions', () => {
  test('isolate the leader: it hears nobody, the others all', () => {
    const { blocked } = cut(5, { shape: 'isolate-leader' });
    expect(hears(5, blocked())).toEqual([
      [1],
      [2, 3, 4, 5],
      [2, 3, 4, 5],
      [2, 3, 4, 5],
      [2, 3, 4, 5],
    ]);
  });

  test('into: only what flows to the target is lost', () => {
    const { blocked } = cut(3, { into: 'leader' });
    expect(blocked().sort()).toEqual(['2->1', '3->1']);
  });

  test('from: only what flows from the target is lost, to clients too if said so', () => {
    const { blocked } = cut(3, { from: 'n2', clients: true });
    expect(blocked().sort()).toEqual(['2->0', '2->1', '2->3']);
  });

  test('groups hear only themselves; who is in none hears everybody', () => {
    const { blocked } = cut(5, {
      groups: [
        ['n1', 'n2'],
        ['n3', 'n4'],
      ],
    });
    expect(hears(5, blocked())).toEqual([
      [1, 2, 5],
      [1, 2, 5],
      [3, 4, 5],
      [3, 4, 5],
      [1, 2, 3, 4, 5],
    ]);
  });

  test('clients cut off: every member, and no link between members', () => {
    const { blocked } = cut(3, { shape: 'clients-cut-off' });
    expect(blocked().sort()).toEqual(['0->1', '0->2', '0->3', '1->0', '2->0', '3->0']);
  });

  test('a ring of three would cut nothing, so there is none', () => {
    expect(cut(3, { shape: 'majorities-ring' }).injected).toBeNull();
  });

  test.prop([fc.integer({ min: 4, max: 9 }), fc.nat(1000)])(
    'ring: everybody hears a majority, and no two the same',
    (size, draw) => {
      const seen = hears(size, cut(size, { shape: 'majorities-ring' }, draw).blocked());
      for (const heard of seen) expect(heard.length * 2).toBeGreaterThan(size);
      // With an even number of members a strict majority is odd, and windows of a ring are too.
      expect(new Set(seen.map(String)).size).toBe(size);
    },
  );

  test.prop([fc.integer({ min: 3, max: 9 }), fc.nat(1000)])(
    'bridge: one hears all, the others all but the other half',
    (size, draw) => {
      const seen = hears(size, cut(size, { shape: 'bridge' }, draw).blocked());
      const bridges = seen.filter((heard) => heard.length === size);
      expect(bridges).toHaveLength(1);
      expect(new Set(seen.map(String)).size).toBe(3);
    },
  );

  test.prop([
    fc.integer({ min: 1, max: 7 }),
    fc.constantFrom(...(partition.variants ?? [])),
    fc.nat(1000),
  ])('healing takes all of it away, however it was drawn', (size, variant, draw) => {
    const drawn = partition.draw(drawOf(draw), variant);
    const world = fakeWorld(
      Array.from({ length: size }, (_, index) => ({
        id: index + 1,
        role: index === 0 ? ('leader' as const) : ('follower' as const),
      })),
    );
    const injected = partition.inject(world, drawn, drawOf(draw + 1));
    injected?.heal?.();
    expect([...world.blocked.values()].every((count) => count === 0)).toBe(true);
  });
});
