/**
 * A member's clock runs too fast or too slow from now on.
 * Recovery it must leave possible: nothing is lost. Safety never depends on clocks, except leases within the stated bound: plans that
 * exceed it are tagged (`beyondDriftBound`) and claim no safe lease reads.
 */
import { z } from 'zod';
import { drift } from '../scenario/units.ts';
import type { Fault } from './fault.ts';
import { resolveOne, target } from './target.ts';

const schema = z.strictObject({ target: target().default('random'), drift: drift() });
type Parameters = z.output<typeof schema>;

export const clockDrift: Fault<Parameters> = {
  name: 'clock-drift',
  group: 'clock',
  summary: "a member's clock runs too fast or too slow",
  schema,
  subject: 'target',
  window: [1_000_000, 6_000_000],
  draw(draw) {
    const ppm = draw.pick('size', [100, 1_000, 10_000, 100_000, 500_000]);
    return {
      target: draw.pick('target', ['leader', 'follower', 'random']),
      drift: draw.chance('slow', 500_000) ? -ppm : ppm,
    };
  },
  inject(world, parameters, draw) {
    const member = resolveOne(world, parameters.target, draw);
    if (member === null) return null;
    const way = parameters.drift < 0 ? 'slow' : 'fast';
    return {
      sentence: `the clock of ${member.name} runs ${Math.abs(parameters.drift)} ppm ${way}`,
      heal: world.clockDrift(member.id, parameters.drift),
    };
  },
};
