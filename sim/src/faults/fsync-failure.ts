/**
 * An fsync fails, and the dirty pages are gone: asking again would lie. The member must stop; it is started again. Some time later the power may
 * go: that is nothing to a member that stopped, and shows what one lacks that went on.
 * Recovery it must leave possible: nothing of the failed group was acknowledged, everything before it is durable.
 */
import { z } from 'zod';
import { DISK_FAULT_SENTENCES } from '../disk/disk.ts';
import { duration } from '../scenario/units.ts';
import { injectStop } from './disk-damage.ts';
import type { Fault } from './fault.ts';
import { target } from './target.ts';

const schema = z.strictObject({
  target: target().default('random'),
  restart: duration().default(500_000),
  /** The power of a member that is still up goes so long after. */
  power: duration().optional(),
});
type Parameters = z.output<typeof schema>;

export const fsyncFailure: Fault<Parameters> = {
  name: 'fsync-failure',
  group: 'disk',
  summary: 'an fsync fails and the dirty pages are lost (the member must stop)',
  schema,
  subject: 'target',
  draw(draw) {
    return {
      target: draw.pick('target', ['leader', 'follower', 'random']),
      restart: draw.between('restart', 10_000, 1_500_000),
      ...(draw.chance('power', 500_000) && { power: draw.between('power after', 20_000, 800_000) }),
    };
  },
  inject(world, parameters, draw) {
    return injectStop(world, draw, parameters, { kind: 'fsync-failure' }, (victim) => {
      const { power } = parameters;
      const sentence = DISK_FAULT_SENTENCES['fsync-failure'](victim.name);
      if (power === undefined) return { sentence };
      world.after(power, () => {
        if (victim.status === 'up' && world.permits(victim.id)) world.crash(victim.id, 'drawn');
      });
      return { sentence: `${sentence}; ${power / 1000} ms later its power goes if it is still up` };
    });
  },
};
