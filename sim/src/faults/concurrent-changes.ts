/**
 * Several operators ask for changes at the same moment, not knowing of each other.
 * Recovery it must leave possible: one change is in flight at a time; the others are refused with a reason or come after it.
 */
import type { MemberChange } from '@seedraft/core';
import { z } from 'zod';
import type { Fault, RaftFaultWorld } from './fault.ts';
import { FEWEST_VOTERS, keepsQuorum, memberOf, newMember } from './operator.ts';
import { currentVoters } from './target.ts';

const schema = z.strictObject({
  count: z.int().min(2).max(8).default(3),
});
type Parameters = z.output<typeof schema>;

export const concurrentChanges: Fault<Parameters, RaftFaultWorld> = {
  name: 'concurrent-changes',
  group: 'membership',
  summary: 'several membership changes are asked for at the same moment',
  schema,
  subject: 'count',
  draw(draw) {
    return { count: draw.between('count', 2, 4) };
  },
  inject(world, parameters, draw) {
    const voters = draw.shuffle('voters', currentVoters(world));
    if (world.leader() === null || voters.length < FEWEST_VOTERS) return null;
    const told: string[] = [];
    const removals: MemberChange[] = [];
    for (let ordinal = 0; ordinal < parameters.count; ordinal += 1) {
      const leaving = voters[ordinal >> 1];
      // Adds and removals take turns: all together leave at least as many voters as there were, less one.
      if (ordinal % 2 === 0 || leaving === undefined) {
        const joining = newMember(world);
        world.changeMembership([{ type: 'add', member: memberOf(joining, 'voter') }], 'single');
        told.push(`add ${joining.name}`);
      } else {
        const removal = { type: 'remove', id: leaving.id } as const;
        if (keepsQuorum(world, [...removals, removal])) removals.push(removal);
        else continue;
        world.changeMembership([removal], 'single');
        told.push(`remove ${leaving.name}`);
      }
    }
    return { sentence: `asked for at the same moment: ${told.join(', ')}` };
  },
};
