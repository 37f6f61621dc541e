/**
 * Schedules: steps are read as they are written; a played schedule is a run like any other (deterministic, judged, traced, hashed); what
 * cannot be played is refused with its place; a recorded run without faults breaks no rule when its time is taken away.
 */
import { fc, test } from '@fast-check/vitest';
import type { Message } from '@seedraft/core';
import { formatStep, readScenario, run, type ScheduleStep, scenarioToPlan } from '@seedraft/sim';
import { describe, expect } from 'vitest';
import type { MemberView } from '../../sim/src/observer.ts';
import { ClockReadings } from '../../sim/src/schedule/clocks.ts';
import { parseStep } from '../../sim/src/schedule/parse.ts';
import { recordSchedule } from '../../sim/src/schedule/record.ts';
import { onlySteps, sendsOf } from '../../sim/src/schedule/sends.ts';
import { DISK_STEPS } from '../../sim/src/schedule/step.ts';

const member = fc.integer({ min: 1, max: 15 }).map((n) => `n${n}`);
const count = fc.integer({ min: 0, max: 999 });
const step: fc.Arbitrary<ScheduleStep> = fc.oneof(
  fc.record({
    step: fc.constantFrom('deliver', 'drop', 'duplicate'),
    from: member,
    to: member,
    type: fc.constantFrom('AppendEntries', 'RequestVoteReply', 'InstallSnapshot'),
    ordinal: count,
  }),
  fc.record({
    step: fc.constantFrom(
      ...(['tick', 'persisted', 'restart', 'propose'] as const),
      ...(['campaign', 'snapshot', 'spawn', 'wipe'] as const),
    ),
    member,
  }),
  fc.record({ step: fc.constant('crash' as const), member, kept: count }),
  fc.record({
    step: fc.constantFrom('add', 'remove', 'transfer', 'peer-down'),
    member,
    subject: member,
  }),
  fc.record({
    step: fc.constant('change' as const),
    member,
    mode: fc.constantFrom('single', 'joint', 'explicit'),
    changes: fc.array(
      fc.record({
        change: fc.constantFrom('add', 'add learner', 'promote', 'demote', 'remove'),
        subject: member,
      }),
      { maxLength: 4 },
    ),
  }),
  fc.record({ step: fc.constant('clock' as const), member, shows: count }),
  fc.record({
    step: fc.constant('session' as const),
    member,
    client: count,
    timeout: fc.constantFrom(300, 60_000),
  }),
  fc.record({
    step: fc.constant('expire' as const),
    member,
    client: count,
    operation: count,
    key: fc.constantFrom('k0', 'expiring-k1'),
    ttl: count,
  }),
  fc.record({ step: fc.constantFrom(...DISK_STEPS, 'tear' as const), member }),
  fc.record({
    step: fc.constantFrom('put', 'get', 'lease-get'),
    member,
    client: count,
    operation: count,
    key: fc.constantFrom('k0', 'expiring-k1'),
  }),
);

test.prop([step])('a step is read as it is written', (one) => {
  expect(parseStep(formatStep(one))).toEqual(one);
});

test.prop([fc.string()])('anything else is no step', (text) => {
  const read = parseStep(text);
  if (read !== null) expect(formatStep(read)).toBe(text);
});

function planOf(schedule: readonly string[], cluster: object = { voters: 3 }, seed = '1') {
  const read = readScenario({ name: 'steps', cluster, schedule });
  if (!read.ok) throw new Error(read.problems[0]?.message);
  return scenarioToPlan(read.scenario, seed);
}

const ELECTION = [
  'tick n1',
  'deliver n1->n2 PreVote#0',
  'deliver n2->n1 PreVoteReply#0',
  'persisted n1',
  'deliver n1->n2 RequestVote#0',
  'persisted n2',
  'deliver n2->n1 RequestVoteReply#0',
  'persisted n1',
  'deliver n1->n2 AppendEntries#0',
  'persisted n2',
  'deliver n2->n1 AppendEntriesReply#0',
];

