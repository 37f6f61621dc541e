/**
 * Whole runs on plain plans: a healthy cluster serves its clients, every door for faults does what it says, and the verdicts are told apart.
 * Faults are injected here by a test's own observer of time, through the world's own doors, not drawn.
 */
import type { MemberId } from '@seedraft/core';
import type { StateMachine } from '@seedraft/replica';
import { type FaultPlan, type Plan, type RunResult, run, Violation } from '@seedraft/sim';
import { describe, expect, it } from 'vitest';
import { plannedFault as fault, type PlanOverrides, plainPlan } from './plans.ts';

const SECOND = 1_000_000;

function passes(plan: Plan): RunResult {
  const result = run(plan);
  expect(result).toMatchObject({ verdict: 'pass', rule: null, sentence: null, reason: null });
  return result;
}

function withFaults(faults: readonly FaultPlan[], overrides: PlanOverrides = {}): RunResult {
  return passes(plainPlan('faults', { voters: 5, faults, duration: 6 * SECOND, ...overrides }));
}

describe('a calm run', () => {
  it('elects, commits, answers everybody and is judged', () => {
    const result = passes(plainPlan('1'));
    expect(result.operations.acknowledged).toBeGreaterThan(400);
    expect(result.operations.open).toBe(0);
    expect(result.operations.info).toBe(0);
    expect(result.rules.LIN).toBeGreaterThan(400);
    expect(result.messages.AppendEntries).toBeGreaterThan(500);
    expect(result.simulatedMicros).toBeGreaterThan(5 * SECOND);
  });

  it('goes through real frames and real disks alike', () => {
    const result = passes(
      plainPlan('bytes', { bytes: true, network: { corrupt: 20_000, truncate: 20_000 } }),
    );
    expect(result.operations.acknowledged).toBeGreaterThan(300);
    expect(result.notes['network:refused']).toBeGreaterThan(20);
  });

  it('bears a bad network', () => {
    const bad = { drop: 100_000, duplicate: 200_000, reorder: 300_000, reorderWindow: 50_000 };
    const result = passes(plainPlan('bad', { network: bad }));
    expect(result.operations.acknowledged).toBeGreaterThan(80);
    expect(result.notes['network:duplicated']).toBeGreaterThan(50);
    expect(result.notes['network:reordered']).toBeGreaterThan(100);
  });

  it('an idle cluster only beats its heart', () => {
    const result = passes(
      plainPlan('idle', { workload: { kind: 'none' }, duration: 60 * SECOND, liveness: false }),
    );
    expect(result.operations.invoked).toBe(0);
    // Three members, a round of two messages and two answers each heartbeat, ticks and little else.
    expect(result.events).toBeLessThan(10_000);
  });

  it('a single member serves alone', () => {
    expect(passes(plainPlan('alone', { voters: 1 })).operations.acknowledged).toBeGreaterThan(400);
  });

  it('members start from the logs a plan gives them', () => {
    const members = plainPlan('figure').members.map((member, n) => ({
      ...member,
      log: n === 0 ? [1, 1, 2] : [1, 1],
      term: 2,
    }));
    const result = run(plainPlan('figure', { members }), { record: { trace: true } });
    expect(result.verdict).toBe('pass');
    expect(result.trace?.[0]).toContain('n1 boots term=2 vote=nobody log=1@1..3@2');
  });
});

describe('faults', () => {
  it('a crashed leader is replaced and comes back', () => {
    const result = withFaults([fault(1, 2 * SECOND, 'crash', { target: 'leader', restart: '1s' })]);
    expect(result.messages.RequestVote).toBeGreaterThan(4);
    expect(result.operations.acknowledged).toBeGreaterThan(400);
  });

  it('a paused member wakes to everything at once', () => {
    withFaults([fault(1, 2 * SECOND, 'pause', { target: 'leader' }, SECOND)]);
  });

  it('a wiped member is replaced by a new one', () => {
    const result = withFaults([
      fault(1, 2 * SECOND, 'wipe', { target: 'follower', rejoin: '500ms' }),
    ]);
    expect(result.notes['operator:ChangeMembership ok']).toBeGreaterThan(0);
  });

  it('a member with amnesia is refused, and replaced', () => {
    const result = withFaults([fault(1, 2 * SECOND, 'amnesia', { target: 'follower' })]);
    expect(result.notes['operator:ChangeMembership ok']).toBeGreaterThan(0);
  });

  it('clocks may jump, stray and stand still', () => {
    withFaults(
      [
        fault(1, 2 * SECOND, 'clock-step', { target: 'leader', by: '400ms' }),
        fault(2, 4 * SECOND, 'clock-freeze', { target: 'leader' }, SECOND),
        fault(3, 6 * SECOND, 'clock-drift', { target: 'random', drift: '5000ppm' }, 2 * SECOND),
      ],
      { beyondDriftBound: true },
    );
  });
});

