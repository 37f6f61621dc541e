/**
 * A learner becomes a voter.
 * Recovery it must leave possible: one change at a time; a learner that lags may be promoted, and the others must still make a quorum.
 */
import { z } from 'zod';
import type { Fault, RaftFaultWorld } from './fault.ts';
import { memberOf, newMember, whenCaughtUp } from './operator.ts';
import { resolveOne, target } from './target.ts';

const schema = z.strictObject({ target: target().default('learner') });
type Parameters = z.output<typeof schema>;

export const promote: Fault<Parameters, RaftFaultWorld> = {
  name: 'promote',
  group: 'membership',
  summary: 'a learner becomes a voter (a new learner joins first when there is none)',
  schema,
  subject: 'target',
  draw() {
    return { target: 'learner' };
  },
  inject(world, parameters, draw) {
    const learner = resolveOne(world, parameters.target, draw);
    if (learner !== null) {
      world.changeMembership([{ type: 'promote', id: learner.id }], 'single');
      return { sentence: `the operator promotes ${learner.name}` };
    }
    if (parameters.target !== 'learner' || world.leader() === null) return null;
    const joining = newMember(world);
    world.changeMembership([{ type: 'add', member: memberOf(joining, 'learner') }], 'single');
    whenCaughtUp(world, joining, 10_000_000, () => {
      world.changeMembership([{ type: 'promote', id: joining.id }], 'single');
      world.report('promote', `the operator promotes ${joining.name}, which caught up`, [
        'promote',
      ]);
    });
    return { sentence: `${joining.name} joins, to be promoted once it caught up`, classes: [] };
  },
};
