/** Exactly one reply per request, each outcome mapped, the limits, and sessions end to end through the log. */

import { MachineError, MemberStopped, sentence } from '@seedraft/replica';
import { describe, expect, test } from 'vitest';
import { TestCluster } from './cluster.ts';

const command = (sessionId: number, sequence: number, add: number, firstIncomplete = 1) =>
  ({
    type: 'Command',
    sessionId,
    sequence,
    firstIncomplete,
    command: { add, to: 'x' },
  }) as const;

describe('commands', () => {
  test('a committed command is answered with its result, after it was applied here', () => {
    const cluster = new TestCluster();
    const leader = cluster.leader();
    const first = cluster.add(leader, 'x', 5);
    expect(first).toMatchObject({ type: 'Ok', value: 5 });
    expect(cluster.replica(leader).appliedIndex).toBeGreaterThanOrEqual(
      first.type === 'Ok' ? first.index : Number.POSITIVE_INFINITY,
    );
    expect(cluster.add(leader, 'x', 2)).toMatchObject({ type: 'Ok', value: 7 });
    cluster.settle();
    for (const { id } of cluster.members) expect(cluster.ledger(id).totals.get('x')).toBe(7);
  });

  test('commands that come together share a write and a message, and are answered one by one', () => {
    const cluster = new TestCluster();
    const leader = cluster.leader();
    cluster.settle();
    const sent: string[] = [];
    cluster.passes = (message) => {
      if (message.type === 'AppendEntries' && message.entries.length > 0) {
        sent.push(`${message.to}: ${message.entries.length}`);
      }
      return true;
    };
    const before = cluster.member(leader).disk.log.length;
    const asked = cluster.askAll(leader, [
      command(0, 0, 1),
      { type: 'Query', mode: 'linearizable', query: 'x' },
      command(0, 0, Number.NaN),
      command(77, 1, 5),
      command(0, 0, 2),
    ]);
    expect(cluster.member(leader).disk.log.length).toBe(before + 1);
    expect(sent).toHaveLength(2);
    expect(sent.every((line) => line.endsWith(': 3'))).toBe(true);
    cluster.run(100);
    expect(asked.map((id) => cluster.replies.get(id))).toMatchObject([
      { type: 'Ok', value: 1 },
      { type: 'Ok' },
      { type: 'Refused', code: 'BAD_REQUEST' },
      { type: 'Refused', code: 'SESSION_EXPIRED' },
      { type: 'Ok', value: 3 },
    ]);
    expect(cluster.surplus).toEqual([]);
  });

  test('a batch is one entry with one result each', () => {
    const cluster = new TestCluster();
    const leader = cluster.leader();
    const before = cluster.replica(leader).raft.log.lastIndex;
    const reply = cluster.call(leader, {
      type: 'Batch',
      sessionId: 0,
      sequence: 0,
      firstIncomplete: 0,
      commands: [
        { add: 1, to: 'x' },
        { add: 1, to: 'y' },
        { add: 3, to: 'x' },
      ],
    });
    expect(reply).toEqual({ type: 'Ok', index: before + 1, value: [1, 1, 4] });
  });

  test('a follower refuses and names the leader', () => {
    const cluster = new TestCluster();
    const follower = cluster.follower();
    expect(cluster.add(follower, 'x', 1)).toEqual({
      type: 'Refused',
      code: 'NOT_LEADER',
      leader: cluster.leader(),
    });
  });

  test('with forwarding, a follower answers with the result, whichever comes first, apply or reply', () => {
    for (const slow of ['AppendEntries', 'ForwardProposalReply'] as const) {
      const cluster = new TestCluster({ raft: { forwardProposals: true } });
      const follower = cluster.follower();
      let hold = 0;
      cluster.delay = () => hold;
      cluster.passes = (message) => {
        hold = message.type === slow && message.to === follower ? 30 : 1;
        return true;
      };
      for (let i = 1; i <= 5; i++) {
        expect(cluster.add(follower, 'x', 1)).toMatchObject({ type: 'Ok', value: i });
      }
      expect(cluster.surplus).toEqual([]);
    }
  });

  test('with forwarding, a follower answers as soon as the leader may, not at the next heartbeat', () => {
    const cluster = new TestCluster({ raft: { forwardProposals: true, heartbeatInterval: 50 } });
    const follower = cluster.follower();
    for (let i = 1; i <= 20; i++) {
      const asked = cluster.now;
      expect(cluster.add(follower, 'x', 1)).toMatchObject({ type: 'Ok', value: i });
      // To the leader, to a majority and back, and back again; a write. In whole milliseconds.
      expect(cluster.now - asked).toBeLessThanOrEqual(6);
    }
  });

  test('a leader cut off answers every open request once it knows better, and none twice', () => {
    const cluster = new TestCluster({ members: 5 });
    const leader = cluster.leader();
    cluster.passes = (message) => message.from !== leader && message.to !== leader;
    const asked = [1, 2, 3].map((add) => cluster.ask(leader, command(0, 0, add)));
    cluster.run(2000);
    for (const id of asked) expect(cluster.replies.get(id)).toMatchObject({ type: 'Unknown' });
    cluster.passes = () => true;
    cluster.settle();
    expect(cluster.surplus).toEqual([]);
  });

  test('requests beyond the limit are refused, and the count comes back down', () => {
    const cluster = new TestCluster({ maxOpenRequests: 3 });
    const leader = cluster.leader();
    const asked = [1, 2, 3, 4, 5].map((add) => cluster.ask(leader, command(0, 0, add)));
    cluster.run(200);
    const codes = asked.map((id) => cluster.replies.get(id));
    expect(codes.filter((r) => r?.type === 'Ok')).toHaveLength(3);
    expect(codes.filter((r) => r?.type === 'Refused' && r.code === 'OVERLOADED')).toHaveLength(2);
    expect(cluster.add(leader, 'x', 1)).toMatchObject({ type: 'Ok' });
  });

  test('above the state limit commands are refused and reads go on', () => {
    const cluster = new TestCluster({ maxStateBytes: 250 });
    const leader = cluster.leader();
    for (const to of ['a', 'b', 'c']) {
      expect(cluster.add(leader, to, 1)).toMatchObject({ type: 'Ok' });
    }
    expect(cluster.add(leader, 'd', 1)).toMatchObject({ type: 'Refused', code: 'STATE_LIMIT' });
    expect(cluster.call(leader, { type: 'Query', mode: 'linearizable', query: 'a' })).toMatchObject(
      { type: 'Ok', value: 1 },
    );
  });

  test('what the codec cannot carry is a bad request, and no entry', () => {
    const cluster = new TestCluster();
    const leader = cluster.leader();
    const before = cluster.replica(leader).raft.log.lastIndex;
    const reply = cluster.call(leader, { ...command(0, 0, 1), command: { add: Number.NaN } });
    expect(reply).toMatchObject({ type: 'Refused', code: 'BAD_REQUEST' });
    expect(cluster.replica(leader).raft.log.lastIndex).toBe(before);
  });

  test('a client that asks again from within its reply is served in turn', () => {
    const cluster = new TestCluster();
    const leader = cluster.leader();
    let left = 5;
    const chain = () => {
      if (left-- > 0) cluster.ask(leader, command(0, 0, 1));
    };
    const set = cluster.replies.set.bind(cluster.replies);
    cluster.replies.set = (id, reply) => {
      chain();
      return set(id, reply);
    };
    chain();
    cluster.run(500);
    expect(cluster.ledger(leader).totals.get('x')).toBe(5);
    expect(cluster.replies.size).toBe(5);
  });

  test('every code has a sentence', () => {
    for (const code of ['OVERLOADED', 'STALE_SEQUENCE', 'NOT_LEADER', 'NO_SPACE'] as const) {
      expect(sentence(code).length).toBeGreaterThan(20);
    }
  });
});

