/**
 * A member's clock stands still while the member goes on handling messages.
 * Recovery it must leave possible: nothing is lost; its timers do not fire meanwhile. Beyond what leases assume, so the plan is tagged.
 */
import { z } from 'zod';
import type { Fault } from './fault.ts';
import { resolveOne, target } from './target.ts';

const schema = z.strictObject({ target: target().default('random') });
type Parameters = z.output<typeof schema>;

export const clockFreeze: Fault<Parameters> = {
  name: 'clock-freeze',
  group: 'clock',
  summary: "a member's clock stands still while the member goes on",
  schema,
  subject: 'target',
  window: [200_000, 3_000_000],
  draw(draw) {
    return { target: draw.pick('target', ['leader', 'follower', 'random']) };
  },
  inject(world, parameters, draw) {
    const member = resolveOne(world, parameters.target, draw);
    if (member === null) return null;
    return {
      sentence: `the clock of ${member.name} stands still`,
      heal: world.clockFreeze(member.id),
    };
  },
};
