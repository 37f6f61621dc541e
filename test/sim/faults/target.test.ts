/** Targets in words resolve to whom the words say, at the moment they are asked. */
import { resolveTarget } from '@seedraft/sim';
import { describe, expect, test } from 'vitest';
import { configurationOf, drawOf, type FakeMember, fakeWorld } from './fake-world.ts';

const FIVE = (): FakeMember[] => [
  { id: 1, lastIndex: 9 },
  { id: 2, lastIndex: 9, role: 'leader' },
  { id: 3, lastIndex: 4 },
  { id: 4, lastIndex: 9 },
  { id: 5, lastIndex: 7 },
  { id: 6, lastIndex: 9 },
];
const CONFIGURATION = configurationOf([1, 2, 3, 4, 5], null, [6]);

function ids(members: FakeMember[], word: string, draw = 0): number[] {
  return resolveTarget(fakeWorld(members, CONFIGURATION), word, drawOf(draw)).map(({ id }) => id);
}

describe('targets', () => {
  test('name roles that only the run decides', () => {
    expect(ids(FIVE(), 'leader')).toEqual([2]);
    expect(ids(FIVE(), 'lagging follower')).toEqual([3]);
    expect(ids(FIVE(), 'learner')).toEqual([6]);
    expect(ids(FIVE(), 'followers')).toEqual([1, 3, 4, 5, 6]);
    expect(ids(FIVE(), 'all')).toEqual([1, 2, 3, 4, 5, 6]);
    expect(ids(FIVE(), 'n4')).toEqual([4]);
    expect(ids(FIVE(), 'n9')).toEqual([]);
  });

  test('majorities and minorities are of the voters, and differ from draw to draw', () => {
    const seen = new Set<string>();
    for (let draw = 0; draw < 40; draw += 1) {
      const majority = ids(FIVE(), 'majority', draw);
      expect(majority).toHaveLength(3);
      expect(majority).not.toContain(6);
      expect(majority).toEqual([...majority].sort());
      seen.add(majority.join());
      expect(ids(FIVE(), 'minority', draw)).toHaveLength(2);
      expect(ids(FIVE(), 'follower', draw)).not.toContain(2);
    }
    expect(seen.size).toBeGreaterThan(5);
  });

  test('nobody leads: there is no leader to hit, and voters are known all the same', () => {
    const members = FIVE();
    delete (members[1] as FakeMember).role;
    expect(ids(members, 'leader')).toEqual([]);
    expect(ids(members, 'majority')).toHaveLength(3);
  });

  test('the same draw resolves the same', () => {
    for (const word of ['random', 'majority', 'follower']) {
      expect(ids(FIVE(), word, 7)).toEqual(ids(FIVE(), word, 7));
    }
  });
});
