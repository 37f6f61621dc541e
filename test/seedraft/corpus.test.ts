/**
 * Results of many machines: merged in any order and any number of times they are the campaign that one machine would have run; holes and
 * disagreements are found, and a file that is not what it should be is refused at its line.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fc, test as property } from '@fast-check/vitest';
import { afterAll, describe, expect, test } from 'vitest';
import { Tally } from '../../packages/seedraft/src/campaign/tally.ts';
import type { UnitResult } from '../../packages/seedraft/src/campaign/unit.ts';
import {
  BLOCK,
  type CampaignLine,
  CORPUS_FORMAT,
  identityHash,
  isTorn,
  parseLine,
  type SeedsLine,
} from '../../packages/seedraft/src/corpus/line.ts';
import { merge, missingFrom } from '../../packages/seedraft/src/corpus/merge.ts';
import { Recorder } from '../../packages/seedraft/src/corpus/recorder.ts';
import { unitResult } from './unit-results.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'seedraft-corpus-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function campaignOf(root = ''): CampaignLine {
  const scenarios = [{ file: 'story', hash: '0123456789abcdef', leavesAllToTheSeed: false }];
  const expected = { faults: ['crash'], rules: ['S1'], messages: [], sometimes: [] };
  const identity = { version: '1', commit: 'c', build: 'b', root, config: null, scenarios };
  const whole = { ...identity, expected };
  const id = identityHash(whole);
  return { corpus: CORPUS_FORMAT, type: 'campaign', id, ...whole, configFile: null };
}
const campaign = campaignOf();

const VERDICTS = ['pass', 'pass', 'pass', 'inconclusive', 'violation'] as const;

/** What seed number `seed` does: always the same. */
const resultOf = (seed: number): UnitResult =>
  unitResult(seed, {
    seed: String(seed),
    verdict: VERDICTS[(seed * 7) % 5]!,
    sentence: `s${seed % 3}`,
  });

