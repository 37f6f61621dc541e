/** What there is to say about a campaign, whoever says it: the text for people, the object for programs, JUnit XML, GitHub. */
import type { CampaignResult } from '../campaign/campaign.ts';
import type { DetailedFailure } from '../campaign/failure-detail.ts';
import type { Undecided } from '../campaign/tally.ts';
import type { Vacuity } from '../campaign/vacuity.ts';
import type { CampaignVerdict } from '../campaign/verdict.ts';

export interface CampaignReport {
  /** Of what was counted. */
  readonly result: Pick<CampaignResult, 'tally' | 'interrupted' | 'wallSeconds' | 'workers'>;
  /** All of them, those beyond the counted seeds too. */
  readonly failures: readonly DetailedFailure[];
  readonly vacuity: Vacuity;
  readonly verdict: CampaignVerdict;
  readonly scenarios: number;
  readonly root: string;
  /** `1..640`, or several such; null: not one whole seed. */
  readonly seeds: string | null;
  /** Asked for, and not there. */
  readonly missing: string | null;
  /** The line that runs an inconclusive unit alone. */
  readonly lineOf: (undecided: Undecided) => string;
}
