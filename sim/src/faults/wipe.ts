/**
 * A member's disk is lost for good. Its id never answers again; a new member (new id, empty disk) takes its place: it joins as a learner
 * and the lost one is removed.
 * Recovery it must leave possible: the atlas permits it only while the other voters still hold a quorum of intact copies in every
 * configuration; so the lost (term, votedFor) belongs to an id that never votes again.
 */
import { z } from 'zod';
import { duration } from '../scenario/units.ts';
import type { Fault, RaftFaultWorld } from './fault.ts';
import { resolve, target } from './target.ts';

const schema = z.strictObject({
  target: target().default('random'),
  /** The new member asks to join this much later. */
  rejoin: duration().default(500_000),
});
type Parameters = z.output<typeof schema>;

export const wipe: Fault<Parameters, RaftFaultWorld> = {
  name: 'wipe',
  group: 'process',
  summary: 'a disk is lost for good; a new member takes the place of the lost one',
  schema,
  subject: 'target',
  draw(draw) {
    return {
      target: draw.pick('target', ['leader', 'follower', 'random']),
      rejoin: draw.between('rejoin', 50_000, 1_500_000),
    };
  },
  inject(world, parameters, draw) {
    const victim = resolve(world, parameters.target, draw).find((member) =>
      world.permits(member.id),
    );
    if (victim === undefined) return null;
    world.wipe(victim.id, parameters.rejoin);
    return { sentence: `${victim.name} loses its disk; a new member will take its place` };
  },
};
