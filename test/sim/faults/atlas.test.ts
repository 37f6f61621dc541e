/** The atlas: what it permits leaves a quorum of intact members in every configuration in force, whatever happens in whatever order. */
import { fc, test } from '@fast-check/vitest';
import { Atlas, type WorldView } from '@seedraft/sim';
import { describe, expect } from 'vitest';
import { configurationOf, type FakeMember, views } from './fake-world.ts';

function worldOf(members: readonly FakeMember[], voters: readonly number[]): WorldView {
  const seen = views(members, configurationOf(voters));
  return { now: 0, members: seen, member: (id: number) => seen[id - 1] } as unknown as WorldView;
}

function membersUpTo(count: number): FakeMember[] {
  return Array.from({ length: count }, (_, index) => ({ id: index + 1 }));
}

describe('the atlas', () => {
  test.each([
    [1, 0],
    [2, 0],
    [3, 1],
    [4, 1],
    [5, 2],
    [7, 3],
  ])('%i voters bear %i damaged ones', (voters, most) => {
    const members = membersUpTo(voters);
    const atlas = new Atlas(
      worldOf(
        members,
        members.map(({ id }) => id),
      ),
    );
    let damaged = 0;
    for (const { id } of members) {
      if (!atlas.permits(id)) continue;
      atlas.impair(id);
      damaged += 1;
    }
    expect(damaged).toBe(most);
  });

  test('what is damaged already may be damaged again', () => {
    const atlas = new Atlas(worldOf(membersUpTo(3), [1, 2, 3]));
    atlas.impair(2);
    expect(atlas.permits(2)).toBe(true);
    expect(atlas.permits(1)).toBe(false);
  });

  test('an intact recovery makes a member count again, a repair only when it is done', () => {
    const members = membersUpTo(3);
    const atlas = new Atlas(worldOf(members, [1, 2, 3]));
    atlas.impair(1);
    atlas.recovered(1, 0);
    expect(atlas.permits(2)).toBe(true);

    atlas.impair(1);
    atlas.recovered(1, 10);
    const repairing = members[0] as FakeMember;
    // Not before it is committed, durable with an entry behind it, and the member itself calls it over.
    Object.assign(repairing, { lastIndex: 11, commitIndex: 9 });
    expect(atlas.permits(2)).toBe(false);
    Object.assign(repairing, { lastIndex: 10, commitIndex: 10 });
    expect(atlas.permits(2)).toBe(false);
    Object.assign(repairing, { lastIndex: 11, repairUntil: 10 });
    expect(atlas.permits(2)).toBe(false);
    Object.assign(repairing, { repairUntil: 0 });
    expect(atlas.permits(2)).toBe(true);
  });

  test('a lost member counts until nobody has a configuration with it', () => {
    const members = membersUpTo(4);
    const atlas = new Atlas(worldOf(members, [1, 2, 3]));
    atlas.impair(3);
    (members[2] as FakeMember).status = 'gone';
    const without = configurationOf([1, 2, 4]);
    (members[0] as FakeMember).configuration = without;
    expect(atlas.permits(1)).toBe(false);
    (members[1] as FakeMember).configuration = without;
    (members[3] as FakeMember).configuration = without;
    expect(atlas.permits(1)).toBe(true);
  });

  test('while joint both halves must keep a quorum', () => {
    const members = membersUpTo(5).map((member) => ({
      ...member,
      configuration: configurationOf([1, 4, 5], [1, 2, 3]),
    }));
    const atlas = new Atlas(worldOf(members, [1, 4, 5]));
    atlas.impair(2);
    expect(atlas.permits(3)).toBe(false);
    expect(atlas.permits(1)).toBe(false);
    expect(atlas.permits(4)).toBe(true);
  });

  test('a member that is down still counts with the configuration it had', () => {
    const members = membersUpTo(3);
    const atlas = new Atlas(worldOf(members, [1, 2, 3]));
    atlas.impair(1);
    for (const member of members) member.status = 'down';
    expect(atlas.permits(2)).toBe(false);
  });

  test.prop([
    fc.integer({ min: 1, max: 7 }),
    fc.array(fc.tuple(fc.integer({ min: 1, max: 7 }), fc.boolean()), { maxLength: 30 }),
  ])('never more than a minority is impaired', (voters, steps) => {
    const members = membersUpTo(voters);
    const atlas = new Atlas(
      worldOf(
        members,
        members.map(({ id }) => id),
      ),
    );
    for (const [id, heals] of steps) {
      if (id > voters) continue;
      if (heals) atlas.recovered(id, 0);
      else if (atlas.permits(id)) atlas.impair(id);
      expect(atlas.impaired.length * 2).toBeLessThan(voters);
    }
  });
});
