/**
 * Proves: KvMachine answers as its slow obvious twin does, command by command, over any history of commands, expiry, snapshots that are read
 * while applies go on, and restores; its digest is equal exactly when the state is; malformed commands are answered and change nothing.
 */
import { decodeOrThrow, encode } from '@seedraft/codec';
import {
  append,
  cas,
  count,
  describe as describeKey,
  exists,
  expire,
  flush,
  get,
  getMany,
  increment,
  type KvCommand,
  KvMachine,
  type KvResult,
  type KvTransact,
  persist,
  put,
  remove,
  removeMany,
  ring,
  ringAdd,
  ringRemove,
  ringSize,
  scan,
  transact,
} from '@seedraft/kv';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { show, Twin } from './twin.ts';

const at = (index: number, time = 0) => ({ index, time, sessionId: 0 });

// Few, so that commands meet.
const space = fc.constantFrom('', 'a', '__proto__');
const key = fc.constantFrom('', 'a', 'ab', '😀', 'constructor');
const value = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.constantFrom(
    null,
    true,
    '',
    'x',
    1.5,
    2 ** 40,
    [1, [2]],
    { b: 1, a: [null] },
    { a: [null], b: 1 },
  ),
  fc.uint8Array({ maxLength: 3 }).map((b) => Uint8Array.from(b)),
);
const ttl = fc.integer({ min: 1, max: 30 });
const optional = { requiredKeys: [] };
const expected = fc.oneof(
  fc.constant(['absent'] as const),
  value.map((v) => ['value', v] as const),
  fc.nat(40).map((r) => ['revision', r] as const),
);
const tail = fc.oneof(fc.constantFrom('', 'é', '7'), fc.uint8Array({ maxLength: 2 }));
const by = fc.oneof(
  fc.integer({ min: -2, max: 2 }),
  fc.constantFrom('9223372036854775807', '-9223372036854775808', '9007199254740991', 2 ** 52),
);
const putOptions = fc
  .record(
    {
      ttl,
      keepTtl: fc.boolean(),
      ifAbsent: fc.boolean(),
      ifPresent: fc.boolean(),
      previous: fc.boolean(),
      anyType: fc.boolean(),
    },
    optional,
  )
  .filter((o) => !(o.ttl && o.keepTtl) && !(o.ifAbsent && o.ifPresent));
const some = <T>(of: fc.Arbitrary<T>) => fc.array(of, { maxLength: 4 });
const spot = fc.tuple(space, key);
const single = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(space, key, value).map(([n, k, v]) => put(n, k, v)) },
  {
    weight: 4,
    arbitrary: fc.tuple(space, key, value, putOptions).map(([n, k, v, o]) => put(n, k, v, o)),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        space,
        key,
        expected,
        value,
        fc.option(fc.record({ ttl }, optional), { nil: undefined }),
      )
      .map(([n, k, e, v, o]) => cas(n, k, e, v, o)),
  },
  { weight: 2, arbitrary: spot.map(([n, k]) => remove(n, k)) },
  { weight: 1, arbitrary: fc.tuple(space, some(key)).map(([n, ks]) => removeMany(n, ks)) },
  { weight: 1, arbitrary: space.map((n) => flush(n)) },
  { weight: 3, arbitrary: fc.tuple(space, key, by).map(([n, k, b]) => increment(n, k, b)) },
  { weight: 2, arbitrary: fc.tuple(space, key, tail).map(([n, k, t]) => append(n, k, t)) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        space,
        key,
        ttl,
        fc.constantFrom(
          undefined,
          'unset' as const,
          'set' as const,
          'later' as const,
          'earlier' as const,
        ),
      )
      .map(([n, k, t, w]) => expire(n, k, t, w)),
  },
  { weight: 1, arbitrary: spot.map(([n, k]) => persist(n, k)) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        space,
        key,
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom(undefined, 'minimal' as const, 'continuous' as const),
      )
      .map(([n, k, s, w]) => ringSize(n, k, s, w)),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(space, key, fc.constantFrom('x', 'y', '__proto__'), fc.nat(2))
      .map(([n, k, node, dice]) => (dice > 0 ? ringAdd(n, k, node) : ringRemove(n, k, node))),
  },
  { weight: 2, arbitrary: spot.map(([n, k]) => get(n, k)) },
  { weight: 1, arbitrary: spot.map(([n, k]) => ring(n, k)) },
  { weight: 1, arbitrary: spot.map(([n, k]) => describeKey(n, k)) },
  { weight: 1, arbitrary: fc.tuple(space, some(key)).map(([n, ks]) => getMany(n, ks)) },
  { weight: 1, arbitrary: fc.tuple(space, some(key)).map(([n, ks]) => exists(n, ks)) },
  { weight: 1, arbitrary: space.map((n) => count(n)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(space, key, fc.integer({ min: 1, max: 4 }), fc.option(key))
      .map(([n, p, l, a]) => scan(n, p, l, a)),
  },
) as fc.Arbitrary<Exclude<KvCommand, KvTransact>>;
const command: fc.Arbitrary<KvCommand> = fc.oneof(
  { weight: 30, arbitrary: single },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.array(
          fc
            .tuple(space, key, expected)
            .map((guard) => guard as [string, string, (typeof guard)[2]]),
          { maxLength: 2 },
        ),
        some(single),
      )
      .map(([guards, steps]) => transact(guards, steps)),
  },
);

