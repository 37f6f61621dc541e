/**
 * What a campaign never exercised, and whether that means anything. A single story need not exercise everything; a scenario that leaves
 * everything to the seed must, over enough seeds, so its runs are what is counted: many stories under few seeds never draw most faults.
 */
import {
  EVERYTHING,
  type Expected,
  expectedOf,
  type Protocol,
  type Scenario,
  SWARM_GROUPS,
  VACUITY_RUNS,
  vacuityGaps,
} from '@seedraft/sim';
import type { Tally } from './tally.ts';

export interface Vacuity {
  /** Of scenarios that leave everything to the seed. */
  readonly runs: number;
  /** Were those enough for a gap to fail the campaign? */
  readonly judged: boolean;
  /** One sentence for each thing that never occurred; empty when there were no such runs. */
  readonly gaps: readonly string[];
}

/** Draws every group from the seed, and fixes no part of it. */
export function leavesAllToTheSeed(scenario: Scenario): boolean {
  const { cluster, network, disk, clocks, workload } = scenario;
  return (
    SWARM_GROUPS.every((group) => scenario.swarm.includes(group)) &&
    [cluster, network, disk, clocks, workload].every((part) => Object.keys(part).length === 0)
  );
}

/** What runs of this protocol must have met; null: of Raft. */
export const expectedFrom = (protocol: Protocol | null): Expected =>
  protocol === null ? EVERYTHING : expectedOf(protocol);

/** `free`: how many of the campaign's scenarios leave all to the seed. */
export function judgeVacuity(
  free: number,
  scenarios: number,
  tally: Tally,
  expected: Expected,
): Vacuity {
  const runs = (free * tally.units) / scenarios;
  return { runs, judged: runs >= VACUITY_RUNS, gaps: runs > 0 ? vacuityGaps(tally, expected) : [] };
}
