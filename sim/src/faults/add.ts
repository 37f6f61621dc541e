/**
 * A new member joins: as a learner, or at once as a voter (which lowers fault tolerance until it has caught up).
 * Recovery it must leave possible: one change at a time; the old quorum and the new one intersect.
 */
import { z } from 'zod';
import type { Fault, RaftFaultWorld } from './fault.ts';
import { MOST_VOTERS, memberOf, newMember } from './operator.ts';
import { currentVoters, newcomer } from './target.ts';

const schema = z.strictObject({
  with: newcomer().default('new'),
  role: z.enum(['learner', 'voter']).default('learner'),
});
type Parameters = z.output<typeof schema>;

export const add: Fault<Parameters, RaftFaultWorld> = {
  name: 'add',
  group: 'membership',
  summary: 'a new member joins as a learner or as a voter',
  schema,
  subject: 'with',
  variants: ['learner', 'voter'],
  draw(draw, variant = draw.pick('variant', ['learner', 'voter'])) {
    return { with: 'new', role: variant === 'voter' ? 'voter' : 'learner' };
  },
  inject(world, parameters) {
    if (parameters.with === 'new' && currentVoters(world).length >= MOST_VOTERS) return null;
    const member = newMember(world, parameters.with);
    const { role } = parameters;
    world.changeMembership([{ type: 'add', member: memberOf(member, role) }], 'single');
    return {
      sentence: `the operator adds ${member.name} as a ${role}`,
      classes: [`add:${role}`],
    };
  },
};
