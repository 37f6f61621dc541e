/** What a hand may do to a cluster, as data that fast-check draws and shrinks: each order does nothing where it makes no sense. */
import type { Configuration, MemberChange, RaftConfig } from '@seedraft/core';
import { defaultConfig } from '@seedraft/core';
import fc from 'fast-check';
import { Hand, type Member } from './hand.ts';
import type { Laws } from './laws.ts';
import { member, voters } from './world.ts';

/** Everyone who may ever be in the cluster. */
const MEMBERS = 6;

/** `who` 0: the leader of the latest term; else that member. `which`: of the messages on their way, counted round. */
export type Order =
  | { readonly type: 'flow'; readonly messages: number }
  | { readonly type: 'elect' | 'tick' | 'answer' | 'apply' | 'stale answer'; readonly who: number }
  | { readonly type: 'crash' | 'restart' | 'campaign' | 'alarm' | 'read'; readonly who: number }
  | { readonly type: 'isolate'; readonly who: number }
  | { readonly type: 'heal' }
  | { readonly type: 'no space' | 'broken disk'; readonly who: number }
  | { readonly type: 'deliver' | 'drop' | 'copy'; readonly which: number }
  | { readonly type: 'land'; readonly who: number; readonly writes: number }
  | { readonly type: 'propose'; readonly who: number; readonly count: number }
  | { readonly type: 'compact'; readonly who: number; readonly keep: number }
  | { readonly type: 'transfer'; readonly who: number; readonly target: number }
  | {
      readonly type: 'change';
      readonly who: number;
      readonly mode: 'single' | 'joint' | 'explicit';
      readonly changes: readonly MemberChange[];
    };

const id = fc.integer({ min: 1, max: MEMBERS });
const who = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: id });
const which = fc.nat({ max: 30 });

const change: fc.Arbitrary<MemberChange> = fc.oneof(
  fc
    .tuple(id, fc.constantFrom('voter' as const, 'learner' as const))
    .map(([added, role]) => ({ type: 'add' as const, member: member(added, role) })),
  fc.record({ type: fc.constantFrom('promote' as const, 'demote' as const), id }),
  fc.record({ type: fc.constant('remove' as const), id }),
);

