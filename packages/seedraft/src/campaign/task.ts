/** What workers are given: the campaign once, then one task after another. */
import type { Bundle } from '../config/bundle.ts';

export interface ScenarioSource {
  /** A path, or the name of a shipped scenario: what `seedraft run` takes. */
  readonly file: string;
  readonly text: string;
  /** Where a scenario without a file of its own was written. */
  readonly origin?: string;
}

/** The same for every task of a campaign. */
export interface CampaignWork {
  readonly scenarios: readonly ScenarioSource[];
  readonly root: string;
  /** The user's machine, where runs are about one. */
  readonly config?: Pick<Bundle, 'file' | 'module'>;
}

/** Units [from, to), numbered over all seeds of the family: the same unit has the same number in every campaign of these scenarios. */
export interface CampaignTask {
  readonly from: number;
  readonly to: number;
}

/** A task, and the memory in which its worker marks how far it is (watch.ts). */
export interface WatchedWork extends CampaignTask {
  readonly pulse: Int32Array;
}
