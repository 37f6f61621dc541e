/** Flags: what is accepted means what it says, what is not names the flag and says what it takes. */
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../packages/seedraft/src/exit-codes.ts';
import { nearestNames } from '../../packages/seedraft/src/nearest-names.ts';
import { compareRules, RULE_DEFINITIONS } from '../../packages/seedraft/src/rules.ts';
import { parseWorkers, seedRange } from '../../packages/seedraft/src/verbs/arguments.ts';
import { parseTime } from '../../packages/seedraft/src/verbs/time.ts';

test.each([
  ['60s', 60_000],
  ['90', 90_000],
  ['1.5s', 1_500],
  ['2m', 120_000],
  ['1h', 3_600_000],
  ['250ms', 250],
])('--for %s', (text, milliseconds) => {
  expect(parseTime('--for', text)).toBe(milliseconds);
});

describe('refused', () => {
  test.each(['-1s', '0s', '0', '', 's', '1d', '1 s s', 'NaN', 'Infinity', '1e3s'])(
    '--for %j',
    (text) => {
      expect(() => parseTime('--for', text)).toThrow(UsageError);
      expect(() => parseTime('--for', text)).toThrow(`--for ${text}: give a time`);
    },
  );
  test.each(['0', '-1', '1.5', '257', 'two', '', '0x2', '1e1'])('--workers %j', (text) => {
    expect(() => parseWorkers(text)).toThrow(`--workers ${text}:`);
  });
  test.each(['0/3', '4/3', '1/0', '1', '1/', '-1/2', 'a/b'])('--shard %j', (text) => {
    expect(() => seedRange('10', text)).toThrow(`--shard ${text}:`);
  });
  test('--shard of an open range, or into more parts than there are seeds', () => {
    expect(() => seedRange(undefined, '1/2')).toThrow('give --seeds too');
    expect(() => seedRange('2', '1/3')).toThrow('fewer seeds than shards');
  });
});

test('--workers and --seeds have defaults', () => {
  expect(parseWorkers(undefined)).toBeGreaterThan(0);
  expect(seedRange(undefined, undefined).first).toBe(1);
  expect(seedRange('5..14', '2/2')).toEqual({ first: 10, last: 14 });
});

test('rules stand in the order in which people meet them', () => {
  const ids = RULE_DEFINITIONS.map(({ id }) => id);
  expect(ids.slice(0, 2)).toEqual(['S1', 'S2']);
  expect(ids.slice(21, 24)).toEqual(['S22', 'LIN', 'L1']);
  expect(['L1', 'S10', 'LIN', 'S9'].sort(compareRules)).toEqual(['S9', 'S10', 'LIN', 'L1']);
});

test.each([
  ['paper/figre-8', 'paper/figure-8'],
  ['figure-8', 'paper/figure-8'],
  ['deaf', 'elections/deaf-leader'],
  ['elections/def-leader', 'elections/deaf-leader'],
])('%s is near %s', (written, meant) => {
  const known = ['calm', 'paper/figure-7', 'paper/figure-8', 'elections/deaf-leader'];
  expect(nearestNames(written, known)[0]).toBe(meant);
  expect(nearestNames('xyz', known)).toEqual([]);
});
