/** How a campaign ends: one exit code, the worst first, and never a pass for what was not shown. */
import { defineScenario, EVERYTHING, VACUITY_RUNS } from '@seedraft/sim';
import { describe, expect, test } from 'vitest';
import type { CampaignResult } from '../../packages/seedraft/src/campaign/campaign.ts';
import { Tally } from '../../packages/seedraft/src/campaign/tally.ts';
import type { UnitVerdict } from '../../packages/seedraft/src/campaign/unit.ts';
import { judgeVacuity, leavesAllToTheSeed } from '../../packages/seedraft/src/campaign/vacuity.ts';
import { campaignVerdict } from '../../packages/seedraft/src/campaign/verdict.ts';
import { unitResult } from './unit-results.ts';

interface Case {
  readonly verdicts: readonly UnitVerdict[];
  readonly interrupted?: boolean;
  readonly gaps?: readonly string[];
  readonly judged?: boolean;
}

function resultOf({ verdicts, interrupted = false }: Case): CampaignResult {
  const tally = new Tally();
  verdicts.forEach((verdict, unit) => {
    const rule = verdict === 'violation' ? 'S1' : null;
    tally.take(unitResult(unit, { verdict, rule }));
  });
  const seeds = { first: 1, last: verdicts.length };
  return { tally, seeds, beyond: [], interrupted, wallSeconds: 1, workers: 1 };
}

function exitOf(of: Case): number {
  const result = resultOf(of);
  const vacuity = { runs: 64, judged: of.judged ?? true, gaps: of.gaps ?? [] };
  return campaignVerdict(result, result.tally.failures, vacuity).exit;
}

const many = (count: number, verdict: UnitVerdict): UnitVerdict[] =>
  Array.from({ length: count }, () => verdict);

describe('exit codes', () => {
  test.each<[string, number, Case]>([
    ['all passed', 0, { verdicts: ['pass'] }],
    ['safety', 10, { verdicts: ['pass', 'violation', 'liveness'] }],
    ['liveness', 11, { verdicts: ['liveness', 'nondeterminism'] }],
    ['not deterministic', 12, { verdicts: ['nondeterminism'] }],
    ['one in twenty undecided', 0, { verdicts: ['inconclusive', ...many(19, 'pass')] }],
    ['more undecided', 13, { verdicts: ['inconclusive', ...many(18, 'pass')] }],
    ['nothing finished', 13, { verdicts: [] }],
    ['something never exercised', 14, { verdicts: ['pass'], gaps: ['x'] }],
    ['not exercised, but not judged', 0, { verdicts: ['pass'], gaps: ['x'], judged: false }],
    ['a crash of the tool, whatever else', 70, { verdicts: ['violation', 'error'] }],
    ['a run that did not end', 15, { verdicts: ['unfinished'], gaps: ['x'], interrupted: true }],
    [
      'a run that did not end, beside a finding',
      12,
      { verdicts: ['unfinished', 'nondeterminism'] },
    ],
    ['interrupted', 130, { verdicts: ['pass'], interrupted: true }],
    ['interrupted at once', 130, { verdicts: [], interrupted: true }],
    ['interrupted after a finding', 10, { verdicts: ['violation'], interrupted: true }],
  ])('%s: %i', (_, exit, of) => {
    expect(exitOf(of)).toBe(exit);
  });

  test('a failure beyond the counted range counts', () => {
    const result = resultOf({ verdicts: ['pass'] });
    const beyond = [unitResult(9, { verdict: 'violation', rule: 'S5' })];
    const verdict = campaignVerdict(result, beyond, { runs: 0, judged: false, gaps: [] });
    expect(verdict).toEqual({ exit: 10, sentence: 'safety was violated in 1 run (S5)' });
  });
});

describe('vacuity', () => {
  const swarm = defineScenario({ name: 'swarm', swarm: 'all' });
  const story = defineScenario({ name: 'story', cluster: { voters: 3 } });
  const enough = resultOf({ verdicts: many(VACUITY_RUNS, 'pass') });

  test('is judged only where something leaves everything to the seed', () => {
    expect(leavesAllToTheSeed(swarm)).toBe(true);
    expect(leavesAllToTheSeed(defineScenario({ name: 'disks', swarm: ['disk'] }))).toBe(false);
    const pinned = defineScenario({ name: 'p', swarm: 'all', workload: { clients: 2 } });
    expect(leavesAllToTheSeed(pinned)).toBe(false);
    expect(leavesAllToTheSeed(story)).toBe(false);
    expect(judgeVacuity(0, 1, enough.tally, EVERYTHING)).toEqual({
      runs: 0,
      judged: false,
      gaps: [],
    });
  });

  test('is judged after enough runs, and says each gap', () => {
    const few = resultOf({ verdicts: many(2 * VACUITY_RUNS - 2, 'pass') });
    const half = judgeVacuity(1, 2, few.tally, EVERYTHING);
    expect(half).toMatchObject({ runs: VACUITY_RUNS - 1, judged: false });
    const { judged, gaps } = judgeVacuity(1, 1, enough.tally, EVERYTHING);
    expect(judged).toBe(true);
    expect(gaps).toContain('the fault wipe never occurred');
    expect(gaps).not.toContain('the fault crash never occurred');
  });
});
