/**
 * A member is told to take a snapshot now, at whatever point it is.
 * Recovery it must leave possible: the snapshot and the entries after it are worth the whole log (S19).
 */
import { z } from 'zod';
import type { Fault, RaftFaultWorld } from './fault.ts';
import { names, resolve, target } from './target.ts';

const schema = z.strictObject({ target: target().default('random') });
type Parameters = z.output<typeof schema>;

export const snapshot: Fault<Parameters, RaftFaultWorld> = {
  name: 'snapshot',
  group: 'membership',
  summary: 'a member takes a snapshot now',
  schema,
  subject: 'target',
  draw(draw) {
    return { target: draw.pick('target', ['leader', 'follower', 'all', 'lagging follower']) };
  },
  inject(world, parameters, draw) {
    const members = resolve(world, parameters.target, draw).filter(
      (member) => member.status === 'up',
    );
    if (members.length === 0) return null;
    for (const member of members) world.ask(member.id, { type: 'Snapshot' });
    return { sentence: `${names(members)} ${members.length > 1 ? 'are' : 'is'} told to snapshot` };
  },
};
