/**
 * Messages on a link wait, and arrive all together when it is released: a stuck TCP connection, not a lost one.
 * Recovery it must leave possible: nothing is lost; late messages of old terms must be harmless.
 */
import { z } from 'zod';
import type { Fault } from './fault.ts';
import { names, resolve, target } from './target.ts';

const schema = z.strictObject({
  from: target().default('random'),
  to: target().default('random'),
});
type Parameters = z.output<typeof schema>;

export const clog: Fault<Parameters> = {
  name: 'clog',
  group: 'network',
  summary: 'messages from one member to another wait, then arrive all together',
  schema,
  window: [200_000, 5_000_000],
  draw(draw) {
    const target = draw.pick('side', ['random', 'leader', 'leader']);
    return draw.chance('outward', 500_000)
      ? { from: target, to: 'random' }
      : { from: 'random', to: target };
  },
  inject(world, parameters, draw) {
    // The fixed end first, so that `random` means somebody else.
    const ends =
      parameters.from === 'random' ? (['to', 'from'] as const) : (['from', 'to'] as const);
    const first = resolve(world, parameters[ends[0]], draw, ends[0]);
    const second =
      parameters[ends[1]] === 'random'
        ? draw
            .shuffle(
              ends[1],
              world.current.filter((member) => !first.includes(member)),
            )
            .slice(0, 1)
        : resolve(world, parameters[ends[1]], draw, ends[1]);
    const [from, to] = ends[0] === 'from' ? [first, second] : [second, first];
    const releases: (() => void)[] = [];
    for (const source of from) {
      for (const sink of to) if (source !== sink) releases.push(world.clog(source.id, sink.id));
    }
    if (releases.length === 0) return null;
    return {
      sentence: `messages from ${names(from)} to ${names(to)} wait`,
      heal: () => {
        for (const release of releases) release();
      },
    };
  },
};
