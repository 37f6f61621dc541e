/**
 * Proves: a watcher hears exactly the changes of what it watches, in order, whoever else watches, comes and goes; watching changes neither
 * answers nor state; what expired is told with the index of the entry that moved time.
 */
import {
  get,
  type KvChange,
  type KvCommand,
  KvMachine,
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

interface Heard extends KvChange {
  readonly index: number;
}
interface Watcher {
  readonly namespace: string;
  readonly prefix: string;
  readonly heard: Heard[];
  readonly stop: () => void;
  /** What was there when it began, by key. */
  readonly before: ReadonlyMap<string, unknown>;
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
            const stop = machine.watch(watch(namespace, prefix), (at, change) =>
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
          for (const { index: at, key: k, item, namespace: n } of heard) {
            expect([n, k.startsWith(prefix), at >= last]).toEqual([namespace, true, true]);
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
    expect(heard).toEqual([[7, { kind: 'delete', namespace: '', key: 'k', item: null }]]);
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
    [['watch', '', '\ud800']],
  ])('malformed: %j', (query) => {
    expect(new KvMachine().watch(query, () => {})).toBeNull();
  });
});
