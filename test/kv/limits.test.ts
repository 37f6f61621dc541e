/**
 * Proves: what one request may make, show or cost is limited and refused by name beyond that; every answer can be carried, however deep in
 * others it stands; a namespace goes in constant time; a cursor over keys misses none; snapshots of format 1 are read.
 */
import { encode } from '@seedraft/codec';
import {
  append,
  cas,
  flush,
  get,
  getMany,
  increment,
  type KvCommand,
  KvMachine,
  type KvResult,
  type KvTransact,
  type KvValue,
  keys,
  put,
  remove,
  scan,
  smallWriteBytes,
  transact,
} from '@seedraft/kv';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const at = (index: number, time = 0) => ({ index, time, sessionId: 0 });
const MEGABYTE = 'x'.repeat(1_000_000);

describe('answers', () => {
  test('of one entry hold 8 MiB of items at most, whatever the command, and refusals change nothing', () => {
    const machine = new KvMachine();
    for (let i = 0; i < 5; i++) machine.apply(put('', `k${i}`, MEGABYTE), at(1));
    const before = machine.digest();
    const hungry: Exclude<KvCommand, KvTransact>[] = [
      getMany('', Array(20).fill('k0')),
      put('', 'k1', 0, { previous: true }),
      put('', 'k1', 0, { ifAbsent: true }),
      cas('', 'k1', ['absent'], 0),
      remove('', 'k1'),
      get('', 'k1'),
      scan('', 'k1', 1),
    ];
    for (const command of hungry) {
      // The whole batch is one entry: the first seven reads of it are shown, and nothing large after them.
      const steps = [...Array<typeof command>(8).fill(get('', 'k0')), command];
      const answer = machine.apply(transact([], steps), at(2 + hungry.indexOf(command)));
      const last = (answer as Extract<KvResult, { status: 'done' }>).results.at(-1);
      expect(last).toMatchObject({ status: 'refused', code: 'TOO_LARGE' });
      expect(encode(answer).length).toBeLessThan(9 * 1024 * 1024);
    }
    expect(machine.digest()).toEqual(before);
  });

  test('to small writes are small, whatever was there: many share an entry', () => {
    const machine = new KvMachine();
    machine.apply(put('', 'k', MEGABYTE), at(1));
    const options = [undefined, { ttl: 5 }, { keepTtl: true }, { anyType: true }] as const;
    const small = [increment('', 'k', 1), increment('', 'n', '1'), ...options.map(again)];
    const costs = small.map((command) => smallWriteBytes(command));
    expect(Math.max(...costs)).toBeLessThan(100);
    for (const [n, command] of small.entries()) {
      expect(encode(machine.apply(command, at(2 + n))).length).toBeLessThan(200);
    }
    const others = [
      ...[again({ previous: true }), again({ ifAbsent: true }), again({ ifPresent: true })],
      ...[remove('', 'k'), get('', 'k'), ['put', '', 'k', 1, null], ['fly'], 'put', null],
    ];
    for (const command of others) expect(smallWriteBytes(command)).toBe(Number.POSITIVE_INFINITY);
    function again(more?: Parameters<typeof put>[3]): KvCommand {
      return more === undefined ? put('', 'k', 1) : put('', 'k', 1, more);
    }
  });

  test('a scan ends its page when it is full of bytes, and goes on after it', () => {
    const machine = new KvMachine();
    for (let i = 0; i < 12; i++) machine.apply(put('', `k${10 + i}`, MEGABYTE), at(1));
    const first = machine.query(scan('', '', 100)) as Extract<KvResult, { status: 'scanned' }>;
    expect([first.items.length, first.more]).toEqual([8, true]);
    const rest = machine.query(scan('', '', 100, first.items.at(-1)!.key));
    expect(rest).toMatchObject({ more: false, items: { length: 4 } });
  });

  test('a single item larger than that is shown alone', () => {
    const machine = new KvMachine();
    machine.apply(put('', 'k', new Uint8Array(9_000_000)), at(1));
    expect(machine.query(get('', 'k'))).toMatchObject({ status: 'found' });
    expect(machine.query(scan('', '', 10))).toMatchObject({ items: { length: 1 } });
    expect(machine.query(getMany('', ['k', 'k']))).toMatchObject({ code: 'TOO_LARGE' });
  });

  test('values nest 32 levels, so that an answer in an answer in an answer can still be carried', () => {
    const nested = (levels: number) => {
      let value: KvValue = 1;
      for (let level = 0; level < levels; level++) value = level % 2 ? [value] : { a: value };
      return value;
    };
    const machine = new KvMachine();
    expect(machine.apply(put('', 'k', nested(33)), at(1))).toMatchObject({ code: 'BAD_VALUE' });
    expect(machine.apply(put('', 'k', nested(32)), at(1))).toMatchObject({ status: 'stored' });
    const answer = machine.apply(transact([], [scan('', '', 5), getMany('', ['k'])]), at(2));
    expect(() => encode([['reply', [[answer]]]])).not.toThrow();
  });
});

