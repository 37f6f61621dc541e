/**
 * A member stops for a while and does not know it (SIGSTOP, a long collection, a suspended machine): timers then fire in a burst and
 * messages have queued up.
 * Recovery it must leave possible: nothing is lost; it must not act on what it believed before (a lease, its leadership).
 */
import { z } from 'zod';
import type { Fault } from './fault.ts';
import { names, resolve, target } from './target.ts';

const schema = z.strictObject({ target: target().default('random') });
type Parameters = z.output<typeof schema>;

export const pause: Fault<Parameters> = {
  name: 'pause',
  group: 'process',
  summary: 'a member stops for a while, then its timers fire in a burst',
  schema,
  subject: 'target',
  window: [50_000, 3_000_000],
  draw(draw) {
    return { target: draw.pick('target', ['leader', 'leader', 'follower', 'random', 'minority']) };
  },
  inject(world, parameters, draw) {
    const paused = resolve(world, parameters.target, draw).filter(
      (member) => member.status === 'up',
    );
    if (paused.length === 0) return null;
    const resumes = paused.map((member) => world.pause(member.id));
    return {
      sentence: `${names(paused)} ${paused.length > 1 ? 'are' : 'is'} paused`,
      heal: () => {
        for (const resume of resumes) resume();
      },
    };
  },
};
