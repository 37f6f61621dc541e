/** Reads: linearizable ones wait for the index they were promised, wherever they are asked; stale ones do not wait. */
import { describe, expect, test } from 'vitest';
import { TestCluster } from './cluster.ts';

const query = (mode: 'linearizable' | 'lease' | 'stale', about: unknown = 'x') =>
  ({ type: 'Query', mode, query: about }) as const;

describe('reads', () => {
  test.each(['linearizable', 'lease'] as const)(
    'a %s read at the leader sees every acknowledged write',
    (mode) => {
      const cluster = new TestCluster();
      const leader = cluster.leader();
      for (let i = 1; i <= 5; i++) {
        cluster.add(leader, 'x', 1);
        expect(cluster.call(leader, query(mode))).toMatchObject({ type: 'Ok', value: i });
      }
    },
  );

  test('a linearizable read at a lagging follower waits until it has applied what was acknowledged before', () => {
    const reads: [number, number][] = [];
    const cluster = new TestCluster({
      tracer: () => ({ onRead: (_, __, readIndex, applied) => reads.push([readIndex, applied]) }),
    });
    const leader = cluster.leader();
    const follower = cluster.follower();
    cluster.settle();
    // Entries reach the follower late; ReadIndex and its answer do not.
    let hold = 1;
    cluster.delay = () => hold;
    cluster.passes = (message) => {
      hold = message.type === 'AppendEntries' && message.to === follower ? 60 : 1;
      return true;
    };
    cluster.add(leader, 'x', 7);
    const stale = cluster.call(follower, query('stale'));
    expect(stale).toMatchObject({ type: 'Ok', value: 0 });
    expect(cluster.call(follower, query('linearizable'))).toMatchObject({ type: 'Ok', value: 7 });
    expect(reads[0]![0]).toBe(0);
    expect(reads[1]![0]).toBeGreaterThan(0);
    expect(reads[1]![1]).toBeGreaterThanOrEqual(reads[1]![0]);
  });

  test.each(['read', 'forwarded command'])(
    'a %s that waits for an entry which no leader will bring any more is answered all the same',
    (what) => {
      const cluster = new TestCluster({ raft: { forwardProposals: true } });
      const leader = cluster.leader();
      const follower = cluster.follower();
      cluster.settle();
      // The follower is told an index, and the entries up to it are kept from it; then it hears nobody.
      let isCutOff = false;
      cluster.passes = (message) => {
        if (message.to !== follower) return true;
        return !isCutOff && !(message.type === 'AppendEntries' && message.entries.length > 0);
      };
      cluster.add(leader, 'x', 7);
      const command = { type: 'Command', sessionId: 0, sequence: 0, firstIncomplete: 0 } as const;
      const asked = cluster.ask(
        follower,
        what === 'read' ? query('linearizable') : { ...command, command: { add: 1, to: 'x' } },
      );
      cluster.run(60);
      expect(cluster.replies.get(asked)).toBeUndefined();
      isCutOff = true;
      cluster.run(2000);
      expect(cluster.replies.get(asked)).toMatchObject(
        what === 'read' ? { type: 'Refused', code: 'NO_LEADER' } : { type: 'Unknown' },
      );
    },
  );

  test('a leader that was deposed without noticing does not answer a linearizable read from old state', () => {
    const cluster = new TestCluster({ members: 5, raft: { leaseReads: false } });
    const old = cluster.leader();
    cluster.add(old, 'x', 1);
    cluster.passes = (message) => message.from !== old && message.to !== old;
    const asked = cluster.ask(old, query('linearizable'));
    cluster.run(1000);
    const now = cluster.leader();
    expect(now).not.toBe(old);
    cluster.add(now, 'x', 1);
    cluster.run(500);
    expect(cluster.replies.get(asked)).toMatchObject({ type: 'Refused' });
    expect(cluster.call(old, query('lease'))).toMatchObject({ type: 'Refused' });
    expect(cluster.call(old, query('stale'))).toMatchObject({ type: 'Ok', value: 1 });
  });

  test('a query that throws is refused and changes nothing; one that returns a promise stops the member', () => {
    const cluster = new TestCluster();
    const leader = cluster.leader();
    expect(cluster.call(leader, query('stale', 'throw'))).toMatchObject({ code: 'MACHINE_ERROR' });
    cluster.ask(leader, query('stale', 'promise'));
    expect(String(cluster.member(leader).death)).toMatch(/returned a promise/);
  });
});
