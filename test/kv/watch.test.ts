/**
 * Proves: a watcher hears exactly the changes of what it watches, in order, whoever else watches, comes and goes; watching changes neither
 * answers nor state; what expired is told with the index of the entry that moved time.
 */
import {
  cas,
  expire,
  flush,
  get,
  increment,
  type KvChange,
  type KvCommand,
  type KvItem,
  KvMachine,
  persist,
  put,
  remove,
  scan,
  watch,
} from '@seedraft/kv';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const SPACES = ['', 'a'];
const KEYS = ['', 'a', 'ab', 'abc', 'b', '😀'];
const space = fc.constantFrom(...SPACES);
const key = fc.constantFrom(...KEYS);
const command: fc.Arbitrary<KvCommand> = fc.oneof(
  fc.tuple(space, key, fc.nat(3)).map(([n, k, v]) => put(n, k, v)),
  fc.tuple(space, key, fc.nat(3)).map(([n, k, v]) => put(n, k, v, { ttl: 1 + v })),
  fc.tuple(space, key).map(([n, k]) => put(n, k, 0, { ifAbsent: true })),
  fc.tuple(space, key).map(([n, k]) => remove(n, k)),
  fc.tuple(space, key, fc.nat(3)).map(([n, k, v]) => cas(n, k, ['value', v], v + 1)),
  fc.tuple(space, key).map(([n, k]) => increment(n, k)),
  fc.tuple(space, key).map(([n, k]) => expire(n, k, 2)),
  fc.tuple(space, key).map(([n, k]) => persist(n, k)),
  space.map((n) => flush(n)),
);
type Step =
  | { readonly do: 'apply'; readonly command: KvCommand; readonly elapsed: number }
  | { readonly do: 'watch'; readonly namespace: string; readonly prefix: string }
  | { readonly do: 'stop'; readonly which: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('apply' as const), command, elapsed: fc.nat(2) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('watch' as const), namespace: space, prefix: key }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stop' as const), which: fc.nat(4) }) },
);

const DETAILS = { previous: true, conflicts: true };

interface Heard extends KvChange {
  readonly index: number;
}
interface Watcher {
  readonly namespace: string;
  readonly prefix: string;
  readonly heard: Heard[];
  readonly stop: () => void;
  /** What was there when it began, by key. */
  readonly before: ReadonlyMap<string, KvItem>;
}

const contents = (machine: KvMachine, namespace: string, prefix: string) => {
  const found = machine.query(scan(namespace, prefix, 1000));
  if (found.status !== 'scanned') throw new Error(found.status);
  return new Map(found.items.map((item) => [item.key, item]));
};

