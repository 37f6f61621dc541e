/**
 * A cluster that is begun by flags: nobody promises anything before every other first member holds him to his disk, and a disk that comes
 * after a lost one is never founded (swarm seed 558). Over lossy, reordering links, restarts and one lost disk, drawn by fast-check.
 */
import { firstConfiguration } from '@seedraft/core';
import type { Meet, MemberMessage, RecoveredMember } from '@seedraft/replica';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Founding } from '../../packages/replica/src/founding.ts';
import { incarnationOf, TestCluster } from './cluster.ts';

const SPACING = 10;

/** A first member whose disk is one configuration; a write reaches it when the test says so. */
class Founder {
  readonly id: number;
  incarnation: string;
  disk: RecoveredMember['core']['configuration'];
  founding!: Founding;
  writing: RecoveredMember['core']['configuration'] | null = null;
  readonly #send: (message: Meet, incarnation: string) => void;

  constructor(
    id: number,
    members: number,
    send: (message: Meet, incarnation: string) => void,
    generation = 0,
  ) {
    this.id = id;
    this.incarnation = incarnationOf(id + 100 * generation);
    this.disk = unbound(members);
    this.#send = send;
    this.boot();
  }

  boot(): void {
    this.writing = null;
    const core = { hardState: { term: 0, votedFor: 0 }, snapshot: null, entries: [] };
    const recovered: RecoveredMember = {
      core: { ...core, configuration: this.disk, applied: 0, repairUntil: 0 },
      incarnation: this.incarnation,
    };
    const { incarnation } = this;
    this.founding = new Founding(this.id, recovered, SPACING, 0, {
      transport: {
        send: (message: MemberMessage) => this.#send(message as Meet, incarnation),
        reply: () => {},
      },
      store: {
        ...{ persist: () => {}, writeSnapshot: () => {}, sealSnapshot: () => {} },
        ...{ readSnapshot: () => {}, dropSnapshot: () => {} },
        writeBootstrap: (configuration) => {
          this.writing = configuration;
        },
      },
    });
  }

  sync(): void {
    if (this.writing === null) return;
    this.disk = this.writing;
    this.writing = null;
    this.founding.written();
  }
}

function unbound(members: number) {
  return firstConfiguration(
    Array.from({ length: members }, (_, at) => ({
      id: at + 1,
      incarnation: '',
      name: `n${at + 1}`,
      peerAddress: '',
      clientAddress: '',
      role: 'voter' as const,
      priority: 0,
    })),
  );
}

/** Everybody, and the messages between them. */
class Meeting {
  readonly founders: Founder[] = [];
  readonly underWay: { readonly message: Meet; readonly incarnation: string }[] = [];
  readonly size: number;

  constructor(size: number) {
    this.size = size;
    for (let id = 1; id <= size; id += 1) this.founders.push(this.founder(id));
  }

  founder(id: number, generation = 0): Founder {
    const send = (message: Meet, incarnation: string) =>
      void this.underWay.push({ message, incarnation });
    return new Founder(id, this.size, send, generation);
  }

  deliver(at: number, keep: boolean): void {
    const sent = this.underWay[at];
    if (sent === undefined) return;
    if (!keep) this.underWay.splice(at, 1);
    this.founders[sent.message.to - 1]!.founding.receive(sent.incarnation, sent.message);
  }

  /** Nothing is lost any more, everything is asked again. */
  settle(): void {
    for (let round = 0; round < 6; round += 1) {
      for (const { founding } of this.founders) founding.introduce(round * SPACING);
      while (this.underWay.length > 0 || this.founders.some(({ writing }) => writing !== null)) {
        for (const founder of this.founders) founder.sync();
        this.deliver(0, false);
      }
    }
  }
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ deliver: fc.nat(20), keep: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ sync: fc.nat(4) }) },
  { weight: 3, arbitrary: fc.record({ introduce: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ drop: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ restart: fc.nat(4) }) },
);

