/**
 * Clients ask more (or less, or nothing) for a while.
 * Recovery it must leave possible: requests above what the cluster bears are refused with a reason, never dropped in silence.
 */
import { z } from 'zod';
import { factor } from '../scenario/units.ts';
import type { Fault } from './fault.ts';

const schema = z.strictObject({ rate: factor() });
type Parameters = z.output<typeof schema>;

export const clientStorm: Fault<Parameters> = {
  name: 'client-storm',
  group: 'clients',
  summary: 'clients ask a multiple of the planned rate, or fall silent',
  schema,
  subject: 'rate',
  window: [200_000, 2_000_000],
  draw(draw) {
    return { rate: draw.pick('rate', [0, 3_000_000, 5_000_000, 10_000_000]) };
  },
  inject(world, parameters) {
    return {
      sentence: `clients ask at ${parameters.rate / 10_000}% of the planned rate`,
      heal: world.tuneClients(parameters.rate),
    };
  },
};
