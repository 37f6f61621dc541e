/**
 * A disk does nothing for a while, then goes on: writes under way are late, none is lost.
 * Recovery it must leave possible: nothing is lost; a leader with a stalled disk must not stay leader for ever ("faux leader").
 */
import { z } from 'zod';
import { duration } from '../scenario/units.ts';
import type { Fault } from './fault.ts';
import { resolveOne, target } from './target.ts';

const schema = z.strictObject({ target: target().default('random'), stall: duration() });
type Parameters = z.output<typeof schema>;

export const diskStall: Fault<Parameters> = {
  name: 'disk-stall',
  group: 'disk',
  summary: 'a disk does nothing for a while (up to 30 s), then goes on',
  schema,
  subject: 'target',
  draw(draw) {
    return {
      target: draw.pick('target', ['leader', 'leader', 'follower', 'random']),
      stall: draw.pick('stall', [50_000, 300_000, 1_000_000, 3_000_000, 10_000_000, 30_000_000]),
    };
  },
  inject(world, parameters, draw) {
    const member = resolveOne(world, parameters.target, draw);
    if (member === null) return null;
    if (!world.disk(member.id, { kind: 'stall', duration: parameters.stall })) return null;
    return { sentence: `the disk of ${member.name} stalls for ${parameters.stall / 1000} ms` };
  },
};
