/**
 * Proves that the black-box search is right: it agrees with brute force on small random histories of every
 * model, and with a plain search on longer ones; an `ok` comes with an order that can be replayed; the window of
 * an `illegal` is illegal on its own and no larger than it must be.
 */
import {
  casRegister,
  checkHistory,
  checkLinearizability,
  defineModel,
  isPass,
  kv,
  type Linearized,
  type Model,
  namespacedKv,
  type Operation,
  pairHistory,
  register,
  settle,
} from '@seedraft/check';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  casRegisterShape,
  counterShape,
  kvShape,
  namespacedShape,
  operations,
  registerShape,
} from './arbitraries.ts';
import { bruteForce, plainSearch } from './brute-force.ts';
import { generate, randomness, spoil } from './generate.ts';

const counter = defineModel<number>({
  name: 'counter',
  initial: 0,
  operations: {
    read: { readOnly: true, apply: (state) => ({ state, output: state }) },
    add: { silent: true, apply: (state, by: number) => ({ state: state + by, output: null }) },
    increment: { apply: (state) => ({ state: state + 1, output: state + 1 }) },
  },
});

/** The same model without its hints: they may make the search faster, never different. */
function plainspoken<S>(model: Model<S>): Model<S> {
  const { isBlind: _, ...rest } = model;
  return { ...rest, isReadOnly: () => false };
}

const strategies = ['depth-first', 'sweep'] as const;

const cases = [
  { model: register() as Model, shape: registerShape },
  { model: casRegister() as Model, shape: casRegisterShape },
  { model: kv() as Model, shape: kvShape },
  { model: namespacedKv() as Model, shape: namespacedShape },
  { model: counter as Model, shape: counterShape },
];

describe.each(cases)('$model.name', ({ model, shape }) => {
  test('agrees with every permutation of up to 7 operations', () => {
    let legal = 0;
    let illegal = 0;
    fc.assert(
      fc.property(operations(shape, 7), (history) => {
        const expected = bruteForce(history, model);
        if (expected) legal++;
        else illegal++;
        const verdict = checkLinearizability(history, model);
        assert(verdict.verdict === (expected ? 'ok' : 'illegal'), verdict);
        const swept = checkLinearizability(history, model, { strategy: 'sweep' });
        assert(swept.verdict === verdict.verdict, swept);
        const unhinted = checkLinearizability(history, plainspoken(model));
        assert(unhinted.verdict === verdict.verdict, unhinted);
      }),
      { numRuns: 1500, seed: 7 },
    );
    // Both answers must have been asked for often enough to mean anything.
    expect(Math.min(legal, illegal)).toBeGreaterThan(100);
  });

  test('an ok can be replayed: its order is legal and each point lies within its operation', () => {
    fc.assert(
      fc.property(operations(shape, 7), (history) => {
        for (const strategy of strategies) {
          const verdict = checkLinearizability(history, model, { linearization: true, strategy });
          if (verdict.verdict === 'ok') replay(history, verdict.linearization!, model);
        }
      }),
      { numRuns: 500, seed: 8 },
    );
  });
});

function replay(history: readonly Operation[], order: readonly Linearized[], model: Model): void {
  const states = new Map<string, unknown>();
  let last = -Infinity;
  for (const { operation, point } of order) {
    assert(point >= Math.max(last, operation.invoked) && point <= operation.returned, order);
    last = point;
    const part = model.partition?.(operation) ?? '';
    const after = model.step(states.get(part) ?? model.initial(), operation);
    assert(after !== null, order);
    states.set(part, after);
  }
  const placed = new Set(order.map(({ operation }) => operation));
  assert(placed.size === order.length, order);
  assert(
    history.every((one) => one.returned === Infinity || placed.has(one)),
    order,
  );
}

/** As `expect`, which is too slow to be called a million times. */
function assert(holds: boolean, what: unknown): void {
  if (!holds) throw new Error(`does not hold: ${JSON.stringify(what)}`);
}

/** A history of the real object with some outputs replaced; hard, because most of it is right. */
function nearlyLegal(seed: number, largest: number): readonly Operation[] {
  const draw = randomness(seed);
  const values = 2 + draw(3);
  const events = generate({
    seed,
    clients: 1 + draw(6),
    operations: 2 + draw(largest),
    values,
    crashes: [0, 200, 500][draw(3)]!,
    mix: { read: 3, write: 1 + draw(4), cas: draw(4) },
  });
  let history = paired(events);
  for (let times = draw(4); times > 0; times--) {
    history = spoil(history, draw(history.length + 1), draw(values));
  }
  return history;
}

function paired(events: Parameters<typeof pairHistory>[0]): readonly Operation[] {
  const result = pairHistory(events);
  if (!result.ok) throw new Error(result.errors[0]!.sentence);
  return result.operations;
}

test('agrees with a plain search on thousands of nearly legal histories of up to 16 operations', () => {
  const model = casRegister();
  let illegal = 0;
  for (let seed = 1; seed <= 2000; seed++) {
    const history = nearlyLegal(seed, 15);
    const expected = plainSearch(history, model);
    if (!expected) illegal++;
    for (const strategy of strategies) {
      const verdict = checkLinearizability(history, model, { linearization: true, strategy });
      assert(verdict.verdict === (expected ? 'ok' : 'illegal'), { seed, strategy });
      if (verdict.verdict === 'ok') replay(history, verdict.linearization!, model as Model);
    }
  }
  expect(illegal).toBeGreaterThan(300);
});

