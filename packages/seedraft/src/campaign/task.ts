/** What a worker is given and what it gives back. */
import type { UnitResult } from './unit.ts';

export interface ScenarioSource {
  readonly file: string;
  readonly text: string;
}

export interface CampaignTask {
  /** Every scenario of the campaign; a unit's scenario is `unit % scenarios.length`. */
  readonly scenarios: readonly ScenarioSource[];
  readonly root: string;
  readonly firstSeed: number;
  /** Units [from, to). */
  readonly from: number;
  readonly to: number;
  /** Run every n-th unit a second time, after the others of this task. */
  readonly twiceEvery: number;
}

export type CampaignTaskResult = readonly UnitResult[];
