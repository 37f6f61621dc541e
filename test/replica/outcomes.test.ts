/** What the core's word on a proposal means to the client, case by case; and that one tick entry is on its way at a time. */
import type { Entry } from '@seedraft/core';
import { describe, expect, test } from 'vitest';
import { ClusterTime } from '../../packages/replica/src/cluster-time.ts';
import { Requests } from '../../packages/replica/src/requests.ts';
import { TickEntries } from '../../packages/replica/src/tick-entries.ts';

const entry = (index: number, term: number, checksum = 0): Entry => ({
  index,
  term,
  kind: 'command',
  data: new Uint8Array(0),
  checksum,
  configuration: null,
});
const OK = { refused: null, value: 'result' } as const;
const APPLIED = 10;
const COMMITTED = 12;
const LEADER = 2;

function decide(result: Parameters<Requests['decided']>[1], forwarded = -1) {
  const requests = new Requests();
  requests.open(1, 100, forwarded);
  return { requests, answer: requests.decided(1, result, APPLIED, COMMITTED, LEADER) };
}

describe('outcomes', () => {
  test('rejected and unknown are passed on', () => {
    const rejected = { outcome: 'rejected', code: 'NO_SPACE', leader: 3 } as const;
    expect(decide(rejected).answer?.reply).toEqual({
      type: 'Refused',
      code: 'NO_SPACE',
      leader: 3,
    });
    const unknown = { outcome: 'unknown', index: 11, term: 2 } as const;
    expect(decide(unknown).answer?.reply).toEqual({ type: 'Unknown', index: 11, term: 2 });
  });

  test('superseded is a refusal only where something else is committed', () => {
    const superseded = (index: number) => ({ outcome: 'superseded', index, term: 2 }) as const;
    expect(decide(superseded(12)).answer?.reply).toMatchObject({ code: 'NOT_LEADER' });
    expect(decide(superseded(13)).answer?.reply).toMatchObject({ type: 'Unknown' });
  });

  test('committed waits for its entry, and for no other in its place', () => {
    const committed = { outcome: 'committed', index: 11, term: 2 } as const;
    const { requests, answer } = decide(committed);
    expect(answer).toBeNull();
    expect(requests.applied(entry(10, 2), OK, LEADER)).toBeNull();
    expect(requests.applied(entry(11, 2), OK, LEADER)).toEqual({
      requestId: 100,
      reply: { type: 'Ok', index: 11, value: 'result' },
    });
    expect(requests.applied(entry(11, 2), OK, LEADER)).toBeNull();
    expect(() => decide(committed).requests.applied(entry(11, 3), OK, LEADER)).toThrow(
      /11@2.*11@3/,
    );
  });

  test('a forwarded proposal already applied is answered from what its entry came to, if that was kept', () => {
    const committed = { outcome: 'committed', index: 9, term: 2 } as const;
    expect(decide(committed, 77).answer?.reply).toEqual({ type: 'Unknown', index: 9, term: 2 });
    const requests = new Requests();
    requests.open(1, 100, 77);
    expect(requests.applied(entry(9, 2, 77), OK, LEADER)).toBeNull();
    expect(requests.decided(1, committed, APPLIED, COMMITTED, LEADER)?.reply).toMatchObject({
      type: 'Ok',
      value: 'result',
    });
  });

  test('an answer to what is not open is a broken invariant', () => {
    const unknown = { outcome: 'unknown', index: 11, term: 2 } as const;
    const { requests } = decide(unknown);
    expect(() => requests.decided(1, unknown, APPLIED, COMMITTED, LEADER)).toThrow(/not open/);
  });
});

test('while a tick entry is on its way no other is due, however long it takes; then after the spacing', () => {
  const ticks = new TickEntries(new ClusterTime(0), 20);
  expect(ticks.dueAt).toBe(Number.POSITIVE_INFINITY);
  ticks.expect(100);
  expect(ticks.dueAt).toBe(100);
  ticks.propose(100, 5);
  expect(ticks.dueAt).toBe(Number.POSITIVE_INFINITY);
  expect(ticks.ended(4)).toBe(false);
  expect(ticks.ended(5)).toBe(true);
  expect(ticks.dueAt).toBe(120);
});
