/**
 * How a campaign ended, as an exit code and a sentence. Worst first: a crash of the tool is never a finding, and no finding is hidden by an
 * interruption or by what could not be judged.
 */
import { EXIT } from '../exit-codes.ts';
import { compareRules } from '../rules.ts';
import type { CampaignResult } from './campaign.ts';
import type { UnitResult, UnitVerdict } from './unit.ts';
import type { Vacuity } from './vacuity.ts';

export interface CampaignVerdict {
  readonly exit: number;
  readonly sentence: string;
}

/** Above this share of runs that could not be judged a campaign has not shown much. */
const INCONCLUSIVE_SHARE = 0.05;

const FINDINGS: readonly [UnitVerdict, number, string][] = [
  ['error', EXIT.internal, 'seedraft itself failed in'],
  ['mistake', EXIT.usage, 'the workload, model or machine of your config made a mistake in'],
  ['violation', EXIT.safety, 'safety was violated in'],
  ['liveness', EXIT.liveness, 'liveness was violated in'],
  ['nondeterminism', EXIT.nondeterminism, 'the same seed did not give the same run in'],
  ['unfinished', EXIT.unfinished, 'no end came, within --unit-timeout, of'],
];

export function campaignVerdict(
  result: Pick<CampaignResult, 'tally' | 'interrupted'>,
  failures: readonly UnitResult[],
  { judged, gaps }: Vacuity,
): CampaignVerdict {
  for (const [verdict, exit, words] of FINDINGS) {
    const such = failures.filter((failure) => failure.verdict === verdict);
    if (such.length > 0) return { exit, sentence: `${words} ${runsAndRules(such)}` };
  }
  const { units, inconclusive } = result.tally;
  if (result.interrupted) {
    return { exit: EXIT.interrupted, sentence: 'interrupted: this covers only what had finished' };
  }
  if (units === 0) {
    const sentence = 'not one seed was finished under every scenario';
    return { exit: EXIT.inconclusive, sentence };
  }
  if (inconclusive > INCONCLUSIVE_SHARE * units) {
    const share = ((100 * inconclusive) / units).toFixed(1);
    const sentence = `${share} % of the runs could not be judged, more than the ${100 * INCONCLUSIVE_SHARE} % that a campaign may have`;
    return { exit: EXIT.inconclusive, sentence };
  }
  if (judged && gaps.length > 0) {
    const sentence = `${gaps.length} thing${gaps.length === 1 ? '' : 's'} that should have been exercised never occurred`;
    return { exit: EXIT.vacuity, sentence };
  }
  return { exit: EXIT.pass, sentence: 'no rule was violated' };
}

/** `3 runs (S1, S5)` */
function runsAndRules(failures: readonly UnitResult[]): string {
  const rules = new Set(failures.flatMap(({ rule }) => (rule === null ? [] : [rule])));
  const named = rules.size === 0 ? '' : ` (${[...rules].sort(compareRules).join(', ')})`;
  return `${failures.length} run${failures.length === 1 ? '' : 's'}${named}`;
}
