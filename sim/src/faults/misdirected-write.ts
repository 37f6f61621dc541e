/**
 * A write lands in the wrong place: one record is missing and another is overwritten, each with a checksum that is right by itself.
 * Recovery it must leave possible: the atlas permits damage only while the other voters hold a quorum of intact copies.
 */
import type { DamageParameters } from './disk-damage.ts';
import { damageSchema, drawDamage, injectDamage } from './disk-damage.ts';
import type { Fault } from './fault.ts';

export const misdirectedWrite: Fault<DamageParameters> = {
  name: 'misdirected-write',
  group: 'disk',
  summary: 'a write lands in the wrong place',
  schema: damageSchema,
  subject: 'target',
  draw(draw) {
    return drawDamage(draw, 500_000);
  },
  inject(world, parameters, draw) {
    return injectDamage(world, draw, parameters, 'misdirected-write');
  },
};
