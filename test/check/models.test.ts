/** Proves the conventions of the shipped models, one by one, and that what they do not know is refused. */
import {
  canonical,
  casRegister,
  defineModel,
  expiringKv,
  kv,
  type Model,
  namespacedKv,
  ring,
  sketches,
} from '@seedraft/check';
import { expect, test } from 'vitest';

function run(
  model: Model,
  steps: readonly (readonly [string, unknown, unknown])[],
): (string | null)[] {
  let state: unknown = model.initial();
  return steps.map(([f, input, output]) => {
    const operation = { process: 0, f, input, output, invoked: 0, returned: 1 };
    expect(model.refuses?.(operation) ?? null).toBeNull();
    const after = model.step(state, operation);
    if (after === null) return null;
    state = after;
    return model.key(state);
  });
}

function refused(
  model: Model,
  f: string,
  input: unknown,
  output: unknown = undefined,
): string | null {
  return model.refuses!({ process: 0, f, input, output, invoked: 0, returned: 1 });
}

test('kv: get, put, delete, cas answer as their conventions say, and anything else is impossible', () => {
  const key = { key: 'a' };
  const states = run(kv() as Model, [
    ['get', key, null],
    ['delete', key, false],
    ['delete', key, true],
    ['put', { key: 'a', value: 1 }, null],
    ['get', key, 1],
    ['get', key, 2],
    ['cas', { key: 'a', expected: 2, value: 3 }, false],
    ['cas', { key: 'a', expected: 1, value: 3 }, false],
    ['cas', { key: 'a', expected: 1, value: 3 }, true],
    ['delete', key, true],
    ['cas', { key: 'a', expected: null, value: 4 }, true],
    ['get', key, undefined],
  ]);
  expect(states).toEqual(['null', 'null', null, '1', '1', null, '1', null, '3', 'null', '4', '4']);
});

test('kv: values are compared as plain data, keys and namespaces make partitions', () => {
  const put = { key: 'a', value: { x: 1, y: [2] } };
  expect(
    run(kv() as Model, [
      ['put', put, null],
      ['get', { key: 'a' }, { y: [2], x: 1 }],
    ]),
  ).not.toContain(null);
  const at = (model: Model, input: object) =>
    model.partition!({ process: 0, f: 'get', input, output: null, invoked: 0, returned: 1 });
  expect(at(kv() as Model, { key: 1 })).not.toBe(at(kv() as Model, { key: '1' }));
  const spaced = namespacedKv() as Model;
  expect(at(spaced, { namespace: 'x', key: 'a' })).not.toBe(
    at(spaced, { namespace: 'y', key: 'a' }),
  );
});

test('cas register: both spellings, and an echo of the input as success', () => {
  const states = run(casRegister(1) as Model, [
    ['cas', [1, 2], [1, 2]],
    ['cas', { expected: 2, value: 3 }, true],
    ['cas', [2, 9], true],
    ['write', 5, 5],
    ['read', null, 5],
  ]);
  expect(states).toEqual(['2', '3', null, '5', '5']);
});

test('what a model does not know is refused with a sentence', () => {
  expect(refused(kv() as Model, 'incr', { key: 'a' })).toContain(
    'no operation incr (it has get, put',
  );
  expect(refused(kv() as Model, 'toString', {})).toContain('no operation toString');
  expect(refused(kv() as Model, 'get', null)).toBe('the input lacks key');
  expect(refused(kv() as Model, 'put', { key: 'a' })).toBe('the input lacks value');
  expect(refused(kv() as Model, 'put', { key: 'a', value: null })).toBe('value may not be null');
  expect(refused(kv() as Model, 'cas', { key: 'a', value: 1 })).toBe('the input lacks expected');
  expect(refused(kv() as Model, 'delete', { key: 'a' }, 'yes')).toContain('true or false');
  expect(refused(namespacedKv() as Model, 'get', { key: 'a' })).toBe('the input lacks namespace');
  expect(refused(casRegister() as Model, 'cas', 3)).toContain('{expected, value}');
  expect(refused(casRegister() as Model, 'cas', [1, 2], [1, 3])).toContain('echo');
});

