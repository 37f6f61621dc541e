/**
 * What a turn sends must not wait for its own disk (dissertation, 10.2.1): messages are with the sockets before the store hears of the write.
 * What it was asked for it hears in that order, and once.
 */
import type { Persist } from '@seedraft/core';
import type { Store } from '@seedraft/replica';
import { describe, expect, test } from 'vitest';
import { StoreOutbox } from '../../packages/node/src/store-outbox.ts';
import { Turn } from '../../packages/node/src/turn.ts';

function write(seq: number): Persist {
  const hardState = { term: 1, votedFor: 0 };
  return { seq, hardState, snapshot: null, truncateFrom: 0, entries: [] };
}

/** A store that notes what it hears. */
function noting(told: string[]): Store {
  return {
    persist: ({ seq }) => void told.push(`persist ${seq}`),
    writeSnapshot: (id, offset) => void told.push(`write ${id} ${offset}`),
    sealSnapshot: ({ id }) => void told.push(`seal ${id}`),
    readSnapshot: (id) => void told.push(`read ${id}`),
    dropSnapshot: (id) => void told.push(`drop ${id}`),
    writeBootstrap: () => void told.push('bootstrap'),
  };
}

const nextTurn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe('one turn', () => {
  test('sends first, then writes; both in order', async () => {
    const told: string[] = [];
    const disk = new StoreOutbox(noting(told));
    const socket = { flush: () => void told.push('sent') };
    const turn = new Turn(
      () => {
        disk.persist(write(1));
        turn.flushLater(socket);
        disk.writeSnapshot('s', 0, new Uint8Array(1));
        disk.dropSnapshot('r');
        disk.persist(write(2));
        told.push('worked');
      },
      () => disk.flush(),
    );
    turn.request();
    await nextTurn();
    expect(told).toEqual(['worked', 'sent', 'persist 1', 'write s 0', 'drop r', 'persist 2']);
    disk.flush();
    expect(told).toHaveLength(6);
  });
});
