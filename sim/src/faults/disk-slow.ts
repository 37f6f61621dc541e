/**
 * A disk takes a multiple of its usual time for everything.
 * Recovery it must leave possible: nothing is lost; the other members must not wait for it.
 */
import { z } from 'zod';
import type { Fault } from './fault.ts';
import { resolveOne, target } from './target.ts';

const schema = z.strictObject({
  target: target().default('random'),
  factor: z.int().min(1).max(10_000).default(10),
});
type Parameters = z.output<typeof schema>;

export const diskSlow: Fault<Parameters> = {
  name: 'disk-slow',
  group: 'disk',
  summary: 'a disk takes a multiple of its usual time',
  schema,
  subject: 'target',
  window: [500_000, 5_000_000],
  draw(draw) {
    return {
      target: draw.pick('target', ['leader', 'follower', 'random']),
      factor: draw.pick('factor', [3, 10, 30, 100]),
    };
  },
  inject(world, parameters, draw) {
    const member = resolveOne(world, parameters.target, draw);
    if (member === null) return null;
    if (!world.disk(member.id, { kind: 'slow', factor: parameters.factor })) return null;
    return {
      sentence: `the disk of ${member.name} is ${parameters.factor} times slower`,
      heal: () => {
        world.disk(member.id, { kind: 'slow', factor: 1 });
      },
    };
  },
};
