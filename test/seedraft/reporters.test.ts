/** What CI systems are given: JUnit XML that any parser reads, and workflow commands and Markdown that no text from a run can break out of. */
import { stripVTControlCharacters } from 'node:util';
import { fc, test as property } from '@fast-check/vitest';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { describe, expect, test } from 'vitest';
import type { DetailedFailure } from '../../packages/seedraft/src/campaign/failure-detail.ts';
import { Tally } from '../../packages/seedraft/src/campaign/tally.ts';
import type { UnitResult } from '../../packages/seedraft/src/campaign/unit.ts';
import { campaignVerdict } from '../../packages/seedraft/src/campaign/verdict.ts';
import {
  harmless,
  harmlessBlock,
  harmlessJson,
  harmlessLine,
} from '../../packages/seedraft/src/harmless.ts';
import type { CampaignReport } from '../../packages/seedraft/src/reporters/campaign-report.ts';
import { campaignText } from '../../packages/seedraft/src/reporters/campaign-text.ts';
import { annotations, stepSummary } from '../../packages/seedraft/src/reporters/github.ts';
import { junitXml } from '../../packages/seedraft/src/reporters/junit.ts';
import { unitResult } from './unit-results.ts';

const EVIL = 'n1 said </failure> ]]> & "so"\u0000\u001b[31m\n::error::x | <b> `';

function reportOf(units: readonly UnitResult[], gaps: readonly string[] = []): CampaignReport {
  const tally = new Tally();
  for (const unit of units) tally.take(unit);
  const result = { tally, interrupted: false, wallSeconds: 2, workers: 1 };
  const vacuity = { runs: 99, judged: true, gaps };
  return {
    result,
    failures: tally.failures.map(
      (unit): DetailedFailure => ({
        unit,
        story: ['a'],
        folder: null,
        replay: 'r',
        picture: null,
        note: null,
      }),
    ),
    vacuity,
    verdict: campaignVerdict(result, tally.failures, vacuity),
    scenarios: 2,
    root: '',
    seeds: '1..4',
    missing: null,
    lineOf: () => 'line',
  };
}

const mixed = reportOf([
  unitResult(0),
  unitResult(1, { scenario: 'a/b' }),
  unitResult(2, { verdict: 'violation', rule: 'S5', sentence: EVIL }),
  ...Array.from({ length: 30 }, (_, n) => unitResult(10 + n)),
  unitResult(3, { verdict: 'inconclusive', sentence: 'a quorum was wiped' }),
]);

interface Case {
  readonly name: string;
  readonly failure?: { readonly type: string; readonly message: string; readonly text: string };
  readonly skipped?: unknown;
}
interface Suite {
  readonly name: string;
  readonly tests: string;
  readonly failures: string;
  readonly skipped: string;
  readonly testcase: readonly Case[];
}

function suitesOf(report: CampaignReport): Suite[] {
  const xml = junitXml(report);
  expect(XMLValidator.validate(xml)).toBe(true);
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    textNodeName: 'text',
    isArray: (name) => name === 'testsuite' || name === 'testcase',
  });
  const { testsuites } = parser.parse(xml) as { testsuites: { testsuite: Suite[] } };
  return testsuites.testsuite;
}

describe('JUnit XML', () => {
  test('has a suite for each scenario, a test for each failure, and one for the campaign', () => {
    const [other, story, campaign] = suitesOf(mixed);
    expect(other).toMatchObject({ name: 'a/b', tests: '1', failures: '0' });
    expect(story).toMatchObject({ name: 'story', tests: '3', failures: '1', skipped: '1' });
    expect(story!.testcase.map(({ name }) => name)).toEqual([
      'seeds 1..4: 31 of 33 runs passed',
      'seeds 1..4: 1 inconclusive',
      'seed 3',
    ]);
    expect(campaign).toMatchObject({ name: 'campaign', tests: '1', failures: '0' });
  });

  test('holds any text', () => {
    const failure = suitesOf(mixed)[1]!.testcase[2]!.failure!;
    expect(failure.type).toBe('S5');
    expect(failure.message).toContain('n1 said </failure> ]]> & "so"');
    expect(failure.text).toContain('S5 State Machine Safety');
  });

  test('a campaign that fails as a whole is a failed test', () => {
    const report = reportOf([unitResult(0)], ['the fault wipe never occurred']);
    const [, campaign] = suitesOf(report);
    expect(campaign).toMatchObject({ failures: '1' });
    expect(campaign!.testcase[0]!.failure!.text).toBe('the fault wipe never occurred');
  });
});

describe('text of a run', () => {
  const anything = fc.array(
    fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('::', '##', '[', '\n', ' ', '\u009b')),
  );
  /** What a runner takes for a command, and what a terminal obeys. */
  const isOrder = (line: string): boolean =>
    /^\s*::|##\[|[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u.test(line);

  property.prop([anything])('gives no orders, wrapped between any words neither', (parts) => {
    const text = parts.join('');
    expect(harmless(text).split(/[\n ]/).filter(isOrder)).toEqual([]);
    expect(isOrder(harmlessLine(text))).toBe(false);
    expect(harmlessBlock(text).split('\n').filter(isOrder)).toEqual([]);
    expect(isOrder(harmlessJson({ text }))).toBe(false);
    expect(JSON.parse(harmlessJson({ text }))).toEqual({ text });
  });

  test('that gives none stays as it is', () => {
    const text = 'n1 says "ä", a::b, c: 7@3 (1-2)\nand more';
    expect(harmless(text)).toBe(text);
    expect(harmlessBlock(text)).toBe(text.replace('\n', '\n  '));
    expect(harmlessLine('\u0007\r\n\t\u001b[31m')).toBe('\\u0007\\r\\n\\t\\u001b[31m');
  });

  test('a campaign prints none of it', () => {
    const shown = stripVTControlCharacters(campaignText(mixed)).split('\n');
    expect(shown.filter(isOrder)).toEqual([]);
    expect(shown).toContain(
      'At t=3.000 s, event #101: n1 said </failure> ]]> & "so"\\u0000\\u001b[31m',
    );
  });
});

describe('GitHub', () => {
  test('an annotation is one line, whatever it says', () => {
    const lines = annotations(mixed);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^::error title=S5%3A story%2C seed 3::n1 said /);
    expect(lines[0]).not.toContain('\n');
    expect(lines[0]).toContain('%0A\\::error::x');
    expect(lines[0]).toContain('Replay it: r');
  });

  test('nothing when all is well, and the campaign when it failed as a whole', () => {
    expect(annotations(reportOf([unitResult(0)]))).toEqual([]);
    const whole = annotations(reportOf([unitResult(0)], ['x']));
    expect(whole).toEqual([expect.stringContaining('::error title=seedraft::1 thing')]);
  });

  test('the summary is a table that text cannot break', () => {
    const summary = stepSummary(mixed);
    const row = summary.split('\n').find((line) => line.includes('n1 said'))!;
    expect(row.split(/(?<!\\)\|/)).toHaveLength(7);
    expect(row).not.toContain('<b>');
    expect(summary).toContain('FAILED');
    expect(summary).toContain(mixed.result.tally.hash);
  });
});
