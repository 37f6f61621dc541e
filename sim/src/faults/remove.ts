/**
 * A member is removed from the cluster, the leader too.
 * Recovery it must leave possible: one change at a time; a removed leader steps down only once its removal is committed. Unless named, a
 * member is only removed while enough voters remain to bear another failure.
 */
import { z } from 'zod';
import type { Fault, RaftFaultWorld } from './fault.ts';
import { FEWEST_VOTERS, keepsQuorum } from './operator.ts';
import { currentVoters, resolveOne, target } from './target.ts';

const schema = z.strictObject({ target: target().default('follower') });
type Parameters = z.output<typeof schema>;

export const remove: Fault<Parameters, RaftFaultWorld> = {
  name: 'remove',
  group: 'membership',
  summary: 'a member is removed, the leader too',
  schema,
  subject: 'target',
  variants: ['leader', 'follower'],
  draw(_draw, variant = 'follower') {
    return { target: variant };
  },
  inject(world, parameters, draw) {
    const member = resolveOne(world, parameters.target, draw);
    const named = parameters.target.startsWith('n');
    if (member === null || (!named && currentVoters(world).length <= FEWEST_VOTERS)) return null;
    const role = member === world.leader() ? 'leader' : 'follower';
    const changes = [{ type: 'remove', id: member.id }] as const;
    if (!named && !keepsQuorum(world, changes)) return null;
    world.changeMembership(changes, 'single');
    return {
      sentence: `the operator removes ${member.name}, a ${role}`,
      classes: [`remove:${role}`],
    };
  },
};
