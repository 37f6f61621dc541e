/**
 * An fsync fails, and the dirty pages are gone: asking again would lie. The member must stop; it is started again.
 * Recovery it must leave possible: nothing of the failed group was acknowledged, everything before it is durable.
 */
import { z } from 'zod';
import { duration } from '../scenario/units.ts';
import { injectStop } from './disk-damage.ts';
import type { Fault } from './fault.ts';
import { target } from './target.ts';

const schema = z.strictObject({
  target: target().default('random'),
  restart: duration().default(500_000),
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
    };
  },
  inject(world, parameters, draw) {
    return injectStop(world, draw, parameters, { kind: 'fsync-failure' }, (name) => ({
      sentence: `the next fsync of ${name} fails and loses the dirty pages`,
    }));
  },
};