describe('sessions', () => {
  test('its id is the index of its registration; a duplicate gets the same result and runs once', () => {
    const cluster = new TestCluster();
    const leader = cluster.leader();
    const opened = cluster.call(leader, { type: 'OpenSession', timeout: 60_000 });
    if (opened.type !== 'Ok') throw new Error(opened.type);
    expect(opened.value).toBe(opened.index);
    const session = opened.index;
    const first = cluster.call(leader, command(session, 1, 5));
    const second = cluster.call(leader, command(session, 1, 5));
    expect(first).toMatchObject({ type: 'Ok', value: 5 });
    expect(second).toMatchObject({ type: 'Ok', value: 5 });
    expect(cluster.ledger(leader).executed).toHaveLength(1);
  });

  test('the result survives a change of leader and a restart', () => {
    const cluster = new TestCluster();
    const session = cluster.openSession();
    const first = cluster.leader();
    expect(cluster.call(first, command(session, 1, 5))).toMatchObject({ value: 5 });
    cluster.crash(first);
    const second = cluster.leader();
    expect(cluster.call(second, command(session, 1, 5))).toMatchObject({ value: 5 });
    cluster.start(first);
    cluster.settle();
    expect(cluster.ledger(first).totals.get('x')).toBe(5);
  });

  test('below firstIncomplete a sequence is stale; unknown and closed sessions never execute', () => {
    const cluster = new TestCluster();
    const leader = cluster.leader();
    const session = cluster.openSession();
    cluster.call(leader, command(session, 1, 1));
    cluster.call(leader, command(session, 2, 1, 2));
    const refusals = [
      cluster.call(leader, command(session, 1, 1)),
      cluster.call(leader, command(session + 1000, 1, 1)),
      cluster.call(leader, { type: 'CloseSession', sessionId: session }),
      cluster.call(leader, command(session, 3, 1, 2)),
      cluster.call(leader, { type: 'CloseSession', sessionId: session }),
    ];
    expect(refusals.map((r) => (r.type === 'Refused' ? r.code : r.type))).toEqual([
      'STALE_SEQUENCE',
      'SESSION_EXPIRED',
      'Ok',
      'SESSION_EXPIRED',
      'SESSION_EXPIRED',
    ]);
    expect(cluster.ledger(leader).totals.get('x')).toBe(2);
  });

  test('an idle session expires by cluster time, at the same entry everywhere; a busy one does not', () => {
    const expired: string[] = [];
    const cluster = new TestCluster({
      tracer: (id) => ({
        onSession: (session, sequence, kind, index) => {
          if (kind === 'expired' && sequence === 0) expired.push(`n${id} ${session}@${index}`);
        },
      }),
    });
    const idle = cluster.openSession(1000);
    const busy = cluster.openSession(1000);
    for (let sequence = 1; sequence <= 10; sequence++) {
      cluster.call(cluster.leader(), command(busy, sequence, 1, sequence));
      cluster.run(200);
    }
    cluster.settle();
    expect(new Set(expired.map((line) => line.slice(3))).size).toBe(1);
    expect(expired).toHaveLength(3);
    expect(expired[0]).toContain(`${idle}@`);
    expect(cluster.call(cluster.leader(), command(idle, 1, 1))).toMatchObject({
      code: 'SESSION_EXPIRED',
    });
  });

  test('after a change of leader between clocks that differ by hours, nothing expires early or never', () => {
    const cluster = new TestCluster();
    for (const member of cluster.members) {
      cluster.crash(member.id);
      member.clock = member.id * 3_600_000;
      cluster.start(member.id);
    }
    const session = cluster.openSession(2000);
    cluster.run(500);
    cluster.crash(cluster.leader());
    const next = cluster.leader();
    expect(cluster.call(next, command(session, 1, 1))).toMatchObject({ type: 'Ok' });
    cluster.run(1500);
    expect(cluster.call(next, command(session, 2, 1))).toMatchObject({ type: 'Ok' });
    cluster.run(2500);
    expect(cluster.call(next, command(session, 3, 1))).toMatchObject({ code: 'SESSION_EXPIRED' });
  });
});

