/**
 * A user's own machine under the simulator: a right one passes under everything the swarm does, judged by its own model; each way of being
 * wrong is found by a rule that names it; a workload or model that is wrong is a mistake, never a finding; all of it is deterministic.
 */
import { defineModel, type Model } from '@seedraft/check';
import type { ApplyContext, StateMachine } from '@seedraft/replica';
import {
  defineScenario,
  type OwnSystem,
  type Plan,
  type RunResult,
  run,
  scenarioToPlan,
} from '@seedraft/sim';
import { describe, expect, it } from 'vitest';
import { Counters, counters, countersModel } from './own-machines.ts';
import { type PlanOverrides, plainPlan, plannedFault } from './plans.ts';

const ownPlan = (seed: string, over: PlanOverrides = {}): Plan =>
  plainPlan(seed, { ...over, workload: { kind: 'own', ...over.workload } });

const runOwn = (over: Partial<OwnSystem> = {}, plan = ownPlan('own')): RunResult =>
  run(plan, { own: counters(over), record: { history: true } });

/** A machine like Counters but for this. */
const broken = (change: (machine: Counters) => Partial<StateMachine>): Partial<OwnSystem> => ({
  machine: () => {
    const machine = new Counters();
    return Object.assign(machine, change(machine)) as unknown as StateMachine;
  },
});

/** Snapshots often, and members that must install them. */
const restless = (seed: string): Plan =>
  ownPlan(seed, {
    snapshot: { everyEntries: 5, everyBytes: 1e9, keep: 0 },
    faults: [
      plannedFault(1, 800_000, 'crash', { target: 'n2', restart: '900ms' }),
      plannedFault(2, 2_500_000, 'crash', { target: 'n3', restart: '900ms' }),
    ],
  });

describe('a right machine', () => {
  it('passes, judged by its own model, with writes, reads and exactly-once at work', () => {
    const result = runOwn();
    expect(result.verdict, result.sentence ?? result.reason ?? '').toBe('pass');
    expect(result.operations.writes).toBeGreaterThan(100);
    expect(result.rules.LIN).toBeGreaterThan(200);
    for (const rule of ['S5', 'S18', 'S20', 'S21', 'L2']) {
      expect(result.rules[rule], rule).toBeGreaterThan(0);
    }
    const [first] = result.history!;
    expect(Object.keys(first!.input as object)).toContain('name');
  });

  it('passes under the swarm, and the same plan gives the same run', () => {
    const swarm = defineScenario({ name: 'swarm', swarm: 'all', workload: { for: '8s' } });
    for (const seed of ['1', '2']) {
      const plan = scenarioToPlan(swarm, seed, { own: true });
      expect(plan.workload.kind).toBe('own');
      const [one, two] = [runOwn({}, plan), runOwn({}, plan)];
      expect(one.verdict, one.sentence ?? one.reason ?? '').toBe('pass');
      expect(two.hash).toBe(one.hash);
    }
  });

  it('with clients outside sessions: writes that nobody heard of are found in the log', () => {
    const workload = { sessionless: 1_000_000, timeout: 15_000 };
    const cut = plannedFault(1, 600_000, 'crash', { target: 'leader', restart: '500ms' });
    const result = runOwn({}, ownPlan('lost', { workload, faults: [cut] }));
    expect(result.operations.info).toBeGreaterThan(0);
    expect(result.verdict, result.sentence ?? result.reason ?? '').toBe('pass');
  });
});

