/** On a full disk the same writes are issued again, in order, and none overtakes those that wait. */
import type { Persist } from '@seedraft/core';
import { expect, test } from 'vitest';
import { Writes } from '../../packages/replica/src/writes.ts';

test('after NO_SPACE everything outstanding is issued again in order, and nothing in between', () => {
  const seen: number[] = [];
  const store = {
    persist: ({ seq }: Persist) => seen.push(seq),
  } as unknown as ConstructorParameters<typeof Writes>[0];
  const writes = new Writes(store, 20);
  const write = (seq: number) =>
    writes.issue({
      seq,
      hardState: { term: 1, votedFor: 0 },
      truncateFrom: 0,
      entries: [],
      snapshot: null,
    });
  for (const seq of [1, 2, 3]) write(seq);
  writes.done(1);
  expect(writes.dueAt).toBe(Number.POSITIVE_INFINITY);
  writes.failed(100);
  writes.failed(110);
  write(4);
  expect(seen).toEqual([1, 2, 3]);
  expect(writes.dueAt).toBe(120);
  writes.retry();
  expect(seen).toEqual([1, 2, 3, 2, 3, 4]);
  writes.done(4);
  write(5);
  expect(seen.at(-1)).toBe(5);
});
