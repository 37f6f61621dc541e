/** What workers are given: the campaign once, then one task after another. */

export interface ScenarioSource {
  /** A path, or the name of a shipped scenario: what `seedraft run` takes. */
  readonly file: string;
  readonly text: string;
}

/** The same for every task of a campaign. */
export interface CampaignWork {
  readonly scenarios: readonly ScenarioSource[];
  readonly root: string;
  readonly firstSeed: number;
}

/** Units [from, to). */
export interface CampaignTask {
  readonly from: number;
  readonly to: number;
}
