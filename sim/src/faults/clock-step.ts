/**
 * A member's clock jumps forward (monotonic time stays monotonic: it never jumps back).
 * Recovery it must leave possible: nothing is lost. Beyond what leases assume, so the plan is tagged.
 */
import { z } from 'zod';
import { duration } from '../scenario/units.ts';
import type { Fault } from './fault.ts';
import { resolveOne, target } from './target.ts';

const schema = z.strictObject({ target: target().default('random'), by: duration() });
type Parameters = z.output<typeof schema>;

export const clockStep: Fault<Parameters> = {
  name: 'clock-step',
  group: 'clock',
  summary: "a member's clock jumps forward",
  schema,
  subject: 'target',
  draw(draw) {
    return {
      target: draw.pick('target', ['leader', 'follower', 'random']),
      by: draw.pick('by', [1_000, 50_000, 500_000, 5_000_000, 60_000_000]),
    };
  },
  inject(world, parameters, draw) {
    const member = resolveOne(world, parameters.target, draw);
    if (member === null) return null;
    world.clockStep(member.id, parameters.by);
    return { sentence: `the clock of ${member.name} jumps ${parameters.by / 1000} ms ahead` };
  },
};
