/**
 * A voter becomes a learner, the leader too: it goes on receiving entries and counts no more.
 * Recovery it must leave possible: one change at a time; unless named, only while enough voters remain to bear another failure.
 */
import { z } from 'zod';
import type { Fault, RaftFaultWorld } from './fault.ts';
import { FEWEST_VOTERS, keepsQuorum } from './operator.ts';
import { currentVoters, resolveOne, target } from './target.ts';

const schema = z.strictObject({ target: target().default('follower') });
type Parameters = z.output<typeof schema>;

export const demote: Fault<Parameters, RaftFaultWorld> = {
  name: 'demote',
  group: 'membership',
  summary: 'a voter becomes a learner, the leader too',
  schema,
  subject: 'target',
  draw(draw) {
    return { target: draw.pick('target', ['leader', 'follower']) };
  },
  inject(world, parameters, draw) {
    const member = resolveOne(world, parameters.target, draw);
    const named = parameters.target.startsWith('n');
    if (member === null || (!named && currentVoters(world).length <= FEWEST_VOTERS)) return null;
    const changes = [{ type: 'demote', id: member.id }] as const;
    if (!named && !keepsQuorum(world, changes)) return null;
    world.changeMembership(changes, 'single');
    return { sentence: `the operator makes ${member.name} a learner` };
  },
};
