/**
 * What members start from: the first configuration, with every incarnation bound unless the plan leaves that to the first leader, and the
 * logs that the paper's figures begin with.
 */
import { type Configuration, type Entry, firstConfiguration, type Member } from '@seedraft/core';
import type { RecoveredMember } from '@seedraft/replica';
import type { MemberPlan, Plan } from './plan.ts';
import type { Randomness } from './random.ts';

/** 32 hexadecimal digits for the `generation`-th disk of a member. */
export function incarnationOf(randomness: Randomness, id: number, generation: number): string {
  return randomness
    .words('incarnation', id, generation)
    .map((word) => word.toString(16).padStart(8, '0'))
    .join('');
}

/** A member as configurations name it; simulated members are reached by their names. */
export function memberEntry(
  id: number,
  name: string,
  incarnation: string,
  role: 'voter' | 'learner',
): Member {
  return { id, incarnation, name, peerAddress: name, clientAddress: name, role, priority: 0 };
}

/** Everybody of the plan, with ids 1.. in the plan's order. */
export function bootstrapConfiguration(plan: Plan, randomness: Randomness): Configuration {
  const members = plan.members.map(({ name, learner }, position) =>
    memberEntry(
      position + 1,
      name,
      plan.unbound === true ? '' : incarnationOf(randomness, position + 1, 0),
      learner ? 'learner' : 'voter',
    ),
  );
  return firstConfiguration(members);
}

/** A new disk's content: a log of no-ops in the planned terms, or nothing. */
export function bootstrapMember(
  planned: MemberPlan,
  configuration: Configuration,
  incarnation: string,
): RecoveredMember {
  const entries = (planned.log ?? []).map(
    (term, position): Entry => ({
      index: position + 1,
      term,
      kind: 'noop',
      data: new Uint8Array(0),
      checksum: 0,
      configuration: null,
    }),
  );
  return {
    core: {
      hardState: { term: planned.term, votedFor: 0 },
      snapshot: null,
      entries,
      configuration,
      applied: 0,
      repairUntil: 0,
    },
    incarnation,
  };
}
