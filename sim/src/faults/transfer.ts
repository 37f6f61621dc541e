/**
 * Leadership is handed over on an operator's request (dissertation 3.10); at times the leader's word reaches its heir late, when it may
 * have gone on to another term and must refuse.
 * Recovery it must leave possible: nothing is lost; an unfinished transfer ends by itself and the old leader goes on.
 */
import { z } from 'zod';
import { duration } from '../scenario/units.ts';
import type { Fault, RaftFaultWorld } from './fault.ts';
import { resolveOne, target } from './target.ts';

const schema = z.strictObject({
  to: target().default('follower'),
  /** What the leader sends to its heir waits this long. */
  late: duration().optional(),
});
type Parameters = z.output<typeof schema>;

export const transfer: Fault<Parameters, RaftFaultWorld> = {
  name: 'transfer',
  group: 'membership',
  summary: 'leadership is handed over on request',
  schema,
  subject: 'to',
  draw(draw) {
    return {
      to: draw.pick('to', ['follower', 'follower', 'lagging follower', 'learner']),
      ...(draw.chance('late', 400_000)
        ? { late: draw.between('late by', 200_000, 1_500_000) }
        : {}),
    };
  },
  inject(world, parameters, draw) {
    const leader = world.leader();
    const heir = resolveOne(world, parameters.to, draw, 'to');
    if (leader === null || heir === null || heir === leader) return null;
    world.ask(leader.id, { type: 'TransferLeadership', target: heir.id });
    const asked = `${leader.name} is asked to hand leadership to ${heir.name}`;
    if (parameters.late === undefined) return { sentence: asked };
    world.after(parameters.late, world.clog(leader.id, heir.id));
    return { sentence: `${asked}, who hears of it ${parameters.late / 1000} ms late` };
  },
};