describe('cluster time', () => {
  test('an idle cluster proposes a tick entry at the earliest deadline, and only then', () => {
    const cluster = new TestCluster();
    const leader = cluster.leader();
    cluster.call(leader, { ...command(0, 0, 0), command: { hold: 'a', until: 3000 } });
    cluster.settle();
    const before = cluster.replica(leader).raft.log.lastIndex;
    cluster.run(2500 - cluster.replica(leader).clusterTime);
    expect(cluster.replica(leader).raft.log.lastIndex).toBe(before);
    cluster.run(1000);
    expect(cluster.replica(leader).raft.log.lastIndex).toBe(before + 1);
    for (const { id } of cluster.members) expect(cluster.ledger(id).holds.size).toBe(0);
    cluster.run(5000);
    expect(cluster.replica(leader).raft.log.lastIndex).toBe(before + 1);
  });

  test('deadlines a millisecond apart cost one entry a heartbeat, not one each', () => {
    const cluster = new TestCluster();
    const leader = cluster.leader();
    for (let i = 0; i < 100; i++) {
      cluster.call(leader, { ...command(0, 0, 0), command: { hold: `h${i}`, until: 5000 + i } });
    }
    const before = cluster.replica(leader).raft.log.lastIndex;
    cluster.run(6000);
    expect(cluster.ledger(leader).holds.size).toBe(0);
    expect(cluster.replica(leader).raft.log.lastIndex - before).toBeLessThanOrEqual(7);
  });

  test('runs at the pace of the clock under a closed loop of commands', () => {
    const cluster = new TestCluster();
    const leader = cluster.leader();
    cluster.add(leader, 'x', 1);
    const time = cluster.replica(leader).clusterTime;
    const { now } = cluster;
    for (let i = 0; i < 100; i++) cluster.add(leader, 'x', 1);
    const passed = cluster.replica(leader).clusterTime - time;
    expect(Math.abs(passed - (cluster.now - now))).toBeLessThan(10);
  });
});

