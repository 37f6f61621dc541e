/**
 * FoundationDB's swizzle: a fraction of the members is clogged one after another, then released in another order, so that members
 * learn of terms and leaders in orders that no single outage produces.
 * Recovery it must leave possible: nothing is lost; healing releases the last one at most `spread` later.
 */
import { z } from 'zod';
import { duration, ratio } from '../scenario/units.ts';
import type { Fault } from './fault.ts';
import { names } from './target.ts';

const schema = z.strictObject({
  fraction: ratio().default(500_000),
  spread: duration().default(1_000_000),
});
type Parameters = z.output<typeof schema>;

export const swizzle: Fault<Parameters> = {
  name: 'swizzle',
  group: 'network',
  summary: 'clog a fraction of the members at staggered times, release them in another order',
  schema,
  subject: 'fraction',
  window: [1_000_000, 4_000_000],
  draw(draw) {
    return {
      fraction: draw.between('fraction', 200_000, 800_000),
      spread: draw.between('spread', 50_000, 1_000_000),
    };
  },
  inject(world, parameters, draw) {
    const count = Math.round((world.current.length * parameters.fraction) / 1_000_000);
    const chosen = draw.shuffle('members', world.current).slice(0, Math.max(1, count));
    if (world.current.length < 2) return null;
    const releases = new Map<number, (() => void)[]>();
    let healed = false;
    for (const member of chosen) {
      world.after(draw.between('clog', 0, parameters.spread), () => {
        if (healed) return;
        const links: (() => void)[] = [];
        for (const other of world.members) {
          if (other.id === member.id || other.status === 'gone') continue;
          links.push(world.clog(member.id, other.id), world.clog(other.id, member.id));
        }
        releases.set(member.id, links);
      });
    }
    return {
      sentence: `${names(chosen)} are clogged one after another within ${parameters.spread / 1000} ms`,
      heal: () => {
        healed = true;
        for (const member of draw.shuffle('release order', chosen)) {
          world.after(draw.between('release', 0, parameters.spread), () => {
            for (const release of releases.get(member.id) ?? []) release();
          });
        }
      },
    };
  },
};
