/**
 * A stored bit flips. Checksums must find it; a damaged member must not take part until it is repaired or replaced.
 * Recovery it must leave possible: the atlas permits damage only while the other voters hold a quorum of intact copies.
 */
import type { DamageParameters } from './disk-damage.ts';
import { damageSchema, drawDamage, injectDamage } from './disk-damage.ts';
import type { Fault } from './fault.ts';

export const bitRot: Fault<DamageParameters> = {
  name: 'bit-rot',
  group: 'disk',
  summary: 'a stored bit flips',
  schema: damageSchema,
  subject: 'target',
  draw(draw) {
    return drawDamage(draw, 0);
  },
  inject(world, parameters, draw) {
    return injectDamage(world, draw, parameters, 'bit-rot');
  },
};
