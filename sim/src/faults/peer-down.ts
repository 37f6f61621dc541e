/**
 * Members are told that the process of the leader is gone, as a real one finds out when its connection breaks and nobody listens any more: in
 * truth, each a moment after the leader crashed, or falsely, while it lives behind something that answers for it.
 * Recovery it must leave possible: the leader comes back, and a false alarm costs at most an election.
 */
import { z } from 'zod';
import { duration } from '../scenario/units.ts';
import { isRunning, restartIfDown } from './crash.ts';
import type { Fault, RaftFaultWorld } from './fault.ts';
import { names, resolve, target } from './target.ts';

const schema = z.strictObject({
  /** Whose process it is about. */
  target: target().default('leader'),
  alarm: z.enum(['right', 'wrong']).default('right'),
  /** Who is told. */
  to: target().default('all'),
  /** Each hears of it up to this much later. */
  within: duration().default(20_000),
  /** After a right alarm: when it comes back. */
  restart: duration().default(500_000),
});
type Parameters = z.output<typeof schema>;

export const peerDown: Fault<Parameters, RaftFaultWorld> = {
  name: 'peer-down',
  group: 'process',
  summary: 'members are told that the process of the leader is gone: rightly or falsely',
  schema,
  subject: 'target',
  variants: ['right', 'wrong'],
  draw(draw, variant) {
    return {
      target: draw.chance('leader', 900_000) ? 'leader' : 'random',
      alarm: variant === 'wrong' ? 'wrong' : 'right',
      to: draw.pick('to', ['all', 'all', 'majority', 'follower', 'random']),
      within: draw.pick('within', [0, 2_000, 20_000, 300_000]),
      restart: draw.between('restart', 1_000, 1_500_000),
    };
  },
  inject(world, { target: about, alarm, to, within, restart }, draw) {
    const [subject] = resolve(world, about, draw, 'about').filter(isRunning);
    if (subject === undefined) return null;
    const told = resolve(world, to, draw, 'to').filter((one) => one !== subject && isRunning(one));
    if (told.length === 0) return null;
    if (alarm === 'right') {
      world.crash(subject.id, 'drawn');
      world.after(restart, () => restartIfDown(world, subject));
    }
    for (const one of told) {
      const late = draw.between(`late.${one.id}`, 0, within);
      world.after(late, () => {
        if (one.status === 'up') world.hears(one.id, subject.id);
      });
    }
    const truth = alarm === 'right' ? 'crashes' : 'lives';
    return {
      sentence: `${names(told)} are told that ${subject.name} is gone, which ${truth}`,
      heal: () => restartIfDown(world, subject),
      classes: [`peer-down:${alarm}`],
    };
  },
};