/** The lines that a machine writes for these seeds. */
function recorded(name: string, first: number, last: number): SeedsLine[] {
  const file = path.join(folder, name);
  const recorder = new Recorder(file, campaign);
  for (let seed = first; seed <= last; seed++) recorder.take(seed, [resultOf(seed)]);
  recorder.flush();
  const [head, ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n').map(parseLine);
  expect(head).toEqual(campaign);
  rmSync(file);
  return lines as SeedsLine[];
}

function merged(lines: readonly SeedsLine[]) {
  const merging = merge([campaign], lines);
  if (!merging.ok) throw new Error(merging.sentence);
  return merging.merged;
}

describe('merging', () => {
  property.prop([
    fc.integer({ min: 1, max: 150 }),
    fc.uniqueArray(fc.integer({ min: 1, max: 400 }), { maxLength: 4 }),
    fc.array(fc.nat(), { maxLength: 12 }),
  ])(
    'is what one machine would have found, in any order, however often',
    (first, cuts, shuffle) => {
      const last = first + 400;
      const ends = [...cuts].sort((a, b) => a - b).map((cut) => first + cut - 1);
      const shards: SeedsLine[] = [];
      let next = first;
      for (const end of [...ends, last]) {
        if (end >= next) shards.push(...recorded('shard', next, end));
        next = Math.max(next, end + 1);
      }
      const all = [...shards];
      for (const at of shuffle) all.splice(at % all.length, 0, shards[at % shards.length]!);
      const whole = new Tally();
      for (let seed = first; seed <= last; seed++) whole.take(resultOf(seed));
      const { tally, covered, sums, disagreements } = merged(all);
      const sorted = ({ simulated, operations, ...rest }: ReturnType<Tally['record']>) => ({
        ...rest,
        simulated: [...simulated].sort((a, b) => a - b),
        operations: [...operations].sort((a, b) => a - b),
      });
      expect(sorted(tally.record())).toEqual(sorted(whole.record()));
      expect(covered).toEqual([{ first, last }]);
      expect(disagreements).toEqual([]);
      const again = merged(sums.map((sum) => parseLine(JSON.stringify(sum)) as SeedsLine));
      expect(sorted(again.tally.record())).toEqual(sorted(whole.record()));
      expect(sums).toHaveLength(1);
    },
  );

  test('blocks end at the same seeds, whoever runs them', () => {
    const lines = recorded('blocks', 10, 3 * BLOCK + 5);
    expect(lines.map(({ first, last }) => [first, last])).toEqual([
      [10, BLOCK - 1],
      [BLOCK, 2 * BLOCK - 1],
      [2 * BLOCK, 3 * BLOCK - 1],
      [3 * BLOCK, 3 * BLOCK + 5],
    ]);
  });

  test('who was stopped earlier adds nothing to who went on', () => {
    const part = recorded('part', 1, 30);
    const more = recorded('more', 1, 50);
    expect(merged([...part, ...more]).tally.units).toBe(50);
  });

  test('sums have the holes that their parts had', () => {
    const { sums } = merged([...recorded('low', 1, 20), ...recorded('high', 25, 30)]);
    expect(sums.map(({ first, last, tally }) => [first, last, tally.units])).toEqual([
      [1, 20, 20],
      [25, 30, 6],
    ]);
    expect(merged([...sums, ...recorded('hole', 21, 24)]).covered).toEqual([
      { first: 1, last: 30 },
    ]);
  });

  test('the same seeds with other results are a finding', () => {
    const lines = recorded('one', 1, 20);
    const other = { ...lines[0]!, tally: { ...lines[0]!.tally, hash: 'ffffffffffffffff' } };
    const { disagreements, tally } = merged([...lines, other]);
    expect(disagreements).toHaveLength(1);
    expect(disagreements[0]).toContain('seeds 1..20 gave ');
    expect(tally.units).toBe(20);
  });

  test('what does not add up is refused: overlaps, other campaigns, seeds of nobody', () => {
    const lines = [...recorded('a', 1, 20), ...recorded('b', 15, 30)];
    expect(merge([campaign], lines)).toMatchObject({
      ok: false,
      sentence: expect.stringContaining('1..20 and 15..30 overlap in part'),
    });
    expect(merge([campaign, campaignOf('night')], [])).toMatchObject({
      ok: false,
      sentence: expect.stringContaining('other roots: (default) and night'),
    });
    expect(merge([], [])).toMatchObject({ ok: false });
    const stray = { ...lines[0]!, id: '00000000000000aa' };
    expect(merge([campaign], [stray])).toMatchObject({ ok: false });
  });

  property.prop([fc.uniqueArray(fc.integer({ min: 0, max: 60 }))])(
    'what is missing is all that is not covered',
    (seeds) => {
      const sorted = [...seeds].sort((a, b) => a - b);
      const covered = sorted.map((seed) => ({ first: seed, last: seed }));
      const missing = missingFrom({ first: 5, last: 50 }, covered);
      const expected = Array.from({ length: 46 }, (_, n) => n + 5).filter(
        (n) => !seeds.includes(n),
      );
      const got = missing.flatMap(({ first, last }) =>
        Array.from({ length: last - first + 1 }, (_, n) => first + n),
      );
      expect(got).toEqual(expected);
    },
  );
});

test('a block that cannot be written is lost alone, and that is told', () => {
  const file = path.join(folder, 'lost');
  const recorder = new Recorder(file, campaign);
  const take = (first: number, last: number): void => {
    for (let seed = first; seed <= last; seed++) recorder.take(seed, [resultOf(seed)]);
  };
  take(1, BLOCK - 1);
  expect(recorder.problem).toBeNull();
  const text = readFileSync(file, 'utf8');
  rmSync(file);
  mkdirSync(file);
  take(BLOCK, 3 * BLOCK - 1);
  expect(recorder.problem).toBe(
    `--results ${file} cannot be written: it is a folder; name a file. ` +
      `It lacks ${2 * BLOCK} seeds, from seed ${BLOCK} on: run them again.`,
  );
  rmSync(file, { recursive: true });
  writeFileSync(file, `${text}{"corpus":1,"ty`);
  take(3 * BLOCK, 3 * BLOCK);
  recorder.flush();
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').map(parseLine);
  const [, first, torn, last] = lines;
  expect(lines).toHaveLength(4);
  expect([first, torn, last]).toMatchObject([
    { first: 1, last: BLOCK - 1 },
    { wrong: expect.any(String) },
    { first: 3 * BLOCK },
  ]);
});

describe('a line', () => {
  test('that was cut off ends before the next one begins', () => {
    const file = path.join(folder, 'torn');
    writeFileSync(file, `${JSON.stringify(campaign)}\n{"corpus":2,"type":"se`);
    new Recorder(file, campaign);
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines.map((text) => 'wrong' in parseLine(text))).toEqual([false, true, false]);
  });

  const [line] = recorded('line', 1, 5) as [SeedsLine];
  test('that was cut off is told from one that was changed, wherever the cut was', () => {
    for (const text of [campaign, line].map((whole) => JSON.stringify(whole))) {
      expect(isTorn(text)).toBe(false);
      for (let at = 1; at < text.length; at++)
        expect(isTorn(text.slice(0, at)), text[at]).toBe(true);
      expect(isTorn(text.replace('"corpus":', '"corpus";'))).toBe(false);
    }
    expect(isTorn('results')).toBe(false);
  });

  test('of a failed protocol is read back with the definition of its rule', () => {
    const file = path.join(folder, 'definition');
    const recorder = new Recorder(file, campaign);
    const failed = {
      verdict: 'violation',
      rule: 'agreement',
      definition: 'All decide alike.',
    } as const;
    recorder.take(1, [unitResult(1, failed)]);
    recorder.flush();
    const [, text = ''] = readFileSync(file, 'utf8').split('\n');
    expect(parseLine(text)).toMatchObject({ tally: { failures: [failed] } });
  });

  test.each<[string, unknown, string]>([
    ['no JSON', '{', 'is not JSON'],
    ['something else', { results: 1 }, 'is no line of a file that `fuzz --results` wrote'],
    ['null', null, 'is no line'],
    ['a later format', { ...line, corpus: 3 }, 'has format 3; this seedraft reads 2'],
    [
      'a format that does not say what is expected',
      { ...line, corpus: 1 },
      'merge these files with the version that wrote them, or run their seeds again',
    ],
    ['a missing count', { ...line, tally: {} }, 'tally.hash'],
    ['an unknown key', { ...line, more: 1 }, 'does not say what it must'],
    [
      'a count that was changed',
      { ...line, tally: { ...line.tally, passed: 9 } },
      'does not add up',
    ],
    ['no seeds', { ...line, last: 0 }, 'covers no seed'],
    [
      'a campaign under another id',
      { ...campaign, root: 'x' },
      'an id that is not of its campaign',
    ],
  ])('%s is refused', (_, value, sentence) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    expect(parseLine(text)).toEqual({ wrong: expect.stringContaining(sentence) });
  });
});
