/**
 * One member takes the place of another, the leader's too: the new one joins as a learner, catches up, and the two change places in one
 * joint change.
 * Recovery it must leave possible: at every moment a quorum of each configuration is up unless another fault took it.
 */
import { z } from 'zod';
import type { Fault, RaftFaultWorld } from './fault.ts';
import { newMember, replaceMember } from './operator.ts';
import { newcomer, resolveOne, target } from './target.ts';

const schema = z.strictObject({
  target: target().default('random'),
  with: newcomer().default('new'),
});
type Parameters = z.output<typeof schema>;

export const replace: Fault<Parameters, RaftFaultWorld> = {
  name: 'replace',
  group: 'membership',
  summary: "a new member takes another's place, the leader's too",
  schema,
  subject: 'target',
  variants: ['leader', 'follower'],
  draw(_draw, variant = 'follower') {
    return { target: variant, with: 'new' };
  },
  inject(world, parameters, draw) {
    const leaving = resolveOne(world, parameters.target, draw);
    if (leaving === null) return null;
    const role = leaving === world.leader() ? 'leader' : 'follower';
    const joining = newMember(world, parameters.with);
    replaceMember(world, leaving.id, joining);
    return {
      sentence: `the operator replaces ${leaving.name}, a ${role}, by ${joining.name}`,
      classes: [`replace:${role}`],
    };
  },
};
