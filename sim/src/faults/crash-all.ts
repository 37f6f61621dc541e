/**
 * The whole building loses power: every member crashes at one instant, and they come back one after another.
 * Recovery it must leave possible: everything acknowledged is durable on a quorum, so the restarted cluster still has it.
 */
import { z } from 'zod';
import { duration } from '../scenario/units.ts';
import { isRunning, restartIfDown } from './crash.ts';
import type { Fault } from './fault.ts';
import { names } from './target.ts';

const schema = z.strictObject({
  disk: z.enum(['kept', 'dropped', 'torn', 'drawn']).default('drawn'),
  restart: duration().default(500_000),
  /** Each member comes back up to this much later than the first could. */
  spread: duration().default(300_000),
});
type Parameters = z.output<typeof schema>;

export const crashAll: Fault<Parameters> = {
  name: 'crash-all',
  group: 'process',
  summary: 'every member crashes at one instant; they come back one after another',
  schema,
  draw(draw) {
    return {
      disk: draw.pick('disk', ['kept', 'dropped', 'torn', 'drawn'] as const),
      restart: draw.between('restart', 1_000, 1_000_000),
      spread: draw.between('spread', 0, 1_000_000),
    };
  },
  inject(world, parameters, draw) {
    const victims = world.members.filter(isRunning);
    if (victims.length === 0) return null;
    for (const victim of victims) world.crash(victim.id, parameters.disk);
    for (const victim of victims) {
      const late = draw.between('late', 0, parameters.spread);
      world.after(parameters.restart + late, () => restartIfDown(world, victim));
    }
    return {
      sentence: `${names(victims)} crash at once`,
      heal: () => {
        for (const victim of victims) restartIfDown(world, victim);
      },
    };
  },
};
