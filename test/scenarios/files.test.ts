/**
 * The shipped scenarios: every file is valid, tells its story in its first lines, and the paper's own come out as the paper says. The other
 * files are run by `seedraft fuzz`; here they would take too long.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run, type Scenario, scenarioJsonSchema, scenarioToPlan } from '@seedraft/sim';
import { parseScenario } from 'seedraft';
import { describe, expect, test } from 'vitest';

const FOLDER = fileURLToPath(new URL('../../scenarios/', import.meta.url));
const FILES = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.yaml'))
  .sort();
const THEMES = [
  'elections',
  'replication',
  'membership',
  'snapshots',
  'reads',
  'disks',
  'clocks',
  'sessions',
  'paper',
];

function textOf(file: string): string {
  return readFileSync(FOLDER + file, 'utf8');
}

function load(file: string): Scenario {
  const parsed = parseScenario(textOf(file));
  if (!parsed.ok) throw new Error(`${file}: ${JSON.stringify(parsed.problems)}`);
  return parsed.scenario;
}

describe('regressions', () => {
  const regressions = FILES.filter((file) => file.startsWith('regressions/'));

  /** Those that a file says it failed under, or some. */
  const seedsOf = (file: string): readonly string[] =>
    /^# Failed under seeds (.+)\.$/m.exec(textOf(file))?.[1]?.split(', ') ?? ['6', '7', '9', '10'];

  test.each(regressions)('%s stays fixed', (file) => {
    for (const seed of seedsOf(file)) {
      const { verdict, rule, sentence } = run(scenarioToPlan(load(file), seed));
      expect({ verdict, rule, sentence }).toEqual({ verdict: 'pass', rule: null, sentence: null });
    }
  });
});

describe('shipped scenarios', () => {
  test('cover every theme', () => {
    for (const theme of THEMES) {
      expect(FILES.filter((file) => file.startsWith(`${theme}/`)).length, theme).toBeGreaterThan(2);
    }
  });

  test.each(FILES)('%s is valid and tells a story', (file) => {
    const scenario = load(file);
    expect(textOf(file).startsWith('# ')).toBe(true);
    expect(scenario.story?.length ?? 0).toBeGreaterThan(30);
    expect(() => scenarioToPlan(scenario, '1')).not.toThrow();
  });

  test('no two bear one name', () => {
    const names = FILES.map((file) => load(file).name);
    expect(new Set(names).size).toBe(names.length);
  });

  test('schema.json is what the code says (node test/tools/write-scenario-schema.mjs)', () => {
    const committed: unknown = JSON.parse(textOf('schema.json'));
    expect(committed).toEqual(JSON.parse(JSON.stringify(scenarioJsonSchema())));
  });
});

describe("the paper's stories", () => {
  const paper = FILES.filter((file) => file.startsWith('paper/'));
  test.each(paper)('%s', (file) => {
    const result = run(scenarioToPlan(load(file), '1'));
    expect([result.verdict, result.rule, result.sentence ?? result.reason]).toEqual([
      'pass',
      null,
      null,
    ]);
  });

  test('figure 7: the six followers refuse what does not match, and their own entries go', () => {
    const result = run(scenarioToPlan(load('paper/figure-7.yaml'), '1'));
    expect(result.sometimes['an append was refused for a mismatch']).toBeGreaterThan(0);
    expect(result.sometimes['a follower truncated its log']).toBeGreaterThan(0);
  });

  test('figure 8: the entry on a majority is overwritten', () => {
    const { trace = [] } = run(scenarioToPlan(load('paper/figure-8.yaml'), '1'), {
      record: { trace: true },
    });
    const told = trace.join('\n');
    expect(told).toMatch(/n1 becomes leader in term 2/);
    expect(told).toMatch(/n5 becomes leader in term 3/);
    expect(told).toMatch(/n1 becomes leader in term 4/);
    expect(told).toMatch(/n3 persist seq=\d+ term=4 vote=n1 entries=2@2/);
    expect(told).toMatch(/n5 becomes leader in term 5/);
    expect(told).toMatch(/n3 persist seq=\d+ term=5 vote=n5 truncate=2\.\. entries=2@3/);
  });

  test('single-server bug: the second change has to wait', () => {
    const { notes } = run(scenarioToPlan(load('paper/single-server-bug.yaml'), '1'));
    expect(notes['operator:ChangeMembership refused NO_COMMIT_IN_TERM']).toBeGreaterThan(0);
  });
});
