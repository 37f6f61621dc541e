/** Proves what each kind of completion means, and that a broken history is refused with every breach named. */
import { type HistoryEvent, pairHistory } from '@seedraft/check';
import { expect, test } from 'vitest';

let time = 0;
function event(process: number, type: string, f: string, value: unknown = null): HistoryEvent {
  return { process, type, f, value, time: time++ } as HistoryEvent;
}

test('ok gives the output and the end; info and open operations keep neither; fail did not happen', () => {
  const paired = pairHistory([
    event(0, 'invoke', 'write', 1),
    event(1, 'invoke', 'read'),
    event(0, 'ok', 'write'),
    event(1, 'info', 'read', 'timeout'),
    event(2, 'invoke', 'write', 2),
    event(2, 'fail', 'write'),
    event(3, 'invoke', 'write', 3),
  ]);
  const unlearned = { output: undefined, returned: Infinity };
  expect(paired).toEqual({
    ok: true,
    operations: [
      { process: 0, f: 'write', input: 1, output: null, invoked: 0, returned: 2 },
      { process: 1, f: 'read', input: null, invoked: 1, ...unlearned },
      { process: 3, f: 'write', input: 3, invoked: 6, ...unlearned },
    ],
  });
});

test('a process may go on after info, and the claimed place goes with its operation', () => {
  const witness = { index: 7, read: false };
  const paired = pairHistory([
    event(0, 'invoke', 'write', 1),
    { ...event(0, 'info', 'write'), witness },
    event(0, 'invoke', 'read'),
    event(0, 'ok', 'read', 1),
  ]);
  expect(paired).toMatchObject({
    ok: true,
    operations: [{ witness, returned: Infinity }, { output: 1 }],
  });
});

test('an output that is absent is null, never "not learned"', () => {
  const paired = pairHistory([
    event(0, 'invoke', 'read'),
    { ...event(0, 'ok', 'read'), value: undefined },
  ]);
  expect(paired).toMatchObject({ ok: true, operations: [{ output: null }] });
});

test('every breach is an error with its code and position', () => {
  const paired = pairHistory([
    event(0, 'ok', 'read'),
    event(1, 'invoke', 'read'),
    event(1, 'invoke', 'write', 1),
    event(1, 'ok', 'cas'),
    event(2, 'done', 'read'),
  ]);
  expect(paired).toEqual({
    ok: false,
    errors: [
      {
        code: 'COMPLETION_WITHOUT_INVOKE',
        position: 0,
        sentence: 'process 0 ends read with ok, but has no operation open',
      },
      {
        code: 'TWO_OPEN_OPERATIONS',
        position: 2,
        sentence: 'process 1 invokes write while its read (event 1) is still open',
      },
      {
        code: 'MISMATCHED_COMPLETION',
        position: 3,
        sentence: 'process 1 ends cas, but what it began (event 2) is write',
      },
      {
        code: 'UNKNOWN_TYPE',
        position: 4,
        sentence: 'type "done" is none of invoke, ok, fail, info',
      },
    ],
  });
});
