/**
 * Every message between the held members and everyone waits, then all of it is flushed in order: the whole network stops and catches up.
 * Recovery it must leave possible: nothing is lost; the flush brings a burst of messages of terms long past.
 */
import { z } from 'zod';
import type { Fault } from './fault.ts';
import { names, resolve, target } from './target.ts';

const schema = z.strictObject({
  target: target().default('all'),
  direction: z.enum(['symmetric', 'inbound', 'outbound']).default('symmetric'),
});
type Parameters = z.output<typeof schema>;

export const hold: Fault<Parameters> = {
  name: 'hold',
  group: 'network',
  summary: 'all messages of some members wait, then are flushed in order',
  schema,
  subject: 'target',
  window: [200_000, 3_000_000],
  draw(draw) {
    return {
      target: draw.pick('target', ['all', 'leader', 'majority', 'minority', 'random']),
      direction: draw.pick('direction', ['symmetric', 'symmetric', 'inbound', 'outbound'] as const),
    };
  },
  inject(world, parameters, draw) {
    const held = resolve(world, parameters.target, draw);
    const releases: (() => void)[] = [];
    for (const member of held) {
      for (const other of world.current) {
        if (other === member) continue;
        if (parameters.direction !== 'inbound') releases.push(world.clog(member.id, other.id));
        if (parameters.direction !== 'outbound') releases.push(world.clog(other.id, member.id));
      }
    }
    if (releases.length === 0) return null;
    const which = parameters.direction === 'symmetric' ? 'all' : parameters.direction;
    return {
      sentence: `${which} messages of ${names(held)} are held`,
      heal: () => {
        for (const release of releases) release();
      },
    };
  },
};
