/** Results of runs that nobody ran. */
import type { UnitResult } from '../../packages/seedraft/src/campaign/unit.ts';

export function unitResult(unit: number, over: Partial<UnitResult> = {}): UnitResult {
  return {
    unit,
    scenario: 'story',
    seed: String(unit + 1),
    verdict: 'pass',
    rule: null,
    sentence: null,
    hash: unit.toString(16).padStart(16, '0'),
    events: 100 + unit,
    simulatedMicros: 1_000_000 * (unit + 1),
    acknowledged: unit,
    faults: { crash: 1 },
    rules: { S1: 2 },
    messages: { RequestVote: 3 },
    sometimes: {},
    twice: false,
    divergence: null,
    ...over,
  };
}
