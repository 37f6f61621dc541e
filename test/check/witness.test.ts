/**
 * Proves that the witness check accepts only linearizations (its ok implies the black-box ok), accepts the true order
 * of a real object, and names the pair that contradicts.
 */
import {
  checkLinearizability,
  checkWitness,
  describe as describeOperation,
  kv,
  type Model,
  type Operation,
  register,
} from '@seedraft/check';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { kvShape, operations } from './arbitraries.ts';

const model = register();

function operation(
  f: 'read' | 'write',
  value: unknown,
  interval: readonly [number, number],
  index: number | null,
): Operation {
  const [invoked, returned] = interval;
  const learned = returned === Infinity ? undefined : f === 'read' ? value : null;
  const input = f === 'read' ? null : value;
  const one = { process: invoked, f, input, output: learned, invoked, returned };
  return index === null ? one : { ...one, witness: { index, read: f === 'read' } };
}

test('the true order is accepted: reads after the write at their index, before the next', () => {
  const history = [
    operation('write', 1, [0, 9], 4),
    operation('read', 1, [1, 2], 4),
    operation('write', 2, [3, 8], 5),
    operation('read', 2, [4, 7], 5),
    operation('read', 1, [5, 6], 4),
  ];
  expect(checkWitness(history, model)).toEqual({ verdict: 'ok', operations: 5 });
});

test('against real time: what returned first must be claimed first', () => {
  const early = operation('write', 1, [0, 1], 9);
  const late = operation('write', 2, [2, 3], 8);
  expect(checkWitness([early, late], model)).toMatchObject({
    verdict: 'illegal',
    rule: 'real-time',
    first: late,
    second: early,
  });
});

test('a read that returned before the write it claims to follow was invoked is against real time', () => {
  const write = operation('write', 1, [2, 3], 5);
  const read = operation('read', 1, [0, 1], 5);
  expect(checkWitness([write, read], model)).toMatchObject({ rule: 'real-time', first: write });
});

test('a stale read is impossible in the state it claims, and the writer of that state is named', () => {
  const write = operation('write', 1, [0, 1], 5);
  const read = operation('read', null, [2, 3], 6);
  expect(checkWitness([write, read], model)).toMatchObject({
    verdict: 'illegal',
    rule: 'output',
    first: write,
    second: read,
    state: '1',
    sentence:
      'read -> null (process 2, event 2) at a read at index 6 is impossible in state 1 ' +
      '(left by write 1 -> ok (process 0, event 0))',
  });
});

test('two writes at one index', () => {
  const pair = [operation('write', 1, [0, 1], 5), operation('write', 1, [2, 3], 5)];
  expect(checkWitness(pair, model)).toMatchObject({
    rule: 'index',
    first: pair[0],
    second: pair[1],
  });
});

describe('not decided, and never a pass', () => {
  test('when a completed operation claims nothing', () => {
    expect(checkWitness([operation('write', 1, [0, 1], null)], model).verdict).toBe('unknown');
  });

  test('when an operation of unknown fate could explain the mismatch; invoked later it could not', () => {
    const read = operation('read', 1, [2, 3], 5);
    const before = operation('write', 1, [0, Infinity], null);
    const after = operation('write', 1, [4, Infinity], null);
    expect(checkWitness([before, read], model).verdict).toBe('unknown');
    expect(checkWitness([read, after], model).verdict).toBe('illegal');
  });
});

test('an unfinished operation that claims a place took effect there', () => {
  const history = [operation('write', 1, [0, Infinity], 3), operation('read', 1, [5, 6], 3)];
  expect(checkWitness(history, model).verdict).toBe('ok');
});

test('ok implies that the black-box search says ok, whatever is claimed', () => {
  const store = kv() as Model;
  let passed = 0;
  const claimed = fc.tuple(
    operations(kvShape, 5),
    fc.array(fc.nat(4), { minLength: 5, maxLength: 5 }),
  );
  fc.assert(
    fc.property(claimed, ([history, indexes]) => {
      const claims = history.map((one, at) => {
        const witness = { index: indexes[at]!, read: one.f === 'get' };
        return one.returned === Infinity ? one : { ...one, witness };
      });
      if (checkWitness(claims, store).verdict !== 'ok') return;
      passed++;
      expect(checkLinearizability(claims, store).verdict).toBe('ok');
    }),
    { numRuns: 4000, seed: 6 },
  );
  expect(passed).toBeGreaterThan(30);
});

test('operations are described in the words of the model', () => {
  const swap = { process: 1, f: 'cas', invoked: 0, returned: 1, output: false };
  const input = { key: 'x', expected: null, value: 3 };
  expect(describeOperation(kv(), { ...swap, input })).toBe('cas "x"=null -> 3 -> false');
  const get = { process: 1, f: 'get', input: { key: 'x' }, output: null, invoked: 0, returned: 1 };
  expect(describeOperation(kv(), get)).toBe('get "x" -> null');
});
