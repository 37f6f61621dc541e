/**
 * How large a plan is to a reader: everything that a scenario would have to say about it. A fault is a story of its own, a member a lane in
 * every picture, a knob a word.
 */
import type { Plan } from '../plan.ts';
import {
  CALM_DISK,
  CALM_NETWORK,
  CALM_RAFT,
  CALM_SNAPSHOT,
  CALM_WORKLOAD,
} from '../scenario/defaults.ts';

const FAULT = 6;
const MEMBER = 4;
const CLIENT = 2;

export function planSize(plan: Plan): number {
  const { members, faults, workload } = plan;
  let size = faults.length * FAULT + members.length * MEMBER + workload.clients * CLIENT;
  for (const { parameters, duration } of faults) {
    size += Object.keys(parameters).length + (duration > 0 ? 1 : 0);
  }
  for (const { clock, log } of members) {
    size += (clock.offset !== 0 ? 1 : 0) + (clock.drift !== 0 ? 1 : 0) + (log?.length ?? 0);
  }
  size += differences(plan.network, CALM_NETWORK) + differences(plan.disk, CALM_DISK);
  size += differences(plan.raft, CALM_RAFT) + differences(plan.snapshot, CALM_SNAPSHOT);
  size += differences(workload, CALM_WORKLOAD);
  size += plan.turn > 0 ? 1 : 0;
  return (
    size +
    (plan.turn > 0 ? 1 : 0) +
    (plan.unbound === true ? 1 : 0) +
    (plan.bytes ? 3 : 0) +
    (plan.liveness ? 3 : 0) +
    (plan.blackBox ? 1 : 0)
  );
}

/** Fields of `one` that are not as in `calm`. */
function differences(one: object, calm: object): number {
  const usual = calm as Record<string, unknown>;
  let count = 0;
  for (const [key, value] of Object.entries(one)) {
    if (JSON.stringify(value) !== JSON.stringify(usual[key])) count += 1;
  }
  return count;
}