describe('the founding of a cluster', () => {
  test('whatever is lost, late, doubled or restarted: in the end all are founded, each held to his disk by all', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 5 }), fc.array(step, { maxLength: 120 }), play),
      { numRuns: 300 },
    );
    function play(size: number, steps: readonly object[]): void {
      const meeting = new Meeting(size);
      for (const one of steps) act(meeting, one);
      meeting.settle();
      for (const { founding, disk } of meeting.founders) {
        expect(founding.isUnderWay).toBe(false);
        expect(founding.dueAt).toBe(Number.POSITIVE_INFINITY);
        const held = disk.members.map(({ incarnation }) => incarnation);
        expect(held).toEqual(meeting.founders.map(({ incarnation }) => incarnation));
      }
    }
  });

  test('a disk lost at any moment: never are both the old and the new one founded, and all others are', () => {
    let refused = 0;
    let begunAgain = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 5 }),
        fc.array(step, { maxLength: 80 }),
        fc.nat(4),
        fc.array(step, { maxLength: 80 }),
        play,
      ),
      { numRuns: 600 },
    );
    // Both endings were met.
    expect(refused).toBeGreaterThan(20);
    expect(begunAgain).toBeGreaterThan(20);
    function play(
      size: number,
      before: readonly object[],
      victim: number,
      after: readonly object[],
    ): void {
      const meeting = new Meeting(size);
      for (const one of before) act(meeting, one);
      const id = (victim % size) + 1;
      const lost = meeting.founders[id - 1]!;
      meeting.founders[id - 1] = meeting.founder(id, 1);
      for (const one of after) act(meeting, one);
      meeting.settle();
      const reborn = meeting.founders[id - 1]!;
      expect(lost.founding.isUnderWay || reborn.founding.isUnderWay).toBe(true);
      for (const { id: other, founding } of meeting.founders) {
        if (other !== id) expect(founding.isUnderWay).toBe(false);
      }
      if (reborn.founding.isUnderWay) {
        refused += 1;
        expect(reborn.founding.status?.refusedBy.length).toBeGreaterThan(0);
      } else begunAgain += 1;
    }
  });

  test('no room on the disk: written again at the next introduction', () => {
    const meeting = new Meeting(2);
    const [one] = meeting.founders;
    one!.founding.introduce(0);
    meeting.founders[1]!.founding.introduce(0);
    meeting.deliver(1, false);
    expect(one!.writing).not.toBeNull();
    one!.writing = null;
    one!.founding.refused();
    expect(one!.founding.heldTo(2)).toBe(incarnationOf(2));
    one!.founding.introduce(SPACING);
    expect(one!.writing).not.toBeNull();
    meeting.settle();
    expect(one!.founding.isUnderWay).toBe(false);
  });

  test('until all have met nobody votes, campaigns or answers a vote; then they lead as ever', () => {
    const cluster = new TestCluster({ unbound: true });
    cluster.crash(3);
    cluster.run(2000);
    for (const id of [1, 2]) {
      const replica = cluster.replica(id);
      expect(replica.founding?.waitingFor).toEqual([3]);
      expect(replica.raft.currentTerm).toBe(0);
      replica.campaign(cluster.clockOf(cluster.member(id)));
      expect(replica.raft.currentTerm).toBe(0);
    }
    expect(cluster.call(1, { type: 'Query', mode: 'linearizable', query: null })).toMatchObject({
      type: 'Refused',
      code: 'NO_LEADER',
    });
    cluster.start(3);
    expect(cluster.leader()).toBeGreaterThan(0);
    cluster.run(100);
    for (const { replica } of cluster.members) expect(replica?.founding).toBeNull();
  });
});

function act(meeting: Meeting, one: object): void {
  const { founders, underWay } = meeting;
  const founder = (at: number) => founders[at % founders.length]!;
  if ('deliver' in one) {
    const { deliver, keep } = one as { deliver: number; keep: boolean };
    if (underWay.length > 0) meeting.deliver(deliver % underWay.length, keep);
  } else if ('sync' in one) founder(one.sync as number).sync();
  else if ('introduce' in one) founder(one.introduce as number).founding.introduce(0);
  else if ('drop' in one) underWay.splice(one.drop as number, 1);
  else if ('restart' in one) founder(one.restart as number).boot();
}
