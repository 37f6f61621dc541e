/**
 * Clients and some members do not reach each other: answers are lost after the fact, so clients must learn what became of their
 * commands by asking again under the same session.
 * Recovery it must leave possible: nothing is lost but messages; no operation is executed twice.
 */
import { z } from 'zod';
import { CLIENTS, type Fault } from './fault.ts';
import { names, resolve, target } from './target.ts';

const schema = z.strictObject({
  target: target().default('all'),
  direction: z.enum(['symmetric', 'inbound', 'outbound']).default('symmetric'),
});
type Parameters = z.output<typeof schema>;

export const clientsCut: Fault<Parameters> = {
  name: 'clients-cut',
  group: 'clients',
  summary: 'clients do not reach some members, or do not hear their answers',
  schema,
  subject: 'target',
  window: [200_000, 3_000_000],
  draw(draw) {
    return {
      target: draw.pick('target', ['all', 'leader', 'leader', 'majority', 'random']),
      direction: draw.pick('direction', ['symmetric', 'inbound', 'outbound', 'outbound'] as const),
    };
  },
  inject(world, parameters, draw) {
    const members = resolve(world, parameters.target, draw);
    if (members.length === 0) return null;
    const heals: (() => void)[] = [];
    for (const member of members) {
      if (parameters.direction !== 'outbound') heals.push(world.block(CLIENTS, member.id));
      if (parameters.direction !== 'inbound') heals.push(world.block(member.id, CLIENTS));
    }
    const what =
      parameters.direction === 'inbound'
        ? 'requests of clients do not reach'
        : parameters.direction === 'outbound'
          ? 'clients do not hear the answers of'
          : 'clients are cut off from';
    return {
      sentence: `${what} ${names(members)}`,
      heal: () => {
        for (const heal of heals) heal();
      },
    };
  },
};
