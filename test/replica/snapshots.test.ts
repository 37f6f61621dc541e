/** Snapshots: taken by policy a chunk a turn over a frozen state, sent, received, verified, read back; and what happens when disks refuse. */
import { MemberStopped } from '@seedraft/replica';
import { describe, expect, test } from 'vitest';
import { NEVER, TestCluster } from './cluster.ts';
import type { Ledger } from './ledger.ts';

const SNAPSHOT = { type: 'Snapshot' } as const;

/** Enough keys that a snapshot takes several chunks of 64 bytes. */
function fill(cluster: TestCluster, count = 20): void {
  for (let i = 0; i < count; i++) cluster.add(cluster.leader(), `key number ${i}`, i);
}

/** A cluster of which one member missed entries that are no longer in any log. */
function withFollowerBehind(): { cluster: TestCluster; behind: number } {
  const cluster = new TestCluster();
  const behind = cluster.follower();
  cluster.crash(behind);
  fill(cluster);
  // The core keeps what a follower lacks that was heard a moment ago.
  cluster.run(1000);
  cluster.call(cluster.leader(), SNAPSHOT);
  cluster.run(50);
  return { cluster, behind };
}

describe('taking', () => {
  test('by policy, after so many entries; the log before it goes, but for what is kept', () => {
    const cluster = new TestCluster({
      members: 1,
      snapshot: { everyEntries: 10, everyBytes: 1e9, keep: 3 },
    });
    fill(cluster, 25);
    cluster.run(200);
    const { disk } = cluster.member(1);
    expect(disk.base!.lastIncludedIndex).toBeGreaterThanOrEqual(10);
    expect(disk.entries[0]!.index).toBe(disk.base!.lastIncludedIndex - 3 + 1);
    expect(cluster.replica(1).raft.log.firstIndex).toBe(disk.entries[0]!.index);
    expect(disk.snapshotIds).toEqual([disk.base!.id]);
  });

  test('what is kept of the log is no more than so many bytes', () => {
    const bytesKept = (keepBytes: number): number => {
      const snapshot = { everyEntries: 20, everyBytes: 1e9, keep: 10, keepBytes };
      const cluster = new TestCluster({ members: 1, snapshot });
      fill(cluster, 19);
      cluster.call(1, SNAPSHOT);
      cluster.run(50);
      const { disk } = cluster.member(1);
      const kept = disk.entries.filter(({ index }) => index <= disk.base!.lastIncludedIndex);
      expect(cluster.replica(1).raft.log.firstIndex).toBe(
        disk.base!.lastIncludedIndex - kept.length + 1,
      );
      expect(kept.length).toBeLessThanOrEqual(10);
      return kept.reduce((sum, { data }) => sum + data.length, 0);
    };
    expect(bytesKept(0)).toBe(0);
    expect(bytesKept(100)).toBeLessThanOrEqual(100);
    expect(bytesKept(100)).toBeGreaterThan(50);
    expect(bytesKept(1e9)).toBeGreaterThan(200);
  });

  test('by policy, after so many bytes', () => {
    const snapshot = { everyEntries: 1e9, everyBytes: 300, keep: 0 };
    const cluster = new TestCluster({ members: 1, snapshot });
    fill(cluster, 25);
    cluster.run(200);
    expect(cluster.member(1).disk.base).not.toBeNull();
  });

  test('a larger state waits for as many bytes of log as it has, up to a limit', () => {
    const takenAfter = (mostBytes: number): number => {
      const snapshot = { everyEntries: 1e9, everyBytes: 100, mostBytes, keep: 0 };
      const cluster = new TestCluster({ members: 1, snapshot });
      fill(cluster, 40);
      cluster.run(200);
      return cluster.member(1).disk.log.filter((line) => line.startsWith('seal')).length;
    };
    expect(takenAfter(100)).toBeGreaterThan(takenAfter(400));
    expect(takenAfter(400)).toBeGreaterThan(0);
  });

  test('a chunk a turn, no larger than configured, each after the one before was stored', () => {
    const cluster = new TestCluster({ members: 1 });
    fill(cluster);
    const { disk } = cluster.member(1);
    disk.log.length = 0;
    cluster.ask(1, SNAPSHOT);
    expect(disk.log).toEqual(['write 0+64']);
    cluster.run(100);
    const writes = disk.log.filter((line) => line.startsWith('write'));
    expect(writes.length).toBeGreaterThan(5);
    for (const [i, line] of writes.slice(0, -1).entries()) expect(line).toBe(`write ${i * 64}+64`);
    expect(disk.log.filter((line) => line.startsWith('seal'))).toHaveLength(1);
  });

  test('shows the state at its index while applies go on, also of a machine that freezes late', () => {
    const cluster = new TestCluster({ members: 1 });
    fill(cluster);
    const before = new Map(cluster.ledger(1).totals);
    const asked = cluster.ask(1, SNAPSHOT);
    const at = cluster.replica(1).appliedIndex;
    for (let i = 0; i < 3; i++) cluster.add(1, 'key number 3', 100);
    cluster.run(100);
    expect(cluster.replies.get(asked)).toMatchObject({ type: 'Ok', index: at });
    // Without the tail, a restart shows what the snapshot holds.
    const { disk } = cluster.member(1);
    cluster.crash(1);
    (disk.entries as unknown[]).length = 0;
    cluster.start(1);
    cluster.run(50);
    expect((cluster.member(1).machine as Ledger).totals).toEqual(before);
  });

  test('asked for twice, it is taken once; with nothing new, the last one is the answer', () => {
    const cluster = new TestCluster({ members: 1 });
    fill(cluster);
    const first = cluster.ask(1, SNAPSHOT);
    const second = cluster.ask(1, SNAPSHOT);
    cluster.run(100);
    expect(cluster.replies.get(first)).toMatchObject({ type: 'Ok' });
    expect(cluster.replies.get(second)).toEqual(cluster.replies.get(first));
    expect(cluster.call(1, SNAPSHOT)).toEqual(cluster.replies.get(first));
  });

  test('carries the configuration at its index, and not a later one that is in the log', () => {
    const cluster = new TestCluster({ unbound: true });
    cluster.leader();
    cluster.run(1000);
    cluster.settle();
    const leader = cluster.leader();
    const { raft } = cluster.replica(leader);
    const applied = raft.configuration;
    expect(raft.configurationIndex).toBeGreaterThan(0);
    const at = raft.configurationIndex;
    cluster.passes = (message) => message.from !== leader;
    const member = { ...applied.members[0]!, id: 9, incarnation: 'nine', role: 'learner' as const };
    const changes = [{ type: 'add' as const, member }];
    cluster.ask(leader, { type: 'ChangeMembership', changes, mode: 'single' });
    expect(raft.configuration.members).toHaveLength(4);
    expect(cluster.call(leader, SNAPSHOT)).toMatchObject({ type: 'Ok' });
    expect(cluster.member(leader).disk.base).toMatchObject({
      configuration: applied,
      configurationIndex: at,
    });
  });

  test.each(['write', 'seal'] as const)(
    'a %s that fails gives it up, says so, and the next one works',
    (what) => {
      const cluster = new TestCluster({ members: 1 });
      fill(cluster);
      cluster.member(1).disk.failNext = { what, code: 'NO_SPACE' };
      expect(cluster.call(1, SNAPSHOT)).toMatchObject({ type: 'Refused', code: 'NO_SPACE' });
      expect(cluster.call(1, SNAPSHOT)).toMatchObject({ type: 'Ok' });
      expect(cluster.member(1).disk.snapshotIds).toHaveLength(1);
    },
  );
});