describe('what grows', () => {
  test('append stops at 1 MiB and leaves what was there', () => {
    const machine = new KvMachine();
    machine.apply(append('', 'k', MEGABYTE), at(1));
    const before = machine.digest();
    expect(machine.apply(append('', 'k', 'x'.repeat(48_576)), at(2))).toMatchObject({
      code: 'TOO_LARGE',
    });
    expect(machine.digest()).toEqual(before);
    expect(machine.apply(append('', 'k', 'é'), at(2))).toMatchObject({ length: 1_000_002 });
  });

  test('integers are exact over 64 bits, and what would leave them is refused', () => {
    const machine = new KvMachine();
    machine.apply(put('', 'k', Number.MAX_SAFE_INTEGER), at(1));
    expect(machine.apply(increment('', 'k'), at(2))).toMatchObject({ value: '9007199254740992' });
    expect(machine.query(get('', 'k'))).toMatchObject({ item: { value: '9007199254740992' } });
    machine.apply(put('', 'k', '9223372036854775806'), at(3));
    expect(machine.apply(increment('', 'k', 1), at(4))).toMatchObject({
      value: '9223372036854775807',
    });
    expect(machine.apply(increment('', 'k', 1), at(5))).toMatchObject({ code: 'OVERFLOW' });
    expect(machine.query(get('', 'k'))).toMatchObject({ item: { value: '9223372036854775807' } });
    for (const value of ['1.0', ' 1', '', '-0', true, null, 1.5, [1]]) {
      machine.apply(put('', 'k', value), at(6));
      expect(machine.apply(increment('', 'k'), at(7))).toMatchObject({ code: 'NOT_AN_INTEGER' });
    }
  });
});

describe('many keys', () => {
  const filled = (count: number, ttl?: number) => {
    const machine = new KvMachine();
    for (let i = 0; i < count; i++) {
      machine.apply(put('full', `k${i}`, i, ttl === undefined ? {} : { ttl: ttl + i }), at(1));
    }
    return machine;
  };

  test('a namespace goes in constant time', () => {
    // Removing them one by one takes tens of milliseconds. The best of some: a busy machine may halt one.
    const times = [1, 2, 3, 4].map(() => {
      const machine = filled(20_000, 10);
      const started = performance.now();
      machine.apply(flush('full'), at(3));
      return performance.now() - started;
    });
    expect(Math.min(...times)).toBeLessThan(5);
  });

  test('a namespace goes with its deadlines, and comes back from a snapshot begun before', () => {
    const machine = filled(20_000, 10);
    machine.apply(put('other', 'k', 1), at(2));
    const [digest, snapshot] = [machine.digest(), machine.snapshot()];
    const chunks = [snapshot.next().value, snapshot.next().value];
    expect(machine.apply(flush('full'), at(3))).toEqual({ status: 'counted', count: 20_000 });
    expect(machine.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
    expect(machine.apply(flush('full'), at(4))).toEqual({ status: 'counted', count: 0 });
    machine.apply(put('full', 'k7', 'new'), at(5));
    machine.onTime(1_000_000, 6);
    expect(machine.query(get('full', 'k7'))).toMatchObject({ item: { value: 'new' } });
    for (let next = snapshot.next(); !next.done; next = snapshot.next()) chunks.push(next.value);
    const back = new KvMachine();
    back.restore(chunks);
    expect(back.digest()).toEqual(digest);
  });

  test('from cursor to cursor, each key that stays comes exactly once, on any member, whatever comes and goes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.tuple(fc.nat(99), fc.boolean()), { maxLength: 30 }),
        (count, limit, changes) => {
          const machine = filled(count);
          const seen: string[] = [];
          const moved = new Set<string>();
          let cursor = 0;
          do {
            // The next page is asked of a member that got its state by snapshot.
            const other = new KvMachine();
            other.restore([...{ [Symbol.iterator]: () => machine.snapshot() }]);
            const page = other.query(keys('full', cursor, limit));
            if (page.status !== 'keys') throw new Error(page.status);
            if (page.cursor !== 0) expect(page.keys.length).toBeGreaterThanOrEqual(limit);
            seen.push(...page.keys);
            cursor = page.cursor;
            const [n, comes] = changes.pop() ?? [0, true];
            moved.add(`k${n}`);
            machine.apply(comes ? put('full', `k${n}`, 0) : remove('full', `k${n}`), at(9));
          } while (cursor !== 0);
          expect(new Set(seen).size).toBe(seen.length);
          for (let i = 0; i < count; i++) {
            if (!moved.has(`k${i}`)) expect(seen).toContain(`k${i}`);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

test('a snapshot of format 1 is a snapshot of plain values', () => {
  const rows = [
    ['', 'k', encode('v'), 7, 0],
    ['n', 'k', encode([1]), 8, 50],
  ];
  const machine = new KvMachine();
  machine.restore([['seedraft-kv', 1], rows]);
  const same = new KvMachine();
  same.apply(put('', 'k', 'v'), at(7));
  same.apply(put('n', 'k', [1], { ttl: 30 }), at(8, 20));
  expect([machine.digest(), machine.nextDeadline()]).toEqual([same.digest(), 50]);
});
