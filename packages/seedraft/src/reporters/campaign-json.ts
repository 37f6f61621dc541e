/** The one object that `fuzz --json` prints. */
import type { CampaignResult } from '../campaign/campaign.ts';

export interface CampaignFailure {
  readonly scenario: string;
  readonly seed: string;
  readonly rule: string | null;
  readonly verdict: string;
  readonly sentence: string | null;
  readonly replay: string;
}

export function campaignJson(
  result: CampaignResult,
  failures: readonly CampaignFailure[],
  gaps: readonly string[],
): Record<string, unknown> {
  const { tally } = result;
  return {
    hash: tally.hash,
    seeds: `${result.seeds.first}..${result.seeds.last}`,
    runs: tally.units,
    passed: tally.passed,
    failed: failures.length,
    inconclusive: tally.inconclusive,
    events: tally.events,
    eventsPerSecond: Math.round(tally.events / Math.max(result.wallSeconds, 1e-3)),
    simulatedSeconds: Math.round(tally.simulatedMicros / 1e6),
    wallSeconds: Math.round(result.wallSeconds * 1000) / 1000,
    ops: tally.acknowledged,
    workers: result.workers,
    medianSimulatedSeconds: tally.medianSimulatedSeconds,
    medianOps: tally.medianOperations,
    ranTwice: tally.twice,
    interrupted: result.interrupted,
    faults: sorted(tally.faults),
    rules: sorted(tally.rules),
    messages: sorted(tally.messages),
    sometimes: sorted(tally.sometimes),
    inconclusiveReasons: sorted(tally.reasons),
    vacuity: gaps,
    failures,
  };
}

function sorted(counts: Readonly<Record<string, number>>): Record<string, number> {
  const keys = Object.keys(counts).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return Object.fromEntries(keys.map((key) => [key, counts[key]!]));
}