function weighted(table: readonly (readonly [number, fc.Arbitrary<Order>])[]): fc.Arbitrary<Order> {
  return fc.oneof(...table.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}

function to<T extends Order['type']>(type: T, target: fc.Arbitrary<number>): fc.Arbitrary<Order> {
  return target.map((drawn) => ({ type, who: drawn }) as Order);
}

export const order: fc.Arbitrary<Order> = weighted([
  [12, fc.integer({ min: 1, max: 40 }).map((messages) => ({ type: 'flow', messages }))],
  [5, to('elect', id)],
  [4, to('tick', who)],
  [3, to('answer', id)],
  [2, to('apply', id)],
  [1, to('stale answer', id)],
  [1, to('crash', who)],
  [3, to('restart', id)],
  [1, to('campaign', id)],
  [1, to('alarm', id)],
  [4, to('read', who)],
  [1, to('isolate', who)],
  [1, fc.constant({ type: 'heal' } as const)],
  [1, to('no space', who)],
  [1, to('broken disk', who)],
  [8, which.map((drawn) => ({ type: 'deliver', which: drawn }))],
  [4, which.map((drawn) => ({ type: 'drop', which: drawn }))],
  [2, which.map((drawn) => ({ type: 'copy', which: drawn }))],
  [4, fc.record({ type: fc.constant('land' as const), who, writes: fc.constantFrom(1, 1, 2, 9) })],
  [9, fc.record({ type: fc.constant('propose' as const), who, count: fc.constantFrom(1, 1, 3) })],
  [3, fc.record({ type: fc.constant('compact' as const), who, keep: fc.nat({ max: 3 }) })],
  [2, fc.record({ type: fc.constant('transfer' as const), who, target: fc.nat({ max: MEMBERS }) })],
  [
    3,
    fc.record({
      type: fc.constant('change' as const),
      who: fc.constant(0),
      mode: fc.constantFrom('single' as const, 'joint' as const, 'explicit' as const),
      changes: fc.array(change, { maxLength: 2 }),
    }),
  ],
]);

export interface Setup {
  readonly size: number;
  readonly knobs: Partial<RaftConfig>;
}

export const setup: fc.Arbitrary<Setup> = fc.record({
  size: fc.integer({ min: 1, max: 5 }),
  knobs: fc.record({
    preVote: fc.boolean(),
    checkQuorum: fc.boolean(),
    forwardProposals: fc.boolean(),
    autoPromote: fc.boolean(),
    maxAppendEntries: fc.constantFrom(1, 2, 1024),
    maxInflightMessages: fc.constantFrom(1, 2, 64),
    snapshotChunkBytes: fc.constantFrom(16, 4096),
  }),
});

/** `size` voters, and others that wait to be added. */
export function assemble({ size, knobs }: Setup, laws: Laws): Hand {
  const times = { electionTimeoutMin: 150, electionTimeoutMax: 300, heartbeatInterval: 50 };
  const config = { ...defaultConfig, ...times, transferTimeout: 500, ...knobs };
  const hand = new Hand({ config, watch: laws.watch });
  laws.hand = hand;
  const first: Configuration = voters(...Array.from({ length: size }, (_, i) => i + 1));
  for (let added = 1; added <= MEMBERS; added += 1) {
    hand.add(added, added <= size ? first : undefined);
  }
  return hand;
}

export function leaderOf(hand: Hand): Member | null {
  let latest: Member | null = null;
  for (const candidate of hand.members.values()) {
    if (candidate.raft?.role !== 'leader') continue;
    if (candidate.raft.currentTerm > (latest?.raft?.currentTerm ?? 0)) latest = candidate;
  }
  return latest;
}

/** Disks and state machines keep up, and up to `messages` are delivered in the order they were sent. */
export function flow(hand: Hand, messages: number): void {
  for (const each of hand.members.values()) hand.carryOut(each);
  for (let i = 0; i < messages && hand.network.length > 0; i += 1) {
    const rpc = hand.network[0]!;
    hand.deliver(rpc);
    hand.carryOut(hand.member(rpc.to));
  }
}

export function perform(hand: Hand, laws: Laws, drawn: Order): void {
  if (drawn.type === 'flow') flow(hand, drawn.messages);
  else if (drawn.type === 'heal') hand.isolated.clear();
  else if ('which' in drawn) {
    const rpc = hand.network[drawn.which % Math.max(1, hand.network.length)];
    if (rpc !== undefined) hand[drawn.type](rpc);
  } else {
    const target = drawn.who === 0 ? leaderOf(hand) : hand.member(drawn.who);
    if (target === null) return;
    if (drawn.type === 'restart') {
      if (target.raft === null) hand.start(target);
    } else if (target.raft !== null) performAt(hand, laws, target, drawn);
  }
}

function performAt(hand: Hand, laws: Laws, target: Member, drawn: Order): void {
  switch (drawn.type) {
    case 'elect':
      hand.tick(target);
      flow(hand, 40);
      break;
    case 'tick':
      hand.tick(target);
      break;
    case 'land':
      hand.land(target, drawn.writes);
      break;
    case 'answer':
      hand.answer(target);
      break;
    case 'stale answer':
      // Of a write that was answered long ago; 0 was answered before anything was.
      hand.step(target, { type: 'Persisted', seq: 0 });
      break;
    case 'apply':
      hand.apply(target);
      break;
    case 'crash':
      hand.crash(target);
      laws.forgive(target);
      break;
    case 'isolate':
      hand.isolated.add(target.id);
      break;
    case 'compact':
      hand.compact(target, drawn.keep);
      break;
    case 'no space':
    case 'broken disk':
      failDisk(hand, target, drawn.type === 'no space' ? 'NO_SPACE' : 'EIO');
      break;
    default:
      request(hand, laws, target, drawn);
  }
}

function failDisk(hand: Hand, target: Member, code: string): void {
  const failed = target.writes.find((write) => write.type === 'persist');
  if (failed?.type !== 'persist') return;
  hand.step(target, { type: 'PersistFailed', seq: failed.persist.seq, code });
}

function request(hand: Hand, laws: Laws, target: Member, drawn: Order): void {
  if (drawn.type === 'propose') {
    for (let i = 0; i < drawn.count; i += 1) propose(hand, laws, target);
  } else if (drawn.type === 'read') {
    hand.step(target, { type: 'Read', id: laws.ask(target, 'read'), mode: 'readIndex' });
  } else if (drawn.type === 'campaign') hand.step(target, { type: 'Campaign' });
  else if (drawn.type === 'alarm') {
    // True or false: it hears that whom it follows is gone.
    const id = target.raft?.leader ?? 0;
    hand.step(target, { type: 'PeerDown', id });
  } else if (drawn.type === 'transfer') {
    const asked = laws.ask(target, 'transfer');
    hand.step(target, { type: 'TransferLeadership', id: asked, target: drawn.target });
  } else if (drawn.type === 'change') {
    const { changes, mode } = drawn;
    hand.step(target, { type: 'ChangeMembership', id: laws.ask(target, 'change'), changes, mode });
  }
}

export function propose(hand: Hand, laws: Laws, target: Member): number {
  const asked = laws.ask(target, 'proposal');
  hand.propose(target, asked, `command ${asked}`);
  return asked;
}
