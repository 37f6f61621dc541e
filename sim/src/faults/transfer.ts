/**
 * Leadership is handed over on an operator's request (dissertation 3.10).
 * Recovery it must leave possible: nothing is lost; an unfinished transfer ends by itself and the old leader goes on.
 */
import { z } from 'zod';
import type { Fault } from './fault.ts';
import { resolveOne, target } from './target.ts';

const schema = z.strictObject({ to: target().default('follower') });
type Parameters = z.output<typeof schema>;

export const transfer: Fault<Parameters> = {
  name: 'transfer',
  group: 'membership',
  summary: 'leadership is handed over on request',
  schema,
  subject: 'to',
  draw(draw) {
    return { to: draw.pick('to', ['follower', 'follower', 'lagging follower', 'learner']) };
  },
  inject(world, parameters, draw) {
    const leader = world.leader();
    const heir = resolveOne(world, parameters.to, draw, 'to');
    if (leader === null || heir === null || heir === leader) return null;
    world.ask(leader.id, { type: 'TransferLeadership', target: heir.id });
    return { sentence: `${leader.name} is asked to hand leadership to ${heir.name}` };
  },
};
