/**
 * Proves: HyperLogLogs estimate within the stated error and merge to the sketch of the union; Bloom filters deny nothing that was added, are
 * wrong no more often than asked for, grow or refuse beyond their capacity, and merge; both survive snapshots byte for byte, are
 * refused where something else is, and their bytes are those of known answers.
 */
import { decodeOrThrow, encode } from '@seedraft/codec';
import {
  bloomAdd,
  bloomHas,
  bloomInfo,
  bloomMerge,
  bloomReserve,
  expire,
  get,
  hllAdd,
  hllCount,
  hllMerge,
  increment,
  KvMachine,
  type KvResult,
  put,
  ringSize,
} from '@seedraft/kv';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

class Machine extends KvMachine {
  #index = 0;

  ask<S extends KvResult['status']>(command: unknown): Extract<KvResult, { status: S }> {
    this.#index++;
    return this.apply(command, { index: this.#index, time: 0, sessionId: 0 }) as never;
  }

  count = (...keys: string[]) => this.ask<'counted'>(hllCount('', keys)).count;
  has = (key: string, elements: string[]) =>
    this.ask<'contained'>(bloomHas('', key, elements)).contained;
  chunks = () => [...{ [Symbol.iterator]: () => this.snapshot() }];
}

const named = (from: number, to: number, salt = '') =>
  Array.from({ length: to - from }, (_, i) => `${salt}${from + i}`);

function addAll(
  machine: Machine,
  word: typeof hllAdd | typeof bloomAdd,
  key: string,
  all: string[],
) {
  for (let at = 0; at < all.length; at += 5000)
    machine.ask(word('', key, all.slice(at, at + 5000)));
}

describe('HyperLogLog', () => {
  // The standard error is 0.81 %: all these sets within four of them, unless the hash is bad. Linear up to 1,024 registers.
  test.each([1, 2, 10, 100, 1000, 3000, 20_000, 100_000])('%i elements within 3.3 percent', (n) => {
    for (const salt of n > 5000 ? [''] : ['', 'user:', 'é\u0000']) {
      const machine = new Machine();
      addAll(machine, hllAdd, 'h', named(0, n, salt));
      const error = Math.abs(machine.count('h') - n) / n;
      expect(error).toBeLessThan(n <= 100 ? 0.021 : 0.033);
    }
  });

  test('the union, counted or merged, is the sketch of all elements, whatever the order and the batches', () => {
    const sizes = fc.constantFrom(0, 3, 300, 900, 2000, 6000);
    fc.assert(
      fc.property(
        sizes,
        sizes,
        fc.nat(1500),
        fc.integer({ min: 1, max: 4000 }),
        (a, b, shift, batch) => {
          const machine = new Machine();
          const [left, right] = [named(0, a), named(shift, shift + b)];
          machine.ask(hllAdd('', 'left', left));
          for (let at = 0; at <= right.length; at += batch) {
            machine.ask(hllAdd('', 'right', right.slice(at, at + batch)));
          }
          machine.ask(hllAdd('', 'all', [...right].reverse()));
          machine.ask(hllAdd('', 'all', left));
          const both = machine.count('left', 'right', 'nobody');
          expect(machine.ask(hllMerge('', 'union', ['left', 'right', 'nobody']))).toMatchObject({
            changed: true,
          });
          expect([machine.count('union'), machine.count('all')]).toEqual([both, both]);
          expect(bytesOf(machine, 'union')).toEqual(bytesOf(machine, 'all'));
          expect(machine.ask(hllMerge('', 'union', ['left']))).toMatchObject({ changed: false });
        },
      ),
      { numRuns: 15 },
    );
  });

  test('a text and its UTF-8 bytes are one element; adding it again changes nothing', () => {
    const machine = new Machine();
    expect(machine.ask(hllAdd('', 'h', ['é']))).toMatchObject({ changed: true });
    const before = machine.digest();
    expect(machine.ask(hllAdd('', 'h', [Uint8Array.of(0xc3, 0xa9)]))).toMatchObject({
      changed: false,
    });
    expect(machine.digest()).toEqual(before);
    expect(machine.ask(hllAdd('', 'empty', []))).toMatchObject({ changed: true });
    expect(machine.count('empty')).toBe(0);
  });
});

describe('Bloom filters', () => {
  test.each([
    { capacity: 1, error: 0.5, fixed: true },
    { capacity: 100, error: 0.01, fixed: true },
    { capacity: 5000, error: 0.25, fixed: true },
    { capacity: 5000, error: 0.001, fixed: true },
    { capacity: 50, error: 0.01 },
    { capacity: 700, error: 0.125 },
  ])('%j: no element is denied, strangers pass no more often than asked for', (options) => {
    const machine = new Machine();
    machine.ask(bloomReserve('', 'b', options));
    const { capacity, error, fixed = false } = options;
    const mine = named(0, fixed ? capacity : 8 * capacity);
    for (let at = 0; at < mine.length; at += 997) {
      machine.ask(bloomAdd('', 'b', mine.slice(at, at + 997)));
    }
    expect(machine.has('b', mine.slice(0, 10_000))).not.toContain(false);
    let wrong = 0;
    for (let i = 0; i < 3; i++) {
      const strangers = named(0, 10_000, `stranger ${i} `);
      wrong += machine.has('b', strangers).filter(Boolean).length;
    }
    // Far below it but by chance: the filter has 5 % more bits, and a whole number of hashes.
    expect(wrong / 30_000).toBeLessThanOrEqual(error);
    const facts = machine.ask<'bloom'>(bloomInfo('', 'b'));
    expect(facts.error).toBeLessThanOrEqual(capacity === 1 ? 1 : error);
    expect(facts.items).toBeLessThanOrEqual(mine.length);
    expect(facts.items).toBeGreaterThan(mine.length * (1 - error));
    if (!fixed) expect(facts.layers).toBeGreaterThan(2);
  });

  test('a fixed one is full at its capacity, and what has no place changes nothing', () => {
    const machine = new Machine();
    machine.ask(bloomReserve('', 'b', { capacity: 10, error: 0.001, fixed: true }));
    machine.ask(bloomAdd('', 'b', named(0, 8)));
    const before = machine.digest();
    expect(machine.ask(bloomAdd('', 'b', named(8, 12)))).toMatchObject({ code: 'FULL' });
    expect(machine.digest()).toEqual(before);
    expect(machine.ask(bloomAdd('', 'b', named(6, 10)))).toMatchObject({
      added: [false, false, true, true],
    });
    expect(machine.ask(bloomAdd('', 'b', named(0, 10)))).toMatchObject({ status: 'added' });
  });

  test('the union has what both have, and is refused when it is more than they are made for', () => {
    const machine = new Machine();
    const options = { capacity: 1000, error: 0.01, fixed: true };
    for (const key of ['a', 'b', 'c', 'all']) machine.ask(bloomReserve('', key, options));
    machine.ask(bloomAdd('', 'a', named(0, 600)));
    machine.ask(bloomAdd('', 'b', named(300, 900)));
    machine.ask(bloomAdd('', 'c', named(2000, 3000)));
    machine.ask(bloomAdd('', 'all', named(0, 900)));
    expect(machine.ask(bloomMerge('', 'u', ['a', 'b']))).toMatchObject({ status: 'stored' });
    expect(machine.has('u', named(0, 900))).not.toContain(false);
    expect(bytesOf(machine, 'u').at(-1)).toEqual(bytesOf(machine, 'all').at(-1));
    const before = machine.digest();
    expect(machine.ask(bloomMerge('', 'u', ['c']))).toMatchObject({ code: 'FULL' });
    machine.ask(bloomReserve('', 'other', { ...options, error: 0.02 }));
    expect(machine.ask(bloomMerge('', 'u', ['other']))).toMatchObject({ code: 'MISMATCH' });
    expect(machine.ask(bloomMerge('', 'v', ['nobody']))).toEqual({ status: 'missing' });
    expect(machine.ask<'deleted'>(['delete', '', 'other']).status).toBe('deleted');
    expect(machine.digest()).toEqual(before);
    machine.ask(bloomAdd('', 'grows', ['x']));
    expect(machine.ask(bloomMerge('', 'grows', []))).toMatchObject({ status: 'stored' });
    expect(machine.ask(bloomMerge('', 'grows', ['grows']))).toMatchObject({ code: 'MISMATCH' });
  });

  test('united again and again is not full of nothing: what both have counts once', () => {
    const machine = new Machine();
    const options = { capacity: 100, error: 0.001, fixed: true };
    for (const key of ['a', 'b']) machine.ask(bloomReserve('', key, options));
    machine.ask(bloomAdd('', 'a', named(0, 30)));
    machine.ask(bloomAdd('', 'b', named(10, 40)));
    for (let n = 0; n < 100; n++) machine.ask(bloomMerge('', 'a', ['a', 'b']));
    const { items } = machine.ask<'bloom'>(bloomInfo('', 'a'));
    expect(items).toBeGreaterThanOrEqual(40);
    expect(items).toBeLessThanOrEqual(60);
    expect(machine.ask(bloomAdd('', 'a', named(40, 70)))).toMatchObject({ status: 'added' });
  });

  test('an absent one has nothing, is made on the first add, and cannot be larger than 32 MiB', () => {
    const machine = new Machine();
    expect(machine.has('b', ['x'])).toEqual([false]);
    expect(machine.ask(bloomInfo('', 'b'))).toEqual({ status: 'missing' });
    const large = { capacity: 16_777_216, error: 1e-9 };
    expect(machine.ask(bloomReserve('', 'b', large))).toMatchObject({ code: 'TOO_LARGE' });
    expect(machine.size()).toBe(0);
    machine.ask(bloomAdd('', 'b', ['x']));
    expect(machine.ask(bloomReserve('', 'b', large))).toMatchObject({ status: 'conflict' });
    // What was never written to costs nothing.
    machine.ask(bloomReserve('', 'wide', { capacity: 10_000_000, error: 0.01, fixed: true }));
    expect(machine.size()).toBeLessThan(2000);
  });
});

/** The row of a key in a snapshot without its name and revision. */
function bytesOf(machine: Machine, key: string): unknown[] {
  const rows = machine.chunks().flatMap((chunk) => chunk as unknown[][]);
  const at = rows.findIndex((row) => row[1] === key);
  const pages: unknown[] = [];
  for (let next = at + 1; rows[next]?.length === 1; next++)
    pages.push(...(rows[next]![0] as unknown[]));
  return [rows[at]![2], rows[at]![5], rows[at]![6] ?? null, pages];
}

describe('in the state', () => {
  test('a snapshot in chunks of any size brings them back, and the copies go on alike', () => {
    const filled = () => {
      const machine = new Machine({ chunkBytes: 1500 });
      machine.ask(put('', 'plain', 1));
      addAll(machine, hllAdd, 'dense', named(0, 3000));
      machine.ask(hllAdd('', 'sparse', named(0, 5)));
      addAll(machine, bloomAdd, 'bloom', named(0, 4000));
      machine.ask(bloomReserve('', 'wide', { capacity: 1_000_000, error: 0.01, fixed: true }));
      machine.ask(bloomAdd('', 'wide', named(0, 3)));
      machine.ask(expire('', 'dense', 5000));
      machine.ask(ringSize('', 'ring', 64));
      return machine;
    };
    const machine = filled();
    const chunks = machine.chunks();
    expect(chunks.length).toBeGreaterThan(10);
    const back = new Machine();
    back.restore(chunks.map((chunk) => decodeOrThrow(encode(chunk))));
    expect([back.digest(), back.size(), back.nextDeadline()]).toEqual([
      machine.digest(),
      machine.size(),
      5000,
    ]);
    for (const one of [machine, back]) {
      const at = { index: 999, time: 9, sessionId: 0 };
      one.apply(hllAdd('', 'dense', named(5000, 5100)), at);
      one.apply(hllAdd('', 'sparse', named(0, 2000)), at);
      one.apply(bloomAdd('', 'wide', named(0, 100)), at);
      one.apply(bloomAdd('', 'bloom', named(5000, 9000)), at);
    }
    expect(back.digest()).toEqual(machine.digest());
    // What was frozen before is not touched by what came after.
    expect(filled().digest()).not.toEqual(machine.digest());
    const frozen = filled();
    const [digest, pull] = [frozen.digest(), frozen.snapshot()];
    const got = [pull.next().value, pull.next().value];
    addAll(frozen, hllAdd, 'dense', named(7000, 9000));
    addAll(frozen, bloomAdd, 'bloom', named(7000, 9000));
    for (let next = pull.next(); !next.done; next = pull.next()) got.push(next.value);
    const thawed = new Machine();
    thawed.restore(got);
    expect(thawed.digest()).toEqual(digest);
  });

  test('one kind of thing is refused where another is, and nothing changes', () => {
    const machine = new Machine();
    machine.ask(put('', 'value', 'text'));
    machine.ask(hllAdd('', 'hll', ['x']));
    machine.ask(bloomAdd('', 'bloom', ['x']));
    machine.ask(ringSize('', 'ring', 8));
    const before = machine.digest();
    const wrong = [
      put('', 'hll', 1),
      put('', 'bloom', 1, { anyType: true, previous: true }),
      increment('', 'ring'),
      ['append', '', 'bloom', 'x'],
      ['cas', '', 'hll', ['revision', 2], 1],
      get('', 'hll'),
      hllAdd('', 'value', ['x']),
      hllCount('', ['hll', 'ring']),
      hllMerge('', 'hll', ['bloom']),
      bloomAdd('', 'value', ['x']),
      bloomHas('', 'hll', ['x']),
      bloomMerge('', 'bloom', ['hll']),
      ['ringAdd', '', 'value', 'n'],
      ['ring', '', 'bloom'],
    ];
    for (const command of wrong) {
      expect([command, machine.ask(command)]).toMatchObject([command, { code: 'WRONG_TYPE' }]);
    }
    expect(machine.digest()).toEqual(before);
    expect(machine.ask(put('', 'hll', 1, { anyType: true }))).toMatchObject({ status: 'stored' });
    expect(machine.ask(['delete', '', 'bloom'])).toMatchObject({
      previous: { type: 'bloom', value: null },
    });
  });

  test('bytes of known answers: a snapshot of today is read by later versions', () => {
    const machine = new Machine();
    machine.ask(hllAdd('', 'h', ['a', 'b', 'c']));
    machine.ask(bloomReserve('', 'b', { capacity: 4, error: 0.1, fixed: true }));
    machine.ask(bloomAdd('', 'b', ['a', 'b']));
    expect(
      Buffer.from(bytesOf(machine, 'h')[0] as Uint8Array).toString('hex'),
    ).toMatchInlineSnapshot(`"04f00625c7052c4703"`);
    expect(
      bytesOf(machine, 'b').map((part) => Buffer.from(encode(part)).toString('hex')),
    ).toMatchInlineSnapshot(`
      [
        "4f8404fb3fb999999999999af5820208",
        "65626c6f6f6d",
        "08",
        "81480005021000180a00",
      ]
    `);
    expect(machine.digest()).toMatchInlineSnapshot(`
      {
        "hi": 1245123427,
        "lo": 1294230694,
      }
    `);
  });
});