test('a window is illegal on its own, holds the blocking operation, and is small', () => {
  const model = casRegister();
  let seen = 0;
  let sizes = 0;
  for (let seed = 1; seen < 150; seed++) {
    const history = nearlyLegal(seed, 25);
    const strategy = strategies[seed % 2]!;
    const verdict = checkLinearizability(history, model, { strategy });
    if (verdict.verdict !== 'illegal') continue;
    const { window, before, blocking } = verdict;
    seen++;
    sizes += window.length;
    assert(window.includes(blocking) && window.every((one) => history.includes(one)), seed);
    const starts = before.map((key) => ({ state: JSON.parse(key) as unknown }));
    const story = window.map((operation) => until(operation, blocking.returned));
    assert(!plainSearch(story, model, starts), seed);
  }
  expect(sizes / seen).toBeLessThan(5);
});

function relax(operation: Operation): Operation {
  return { ...operation, output: undefined, returned: Infinity };
}

/** What had been seen of an operation at a moment. */
function until(operation: Operation, moment: number): Operation {
  return operation.returned <= moment ? operation : relax(operation);
}

test('a long illegal history is explained from a cut: few operations, and the states before them', () => {
  const model = casRegister();
  for (let seed = 1; seed <= 20; seed++) {
    const events = generate({ seed, clients: 6, operations: 600, values: 4, crashes: 0 });
    const history = spoil(paired(events), 500, 99);
    const strategy = strategies[seed % 2]!;
    const verdict = checkLinearizability(history, model, { strategy });
    if (verdict.verdict !== 'illegal') throw new Error(`seed ${seed} is ${verdict.verdict}`);
    expect(verdict.window.length).toBeLessThan(6);
    const starts = verdict.before.map((key) => ({ state: JSON.parse(key) as unknown }));
    const story = verdict.window.map((one) => until(one, verdict.blocking.returned));
    expect(plainSearch(story, model, starts)).toBe(false);
  }
});

test('an illegal partition is found beside one that is too hard to decide', () => {
  const events = generate({ seed: 3, clients: 60, operations: 400, values: 0, crashes: 500 });
  const keyed = paired(events).map((one) => ({ ...one, f: names[one.f]!, input: keyedInput(one) }));
  const hard = spoil(keyed, 390, -1);
  const options = { maxSteps: 20_000 };
  expect(checkLinearizability(hard, kv(), options).verdict).toBe('unknown');
  const get = { process: 900, f: 'get', input: { key: 'easy' }, output: 1 };
  const both = [...hard, { ...get, invoked: 5000, returned: 5001 }];
  const verdict = checkLinearizability(both, kv(), options);
  expect(verdict).toMatchObject({ verdict: 'illegal', partition: '"easy"' });
});

const names: Readonly<Record<string, string>> = { read: 'get', write: 'put', cas: 'cas' };

function keyedInput({ f, input }: Operation): object {
  if (f === 'read') return { key: 'hard' };
  return f === 'write' ? { key: 'hard', value: input } : { key: 'hard', ...(input as object) };
}

describe('unknown is never a pass', () => {
  const history = paired(generate({ seed: 1, clients: 5, operations: 100, values: 3, crashes: 0 }));

  test('when the steps run out', () => {
    const verdict = checkLinearizability(history, casRegister(), { maxSteps: 50 });
    expect(verdict.verdict).toBe('unknown');
    expect(isPass(verdict)).toBe(false);
    const heard = settle(verdict, {
      ok: () => 'ok',
      illegal: () => 'illegal',
      unknown: ({ reason }) => reason,
    });
    expect(heard).toMatch(/out of steps: placed \d+ of 100 operations/);
  });

  test('when the model does not know an operation', () => {
    const verdict = checkLinearizability(history, register());
    expect(verdict).toMatchObject({ verdict: 'unknown', steps: 0 });
    expect(verdict).toHaveProperty('reason', expect.stringContaining('has no operation cas'));
  });

  test('when the history is not well formed', () => {
    const event = { process: 1, type: 'ok', f: 'read', value: null, time: 0 } as const;
    expect(checkHistory([event], register())).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining('has no operation open'),
    });
  });

  test('when an operation ends before it begins', () => {
    const backwards = { process: 1, f: 'read', input: null, output: 1, invoked: 2, returned: 1 };
    expect(checkLinearizability([backwards], register()).verdict).toBe('unknown');
  });
});

test('the order of the operations given, and of the partitions, does not change the verdict', () => {
  const events = generate({
    seed: 9,
    clients: 6,
    operations: 200,
    values: 3,
    crashes: 30,
    keys: 4,
  });
  const history = spoil(paired(events), 150, 77);
  const verdicts = [history, [...history].reverse()].map((one) => checkLinearizability(one, kv()));
  expect({ ...verdicts[1], steps: 0 }).toEqual({ ...verdicts[0], steps: 0 });
});
