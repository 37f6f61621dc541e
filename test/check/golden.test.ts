/** Proves that the black-box check gives the verdict of a person on hand-made histories, and blames the right operation. */
import {
  casRegister,
  checkLinearizability,
  explain,
  isPass,
  kv,
  namespacedKv,
  parseOperations,
  register,
} from '@seedraft/check';
import { expect, test } from 'vitest';
import { bruteForce } from './brute-force.ts';
import { readGoldens } from './golden.ts';

const models = [register(), casRegister(), kv(), namespacedKv()];

test.each(readGoldens())('$name is $expect: $story', (golden) => {
  const model = models.find((one) => one.name === golden.model)!;
  const parsed = parseOperations(golden.text, golden.format);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  const verdict = checkLinearizability(parsed.operations, model);
  expect(verdict.verdict).toBe(golden.expect);
  expect(isPass(verdict)).toBe(golden.expect === 'ok');
  expect(bruteForce(parsed.operations, model)).toBe(golden.expect === 'ok');
  if (verdict.verdict === 'illegal' && golden.blocking !== null) {
    expect(verdict.blocking.invoked).toBe(golden.blocking);
  }
});

test('an explanation names the operation, the states and the window', () => {
  const golden = readGoldens().find((one) => one.name === 'stale-read.edn')!;
  const parsed = parseOperations(golden.text);
  if (!parsed.ok) throw new Error('golden history does not parse');
  const model = register();
  expect(explain(checkLinearizability(parsed.operations, model), model)).toBe(
    [
      'not linearizable: read -> 1 (process 1) has no place.',
      'Before it the state can only have been 2.',
      'No order of these is legal from null (events [invoked, returned]):',
      '  [0, 1]  process 0  write 1 -> ok',
      '  [2, 3]  process 0  write 2 -> ok',
      '> [4, 5]  process 1  read -> 1',
    ].join('\n'),
  );
});
