/**
 * Proves over a model of a cluster that shows late or uncommitted configurations, loses leaders with what they appended, and loses answers: whatever the
 * interleaving, no id is ever told for two addresses, and a ticket that was told is in the log for good. The rules of configurations are the core's own.
 */
import { join, Patience, requestId, SeedraftError, type TicketDesk } from '@seedraft/client';
import { type Configuration, firstConfiguration, type Member } from '@seedraft/core';
import type { MemberStatus } from '@seedraft/wire';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type ChangeRefusal, changeSingle } from '../../packages/core/src/configuration.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const founder = { id: 1, incarnation: 'a', name: 'n1', priority: 0, role: 'voter' } as const;
const places = { peerAddress: 'founder:1', clientAddress: 'founder:2' };

class ModelCluster implements TicketDesk {
  /** Committed, oldest first. */
  readonly log: Configuration[] = [firstConfiguration([{ ...founder, ...places }])];
  /** Appended by a leader, not committed yet. */
  #tail: Configuration | null = null;
  readonly #draw: (most: number) => number;

  constructor(draw: (most: number) => number) {
    this.#draw = draw;
  }

  async status(): Promise<MemberStatus> {
    await this.#delay();
    const shown =
      this.#draw(2) === 0
        ? (this.#tail ?? this.log.at(-1)!)
        : this.log[this.log.length - 1 - this.#draw(Math.min(3, this.log.length))]!;
    return { clusterId: 'c', leaderAddress: '', configuration: shown } as MemberStatus;
  }

  async change(changes: Parameters<TicketDesk['change']>[0]): Promise<void> {
    await this.#delay();
    if (this.#tail !== null) throw refused('CHANGE_IN_FLIGHT');
    const next = changeSingle(this.log.at(-1)!, changes);
    if (typeof next === 'string') throw refused(next as ChangeRefusal);
    this.#tail = next;
    // What was appended may be committed, or lost with its leader, long after the one who asked gave up on the answer.
    const settled = this.#settle(next);
    const isCommitted = this.#draw(4) > 0 && (await settled);
    if (!isCommitted || this.#draw(4) === 0) {
      throw new SeedraftError('UNKNOWN_OUTCOME', 'UNKNOWN_OUTCOME: lost', 'unknown');
    }
  }

  async #settle(next: Configuration): Promise<boolean> {
    await this.#delay();
    const isCommitted = this.#draw(4) > 0;
    if (isCommitted) this.log.push(next);
    this.#tail = null;
    return isCommitted;
  }

  /** A directory binds what was reserved, as a joiner does. */
  bind(id: number): void {
    const last = this.log.at(-1)!;
    const member = last.members.find((one) => one.id === id && one.incarnation === '');
    if (member === undefined || this.#tail !== null) return;
    const next = changeSingle(last, [{ type: 'update', member: { ...member, incarnation: 'x' } }]);
    if (typeof next !== 'string') this.log.push(next);
  }

  #delay(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.#draw(40)));
  }
}

function refused(code: ChangeRefusal | 'CHANGE_IN_FLIGHT'): SeedraftError {
  return new SeedraftError(code, code, 'not applied');
}

interface Wish {
  readonly address: number;
  readonly after: number;
  readonly lostDisk: boolean;
}

const wishes = fc.array(
  fc.record({
    address: fc.integer({ min: 1, max: 4 }),
    after: fc.integer({ min: 0, max: 300 }),
    lostDisk: fc.boolean(),
  }),
  { minLength: 2, maxLength: 8 },
);

test('an id is told for one address only, and what is told stays', async () => {
  await fc.assert(
    fc.asyncProperty(wishes, fc.infiniteStream(fc.nat()), async (asked, choices) => {
      const cluster = new ModelCluster((most) => (choices.next().value as number) % most);
      const tell = async ({ address, after, lostDisk }: Wish) => {
        await new Promise((resolve) => setTimeout(resolve, after));
        const patience = new Patience({}, 60_000);
        const ticket = await requestId(cluster, `m${address}:1`, { lostDisk }, patience);
        if (lostDisk) cluster.bind(ticket.reservedId);
        return ticket;
      };
      const telling = Promise.all(asked.map(tell));
      await vi.runAllTimersAsync();
      const tickets = await telling;
      const members = cluster.log.at(-1)!.members;
      const addresses = new Map<number, string>();
      for (const { reservedId, raftAddr } of tickets) {
        expect(addresses.get(reservedId) ?? raftAddr).toBe(raftAddr);
        addresses.set(reservedId, raftAddr);
        const member = members.find(({ id }): boolean => id === reservedId) as Member;
        expect(member.peerAddress).toBe(raftAddr);
      }
      // Nobody lost a disk: one place each, however often it asked.
      if (asked.every(({ lostDisk }) => !lostDisk)) {
        expect(addresses.size).toBe(new Set(asked.map(({ address }) => address)).size);
        expect(members).toHaveLength(addresses.size + 1);
      }
    }),
    { numRuns: 120 },
  );
});

/** Says one configuration after the other, and the last one for good. */
function told(...configurations: readonly Configuration[]) {
  let looks = 0;
  const status = async (): Promise<MemberStatus> => {
    const configuration = configurations[Math.min(looks, configurations.length - 1)]!;
    looks += 1;
    return { clusterId: 'c', role: 'leader', leaderAddress: '', configuration } as MemberStatus;
  };
  return { desk: { status, change: async () => {} } as TicketDesk, looks: () => looks };
}

test('who joined waits until the joint configuration is left, unless it is to stay', async () => {
  const after = firstConfiguration([{ ...founder, ...places }]);
  const joint: Configuration = { ...after, outgoing: [1] };
  for (const [stayJoint, looks] of [
    [false, 3],
    [true, 1],
  ] as const) {
    const cluster = told(joint, joint, after);
    const joining = join(cluster.desk, [{ reservedId: 1 }], { stayJoint }, new Patience({}, 9000));
    await vi.runAllTimersAsync();
    await joining;
    expect(cluster.looks()).toBe(looks);
  }
});

test('an id that the leader does not know is refused at the first look', async () => {
  const cluster = told(firstConfiguration([{ ...founder, ...places }]));
  const joining = join(cluster.desk, [{ reservedId: 77 }], {}, new Patience({}, 9000));
  await expect(joining).rejects.toMatchObject({ code: 'UNKNOWN_MEMBER', outcome: 'not applied' });
  expect(cluster.looks()).toBe(1);
});
