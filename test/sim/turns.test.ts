/**
 * Members that work in turns do what the real node's driver does: everything that came is carried out at one instant, completions before
 * messages before requests before the tick, and the requests as one call. Off, nothing of it happens; on, the run is as determined as ever.
 */
import type { Message } from '@seedraft/core';
import type { ClientRequest } from '@seedraft/replica';
import { type MemberView, type Observer, run, runTwice, type WorldView } from '@seedraft/sim';
import { describe, expect, it } from 'vitest';
import { type PlanOverrides, plainPlan, plannedFault } from './plans.ts';

const BUSY: PlanOverrides = {
  turn: 20_000,
  duration: 3_000_000,
  workload: { clients: 12, rate: 600 },
};

interface Seen {
  readonly member: number;
  readonly now: number;
  readonly type: Message['type'];
}

/** Every step of every member with its instant, and how many requests entered together. */
function watch(overrides: PlanOverrides) {
  const steps: Seen[] = [];
  const together: number[] = [];
  const proposed: number[] = [];
  const observers = (world: WorldView): Observer[] => [
    {
      onStep(member: MemberView, message: Message) {
        steps.push({ member: member.id, now: world.now, type: message.type });
        if (message.type === 'Propose') proposed.push(message.proposals.length);
      },
      onRequests(_member: MemberView, requests: readonly ClientRequest[]) {
        together.push(requests.length);
      },
    },
  ];
  const result = run(plainPlan('turns', overrides), { observers });
  expect(result).toMatchObject({ verdict: 'pass', sentence: null });
  return { result, steps, together, proposed };
}

/** Without Propose: a tick may lead to a proposal of the member's own. */
const RANKS: Partial<Record<Message['type'], number>> = {
  Persisted: 0,
  Receive: 1,
  Read: 2,
  Tick: 3,
};

describe('members that work in turns', () => {
  it('propose what came together as one, and answer each request', () => {
    const { result, together, proposed } = watch(BUSY);
    expect(together.filter((count) => count > 1).length).toBeGreaterThan(50);
    expect(Math.max(...proposed)).toBeGreaterThan(3);
    expect(result.operations.open).toBe(0);
    expect(result.operations.acknowledged).toBeGreaterThan(400);
  });

  it('carry out completions, then messages, then requests, then the tick', () => {
    const { steps } = watch({ ...BUSY, liveness: false });
    const turns = new Map<string, number[]>();
    for (const { member, now, type } of steps) {
      const rank = RANKS[type];
      if (rank === undefined) continue;
      const turn = `${member} ${now}`;
      turns.set(turn, [...(turns.get(turn) ?? []), rank]);
    }
    const ranks = [...turns.values()];
    for (const turn of ranks) expect(turn).toEqual(turn.toSorted((a, b) => a - b));
    expect(ranks.filter((turn) => new Set(turn).size > 2).length).toBeGreaterThan(20);
  });

  it('lose with a crash what they had gathered, and nothing that they had promised', () => {
    const crash = (id: number) =>
      plannedFault(id, 500_000 * id, 'crash', { target: `n${id}`, disk: 'torn', restart: '100ms' });
    const { result } = watch({ ...BUSY, voters: 5, faults: [crash(1), crash(2), crash(3)] });
    expect(result.faults['crash:torn']).toBe(3);
  });

  it('are determined by the plan', () => {
    const { result, divergence } = runTwice(plainPlan('again', BUSY));
    expect(result.verdict).toBe('pass');
    expect(divergence).toBeNull();
  });

  it('at length 0 take each input alone, the moment it comes', () => {
    const { together, proposed } = watch({ ...BUSY, turn: 0 });
    expect(together).toEqual([]);
    expect(Math.max(...proposed)).toBe(1);
  });
});
