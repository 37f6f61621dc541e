/**
 * What a campaign never exercised, and whether that means anything: only of a campaign with a scenario that leaves everything to the seed, and
 * only after enough runs. A single story need not exercise everything; swarm, or all shipped scenarios together, must.
 */
import { type Scenario, SWARM_GROUPS, VACUITY_RUNS, vacuityGaps } from '@seedraft/sim';
import type { CampaignResult } from './campaign.ts';

export interface Vacuity {
  /** False: too few runs, or none that leaves everything to the seed. */
  readonly judged: boolean;
  /** One sentence for each thing that never occurred; empty when not judged. */
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

export function judgeVacuity(scenarios: readonly Scenario[], { tally }: CampaignResult): Vacuity {
  const judged = tally.units >= VACUITY_RUNS && scenarios.some(leavesAllToTheSeed);
  return { judged, gaps: judged ? vacuityGaps(tally) : [] };
}