test("a user's model: several keys in one operation, its own key and partition", () => {
  const bank = defineModel<Readonly<Record<string, number>>>({
    name: 'bank',
    initial: { a: 10, b: 0 },
    partition: ({ bank }: { bank: string }) => bank,
    operations: {
      balances: { readOnly: true, apply: (state) => ({ state, output: state }) },
      move: {
        apply: (state, { amount }: { amount: number }) =>
          state.a! < amount
            ? { state, output: 'refused' }
            : { state: { a: state.a! - amount, b: state.b! + amount }, output: 'moved' },
      },
    },
  });
  const states = run(bank as Model, [
    ['move', { bank: 'x', amount: 7 }, 'moved'],
    ['move', { bank: 'x', amount: 7 }, 'moved'],
    ['move', { bank: 'x', amount: 7 }, 'refused'],
    ['balances', { bank: 'x' }, { b: 7, a: 3 }],
  ]);
  expect(states).toEqual(['{"a":3,"b":7}', null, '{"a":3,"b":7}', '{"a":3,"b":7}']);
});

test('canonical texts tell apart what differs and nothing else', () => {
  const values = [
    null,
    undefined,
    0,
    '0',
    1,
    '1',
    true,
    'true',
    [],
    {},
    [1],
    ['1'],
    { a: 1 },
    { a: '1' },
    new Uint8Array([1]),
    1n,
  ];
  expect(new Set(values.map(canonical)).size).toBe(values.length);
  expect(canonical({ b: 1, a: [-0], c: undefined })).toBe(canonical({ a: [0], b: 1 }));
  expect(() => canonical(new Map())).toThrow(TypeError);
  expect(() => canonical(() => 1)).toThrow(TypeError);
});

test('kv: increments count from nothing, and a transaction swaps as cas does', () => {
  const states = run(kv() as Model, [
    ['increment', { key: 'n', by: 2 }, 2],
    ['increment', { key: 'n', by: -3 }, -1],
    ['increment', { key: 'n', by: 1 }, 1],
    ['increment', { key: 'n', by: 5 }, undefined],
    ['get', { key: 'n' }, 4],
    ['transact', { key: 'n', expected: 4, value: 'x' }, true],
    ['transact', { key: 'n', expected: 4, value: 'y' }, true],
  ]);
  expect(states).toEqual(['2', '-1', null, '4', '4', '"x"', null]);
  expect(refused(kv() as Model, 'increment', { key: 'n' })).toMatch(/lacks by/);
});

test('kv with expiry: a key is there before its deadline and gone from it on, by the time of the place alone', () => {
  const at = (time: number, more: object = {}) => ({ key: 'a', time, ...more });
  const states = run(expiringKv() as Model, [
    ['left', at(0), null],
    ['put', at(10, { value: 'v', ttl: 5 }), null],
    ['get', at(14), 'v'],
    ['left', at(14), 1],
    ['get', at(15), null],
    ['get', at(15), 'v'],
    ['get', at(14), null],
    ['create', at(14, { value: 'w', ttl: null }), false],
    ['create', at(15, { value: 'w', ttl: null }), true],
    ['left', at(99), -1],
    ['expire', at(99, { ttl: 1 }), true],
    ['delete', at(100), true],
    ['persist', at(100), false],
    ['persist', at(99), true],
    ['delete', at(500), true],
    ['expire', at(500, { ttl: 1 }), false],
  ]);
  const cell = (value: string, deadline: number | null) => canonical({ value, deadline });
  const v = cell('v', 15);
  expect(states).toEqual([
    ...['null', v, v, v, v, null, null, v],
    ...[cell('w', null), cell('w', null), cell('w', 100), null, cell('w', 100)],
    ...[cell('w', null), 'null', 'null'],
  ]);
  expect(refused(expiringKv() as Model, 'get', { key: 'a' })).toMatch(/lacks time/);
});

