/** The one object that `fuzz --json` and `corpus merge --json` print. */
import type { DetailedFailure } from '../campaign/failure-detail.ts';
import type { CampaignReport } from './campaign-report.ts';

export function campaignJson(report: CampaignReport): Record<string, unknown> {
  const { result, failures, vacuity, verdict } = report;
  const { tally } = result;
  return {
    hash: tally.hash,
    seeds: report.seeds,
    missing: report.missing,
    exitCode: verdict.exit,
    verdict: verdict.sentence,
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
    inconclusiveRuns: tally.undecided.map(({ scenario, seed, reason }) => ({
      scenario,
      seed,
      reason,
    })),
    vacuityJudged: vacuity.judged,
    vacuity: vacuity.gaps,
    scenarios: tally.scenarios,
    failures: failures.map(failureJson),
  };
}

function failureJson(failure: DetailedFailure): Record<string, unknown> {
  const { unit, replay, folder, picture, note, shrunk = null } = failure;
  const { scenario, seed, rule, verdict, sentence } = unit;
  return { scenario, seed, rule, verdict, sentence, folder, replay, picture, note, shrunk };
}

function sorted(counts: Readonly<Record<string, number>>): Record<string, number> {
  const keys = Object.keys(counts).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return Object.fromEntries(keys.map((key) => [key, counts[key]!]));
}
