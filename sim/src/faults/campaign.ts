/**
 * An operator orders a member to start an election now (the voters' stickiness still holds).
 * Recovery it must leave possible: nothing is lost; at most one leader in each term.
 */
import { z } from 'zod';
import type { Fault, RaftFaultWorld } from './fault.ts';
import { resolveOne, target } from './target.ts';

const schema = z.strictObject({ target: target().default('random') });
type Parameters = z.output<typeof schema>;

export const campaign: Fault<Parameters, RaftFaultWorld> = {
  name: 'campaign',
  group: 'process',
  summary: 'an operator orders a member to start an election now',
  schema,
  subject: 'target',
  draw(draw) {
    return { target: draw.pick('target', ['follower', 'lagging follower', 'random']) };
  },
  inject(world, parameters, draw) {
    const member = resolveOne(world, parameters.target, draw);
    if (member === null || member.status !== 'up') return null;
    world.campaign(member.id);
    return { sentence: `${member.name} is ordered to campaign` };
  },
};