type Step =
  | { readonly do: 'apply'; readonly command: KvCommand; readonly elapsed: number }
  | { readonly do: 'tick'; readonly elapsed: number }
  | { readonly do: 'freeze' }
  | { readonly do: 'pull'; readonly which: number; readonly times: number }
  | { readonly do: 'restart' };
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({ do: fc.constant('apply' as const), command, elapsed: fc.nat(4) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('tick' as const), elapsed: fc.nat(20) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('freeze' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('pull' as const), which: fc.nat(2), times: fc.nat(7) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
);

/** The state of a machine, by asking for it, in the twin's form. */
function stateOf(machine: KvMachine): string {
  const rows: string[] = [];
  for (const chunk of drain(machine.snapshot()).slice(1)) {
    for (const [namespace, key, bytes, revision, expires, type = 'value'] of chunk as [
      string,
      string,
      Uint8Array,
      number,
      number,
      string?,
    ][]) {
      const seen = type === 'ring' ? machine.query(ring(namespace, key)) : null;
      const value = seen?.status === 'ring' ? seen.ring : decodeOrThrow(bytes);
      rows.push(show({ namespace, key, type, value, revision, expires: expires || null }));
    }
  }
  return show(rows.sort());
}

function drain(chunks: Iterator<unknown>): unknown[] {
  const all: unknown[] = [];
  for (let next = chunks.next(); !next.done; next = chunks.next()) all.push(next.value);
  return all;
}

/** A machine restored from chunks that went over the wire. */
function restored(chunks: readonly unknown[]): KvMachine {
  const machine = new KvMachine({ chunkBytes: 1 });
  machine.apply(put('old', 'state', 'must go', { ttl: 1 }), at(1));
  machine.restore(chunks.map((chunk) => decodeOrThrow(encode(chunk))));
  return machine;
}

/** They are for people. */
function withoutReasons(answer: KvResult): KvResult {
  if (answer.status === 'refused') return { ...answer, reason: '' };
  if (answer.status !== 'done') return answer;
  return { ...answer, results: answer.results.map(withoutReasons) };
}

const digestText = (m: KvMachine) => JSON.stringify(m.digest());

describe('against the twin', () => {
  test('the same answers, deadlines and states over any history', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 80, size: 'max' }), (steps) => {
        // One row a chunk: versions are then caught in the middle of their walk.
        let machine = new KvMachine({ chunkBytes: 1 });
        const twin = new Twin();
        const frozen: {
          chunks: Iterator<unknown>;
          got: unknown[];
          expected: string;
          digest: string;
        }[] = [];
        let index = 0;
        let time = 0;
        for (const s of steps) {
          if (s.do === 'apply' || s.do === 'tick') {
            time += s.elapsed;
            index++;
            machine.onTime(time, index);
            twin.onTime(time);
            if (s.do === 'apply') {
              const answer = machine.apply(s.command, at(index, time));
              expect(withoutReasons(answer)).toEqual(twin.apply(s.command, index, time));
            }
          } else if (s.do === 'freeze') {
            frozen.push({
              chunks: machine.snapshot(),
              got: [],
              expected: twin.state(),
              digest: digestText(machine),
            });
          } else if (s.do === 'pull') {
            const f = frozen[s.which];
            for (let i = 0; f !== undefined && i < s.times; i++) {
              const next = f.chunks.next();
              if (!next.done) f.got.push(next.value);
            }
          } else {
            machine = restored(drain(machine.snapshot()));
          }
          expect(machine.nextDeadline()).toBe(twin.nextDeadline());
        }
        expect(stateOf(machine)).toBe(twin.state());
        for (const f of frozen) {
          const back = restored([...f.got, ...drain(f.chunks)]);
          expect(stateOf(back)).toBe(f.expected);
          expect(digestText(back)).toBe(f.digest);
        }
      }),
      { numRuns: 250 },
    );
  });

  test('digests and sizes are equal exactly when states are, whatever the histories', () => {
    const seen = new Map<string, string>();
    const few = fc.oneof(
      fc
        .tuple(fc.constantFrom('a', 'b'), fc.constantFrom('x', 'y'), fc.nat(1))
        .map(([n, k, v]) => put(n, k, v)),
      fc.tuple(fc.constantFrom('a', 'b'), fc.constantFrom('x', 'y')).map(([n, k]) => remove(n, k)),
      fc.constant(put('a', 'x', 1, { ttl: 5 })),
    );
    fc.assert(
      // Indexes are drawn, not counted, so that different histories meet in one state.
      fc.property(fc.array(fc.tuple(few, fc.nat(1)), { maxLength: 8 }), (history) => {
        const machine = new KvMachine();
        for (const [c, index] of history) machine.apply(c, at(index));
        const state = stateOf(machine);
        const summary = `${digestText(machine)} ${machine.size()}`;
        expect(seen.get(state) ?? summary).toBe(summary);
        seen.set(state, summary);
      }),
      { numRuns: 800 },
    );
    const digests = [...seen.values()].map((s) => s.split(' ')[0]);
    expect(new Set(digests).size).toBe(seen.size);
    expect(seen.size).toBeGreaterThan(100);
  });

  test('what was taken out leaves no trace', () => {
    const machine = new KvMachine();
    expect(machine.digest()).toEqual({ hi: 0, lo: 0 });
    for (let i = 0; i < 100; i++) machine.apply(put('n', `k${i}`, i, { ttl: 1 + (i % 7) }), at(i));
    for (let i = 0; i < 100; i += 2) machine.apply(remove('n', `k${i}`), at(200));
    machine.onTime(100, 3);
    expect(machine.digest()).toEqual({ hi: 0, lo: 0 });
    expect(machine.size()).toBe(0);
    expect(machine.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('snapshots', () => {
  const filled = (n: number) => {
    const machine = new KvMachine();
    for (let i = 0; i < n; i++)
      machine.apply(put(`ns${i % 3}`, `key${i}`, 'v'.repeat(300)), at(i + 1));
    return machine;
  };

  test('come in chunks of moderate size', () => {
    const chunks = drain(filled(2000).snapshot());
    expect(chunks.length).toBeGreaterThan(8);
    for (const chunk of chunks) expect(encode(chunk).length).toBeLessThan(96 * 1024);
  });

  test('several at once, each its own version, while everything is overwritten, deleted and re-created', () => {
    const machine = filled(900);
    const versions: { chunks: Iterator<unknown>; got: unknown[]; digest: string }[] = [];
    for (let round = 0; round < 4; round++) {
      const digest = digestText(machine);
      versions.push({ chunks: machine.snapshot(), got: [], digest });
      for (const v of versions) {
        // Past the header, into the walk: what follows displaces entries on both sides of it.
        for (let pulls = 0; pulls < 2; pulls++) {
          const next = v.chunks.next();
          if (!next.done) v.got.push(next.value);
        }
      }
      for (let i = 0; i < 900; i++) {
        const index = 1000 + round * 900 + i;
        if (i % 3 === round % 3) machine.apply(remove(`ns${i % 3}`, `key${i}`), at(index));
        if (i % 2 === 0) machine.apply(put(`ns${i % 3}`, `key${i}`, index), at(index));
        machine.apply(put(`new${round}`, `key${i}`, index), at(index));
      }
    }
    for (const v of versions) {
      expect(digestText(restored([...v.got, ...drain(v.chunks)]))).toBe(v.digest);
    }
  });

  test('starting one costs nothing that grows with the state', () => {
    const machine = filled(50_000);
    const started = performance.now();
    for (let i = 0; i < 1000; i++) machine.snapshot().return?.();
    // Copying 50,000 entries a thousand times would take seconds.
    expect(performance.now() - started).toBeLessThan(200);
  });

  test('one that is being read survives a restore of its machine', () => {
    const machine = filled(600);
    const digest = digestText(machine);
    const chunks = machine.snapshot();
    const got = [chunks.next().value, chunks.next().value];
    machine.restore(drain(filled(3).snapshot()));
    machine.apply(put('ns0', 'key0', 'other'), at(9999));
    expect(digestText(restored([...got, ...drain(chunks)]))).toBe(digest);
  });

  test.each<[string, unknown[]]>([
    ['nothing at all', []],
    ['another machine', [['sketches', 1]]],
    ['a newer format', [['seedraft-kv', 3]]],
    ['a chunk that is no list', [['seedraft-kv', 1], 5]],
    ['a row cut short', [['seedraft-kv', 1], [['', 'k', new Uint8Array(1), 1]]]],
    [
      'a key twice',
      [
        ['seedraft-kv', 1],
        [
          ['', 'k', Uint8Array.of(1), 1, 0],
          ['', 'k', Uint8Array.of(1), 1, 0],
        ],
      ],
    ],
  ])('a malformed one stops the member: %s', (_, chunks) => {
    const machine = filled(5);
    const before = digestText(machine);
    expect(() => machine.restore(chunks)).toThrow(/kv snapshot/);
    expect(digestText(machine)).toBe(before);
  });
});

describe('commands', () => {
  test.each<[string, unknown]>([
    ['null', null],
    ['a text', 'put'],
    ['an object', { put: 1 }],
    ['an empty tuple', []],
    ['an unknown name', ['decrement', '', 'k']],
    ['a name from a prototype', ['constructor', '', 'k', 1]],
    ['put without a value', ['put', '', 'k']],
    ['put with too much', ['put', '', 'k', 1, {}, 0]],
    ['a numeric key', ['put', '', 5, 1]],
    ['a numeric namespace', ['put', 5, 'k', 1]],
    ['a key too long', ['put', '', 'k'.repeat(4097), 1]],
    ['a lone surrogate in a key', ['put', '', '\ud800', 1]],
    ['options that are a list', ['put', '', 'k', 1, []]],
    ['an unknown option', ['put', '', 'k', 1, { nx: true }]],
    ['ttl 0', ['put', '', 'k', 1, { ttl: 0 }]],
    ['a fractional ttl', ['put', '', 'k', 1, { ttl: 1.5 }]],
    ['a ttl beyond time', ['put', '', 'k', 1, { ttl: Number.MAX_SAFE_INTEGER }]],
    ['ifAbsent 1', ['put', '', 'k', 1, { ifAbsent: 1 }]],
    ['cas that expects nothing', ['cas', '', 'k', null, 1]],
    ['cas that expects the unknown', ['cas', '', 'k', ['equal', 1], 1]],
    ['cas on half a revision', ['cas', '', 'k', ['revision', 0.5], 1]],
    ['cas with ifAbsent', ['cas', '', 'k', ['absent'], 1, { ifAbsent: true }]],
    ['both ttl and keepTtl', ['put', '', 'k', 1, { ttl: 1, keepTtl: true }]],
    ['both ifAbsent and ifPresent', ['put', '', 'k', 1, { ifAbsent: true, ifPresent: true }]],
    ['increment by half', ['increment', '', 'k', 0.5]],
    ['increment by more than 64 bits', ['increment', '', 'k', '9223372036854775808']],
    ['increment by a text with zeros before', ['increment', '', 'k', '01']],
    ['append of a number', ['append', '', 'k', 1]],
    ['expire at once', ['expire', '', 'k', 0]],
    ['expire beyond time', ['expire', '', 'k', Number.MAX_SAFE_INTEGER]],
    ['expire on a strange condition', ['expire', '', 'k', 1, 'never']],
    ['a transaction inside one', ['transact', [], [['transact', [], []]]]],
    ['a transaction with a malformed step', ['transact', [], [['put', '', 'k', 1], ['put']]]],
    ['a guard without a key', ['transact', [['', ['absent']]], []]],
    ['a ring of 0', ['ringSize', '', 'r', 0]],
    ['a ring too large', ['ringSize', '', 'r', 16_385]],
    ['a ring by another strategy', ['ringSize', '', 'r', 8, 'random']],
    ['elements that are numbers', ['hllAdd', '', 'h', [1]]],
    ['too many elements', ['hllAdd', '', 'h', Array(10_001).fill('')]],
    ['a filter that is always right', ['bloomReserve', '', 'b', { capacity: 1, error: 0 }]],
    ['a filter without a capacity', ['bloomReserve', '', 'b', { error: 0.1 }]],
    ['a cursor below 0', ['keys', '', -1, 1]],
    ['scan of 0', ['scan', '', '', 0, null]],
    ['scan of too many', ['scan', '', '', 10_001, null]],
    ['scan after a number', ['scan', '', '', 1, 7]],
  ])('refused without effect: %s', (_, bad) => {
    const machine = new KvMachine();
    machine.apply(put('', 'k', 'kept'), at(1, 5));
    const before = digestText(machine);
    const answer = machine.apply(bad, at(2, 5));
    expect(answer).toMatchObject({ status: 'refused', code: 'BAD_COMMAND' });
    expect(digestText(machine)).toBe(before);
  });

  test.each<[string, unknown]>([
    ['undefined', ['put', '', 'k', undefined]],
    ['NaN', ['put', '', 'k', Number.NaN]],
    ['a function inside', ['put', '', 'k', [() => 1]]],
    ['in what is expected', ['cas', '', 'k', ['value', 5n], 1]],
  ])('a value that cannot be stored is refused: %s', (_, bad) => {
    const machine = new KvMachine();
    expect(machine.apply(bad, at(2))).toMatchObject({ status: 'refused', code: 'BAD_VALUE' });
    expect(machine.size()).toBe(0);
  });

  test('no command whatever makes it throw', () => {
    const anything = fc.oneof(
      fc.anything(),
      fc.tuple(
        fc.constantFrom(
          'put',
          'cas',
          'increment',
          'expire',
          'transact',
          'ringSize',
          'hllAdd',
          'scan',
        ),
        fc.anything(),
        fc.anything(),
        fc.anything(),
        fc.anything(),
      ),
      fc.tuple(fc.constantFrom('put', 'cas'), space, key, fc.anything(), fc.anything()),
      fc.tuple(
        fc.constantFrom('append', 'bloomReserve', 'bloomAdd', 'hllMerge', 'ringAdd', 'bloomHas'),
        space,
        key,
        fc.anything(),
      ),
    );
    fc.assert(
      fc.property(anything, (c) => {
        const machine = new KvMachine();
        expect(machine.apply(c, at(1))).toHaveProperty('status');
        expect(machine.query(c)).toHaveProperty('status');
      }),
      { numRuns: 500 },
    );
  });

  test('queries do not write, and writes are no queries', () => {
    const machine = new KvMachine();
    machine.apply(put('', 'k', 1), at(1));
    const before = digestText(machine);
    expect(machine.query(put('', 'k', 2))).toMatchObject({ status: 'refused' });
    expect(machine.query(get('', 'k'))).toMatchObject({ status: 'found', item: { value: 1 } });
    machine.query(scan('', '', 5));
    expect(digestText(machine)).toBe(before);
  });

  test('what a client does to its values afterwards does not reach the state', () => {
    const machine = new KvMachine();
    const mine = { list: [1], bytes: Uint8Array.of(1) };
    machine.apply(put('', 'k', mine), at(1));
    mine.list.push(2);
    mine.bytes[0] = 9;
    const got = machine.query(get('', 'k')) as Extract<KvResult, { status: 'found' }>;
    expect(got.item.value).toEqual({ list: [1], bytes: Uint8Array.of(1) });
    (got.item.value as { list: number[] }).list.push(3);
    expect(machine.query(get('', 'k'))).toMatchObject({ item: { value: { list: [1] } } });
  });

  test('every result can go over the wire', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 20 }), (commands) => {
        const machine = new KvMachine();
        commands.forEach((c, i) => {
          const result = machine.apply(c, at(i + 1));
          expect(decodeOrThrow(encode(result))).toEqual(result);
        });
      }),
    );
  });
});

