/**
 * A campaign as JUnit XML, for CI systems that show test results: a test suite for each scenario, in it one test for all runs that passed, one
 * for each that failed, and one, skipped, for those that could not be judged. What concerns the whole campaign is a suite of its own.
 */
import { create, type XMLElement } from 'xmlbuilder';
import type { DetailedFailure } from '../campaign/failure-detail.ts';
import type { ScenarioCounts } from '../campaign/tally.ts';
import { EXIT } from '../exit-codes.ts';
import type { CampaignReport } from './campaign-report.ts';
import { failureText } from './failure.ts';

const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/** Exit codes of a campaign in which no single run failed. */
const WHOLE = [EXIT.inconclusive, EXIT.vacuity, EXIT.interrupted, EXIT.nondeterminism] as const;

export function junitXml(report: CampaignReport): string {
  const { result, failures } = report;
  const names = new Set([
    ...Object.keys(result.tally.scenarios),
    ...failures.map(({ unit }) => unit.scenario),
  ]);
  const root = create(
    'testsuites',
    { encoding: 'UTF-8' },
    {},
    { invalidCharReplacement: '\uFFFD' },
  ).att({ name: 'seedraft', time: result.wallSeconds.toFixed(3) });
  for (const name of [...names].sort()) {
    const failed = failures.filter(({ unit }) => unit.scenario === name);
    suite(root, name, result.tally.scenarios[name], failed, report.seeds);
  }
  campaign(root, report);
  return `${root.end({ pretty: true })}\n`;
}

function suite(
  root: XMLElement,
  name: string,
  counts: ScenarioCounts = { runs: 0, inconclusive: 0, simulatedMicros: 0 },
  failed: readonly DetailedFailure[],
  seeds: string | null,
): void {
  const counted = Math.min(failed.length, counts.runs);
  const passed = counts.runs - counts.inconclusive - counted;
  const skipped = counts.inconclusive > 0 ? 1 : 0;
  const tests = (passed > 0 ? 1 : 0) + skipped + failed.length;
  const node = root.ele('testsuite', { name, tests, failures: failed.length, errors: 0, skipped });
  const test = (title: string): XMLElement =>
    node.ele('testcase', { classname: `seedraft.${name}`, name: title });
  if (passed > 0) test(`seeds ${seeds}: ${passed} of ${counts.runs} runs passed`);
  if (skipped > 0) {
    const message = `${counts.inconclusive} runs could not be judged`;
    test(`seeds ${seeds}: ${counts.inconclusive} inconclusive`).ele('skipped', { message });
  }
  for (const failure of failed) {
    const { unit } = failure;
    const type = unit.rule ?? unit.verdict;
    const message = `${type}: ${unit.sentence ?? 'no reason was given'}`;
    const text = failureText({ ...unit, ...failure }).replaceAll(COLOUR, '');
    test(`seed ${unit.seed}`).ele('failure', { type, message }, text);
  }
}

/** Else a campaign that failed as a whole would show green. */
function campaign(root: XMLElement, { verdict, failures, vacuity, result }: CampaignReport): void {
  const isWhole = WHOLE.some((code) => code === verdict.exit) && failures.length === 0;
  const node = root.ele('testsuite', {
    name: 'campaign',
    tests: 1,
    failures: isWhole ? 1 : 0,
    errors: 0,
    skipped: 0,
  });
  const test = node.ele('testcase', {
    classname: 'seedraft.campaign',
    name: `campaign hash ${result.tally.hash}`,
  });
  if (!isWhole) return;
  const text = vacuity.judged ? vacuity.gaps.join('\n') : '';
  test.ele('failure', { type: `exit ${verdict.exit}`, message: verdict.sentence }, text);
}
