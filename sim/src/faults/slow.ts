/**
 * A member is slow: each of its steps takes longer (a busy processor, a noisy neighbour).
 * Recovery it must leave possible: nothing is lost; it may be voted out, and the others must go on without waiting for it.
 */
import { z } from 'zod';
import { duration } from '../scenario/units.ts';
import type { Fault } from './fault.ts';
import { resolveOne, target } from './target.ts';

const schema = z.strictObject({
  target: target().default('random'),
  delay: duration().default(20_000),
});
type Parameters = z.output<typeof schema>;

export const slow: Fault<Parameters> = {
  name: 'slow',
  group: 'process',
  summary: 'each step of a member takes longer',
  schema,
  subject: 'target',
  window: [500_000, 4_000_000],
  draw(draw) {
    return {
      target: draw.pick('target', ['leader', 'follower', 'random']),
      delay: draw.pick('delay', [500, 2_000, 10_000, 50_000]),
    };
  },
  inject(world, parameters, draw) {
    const member = resolveOne(world, parameters.target, draw);
    if (member === null || member.status !== 'up') return null;
    return {
      sentence: `each step of ${member.name} takes ${parameters.delay / 1000} ms longer`,
      heal: world.slow(member.id, parameters.delay),
    };
  },
};