test('ring: who owns what, and what moved, is said exactly', () => {
  const name = { ring: 'r' };
  const three = [
    ['x', [0, 1, 2]],
    ['y', [3, 4]],
  ];
  const lost = [
    ['x', [0, 1, 2]],
    ['y', [3]],
  ];
  const model = ring() as Model;
  const states = run(model, [
    ['nodes', name, null],
    ['add', { ...name, node: 'x' }, null],
    ['size', { ...name, size: 5, strategy: 'continuous' }, true],
    ['size', { ...name, size: 5, strategy: 'continuous' }, true],
    ['size', { ...name, size: 6, strategy: 'continuous' }, false],
    ['add', { ...name, node: 'x' }, { nodes: [['x', [0, 1, 2, 3, 4]]], moves: [] }],
    ['add', { ...name, node: 'y' }, { nodes: three, moves: [] }],
    ['add', { ...name, node: 'y' }, { nodes: three, moves: [['x', 'y', [3, 4]]] }],
    ['add', { ...name, node: 'y' }, { nodes: three, moves: [] }],
    ['nodes', name, lost],
    ['nodes', name, three],
    [
      'remove',
      { ...name, node: 'x' },
      { nodes: [['y', [0, 1, 2, 3]]], moves: [['x', 'y', [0, 1, 2]]] },
    ],
    ['remove', { ...name, node: 'x' }, undefined],
    ['remove', { ...name, node: 'y' }, { nodes: [], moves: [] }],
    ['nodes', name, []],
  ]);
  const impossible = states.flatMap((state, place) => (state === null ? [place] : []));
  expect(impossible).toEqual([3, 6, 9, 11]);
});

test('ring: nodes alone, of a system that tells no moves, are compared as exactly', () => {
  const name = { ring: 'r' };
  const states = run(ring() as Model, [
    ['add', { ...name, node: 'x' }, []],
    ['size', { ...name, size: 2, strategy: 'continuous' }, true],
    ['add', { ...name, node: 'x' }, [['x', [0, 1]]]],
    ['add', { ...name, node: 'y' }, [['x', [0, 1]]]],
    ['remove', { ...name, node: 'x' }, []],
  ]);
  expect(states.map((state) => state === null)).toEqual([true, false, false, true, false]);
});

test('sketches: what is in the set is in every answer, and strangers, counts and changes stray only a little', () => {
  const filters = run(sketches() as Model, [
    ['bfexists', { key: 'a', elements: ['x'] }, [false]],
    ['bfadd', { key: 'a', elements: ['x', 'y', 'x'] }, [true, true, false]],
    ['bfadd', { key: 'a', elements: ['x'] }, [true]],
    ['bfadd', { key: 'a', elements: ['p', 'q'] }, [false, false]],
    ['bfexists', { key: 'a', elements: ['x', 'z', 'y'] }, [true, true, true]],
    ['bfexists', { key: 'a', elements: ['x', 'z', 'u'] }, [true, true, true]],
    ['bfexists', { key: 'a', elements: ['x', 'z'] }, [false, false]],
    ['bfexists', { key: 'a', elements: ['x', 'z'] }, [true]],
    ['bfreserve', { key: 'a' }, true],
    ['bfreserve', { key: 'b' }, true],
    ['bfmerge', { key: 'a', from: ['b'] }, 'merged'],
    ['bfmerge', { key: 'a', from: ['b'] }, 'mismatch'],
    ['bfmerge', { key: 'c', from: ['d'] }, 'missing'],
    ['bfmerge', { key: 'c', from: ['b'] }, 'merged'],
    ['bfdel', { key: 'c' }, false],
    ['bfdel', { key: 'c' }, true],
  ]);
  const impossible = (states: readonly unknown[]): number[] =>
    states.flatMap((state, place) => (state === null ? [place] : []));
  expect(impossible(filters)).toEqual([2, 3, 5, 6, 7, 8, 10, 14]);

  const hundred = Array.from({ length: 100 }, (_, n) => `e${n}`);
  const counters = run(sketches() as Model, [
    ['pfadd', { key: 'a', elements: ['x'] }, false],
    ['pfadd', { key: 'a', elements: ['x'] }, true],
    ['pfadd', { key: 'a', elements: ['x'] }, true],
    ['pfadd', { key: 'a', elements: ['y'] }, false],
    ['pfcount', { keys: ['a', 'b'] }, 1],
    ['pfcount', { keys: ['a', 'b'] }, 4],
    ['pfmerge', { key: 'b', from: ['a', 'c'] }, false],
    ['pfmerge', { key: 'b', from: ['a', 'c'] }, true],
    ['pfmerge', { key: 'b', from: ['a', 'c'] }, true],
    ['pfadd', { key: 'b', elements: hundred }, true],
    ['pfcount', { keys: ['b'] }, 98],
    ['pfcount', { keys: ['b'] }, 108],
    ['pfcount', { keys: ['b'] }, 96],
    ['pfdel', { key: 'b' }, true],
    ['pfcount', { keys: ['b'] }, 2],
  ]);
  expect(impossible(counters)).toEqual([0, 2, 5, 6, 8, 11, 12, 14]);
});
