/** Which bytes of own snapshots are dropped when, whatever they are overtaken by. */
import { EMPTY_CONFIGURATION, type SnapshotMetadata } from '@seedraft/core';
import type { Store } from '@seedraft/replica';
import { expect, test } from 'vitest';
import { ClusterTime } from '../../packages/replica/src/cluster-time.ts';
import { OwnSnapshots } from '../../packages/replica/src/own-snapshots.ts';
import { ReplicatedState } from '../../packages/replica/src/state.ts';
import { Ledger } from './ledger.ts';

function setUp() {
  const log: string[] = [];
  const store: Store = {
    persist: () => {},
    writeSnapshot: (_, offset, bytes) => log.push(`write ${offset}+${bytes.length}`),
    sealSnapshot: (metadata) => log.push(`seal ${metadata.id}`),
    readSnapshot: () => {},
    dropSnapshot: (id) => log.push(`drop ${id}`),
    writeBootstrap: () => {},
  };
  const policy = { everyEntries: 1, everyBytes: 1e9, keep: 0 };
  const own = new OwnSnapshots(policy, 1 << 20, store, 'b', null);
  const state = new ReplicatedState(
    new Ledger(),
    new ClusterTime(0),
    EMPTY_CONFIGURATION,
    undefined,
  );
  return { log, own, state };
}

const received: SnapshotMetadata = {
  id: 'received',
  lastIncludedIndex: 50,
  lastIncludedTerm: 3,
  configuration: EMPTY_CONFIGURATION,
  configurationIndex: 0,
  size: 10,
  checksum: 0,
};

test('given up while being written, its bytes go at once', () => {
  const { log, own, state } = setUp();
  own.begin(state);
  expect(own.giveUp()).toBe(true);
  expect(log.at(-1)).toBe('drop 0-0-b-1');
  own.written('0-0-b-1');
  expect(log.filter((line) => line.startsWith('write'))).toHaveLength(1);
});

test('given up while being sealed, its bytes go when the store has answered, and it is no base', () => {
  const { log, own, state } = setUp();
  own.begin(state);
  own.written('0-0-b-1');
  expect(log.at(-1)).toBe('seal 0-0-b-1');
  own.giveUp();
  own.installed(received, 0);
  expect(log.at(-1)).toBe('seal 0-0-b-1');
  expect(own.sealed('0-0-b-1', 0)).toBeNull();
  expect(log.at(-1)).toBe('drop 0-0-b-1');
  expect(own.base).toBe(received);
});

test('a received one takes the place of the own base', () => {
  const { log, own, state } = setUp();
  own.begin(state);
  own.written('0-0-b-1');
  expect(own.sealed('0-0-b-1', 0)?.id).toBe('0-0-b-1');
  own.noteSent('0-0-b-1', 500);
  own.installed(received, 400);
  expect(log.at(-1)).not.toContain('drop');
  own.installed({ ...received, id: 'next' }, 600);
  expect(log.slice(-2)).toEqual(['drop 0-0-b-1', 'drop received']);
});