describe('watch', () => {
  test('what was there, changed as told, is what is there; with the indexes of the entries', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), (steps) => {
        const machine = new KvMachine();
        const plain = new KvMachine();
        const watchers: Watcher[] = [];
        let index = 0;
        let time = 0;
        for (const s of steps) {
          if (s.do === 'apply') {
            index++;
            time += s.elapsed;
            machine.onTime(time, index);
            plain.onTime(time, index);
            const context = { index, time, sessionId: 0 };
            expect(machine.apply(s.command, context)).toEqual(plain.apply(s.command, context));
          } else if (s.do === 'watch') {
            const { namespace, prefix } = s;
            const heard: Heard[] = [];
            const before = contents(machine, namespace, prefix);
            const stop = machine.watch(watch(namespace, prefix, DETAILS), (at, change) =>
              heard.push({ index: at, ...change }),
            )!;
            watchers.push({ namespace, prefix, heard, stop, before });
          } else if (watchers[s.which] !== undefined) {
            const [stopped] = watchers.splice(s.which, 1);
            stopped!.stop();
            stopped!.stop();
            stopped!.heard.push = () => expect.unreachable('heard after its end');
          }
        }
        for (const { namespace, prefix, heard, before } of watchers) {
          const now = new Map(before);
          let last = 0;
          for (const { index: at, kind, key: k, item, namespace: n, previous, wanted } of heard) {
            expect([n, at >= last]).toEqual([namespace, true]);
            if (kind === 'flush') {
              now.clear();
              continue;
            }
            expect(k.startsWith(prefix)).toBe(true);
            expect(previous).toEqual(now.get(k) ?? null);
            if (kind === 'conflict') {
              expect([item, typeof wanted]).toEqual([previous, 'number']);
              continue;
            }
            if (item !== null) expect(item).toMatchObject({ key: k, revision: at });
            last = at;
            // Told only if something changed.
            expect(item ?? now.get(k)).toBeDefined();
            if (item === null) now.delete(k);
            else now.set(k, item);
          }
          expect(new Map([...now].sort())).toEqual(
            new Map([...contents(machine, namespace, prefix)].sort()),
          );
        }
        expect(machine.digest()).toEqual(plain.digest());
      }),
      { numRuns: 300 },
    );
  });

  test('expiry is told with the index of the entry that moved time', () => {
    const machine = new KvMachine();
    const heard: unknown[] = [];
    machine.apply(put('', 'k', 1, { ttl: 10 }), { index: 1, time: 0, sessionId: 0 });
    machine.watch(watch('', 'k'), (...told) => heard.push(told));
    machine.onTime(10, 7);
    expect(heard).toEqual([[7, { kind: 'expire', namespace: '', key: 'k', item: null }]]);
  });

  test('each change bears its kind; what was there before and conflicts only for those who asked', () => {
    const machine = new KvMachine();
    const [brief, whole]: unknown[][] = [[], []];
    machine.watch(watch(''), (_, change) => brief!.push(change));
    machine.watch(watch('', 'k', DETAILS), (_, change) => whole!.push(change));
    let index = 0;
    const ask = (command: KvCommand) =>
      machine.apply(command, { index: ++index, time: 0, sessionId: 0 });
    ask(put('', 'k', 'a'));
    ask(cas('', 'k', ['value', 'b'], 'c'));
    ask(cas('', 'k', ['value', 'a'], 'c'));
    ask(expire('', 'k', 5));
    ask(remove('', 'k'));
    ask(remove('', 'k'));
    ask(put('', 'other', 1));
    ask(flush(''));
    ask(flush(''));
    const item = (value: string, revision: number, expires: number | null = null) => ({
      key: 'k',
      value,
      revision,
      expires,
    });
    const told = { namespace: '', key: 'k' };
    const flushed = { kind: 'flush', namespace: '', key: '', item: null };
    const other = { key: 'other', value: 1, revision: 7, expires: null };
    expect(brief).toEqual([
      { ...told, kind: 'put', item: item('a', 1) },
      { ...told, kind: 'cas', item: item('c', 3) },
      { ...told, kind: 'deadline', item: item('c', 4, 5) },
      { ...told, kind: 'delete', item: null },
      { namespace: '', key: 'other', kind: 'put', item: other },
      flushed,
    ]);
    expect(whole).toEqual([
      { ...told, kind: 'put', item: item('a', 1), previous: null },
      { ...told, kind: 'conflict', item: item('a', 1), previous: item('a', 1), wanted: 'c' },
      { ...told, kind: 'cas', item: item('c', 3), previous: item('a', 1) },
      { ...told, kind: 'deadline', item: item('c', 4, 5), previous: item('c', 3) },
      { ...told, kind: 'delete', item: null, previous: item('c', 4, 5) },
      flushed,
    ]);
  });

  test('a restored snapshot ends all watches', () => {
    const machine = new KvMachine();
    machine.watch(watch(''), () => expect.unreachable('its changes are not all there are'));
    const chunks: unknown[] = [];
    const snapshot = new KvMachine().snapshot();
    for (let next = snapshot.next(); !next.done; next = snapshot.next()) chunks.push(next.value);
    machine.restore(chunks);
    machine.apply(put('', 'k', 1), { index: 1, time: 0, sessionId: 0 });
  });

  test.each([
    [null],
    [get('', 'k')],
    [['watch', '']],
    [['watch', '', 1]],
    [['watch', '', '', 0]],
    [['watch', '', '', { old: true }]],
    [['watch', '', '\ud800']],
  ])('malformed: %j', (query) => {
    expect(new KvMachine().watch(query, () => {})).toBeNull();
  });
});