describe('starting from one', () => {
  test('sessions, machine and time come back, and duplicates still get their results', () => {
    const cluster = new TestCluster({ members: 1 });
    const session = cluster.openSession();
    const command = (sequence: number) =>
      ({
        type: 'Command',
        sessionId: session,
        sequence,
        firstIncomplete: 1,
        command: { add: 5, to: 'x' },
      }) as const;
    const first = cluster.call(1, command(1));
    expect(cluster.call(1, SNAPSHOT)).toMatchObject({ type: 'Ok' });
    const second = cluster.call(1, command(2));
    cluster.settle();
    const digest = cluster.replica(1).digest();
    const time = cluster.replica(1).clusterTime;
    cluster.crash(1);
    cluster.start(1);
    cluster.leader();
    cluster.settle();
    expect(cluster.replica(1).digest()).toEqual(digest);
    expect(cluster.replica(1).clusterTime).toBe(time);
    expect(cluster.call(1, command(1))).toMatchObject({
      value: first.type === 'Ok' && first.value,
    });
    expect(cluster.call(1, command(2))).toMatchObject({
      value: second.type === 'Ok' && second.value,
    });
    expect(cluster.ledger(1).totals.get('x')).toBe(10);
  });

  test('until it is read, stale reads are refused and commands wait', () => {
    const cluster = new TestCluster({ members: 1 });
    fill(cluster);
    cluster.call(1, SNAPSHOT);
    cluster.crash(1);
    cluster.start(1);
    const stale = cluster.ask(1, { type: 'Query', mode: 'stale', query: 'key number 7' });
    expect(cluster.replies.get(stale)).toMatchObject({ type: 'Refused', code: 'NOT_READY' });
    expect(cluster.ledger(1).totals.size).toBe(0);
    cluster.leader();
    expect(cluster.add(1, 'key number 7', 1)).toMatchObject({ type: 'Ok', value: 8 });
  });

  test('what is committed before it is read waits, and is then applied on top of it', () => {
    const cluster = new TestCluster({ snapshot: { ...NEVER, keep: 5 } });
    const follower = cluster.follower();
    fill(cluster);
    cluster.settle();
    cluster.call(follower, SNAPSHOT);
    cluster.add(cluster.leader(), 'tail', 1);
    cluster.settle();
    const { base, entries } = cluster.member(follower).disk;
    expect(entries.at(-1)!.index).toBeGreaterThan(base!.lastIncludedIndex);
    cluster.crash(follower);
    cluster.diskDelay = 15;
    cluster.start(follower);
    cluster.run(40);
    expect(cluster.replica(follower).raft.commitIndex).toBe(entries.at(-1)!.index);
    expect(cluster.replica(follower).appliedIndex).toBe(0);
    cluster.settle();
    expect(cluster.replica(follower).digest()).toEqual(cluster.replica(cluster.leader()).digest());
    expect(cluster.member(follower).death).toBeNull();
  });

  test('a base that cannot be read, or is not what was recorded, stops the member with a sentence', () => {
    for (const spoil of ['fail', 'rot'] as const) {
      const cluster = new TestCluster({ members: 1 });
      fill(cluster);
      cluster.call(1, SNAPSHOT);
      cluster.crash(1);
      const { disk } = cluster.member(1);
      if (spoil === 'fail') disk.failNext = { what: 'read', code: 'EIO' };
      else disk.damage(disk.base!.id);
      cluster.start(1);
      cluster.run(50);
      const { death } = cluster.member(1);
      expect(death).toBeInstanceOf(MemberStopped);
      expect((death as MemberStopped).code).toBe('SNAPSHOT_UNREADABLE');
    }
  });
});

