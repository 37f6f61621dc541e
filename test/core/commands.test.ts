/**
 * Proves that no order of deliveries, losses, copies, ticks, writes, crashes, compactions, membership changes and transfers that fast-check
 * can think of breaks the laws; and that whatever was done, a cluster left in peace elects, answers what it owes, and agrees.
 * SEEDRAFT_RUNS=n explores n runs from a random seed instead of the recorded ones.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Hand, Member } from './hand.ts';
import { assertLogsMatch, type Happened, Laws } from './laws.ts';
import {
  assemble,
  flow,
  leaderOf,
  type Order,
  order,
  perform,
  propose,
  type Setup,
  setup,
} from './orders.ts';

class OrderCommand implements fc.Command<Laws, Hand> {
  readonly order: Order;
  constructor(drawn: Order) {
    this.order = drawn;
  }
  check(): boolean {
    return true;
  }
  run(laws: Laws, hand: Hand): void {
    perform(hand, laws, this.order);
  }
  toString(): string {
    return JSON.stringify(this.order);
  }
}

/** Everybody's clock moves on by as much as the first of them waits for, and whoever is due ticks. */
function pass(hand: Hand): void {
  const live = [...hand.members.values()].filter(({ raft }) => raft !== null);
  const waits = live.map(({ raft, clock }) => raft!.deadline - clock);
  const time = Math.max(1, Math.min(1000, ...waits));
  for (const each of live) {
    each.clock += time;
    if (each.raft!.deadline <= each.clock) hand.step(each, { type: 'Tick' });
  }
}

function until(hand: Hand, done: () => boolean, what: string): void {
  for (let i = 0; i < 500; i += 1) {
    flow(hand, 10_000);
    if (hand.network.length > 0) throw new Error('messages without end');
    if (done()) return;
    pass(hand);
  }
  throw new Error(`never: ${what}`);
}

function inForce(hand: Hand): Member[] {
  const { members } = leaderOf(hand)!.raft!.configuration;
  return members.map(({ id }) => hand.member(id));
}

/** All members start afresh (a broken disk is a crash), nothing is lost any more: liveness. */
function settle(hand: Hand, laws: Laws): void {
  hand.isolated.clear();
  for (const each of hand.members.values()) {
    if (each.broken) hand.crash(each);
    if (each.broken) laws.forgive(each);
    if (each.raft === null) hand.start(each);
  }
  let asked = 0;
  const commits = () => {
    if (laws.committed.some(({ content }) => content === `command command ${asked}`)) return true;
    // Refused, while leadership is on its way to another, say: whoever leads next is asked again.
    if (!laws.open.has(asked) && leads(hand)) asked = propose(hand, laws, leaderOf(hand)!);
    return false;
  };
  until(hand, commits, 'a leader that commits a fresh proposal');
  until(hand, () => laws.open.size === 0, 'an answer to everything');
  const hasAll = ({ appliedIndex }: Member) => appliedIndex === laws.committed.length;
  until(hand, () => leads(hand) && inForce(hand).every(hasAll), 'everyone has everything');
  assertLogsMatch(hand);
  const commands = laws.committed.filter(({ content }) => content.startsWith('command'));
  const applied = commands.map(({ content }) => content.slice('command '.length));
  for (const each of inForce(hand)) expect(each.applied).toEqual(applied);
}

function leads(hand: Hand): boolean {
  const raft = leaderOf(hand)?.raft;
  return raft != null && raft.commitIndex === raft.log.lastIndex;
}

describe('a cluster moved by hand', () => {
  const explore = Number(process.env.SEEDRAFT_RUNS ?? 0);
  const total = new Map<Happened, number>();

  it('keeps the laws, and recovers when left in peace', () => {
    const commands = fc.commands([order.map((drawn) => new OrderCommand(drawn))], {
      maxCommands: 300,
      size: 'max',
    });
    fc.assert(
      fc.property(setup, commands, (drawn: Setup, drawnOrders) => {
        const laws = new Laws();
        const hand = assemble(drawn, laws);
        fc.modelRun(() => ({ model: laws, real: hand }), drawnOrders);
        assertLogsMatch(hand);
        settle(hand, laws);
        for (const [what, times] of laws.happened) {
          total.set(what, (total.get(what) ?? 0) + times);
        }
      }),
      explore > 0 ? { numRuns: explore } : { numRuns: 250, seed: 20261120 },
    );
  });

  it('and all that could happen did', () => {
    const everything: Happened[] = [
      'elections',
      'commits',
      'truncations',
      'snapshots installed',
      'configurations committed',
      'joint configurations',
      'reads',
      'transfers',
      'unknown outcomes',
      'crashes',
    ];
    if (explore > 0) console.log(Object.fromEntries(total));
    expect(everything.filter((what) => !total.has(what))).toEqual([]);
  });
});
