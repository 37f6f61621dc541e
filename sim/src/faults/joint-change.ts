/**
 * Several members change at once through a joint configuration, left automatically or by a second order.
 * Recovery it must leave possible: while joint, every decision needs both majorities; whoever leads next can leave it.
 */
import type { MemberChange } from '@seedraft/core';
import { z } from 'zod';
import { duration } from '../scenario/units.ts';
import type { Draw, Fault, RaftFaultWorld } from './fault.ts';
import { keepsQuorum, memberOf, newMember } from './operator.ts';
import { names, newcomer, resolve, target } from './target.ts';

const schema = z.strictObject({
  add: z.array(newcomer()).default([]),
  remove: z.array(target()).default([]),
  demote: z.array(target()).default([]),
  /** Leave when told to, this much later; without it, automatically. */
  leave: duration().optional(),
});
type Parameters = z.output<typeof schema>;

export const jointChange: Fault<Parameters, RaftFaultWorld> = {
  name: 'joint-change',
  group: 'membership',
  summary: 'several members change at once through a joint configuration',
  schema,
  draw: drawJointChange,
  inject(world, parameters, draw) {
    const planned = planJointChange(world, parameters, draw);
    if (planned === null) return null;
    world.changeMembership(planned.changes, parameters.leave === undefined ? 'joint' : 'explicit');
    if (parameters.leave !== undefined) {
      world.after(parameters.leave, () => world.changeMembership([], 'explicit'));
    }
    const end =
      parameters.leave === undefined ? '' : `, to be left ${parameters.leave / 1000} ms later`;
    return { sentence: `joint change: ${planned.sentence}${end}` };
  },
};

/** As many go as come, so that fault tolerance stays what it was. */
export function drawJointChange(draw: Draw): Parameters {
  return {
    add: draw.pick('size', [['new'], ['new'], ['new', 'new']]),
    remove: draw.pick('remove', [['leader'], ['follower'], ['leader', 'follower']]),
    demote: [],
    ...(draw.chance('explicit', 400_000)
      ? { leave: draw.between('leave', 50_000, 1_500_000) }
      : {}),
  };
}

/** The changes to ask for, with targets resolved; null when they would change nothing, or leave fewer voters than join. */
export function planJointChange(
  world: RaftFaultWorld,
  parameters: Parameters,
  draw: Draw,
): { readonly changes: MemberChange[]; readonly sentence: string } | null {
  if (world.leader() === null) return null;
  const leaving = distinct(world, parameters.remove, draw, 'remove');
  const demoted = distinct(world, parameters.demote, draw, 'demote').filter(
    (member) => !leaving.includes(member),
  );
  const joining = parameters.add.map((name) => newMember(world, name));
  const changes: MemberChange[] = [
    ...joining.map((member) => ({ type: 'add' as const, member: memberOf(member, 'voter') })),
    ...leaving.map((member) => ({ type: 'remove' as const, id: member.id })),
    ...demoted.map((member) => ({ type: 'demote' as const, id: member.id })),
  ];
  if (changes.length === 0 || !keepsQuorum(world, changes)) return null;
  const parts: string[] = [];
  if (joining.length > 0) parts.push(`${names(joining)} in`);
  if (leaving.length > 0) parts.push(`${names(leaving)} out`);
  if (demoted.length > 0) parts.push(`${names(demoted)} to learner`);
  return { changes, sentence: parts.join(', ') };
}

function distinct(world: RaftFaultWorld, words: readonly string[], draw: Draw, purpose: string) {
  const ids = new Set<number>();
  words.forEach((word, position) => {
    for (const member of resolve(world, word, draw, `${purpose} ${position}`)) ids.add(member.id);
  });
  return world.members.filter((member) => ids.has(member.id));
}