describe('a played schedule', () => {
  test('elects and commits by its steps alone, and is the same each time', () => {
    const plan = planOf([...ELECTION, 'c0#1 put k0 at n1', 'persisted n1']);
    const record = { choices: true, trace: true };
    const result = run(plan, { record });
    expect(result).toMatchObject({ verdict: 'pass', rule: null, reason: null });
    expect(result.trace?.join('\n')).toMatch(/n1 becomes leader in term 1/);
    expect(result.choices).toHaveLength(result.events * 4);
    expect(run(plan)).toMatchObject({ hash: result.hash, events: result.events });
  });

  test('goes without what has nothing to do', () => {
    const idle = [
      'deliver n3->n1 AppendEntries#9',
      'restart n2',
      'persisted n3',
      'drop n1->n3 PreVote#7',
    ];
    const events = run(planOf(ELECTION)).events;
    expect(run(planOf([...idle, ...ELECTION])).events).toBe(events);
    const dropped = ['tick n1', 'drop n1->n2 PreVote#0', ...ELECTION.slice(1)];
    expect(run(planOf(dropped)).events).toBeLessThan(events);
  });

  test('a crash loses what was under way, a restart brings back what was durable', () => {
    const crash = ['tick n1', 'crash n1', 'persisted n1', 'restart n1'];
    const lines = run(planOf(crash, { voters: 1 }), { record: { trace: true } }).trace ?? [];
    expect(lines.filter((line) => /n1 boots term=0 vote=nobody/.test(line))).toHaveLength(2);
    const kept = ['tick n1', 'crash n1 kept 1', 'restart n1'];
    const after = run(planOf(kept, { voters: 1 }), { record: { trace: true } }).trace ?? [];
    expect(after.at(-1)).toMatch(/n1 boots term=1 vote=n1/);
  });

  test('a session runs a command once, however often it is sent', () => {
    const grown = ['persisted n1', 'persisted n1'];
    const open = ['tick n1', ...grown, 'c0 opens a session at n1', ...grown];
    const twice = [
      ...open,
      'c0#1 put k0 at n1',
      'c0#1 put k0 at n1',
      'persisted n1',
      'persisted n1',
    ];
    const result = run(planOf([...twice, 'c0#2 get k0 at n1'], { voters: 1 }));
    expect(result).toMatchObject({ verdict: 'pass', operations: { acknowledged: 2, invoked: 2 } });
    expect(result.rules.S18).toBeGreaterThan(0);
  });

  test('operators order elections, handovers, snapshots and changes of members', () => {
    const trace = (steps: readonly string[], cluster?: object): string =>
      run(planOf(steps, cluster), { record: { trace: true } }).trace?.join('\n') ?? '';
    const handed = [...ELECTION, 'transfer n2 at n1', 'deliver n1->n2 TimeoutNow#0'];
    expect(trace(handed)).toMatch(/n2 becomes candidate in term 2/);
    expect(trace(['campaign n3'])).toMatch(
      /n3 becomes pre-candidate in term 0: ordered to campaign/,
    );
    const alone = ['tick n1', 'persisted n1', 'persisted n1'];
    expect(trace([...alone, 'snapshot n1', ...alone.slice(1)], { voters: 1 })).toMatch(
      /n1 Compact/,
    );
    const joined = trace(
      [
        ...[...alone, 'spawn n2', 'single add learner n2 at n1', 'persisted n1'],
        ...[
          'deliver n1->n2 AppendEntries#0',
          'persisted n2',
          'deliver n2->n1 AppendEntriesReply#0',
        ],
        ...['joint promote n2, remove n1 at n1', 'persisted n1'],
      ],
      { voters: 1 },
    );
    expect(joined).toMatch(/n2 boots/);
    expect(joined).toMatch(/n2->n1 AppendEntriesReply/);
  });

  test('a disk is lost only where recovery stays possible, and its member comes back as a stranger', () => {
    const lost = ['wipe n2', 'restart n2', 'wipe n3', 'restart n3'];
    const result = run(planOf([...ELECTION, ...lost]), { record: { trace: true } });
    expect(result).toMatchObject({ verdict: 'pass', reason: null });
    const boots = result.trace?.filter((line) => /boots/.test(line)) ?? [];
    expect(boots.filter((line) => / n2 /.test(line))).toHaveLength(2);
    expect(boots.filter((line) => / n3 /.test(line))).toHaveLength(1);
    expect(boots.at(-1)).toMatch(/n2 boots term=0 vote=nobody/);
  });

  test('a write that fails stops its member, and what is spoilt is found at the next boot', () => {
    const failing = ['fsync-failure n1', 'c0#1 put k0 at n1', 'persisted n1', 'restart n1'];
    const failed = run(planOf([...ELECTION, ...failing]));
    expect(failed).toMatchObject({ verdict: 'pass', reason: null });
    expect(Object.keys(failed.notes).join()).toMatch(/stopped:/);

    const back = ['crash n2 torn', 'restart n2', 'crash n3', 'restart n3'];
    const notes = ['1', '2', '3', '4', '5', '6'].flatMap((seed) => {
      const plan = planOf([...ELECTION, 'bit-rot n2', 'bit-rot n3', ...back], undefined, seed);
      const result = run({ ...plan, bytes: true });
      expect(result, seed).toMatchObject({ verdict: 'pass', reason: null });
      return Object.keys(result.notes);
    });
    expect(notes.join()).toMatch(/recovery:/);
  });

  const elected = [
    ...['clock n1 5000ms', 'clock n2 5000ms', 'clock n3 5000ms', ...ELECTION],
    // A lease of its own, which n2's clock then leaves behind.
    ...['tick n1', 'tick n1', 'deliver n1->n2 AppendEntries#1'],
    'deliver n2->n1 AppendEntriesReply#1',
    ...['clock n2 20000ms', 'tick n2', 'deliver n2->n3 PreVote#0'],
    ...['deliver n3->n2 PreVoteReply#0', 'persisted n2', 'deliver n2->n3 RequestVote#0'],
    ...['persisted n3', 'deliver n3->n2 RequestVoteReply#0', 'c0#1 put k0 at n2', 'persisted n2'],
    ...['persisted n2', 'deliver n2->n3 AppendEntries#0', 'persisted n3'],
    'deliver n3->n2 AppendEntriesReply#0',
    ...['deliver n2->n3 AppendEntries#1', 'persisted n3', 'deliver n3->n2 AppendEntriesReply#1'],
    'c1#1 lease-get k0 at n1',
  ];

  test('a stale read under a lease is no finding where no clocks can have run so far apart', () => {
    const plan = planOf(elected, { voters: 3, raft: { leaseReads: true } });
    const result = run(plan);
    expect(result).toMatchObject({ verdict: 'inconclusive', rule: null });
    expect(result.reason).toMatch(/drift bound/);
  });
});

