/** A captured state is of one index, whatever happens meanwhile; it is as new as asked for; and nobody is left recording for one that is not read on. */
import { crc32c } from '@seedraft/codec';
import type { Capture, ClientReply } from '@seedraft/replica';
import { expect, test } from 'vitest';
import { ClusterTime } from '../../packages/replica/src/cluster-time.ts';
import { OwnSnapshots } from '../../packages/replica/src/own-snapshots.ts';
import { ReplicatedState } from '../../packages/replica/src/state.ts';
import { NEVER, TestCluster } from './cluster.ts';
import { Ledger } from './ledger.ts';

const captureOf = (reply: ClientReply): Capture => {
  expect(reply).toMatchObject({ type: 'Ok' });
  return (reply as { value: Capture }).value;
};
const fresh = { type: 'Capture', mode: 'linearizable' } as const;
const stale = { type: 'Capture', mode: 'stale' } as const;

function readAll(capture: Capture): Uint8Array {
  const chunks: Uint8Array[] = [];
  for (let chunk = capture.next(); chunk !== null; chunk = capture.next()) {
    expect(chunk.length).toBeLessThanOrEqual(64);
    chunks.push(chunk);
  }
  const bytes = Uint8Array.from(Buffer.concat(chunks));
  expect(capture.size).toBe(bytes.length);
  expect(capture.checksum).toBe(crc32c(bytes));
  return bytes;
}

/** The digest of a machine that began with these bytes, with cluster time and sessions. */
function digestAfter({ about, size, checksum }: Capture, bytes: Uint8Array): string {
  const { index, term, configuration, configurationIndex } = about;
  const state = new ReplicatedState(new Ledger(), new ClusterTime(0), configuration, undefined);
  const place = { lastIncludedIndex: index, lastIncludedTerm: term, configurationIndex };
  state.restore({ id: 'b', ...place, configuration, size, checksum }, bytes, 0);
  const { hi, lo } = state.digest();
  return [hi, lo].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

test('at a follower, it holds what was acknowledged before, and stays as it was while writes go on', () => {
  const cluster = new TestCluster({ snapshot: NEVER });
  const sessionId = cluster.openSession();
  for (let i = 0; i < 20; i++) cluster.add(cluster.leader(), `key number ${i}`, i);
  const command = { add: 5, to: 'once' };
  const session = { sessionId, sequence: 1, firstIncomplete: 1 };
  const written = cluster.call(cluster.leader(), { type: 'Command', ...session, command });
  const follower = cluster.follower();
  const capture = captureOf(cluster.call(follower, fresh));
  expect(capture.about.index).toBeGreaterThanOrEqual((written as { index: number }).index);
  const state = cluster.replica(follower).digest();
  const then = [state.hi, state.lo].map((w) => (w >>> 0).toString(16).padStart(8, '0')).join('');
  expect(capture.about.stateDigest).toBe(then);

  const first = capture.next()!;
  for (let i = 0; i < 30; i++) cluster.add(cluster.leader(), `key number ${i % 25}`, 100);
  cluster.settle();
  const again = captureOf(cluster.call(follower, fresh));
  expect(again.about.stateDigest).not.toBe(then);
  const rest: Uint8Array[] = [first];
  for (let chunk = capture.next(); chunk !== null; chunk = capture.next()) rest.push(chunk);
  expect(digestAfter(capture, Uint8Array.from(Buffer.concat(rest)))).toBe(then);
  expect(digestAfter(again, readAll(again))).toBe(again.about.stateDigest);
});

test('nobody leads: refused, unless what is here will do', () => {
  const cluster = new TestCluster();
  cluster.add(cluster.leader(), 'a', 1);
  cluster.settle();
  const left = cluster.follower();
  for (const { id } of cluster.members) if (id !== left) cluster.crash(id);
  cluster.run(2000);
  expect(cluster.call(left, fresh)).toMatchObject({ type: 'Refused' });
  const capture = captureOf(cluster.call(left, stale));
  expect(digestAfter(capture, readAll(capture))).toBe(capture.about.stateDigest);
});

test('before anything was applied there is nothing to capture', () => {
  const cluster = new TestCluster();
  expect(cluster.call(1, stale)).toMatchObject({ type: 'Refused', code: 'NOT_READY' });
});

test('released, or a snapshot that failed: the machine hears that nobody reads on', () => {
  let ended = 0;
  class Recording extends Ledger {
    override snapshot(): IterableIterator<unknown> {
      const chunks = [
        ['holds', []],
        ...Array.from({ length: 50 }, (_, i) => ['total', [`${i}`, i]]),
      ];
      let at = 0;
      return {
        [Symbol.iterator]() {
          return this;
        },
        next: () =>
          at < chunks.length
            ? { done: false, value: chunks[at++] }
            : { done: true, value: undefined },
        return: () => {
          ended++;
          return { done: true, value: undefined };
        },
      };
    }
  }
  const cluster = new TestCluster({ members: 1, machine: () => new Recording() });
  cluster.add(cluster.leader(), 'a', 1);
  const begun = captureOf(cluster.call(1, fresh));
  begun.next();
  begun.release();
  captureOf(cluster.call(1, fresh)).release();
  expect(ended).toBe(2);

  const store = {
    ...{ persist: () => {}, writeSnapshot: () => {}, sealSnapshot: () => {} },
    ...{ readSnapshot: () => {}, dropSnapshot: () => {}, writeBootstrap: () => {} },
  };
  const policy = { everyEntries: 1, everyBytes: 1e9, keep: 0 };
  const { configuration } = cluster.replica(1).raft;
  const state = new ReplicatedState(new Recording(), new ClusterTime(0), configuration, undefined);
  const own = new OwnSnapshots(policy, 64, store, 'b', null);
  own.begin(state);
  own.failed('0-0-b-1');
  own.begin(state);
  own.giveUp();
  expect(ended).toBe(4);
});
