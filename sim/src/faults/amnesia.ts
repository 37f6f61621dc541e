/**
 * The operator's classic mistake: a member's disk is lost, and it is started again under its old id over an empty directory.
 * Recovery it must leave possible: it must be refused (MEMBER_WIPED) before it can vote or acknowledge anything a second time; the atlas
 * permits it only where losing the disk altogether would be survivable. Left out: the only voter of a bootstrap. Its old flags found a cluster
 * of one, which needs nobody's vote, so nobody is asked who could refuse it (swarm seed 403 met it: S16). A known limit, not a safe case.
 */
import { z } from 'zod';
import type { Fault } from './fault.ts';
import { resolve, target } from './target.ts';

const schema = z.strictObject({ target: target().default('random') });
type Parameters = z.output<typeof schema>;

export const amnesia: Fault<Parameters> = {
  name: 'amnesia',
  group: 'process',
  summary: 'a member restarts under its old id over an empty disk (it must be refused)',
  schema,
  subject: 'target',
  draw(draw) {
    return { target: draw.pick('target', ['leader', 'follower', 'random']) };
  },
  inject(world, parameters, draw) {
    const founders = world.plan.members.filter(({ learner }) => !learner);
    const victim = resolve(world, parameters.target, draw).find(
      ({ id, name }) => world.permits(id) && !(founders.length === 1 && founders[0]?.name === name),
    );
    if (victim === undefined) return null;
    world.amnesia(victim.id);
    return { sentence: `${victim.name} restarts under its old id over an empty disk` };
  },
};
