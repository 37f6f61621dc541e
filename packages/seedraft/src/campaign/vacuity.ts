/**
 * What a campaign never exercised, and whether that means anything. A single story need not exercise everything; a scenario that leaves
 * everything to the seed must, over enough seeds, so its runs are what is counted: many stories under few seeds never draw most faults.
 */
import { type Scenario, SWARM_GROUPS, VACUITY_RUNS, vacuityGaps } from '@seedraft/sim';
import type { CampaignResult } from './campaign.ts';
import { seedsIn } from './seeds.ts';

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

export function judgeVacuity(
  scenarios: readonly Scenario[],
  { tally, seeds }: CampaignResult,
): Vacuity {
  const runs = scenarios.filter(leavesAllToTheSeed).length * seedsIn(seeds);
  return { runs, judged: runs >= VACUITY_RUNS, gaps: runs > 0 ? vacuityGaps(tally) : [] };
}