describe('verdicts', () => {
  it('a rule that says no is a violation, with its words, and the run is over', () => {
    const result = run(plainPlan('no'), {
      observers: () => [
        {
          onApply: (member, entry) => {
            if (entry.index === 5) throw new Violation('S99', `${member.name} applied 5`);
          },
        },
      ],
    });
    expect(result).toMatchObject({ verdict: 'violation', rule: 'S99' });
    expect(result.sentence).toMatch(/^n[123] applied 5$/);
    expect(result.events).toBeLessThan(1000);
  });

  it('a violation that the plan expects passes; one that does not come fails', () => {
    const observers = () => [
      {
        onEnd: () => {
          throw new Violation('S16', 'as it had to come');
        },
      },
    ];
    const expectIt = plainPlan('expected', { expect: { violation: 'S16' } });
    expect(run(expectIt, { observers }).verdict).toBe('pass');
    expect(run(expectIt)).toMatchObject({ verdict: 'violation', rule: 'EXPECT' });
  });

  it('limits make a run inconclusive', () => {
    const limits = { maxEvents: 500, maxSimulatedTime: 600 * SECOND, livelock: 1000 };
    expect(run(plainPlan('limits', { limits }))).toMatchObject({
      verdict: 'inconclusive',
      reason: 'the run reached 500 events',
    });
    const short = { ...limits, maxEvents: 1e6, maxSimulatedTime: SECOND };
    expect(run(plainPlan('limits', { limits: short })).verdict).toBe('inconclusive');
  });

  it('too many events at one instant are a livelock', () => {
    const limits = { maxEvents: 1e6, maxSimulatedTime: 600 * SECOND, livelock: 2 };
    expect(run(plainPlan('livelock', { limits }))).toMatchObject({
      verdict: 'violation',
      rule: 'S22',
    });
  });

  it("what breaks in the simulator's own code is an error, never a finding", () => {
    const result = run(plainPlan('broken'), {
      observers: () => [
        {
          onStep: () => {
            throw new TypeError('an observer of ours is broken');
          },
        },
      ],
    });
    expect(result.verdict).toBe('error');
    expect(result.reason).toContain('an observer of ours is broken');
  });

  it("what a user's machine throws is a finding about it", () => {
    const machine = (): StateMachine => ({
      apply: () => {
        throw new TypeError('a machine is broken');
      },
      query: () => null,
      snapshot: () => [][Symbol.iterator](),
      restore: () => {},
    });
    const result = run(plainPlan('machine'), { machine });
    expect(result).toMatchObject({ verdict: 'violation', rule: 'S22' });
    expect(result.sentence).toContain('a machine is broken');
  });

  it('ambient time and chance are refused during a run, and work after it', () => {
    const asks = (ask: () => unknown): RunResult =>
      run(plainPlan('ambient'), { observers: () => [{ onBoot: () => void ask() }] });
    expect(asks(() => Date.now()).reason).toContain('Date.now was called during a simulated run');
    expect(asks(() => new Date()).reason).toContain('Date was called during a simulated run');
    expect(asks(() => Math.random()).reason).toContain('Math.random');
    expect(asks(() => setTimeout(() => {}, 0)).reason).toContain('setTimeout');
    expect(Date.now()).toBeGreaterThan(0);
    expect(new Date(0).getTime()).toBe(0);
    expect(Math.random()).toBeLessThan(1);
  });

  it('clients of unknown fate are told apart from those that failed', () => {
    const faults = [fault(1, 2 * SECOND, 'crash-all', { restart: '3s' })];
    const result = run(
      plainPlan('unknown', {
        faults,
        duration: 12 * SECOND,
        workload: { timeout: 200_000, retries: 0, rate: 200 },
      }),
    );
    expect(result.verdict).toBe('pass');
    expect(result.operations.info).toBeGreaterThan(0);
    expect(result.operations.failed).toBeGreaterThan(0);
  });
});

describe('what a run records', () => {
  it('choices, history and a trace on request; nothing changes by asking', () => {
    const plan = plainPlan('record', { duration: 2 * SECOND });
    const bare = run(plan);
    const full = run(plan, { record: { choices: true, history: true, trace: true } });
    expect(full.hash).toBe(bare.hash);
    expect(bare.choices).toBeUndefined();
    expect(bare.trace).toBeUndefined();
    expect(full.choices?.length).toBe(full.events * 4);
    expect(full.history?.length).toBe(full.rules.LIN);
    const append =
      /^#\d+ t=[\d.]+ n\d->n\d AppendEntries term=\d+ prev=\d+@\d+ entries=\d+@\d+(\.\.\d+@\d+)? commit=\d+/;
    expect(full.trace?.some((line) => append.test(line))).toBe(true);
  });

  it('a trace of a range is that part of the whole', () => {
    const plan = plainPlan('record', { duration: 2 * SECOND });
    const whole = run(plan, { record: { trace: true } }).trace ?? [];
    const part = run(plan, { record: { trace: { from: 100, to: 120 } }, stopAt: 121 }).trace ?? [];
    const number = (line: string): number => Number(/^#(\d+)/.exec(line)?.[1]);
    expect(part.length).toBeGreaterThan(10);
    expect(part).toEqual(whole.filter((line) => number(line) >= 100 && number(line) < 120));
  });
});

describe('member ids', () => {
  it('are seen by observers as one object for the life of a run', () => {
    const seen = new Map<MemberId, unknown>();
    const { verdict } = run(plainPlan('views', { duration: SECOND }), {
      observers: () => [
        {
          onStep: (member) => {
            const known = seen.get(member.id);
            if (known !== undefined) expect(member).toBe(known);
            seen.set(member.id, member);
          },
        },
      ],
    });
    // What an observer throws ends the run as an error.
    expect(verdict).toBe('pass');
    expect([...seen.keys()].sort()).toEqual([1, 2, 3]);
  });
});
