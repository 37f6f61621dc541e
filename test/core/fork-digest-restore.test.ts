/**
 * A member's whole life is a list of messages. Proves that replaying the list, forking at any point, and restoring `state()` at any point all
 * give a member with the same effects, deadline, state and digest ever after; that none of them shares anything that changes; and that a
 * digest tells states apart.
 */
import type { Message, RaftConfig } from '@seedraft/core';
import { defaultConfig, Raft, type RaftOptions } from '@seedraft/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Hand, type Member } from './hand.ts';
import { Laws } from './laws.ts';
import { order, perform } from './orders.ts';
import { voters } from './world.ts';

/** One boot of one member: how it was built, and everything it was told. */
interface Life {
  readonly options: RaftOptions;
  readonly messages: Message[];
}

/** Every life in a cluster that obeys `orders`. */
function livesOf(orders: Parameters<typeof perform>[2][], knobs: Partial<RaftConfig>): Life[] {
  const lives = new Map<string, Life>();
  const laws = new Laws();
  const times = { electionTimeoutMin: 150, electionTimeoutMax: 300, heartbeatInterval: 50 };
  const hand = new Hand({
    config: { ...defaultConfig, ...times, snapshotChunkBytes: 16, ...knobs },
    watch: (member, message) => lifeOf(member).messages.push(message),
  });
  const lifeOf = (member: Member): Life => {
    const key = `${member.id}/${member.boot}`;
    const known = lives.get(key) ?? { options: born(hand, member), messages: [] };
    lives.set(key, known);
    return known;
  };
  for (const id of [1, 2, 3]) hand.add(id, voters(1, 2, 3));
  for (const id of [4, 5, 6]) hand.add(id);
  for (const drawn of orders) perform(hand, laws, drawn);
  return [...lives.values()].filter(({ messages }) => messages.length > 0);
}

/** As `Hand.start` built it: seen at its first message, before its disk changes again. Any clock that has not run ahead will do. */
function born(hand: Hand, member: Member): RaftOptions {
  const { id, boot, disk, bootstrap } = member;
  return {
    id,
    config: hand.config,
    recovered: {
      hardState: disk.hardState,
      snapshot: disk.snapshot,
      entries: disk.entries.slice(),
      configuration: bootstrap,
      applied: disk.snapshot?.lastIncludedIndex ?? 0,
      repairUntil: 0,
    },
    seed: [id, boot, 7, 9],
    at: 0,
  };
}

const knobs = fc.record({
  preVote: fc.boolean(),
  checkQuorum: fc.boolean(),
  forwardProposals: fc.boolean(),
  maxAppendEntries: fc.constantFrom(1, 1024),
});

/** The longest lives are the ones with something in them. */
const someLife: fc.Arbitrary<Life> = fc
  .record({ orders: fc.array(order, { minLength: 60, maxLength: 150, size: 'max' }), knobs })
  .map(({ orders, knobs: drawn }) => {
    const lives = livesOf(orders, drawn);
    return lives.reduce((best, life) =>
      life.messages.length > best.messages.length ? life : best,
    );
  });

const share = fc.integer({ min: 0, max: 99 });

function replay({ options, messages }: Life, count = messages.length): Raft {
  const raft = new Raft(options);
  for (const message of messages.slice(0, count)) raft.step(message);
  return raft;
}

function seen(raft: Raft) {
  return { digest: raft.digest(), deadline: raft.deadline, status: raft.status() };
}

describe('fork, digest, restore', () => {
  it('give the same future as replaying the messages', () => {
    fc.assert(
      fc.property(someLife, share, (life, at) => {
        const count = Math.floor((life.messages.length * at) / 100);
        const original = replay(life, count);
        const twins = [
          replay(life, count),
          original.fork(),
          original.fork().fork(),
          Raft.restore(original.state()),
          Raft.restore(structuredClone(original.state())),
          Raft.restore(original.state()).fork(),
        ];
        for (const twin of twins) expect(seen(twin)).toEqual(seen(original));
        for (const message of life.messages.slice(count)) {
          const effects = original.step(message);
          for (const twin of twins) expect(twin.step(message)).toEqual(effects);
        }
        for (const twin of twins) {
          expect(seen(twin)).toEqual(seen(original));
          expect(twin.state()).toEqual(original.state());
        }
      }),
      { numRuns: 15, seed: 20261120 },
    );
  });

  it('share nothing that changes: whatever one of them does, the others stay as they were', () => {
    fc.assert(
      fc.property(someLife, share, (life, at) => {
        const count = Math.floor((life.messages.length * at) / 100);
        const original = replay(life, count);
        const state = original.state();
        const kept = { state: structuredClone(state), digest: original.digest() };
        for (const other of [original.fork(), Raft.restore(state)]) {
          for (const message of life.messages.slice(count)) other.step(message);
          expect(original.digest()).toEqual(kept.digest);
          expect(original.state()).toEqual(kept.state);
        }
        const fork = original.fork();
        for (const message of life.messages.slice(count)) original.step(message);
        expect(fork.state()).toEqual(kept.state);
        expect(state, 'what was handed out stays too').toEqual(kept.state);
      }),
      { numRuns: 25, seed: 20261121 },
    );
  });

  it('the state is plain data', () => {
    fc.assert(
      fc.property(someLife, (life) => {
        const state = replay(life).state();
        expect(structuredClone(state)).toEqual(state);
        const isPlain = (value: unknown): boolean => {
          if (typeof value !== 'object') return typeof value !== 'function' && value !== undefined;
          if (value === null || value instanceof Uint8Array) return true;
          const prototype = Object.getPrototypeOf(value) as unknown;
          const plain = prototype === Object.prototype || prototype === Array.prototype;
          return plain && Object.values(value).every(isPlain);
        };
        expect(isPlain(state)).toBe(true);
      }),
      { numRuns: 10, seed: 20261122 },
    );
  });

  it('equal digests are equal states, and only they, all life long', () => {
    fc.assert(
      fc.property(someLife, (life) => {
        const raft = new Raft(life.options);
        const states = new Map<string, string>();
        const digests = new Map<string, string>();
        for (const message of life.messages) {
          raft.step(message);
          const { hi, lo } = raft.digest();
          const digest = `${hi}/${lo}`;
          const state = JSON.stringify(raft.state());
          const stateBefore = states.get(digest) ?? state;
          const digestBefore = digests.get(state) ?? digest;
          if (stateBefore !== state || digestBefore !== digest) {
            expect([digest, state]).toEqual([digestBefore, stateBefore]);
          }
          states.set(digest, state);
          digests.set(state, digest);
        }
        // Looked at after every step or only now: the digest is kept up incrementally, and must not depend on when.
        expect(replay(life).digest()).toEqual(raft.digest());
        const { hi, lo } = raft.digest();
        expect([hi, lo], 'two 32-bit words').toEqual([hi >>> 0, lo >>> 0]);
      }),
      { numRuns: 15, seed: 20261123 },
    );
  });
});