describe('a machine that breaks its contract is found and named', () => {
  let shared = 0;
  const cases: readonly [string, Partial<OwnSystem>, string, RegExp][] = [
    [
      'chance',
      broken(() => ({ apply: () => ({ value: Math.random() }) })),
      'S22',
      /apply threw AmbientAccess: Math\.random was called .*\(at own\.test\.ts:\d+:\d+\)/,
    ],
    [
      'time',
      broken(() => ({ apply: () => ({ value: Date.now() }) })),
      'S22',
      /Date\.now was called/,
    ],
    [
      'state that members share',
      broken((machine) => ({
        apply: (command: unknown) => {
          machine.counts.set(`entry ${shared++}`, 1);
          return Counters.prototype.apply.call(
            machine,
            command as [string, number],
            {} as ApplyContext,
          );
        },
      })),
      'S20',
      /is in another state than/,
    ],
    [
      'a promise',
      broken(() => ({ apply: () => Promise.resolve(1) })),
      'S22',
      /apply returned a promise: a machine is synchronous/,
    ],
    [
      'a throw',
      broken(() => ({
        apply: () => {
          throw new RangeError('no room');
        },
      })),
      'S22',
      /entry \d+: .*apply threw RangeError: no room \(at own\.test\.ts:\d+:\d+\)/,
    ],
    [
      'a query that throws',
      broken(() => ({
        query: () => {
          throw new RangeError('no such name');
        },
      })),
      'S22',
      /query threw RangeError: no such name/,
    ],
    [
      'an answer that is changed later',
      broken(() => {
        const answer = { value: 0 };
        return {
          apply: () => {
            answer.value += 1;
            return answer;
          },
        };
      }),
      'S22',
      /Cannot assign to read only property 'value'.*an answer that is changed later would reach clients changed/,
    ],
    [
      'an answer that cannot be carried',
      broken(() => ({ apply: () => new Map() })),
      'S22',
      /what apply returned cannot be carried/,
    ],
    [
      'a snapshot that throws',
      broken(() => ({
        snapshot: () => {
          throw new RangeError('not now');
        },
      })),
      'S22',
      /n\d stopped with .*snapshot threw RangeError: not now \(at own\.test\.ts:\d+:\d+\)/,
    ],
    [
      'a snapshot that is none',
      broken(() => ({ snapshot: () => undefined as never })),
      'S22',
      /snapshot must return an iterator over its chunks \(a generator will do\)$/,
    ],
    [
      'a chunk that cannot be carried',
      broken(() => ({
        *snapshot() {
          yield new Map();
        },
      })),
      'S22',
      /a chunk of the snapshot cannot be carried/,
    ],
    [
      'a digest that throws',
      broken((machine) => ({
        digest: () => {
          if (machine.counts.size > 1) throw new RangeError('too many');
          return { hi: 0, lo: machine.counts.size };
        },
      })),
      'S22',
      /digest threw RangeError: too many/,
    ],
    [
      'a digest that is none',
      broken(() => ({ digest: () => 7 as never })),
      'S22',
      /digest must return \{ hi, lo \}/,
    ],
    [
      'a wrong answer',
      broken((machine) => ({
        query: (name) => ({ value: machine.counts.get(String(name)) ?? 7 }),
      })),
      'LIN',
      /read \{"name":"k\d"\} -> 7/,
    ],
  ];
  it.each(cases)('%s', (_, system, rule, sentence) => {
    const result = runOwn(system);
    expect([result.verdict, result.rule]).toEqual(['violation', rule]);
    expect(result.sentence).toMatch(sentence);
  });

  it('an order of iteration that a restore changes', () => {
    // Newest first after a restore, oldest first before: what it keeps of the first key differs.
    const system = broken((machine) => ({
      *snapshot() {
        yield [...machine.counts].reverse();
      },
    }));
    const result = runOwn(system, restless('order'));
    expect(result.verdict).toBe('violation');
    expect(['S19', 'S20']).toContain(result.rule);
  });

  it('a snapshot that leaves something out', () => {
    const system = broken((machine) => ({
      *snapshot() {
        yield [...machine.counts].slice(0, 2);
      },
    }));
    const result = runOwn(system, restless('left out'));
    expect([result.verdict, result.rule]).toEqual(['violation', 'S18']);
    expect(result.sentence).toMatch(/got another result than n\d for the command at index/);
  });
});

describe('a mistake in what is around the machine says nothing about the cluster', () => {
  const one = new Counters();
  const shy: Model = defineModel({ name: 'shy', initial: 0, operations: {} }) as Model;
  const cases: readonly [string, Partial<OwnSystem>, RegExp][] = [
    [
      'one machine for all members',
      { machine: () => one as unknown as StateMachine },
      /machine\(\) returned the same machine twice/,
    ],
    ['no machine', { machine: () => ({}) as StateMachine }, /must return a state machine/],
    [
      'a workload that takes chance from elsewhere',
      { workload: () => ({ next: () => ({ f: 'add', command: ['k', Math.random()] }) }) },
      /next of the workload threw AmbientAccess: Math\.random/,
    ],
    [
      'a workload without an operation',
      { workload: () => ({ next: () => ({ f: 'add' }) as never }) },
      /must return \{ f, command \} or \{ f, query \}, not \{"f":"add"\}/,
    ],
    [
      'a command that cannot be carried',
      { workload: () => ({ next: () => ({ f: 'add', input: 1, command: () => 1 }) }) },
      /the workload's add cannot be carried: UNSUPPORTED/,
    ],
    [
      'a model that throws',
      {
        model: {
          ...countersModel,
          step: () => {
            throw new Error('oh');
          },
        },
      },
      /the model counters threw Error: oh/,
    ],
  ];
  it.each(cases)('%s', (_, system, reason) => {
    const result = runOwn(system, ownPlan('mistake', { duration: 1_000_000 }));
    expect([result.verdict, result.rule]).toEqual(['mistake', null]);
    expect(result.reason).toMatch(reason);
  });

  it('no machine was given at all', () => {
    const result = run(ownPlan('none'));
    expect(result.verdict).toBe('mistake');
    expect(result.reason).toMatch(/no such machine was given/);
  });

  it('an operation that the model does not know is not judged', () => {
    const result = runOwn({ model: shy });
    expect(result.verdict).toBe('inconclusive');
    expect(result.reason).toMatch(/shy has no operation/);
  });
});