describe('clocks that leases count on', () => {
  const read = (readings: readonly (readonly [member: number, at: number])[], bound: number) => {
    const witness = new ClockReadings();
    for (const [id, at] of readings) {
      witness.onStep({ id } as MemberView, { type: 'Tick', at } as Message);
    }
    return witness.isPossible(bound);
  };

  test.prop([
    fc.array(fc.tuple(fc.nat(2), fc.nat(400_000)), { maxLength: 40 }),
    fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: -1_000, max: 1_000 }))),
  ])('are possible when they kept to the bound', (steps, drifts) => {
    let now = 0;
    const readings = steps.map(([member, pause]) => {
      now += pause;
      const rate = 1 + (drifts[member] ?? 0) / 1_000_000;
      return [member, Math.floor((now * rate) / 1_000) + member * 77] as const;
    });
    expect(read(readings, 0.001)).toBe(true);
  });

  test('are not where one ran twice as fast, or stood still', () => {
    const pace = (factor: number) =>
      Array.from({ length: 40 }, (_, n) => [n % 2, n % 2 === 0 ? n * 5 : n * 5 * factor] as const);
    expect(read(pace(1), 0.001)).toBe(true);
    expect(read(pace(2), 0.001)).toBe(false);
    expect(read(pace(0), 0.001)).toBe(false);
    // Two milliseconds more than a bound of a tenth of a percent leaves in a second.
    expect(
      read(
        [
          [0, 0],
          [1, 0],
          [1, 1_005],
          [0, 1_000],
        ],
        0.001,
      ),
    ).toBe(false);
    expect(
      read(
        [
          [0, 0],
          [1, 0],
          [1, 1_003],
          [0, 1_000],
        ],
        0.001,
      ),
    ).toBe(true);
  });
});

test('without a step goes what it sent, and what was numbered after it moves up', () => {
  const schedule = [
    ...ELECTION,
    ...['tick n1', 'tick n1', 'tick n1', 'deliver n1->n2 AppendEntries#2'],
  ];
  const plan = planOf(schedule);
  const steps = schedule.map((text) => parseStep(text) as ScheduleStep);
  const sends = sendsOf(plan, steps);
  const without = (gone: number): string[] => {
    const places = [...steps.keys()].filter((place) => place !== ELECTION.length + gone);
    return onlySteps(steps, places, sends).map(formatStep);
  };
  const second = without(1);
  expect(second.slice(-3)).toEqual(['tick n1', 'tick n1', 'deliver n1->n2 AppendEntries#1']);
  expect(run(planOf(second)).events).toBe(run(plan).events - 1);
  expect(without(2).at(-1)).toBe('tick n1');
  expect(onlySteps(steps, [...steps.keys()], sends)).toEqual(steps);
});

test('a run without faults breaks nothing when its time is taken away', () => {
  const read = readScenario({
    name: 'calm',
    cluster: { voters: 3 },
    workload: { for: '2s', clients: 2 },
    bytes: false,
    liveness: false,
  });
  if (!read.ok) throw new Error('calm');
  const plan = scenarioToPlan(read.scenario, '7');
  const { steps, timed } = recordSchedule(plan);
  for (const schedule of [steps, timed]) {
    const result = run({ ...plan, schedule: schedule.map(formatStep) });
    expect(result.reason ?? result.sentence).toBeNull();
    expect(result.operations.acknowledged).toBeGreaterThan(5);
  }
});

test.each([
  [['tick n4'], 'there is no member n4'],
  [['tock n1'], 'expected a step such as'],
  [['deliver n1->n2 ClientRequest#0'], 'expected a step such as'],
])('%j is refused in its place', (schedule, message) => {
  const read = readScenario({ name: 'wrong', cluster: { voters: 3 }, schedule });
  expect(read.ok ? [] : read.problems).toMatchObject([
    { path: ['schedule', 0], message: expect.stringContaining(message) },
  ]);
});

test('a schedule leaves nothing to faults or to the seed', () => {
  for (const more of [{ faults: [{ crash: 'leader' }] }, { swarm: 'all' as const }]) {
    expect(readScenario({ name: 'both', schedule: ['tick n1'], ...more }).ok).toBe(false);
  }
});
