/**
 * A read returns fewer bytes than asked: a file looks shorter than it is, as after a torn write.
 * Recovery it must leave possible: the atlas permits damage only while the other voters hold a quorum of intact copies.
 */
import type { DamageParameters } from './disk-damage.ts';
import { damageSchema, drawDamage, injectDamage } from './disk-damage.ts';
import type { Fault } from './fault.ts';

export const shortRead: Fault<DamageParameters> = {
  name: 'short-read',
  group: 'disk',
  summary: 'a read returns fewer bytes than asked',
  schema: damageSchema,
  subject: 'target',
  draw(draw) {
    return drawDamage(draw, 0);
  },
  inject(world, parameters, draw) {
    return injectDamage(world, draw, parameters, 'short-read');
  },
};