describe('a member that must stop', () => {
  test.each([
    ['throw', /apply threw Error: as asked/],
    ['promise', /returned a promise/],
  ])('a machine that answers with %s stops it, by name', (fail, message) => {
    const cluster = new TestCluster();
    const leader = cluster.leader();
    cluster.ask(leader, { ...command(0, 0, 0), command: { fail } });
    cluster.run(100);
    expect(cluster.member(leader).death).toBeInstanceOf(MachineError);
    expect(String(cluster.member(leader).death)).toMatch(message);
  });

  test('a result that no message can carry stops it, inside a session', () => {
    const cluster = new TestCluster();
    const session = cluster.openSession();
    const leader = cluster.leader();
    cluster.ask(leader, { ...command(session, 1, 0), command: { fail: 'function' } });
    cluster.run(100);
    expect(String(cluster.member(leader).death)).toMatch(/result cannot be carried/);
  });

  test('after a failed fsync it stops at once, and every later call says so', () => {
    const cluster = new TestCluster();
    const leader = cluster.leader();
    const replica = cluster.replica(leader);
    cluster.member(leader).disk.failNext = { what: 'persist', code: 'EIO' };
    cluster.ask(leader, command(0, 0, 1));
    cluster.run(50);
    expect(cluster.member(leader).death).toBeInstanceOf(MemberStopped);
    expect((cluster.member(leader).death as MemberStopped).code).toBe('EIO');
    expect(() => replica.tick(1e9)).toThrow(MemberStopped);
    expect(cluster.add(cluster.leader(), 'x', 1)).toMatchObject({ type: 'Ok' });
  });

  test('on a full disk writes are refused with the reason, reads go on, and room heals it', () => {
    const cluster = new TestCluster({ members: 1 });
    const { disk } = cluster.member(1);
    cluster.leader();
    cluster.add(1, 'x', 1);
    disk.full = true;
    const lost = cluster.ask(1, command(0, 0, 1));
    cluster.run(60);
    expect(cluster.add(1, 'x', 1)).toMatchObject({ type: 'Refused', code: 'NO_SPACE' });
    const read = cluster.call(1, { type: 'Query', mode: 'stale', query: 'x' });
    expect(read).toMatchObject({ type: 'Ok', value: 1 });
    disk.full = false;
    cluster.run(1000);
    expect(cluster.replies.get(lost)).toBeDefined();
    cluster.leader();
    expect(cluster.add(1, 'x', 1)).toMatchObject({ type: 'Ok', value: 3 });
    expect(cluster.member(1).death).toBeNull();
  });
});
