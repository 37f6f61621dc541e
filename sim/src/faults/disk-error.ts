/**
 * The next read or write of a disk fails (EIO). The member stops rather than guess, and is started again.
 * Recovery it must leave possible: what was acknowledged is durable; the failed write was never acknowledged. The atlas must permit it,
 * since a member that cannot read back what it promised counts as damaged.
 */
import { z } from 'zod';
import { DISK_FAULT_SENTENCES } from '../disk/disk.ts';
import { duration } from '../scenario/units.ts';
import { injectDamage, injectStop } from './disk-damage.ts';
import type { Draw, Fault, FaultWorld, Injected } from './fault.ts';
import { target } from './target.ts';

const schema = z.strictObject({
  target: target().default('random'),
  operation: z.enum(['read', 'write']).default('write'),
  /** Started again this long after it stopped. */
  restart: duration().default(500_000),
});
type Parameters = z.output<typeof schema>;

export const diskError: Fault<Parameters> = {
  name: 'disk-error',
  group: 'disk',
  summary: 'the next read or write of a disk fails (EIO)',
  schema,
  subject: 'target',
  variants: ['read', 'write'],
  draw(draw, variant = draw.pick('variant', ['read', 'write'])) {
    return {
      target: draw.pick('target', ['leader', 'follower', 'random']),
      operation: variant === 'read' ? 'read' : 'write',
      restart: draw.between('restart', 10_000, 1_500_000),
    };
  },
  inject(world, parameters, draw) {
    if (parameters.operation === 'read') return injectReadError(world, draw, parameters);
    return injectStop(world, draw, parameters, { kind: 'write-error' }, ({ name }) => ({
      sentence: DISK_FAULT_SENTENCES['write-error'](name),
      classes: ['disk-error:write'],
    }));
  },
};

/** A member reads its disk when it starts, so it is made to. */
function injectReadError(world: FaultWorld, draw: Draw, parameters: Parameters): Injected | null {
  const { target: word, restart } = parameters;
  const damage = { target: word, restart, settle: 0 };
  const injected = injectDamage(world, draw, damage, 'read-error');
  return injected === null ? null : { ...injected, classes: ['disk-error:read'] };
}
