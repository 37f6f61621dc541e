/**
 * Reads return an older version of a block (a lost write): every checksum is right, only the chain of groups can tell.
 * Recovery it must leave possible: the atlas permits damage only while the other voters hold a quorum of intact copies.
 */
import type { DamageParameters } from './disk-damage.ts';
import { damageSchema, drawDamage, injectDamage } from './disk-damage.ts';
import type { Fault } from './fault.ts';

export const staleRead: Fault<DamageParameters> = {
  name: 'stale-read',
  group: 'disk',
  summary: 'reads return an older version of a block',
  schema: damageSchema,
  subject: 'target',
  draw(draw) {
    return drawDamage(draw, 0);
  },
  inject(world, parameters, draw) {
    return injectDamage(world, draw, parameters, 'stale-read');
  },
};