describe('expiry', () => {
  test('only onTime expires, at the deadline and not before', () => {
    const machine = new KvMachine();
    machine.apply(put('', 'k', 1, { ttl: 10 }), at(1, 100));
    expect(machine.nextDeadline()).toBe(110);
    machine.onTime(109, 2);
    expect(machine.query(get('', 'k'))).toMatchObject({ item: { expires: 110 } });
    machine.onTime(110, 2);
    expect(machine.query(get('', 'k'))).toEqual({ status: 'missing' });
  });

  test('a put without ttl makes it stay', () => {
    const machine = new KvMachine();
    machine.apply(put('', 'k', 1, { ttl: 10 }), at(1));
    machine.apply(put('', 'k', 2), at(2));
    expect(machine.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
    machine.onTime(1000, 4);
    expect(machine.query(get('', 'k'))).toMatchObject({ status: 'found' });
  });

  test('renewing one key for ever keeps finding the deadline', () => {
    const machine = new KvMachine();
    for (let i = 0; i < 5000; i++) {
      machine.apply(put('', `k${i % 3}`, i, { ttl: 1000 - (i % 900) }), at(i, i));
      const [a, b, c] = ['k0', 'k1', 'k2'].map((k) => {
        const got = machine.query(get('', k));
        return got.status === 'found' ? got.item.expires! : Number.POSITIVE_INFINITY;
      });
      expect(machine.nextDeadline()).toBe(Math.min(a!, b!, c!));
    }
  });
});
