/**
 * A joint change loses its leader in the middle: the next leader finds itself in a joint configuration it did not start, and must be able
 * to leave it (dissertation 4.3).
 * Recovery it must leave possible: the crashed leader restarts from its disk; both majorities are still there.
 */
import { z } from 'zod';
import type { MemberView } from '../observer.ts';
import { duration } from '../scenario/units.ts';
import { restartIfDown } from './crash.ts';
import type { Fault, RaftFaultWorld } from './fault.ts';
import { drawJointChange, planJointChange } from './joint-change.ts';
import { newcomer, target } from './target.ts';

const schema = z.strictObject({
  add: z.array(newcomer()).default([]),
  remove: z.array(target()).default([]),
  demote: z.array(target()).default([]),
  leave: duration().optional(),
  /** The crashed leader comes back this much later. */
  restart: duration().default(1_000_000),
});
type Parameters = z.output<typeof schema>;

export const interruptJoint: Fault<Parameters, RaftFaultWorld> = {
  name: 'interrupt-joint',
  group: 'membership',
  summary: 'the leader crashes in the middle of a joint change',
  schema,
  draw(draw) {
    return { ...drawJointChange(draw), restart: draw.between('restart', 10_000, 3_000_000) };
  },
  inject(world, parameters, draw) {
    const planned = planJointChange(world, parameters, draw);
    if (planned === null) return null;
    world.changeMembership(planned.changes, parameters.leave === undefined ? 'joint' : 'explicit');
    if (parameters.leave !== undefined) {
      world.after(parameters.leave, () => world.changeMembership([], 'explicit'));
    }
    let victim: MemberView | null = null;
    const jointLeader = (): boolean => {
      victim = world.leader();
      return victim?.raft != null && victim.raft.configuration.outgoing !== null;
    };
    world.when(jointLeader, 5_000_000, () => {
      if (victim === null) return;
      const fallen = victim;
      world.crash(fallen.id, 'drawn');
      world.after(parameters.restart, () => restartIfDown(world, fallen));
      world.report(
        'interrupt-joint',
        `${fallen.name} crashes while it leads in a joint configuration`,
        ['interrupt-joint'],
      );
    });
    return { sentence: `joint change: ${planned.sentence}; its leader will crash`, classes: [] };
  },
};
