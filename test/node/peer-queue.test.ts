/** What waits for a peer: urgent messages overtake chunks, order is kept within each, and neither bytes nor messages exceed their bounds. */
import type { MemberMessage } from '@seedraft/replica';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PeerQueue } from '../../packages/node/src/peer-queue.ts';

const beat = (round: number): MemberMessage => ({
  type: 'AppendEntries',
  from: 1,
  to: 2,
  term: 1,
  prevLogIndex: 0,
  prevLogTerm: 0,
  entries: [],
  leaderCommit: 0,
  round,
});
const chunk = (offset: number, length: number): MemberMessage => ({
  type: 'InstallSnapshot',
  from: 1,
  to: 2,
  term: 1,
  snapshot: {
    id: 's',
    lastIncludedIndex: 1,
    lastIncludedTerm: 1,
    configuration: { members: [], outgoing: null, autoLeave: false, highestId: 0 },
    configurationIndex: 0,
    size: 1e9,
    checksum: 0,
  },
  offset,
  length,
  data: null,
  round: 0,
});

test('a heartbeat overtakes every chunk', () => {
  const queue = new PeerQueue(1e6, 10);
  queue.push(chunk(0, 1000));
  queue.push(chunk(1000, 1000));
  queue.push(beat(7));
  expect(queue.takeChunk()).toBeNull();
  expect(queue.takeUrgent()).toEqual([beat(7)]);
  expect(queue.takeChunk()).toEqual(chunk(0, 1000));
  queue.push(beat(8));
  expect(queue.takeChunk()).toBeNull();
});

test('what goes in comes out once, in order, and the bounds hold', () => {
  const step = fc.oneof(
    fc.nat(300).map((length) => ({ put: chunk(length, length) })),
    fc.nat(9).map((round) => ({ put: beat(round) })),
    fc.constant({ put: null }),
  );
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const queue = new PeerQueue(1000, 8);
      const given: MemberMessage[] = [];
      const taken: MemberMessage[] = [];
      const take = () => {
        taken.push(...queue.takeUrgent());
        const next = queue.takeChunk();
        if (next !== null) taken.push(next);
        return next !== null;
      };
      for (const { put } of steps) {
        if (put === null) take();
        else if (queue.push(put)) given.push(put);
        expect(queue.length).toBeLessThanOrEqual(8);
        expect(queue.bytes).toBeLessThanOrEqual(1000);
      }
      while (take());
      expect(queue.bytes).toBe(0);
      for (const type of ['AppendEntries', 'InstallSnapshot']) {
        expect(taken.filter((m) => m.type === type)).toEqual(given.filter((m) => m.type === type));
      }
    }),
  );
});
