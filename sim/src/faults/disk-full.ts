/**
 * A disk has no space left: writes are refused (NO_SPACE), what is written stays.
 * Recovery it must leave possible: nothing is lost; reads go on, writes are refused with the reason, and work again when there is space.
 */
import { z } from 'zod';
import type { Fault } from './fault.ts';
import { names, resolve, target } from './target.ts';

const schema = z.strictObject({ target: target().default('random') });
type Parameters = z.output<typeof schema>;

export const diskFull: Fault<Parameters> = {
  name: 'disk-full',
  group: 'disk',
  summary: 'a disk has no space left for a while',
  schema,
  subject: 'target',
  window: [300_000, 4_000_000],
  draw(draw) {
    return { target: draw.pick('target', ['leader', 'follower', 'random', 'majority']) };
  },
  inject(world, parameters, draw) {
    const full = resolve(world, parameters.target, draw).filter((member) =>
      world.disk(member.id, { kind: 'full', on: true }),
    );
    if (full.length === 0) return null;
    return {
      sentence: `no space is left on the disk of ${names(full)}`,
      heal: () => {
        for (const member of full) world.disk(member.id, { kind: 'full', on: false });
      },
    };
  },
};