describe('between members', () => {
  test('a follower that fell behind gets it in chunks and then equals the others', () => {
    const { cluster, behind } = withFollowerBehind();
    cluster.start(behind);
    let chunks = 0;
    cluster.passes = (message) => {
      if (message.type === 'InstallSnapshot') {
        chunks++;
        expect(message.data!.length).toBe(message.length);
      }
      return true;
    };
    cluster.settle();
    expect(chunks).toBeGreaterThan(5);
    const leader = cluster.replica(cluster.leader());
    expect(cluster.replica(behind).digest()).toEqual(leader.digest());
    expect(cluster.ledger(behind).executed).toEqual([]);
    expect(cluster.member(behind).disk.base!.id).toBe(leader.raft.snapshot!.id);
    // And it starts from it.
    cluster.crash(behind);
    cluster.start(behind);
    cluster.settle();
    expect(cluster.replica(behind).digest()).toEqual(leader.digest());
  });

  test('a chunk damaged under way is never installed', () => {
    const { cluster, behind } = withFollowerBehind();
    cluster.start(behind);
    let damaged = 0;
    cluster.passes = (message) => {
      if (message.type === 'InstallSnapshot' && message.offset === 64 && damaged === 0) {
        damaged++;
        message.data![5]! ^= 4;
      }
      return true;
    };
    cluster.settle();
    expect(damaged).toBe(1);
    expect(cluster.replica(behind).digest()).toEqual(cluster.replica(cluster.leader()).digest());
  });

  test('a follower whose disk breaks under a chunk stops, and catches up after its restart', () => {
    const { cluster, behind } = withFollowerBehind();
    cluster.member(behind).disk.failNext = { what: 'write', code: 'EIO' };
    cluster.start(behind);
    cluster.run(1000);
    const { death } = cluster.member(behind);
    expect(death).toBeInstanceOf(MemberStopped);
    expect((death as MemberStopped).code).toBe('EIO');
    cluster.crash(behind);
    cluster.start(behind);
    cluster.settle();
    const leader = cluster.replica(cluster.leader());
    expect(cluster.replica(behind).digest()).toEqual(leader.digest());
  });

  test('a follower without room for a chunk goes on, and takes the snapshot once there is some', () => {
    const { cluster, behind } = withFollowerBehind();
    cluster.member(behind).disk.failNext = { what: 'write', code: 'NO_SPACE' };
    cluster.start(behind);
    cluster.settle();
    expect(cluster.member(behind).death).toBeNull();
    const leader = cluster.replica(cluster.leader());
    expect(cluster.replica(behind).digest()).toEqual(leader.digest());
  });

  test('a leader that cannot read its own takes another and goes on', () => {
    const { cluster, behind } = withFollowerBehind();
    const leader = cluster.member(cluster.leader());
    const lost = leader.disk.base!.id;
    leader.disk.failNext = { what: 'read', code: 'EIO' };
    cluster.start(behind);
    cluster.settle();
    expect(leader.disk.base!.id).not.toBe(lost);
    expect(leader.death).toBeNull();
    expect(cluster.replica(behind).digest()).toEqual(leader.replica!.digest());
  });

  test('a new snapshot does not pull the old one from under a follower that is being sent it', () => {
    const { cluster, behind } = withFollowerBehind();
    const leader = cluster.leader();
    const { id, size } = cluster.member(leader).disk.base!;
    const others = cluster.members.filter((m) => m.id !== leader && m.id !== behind);
    cluster.start(behind);
    let sent = 0;
    let restarted = false;
    let left = 3;
    cluster.passes = (message) => {
      if (message.type !== 'InstallSnapshot') return true;
      if (message.snapshot.id === id) sent = Math.max(sent, message.offset + message.length);
      else restarted ||= sent < size;
      if (left-- > 0) {
        cluster.ask(leader, {
          type: 'Batch',
          sessionId: 0,
          sequence: 0,
          firstIncomplete: 0,
          commands: [],
        });
        cluster.later(2, () => cluster.ask(leader, SNAPSHOT));
      }
      return true;
    };
    cluster.settle();
    expect(sent).toBe(size);
    expect(restarted).toBe(false);
    expect(cluster.member(leader).disk.base!.id).not.toBe(id);
    // Once nobody has asked for it in a while, the next one takes its place.
    cluster.run(5000);
    cluster.add(leader, 'x', 1);
    cluster.call(leader, SNAPSHOT);
    cluster.run(50);
    expect(cluster.member(leader).disk.snapshotIds).not.toContain(id);
    expect(others).toHaveLength(1);
  });

  test('a request open at a follower whose entries a snapshot swallowed ends as unknown', () => {
    const cluster = new TestCluster({ raft: { forwardProposals: true }, snapshot: NEVER });
    const leader = cluster.leader();
    const follower = cluster.follower();
    // It hears its leader, but gets no entries, and the leader does not hear that it lacks them.
    let deaf = true;
    cluster.passes = (message) => {
      if (!deaf) return true;
      if (message.to === follower && message.type === 'AppendEntries') return !message.entries[0];
      return message.from !== follower || message.type !== 'AppendEntriesReply';
    };
    const asked = cluster.ask(follower, {
      type: 'Command',
      sessionId: 0,
      sequence: 0,
      firstIncomplete: 0,
      command: { add: 1, to: 'x' },
    });
    // The leader says it is committed; the entry itself does not come, and is gone when the follower hears again.
    cluster.run(1000);
    cluster.call(leader, SNAPSHOT);
    expect(cluster.replies.has(asked)).toBe(false);
    deaf = false;
    cluster.settle();
    expect(cluster.replies.get(asked)).toMatchObject({ type: 'Unknown' });
    expect(cluster.ledger(follower).executed).toEqual([]);
    expect(cluster.surplus).toEqual([]);
    expect(cluster.ledger(leader).totals.get('x')).toBe(1);
  });
});
