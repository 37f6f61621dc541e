/**
 * Schedules: steps are read as they are written; a played schedule is a run like any other (deterministic, judged, traced, hashed); what
 * cannot be played is refused with its place; a recorded run without faults breaks no rule when its time is taken away.
 */
import { fc, test } from '@fast-check/vitest';
import { formatStep, readScenario, run, type ScheduleStep, scenarioToPlan } from '@seedraft/sim';
import { describe, expect } from 'vitest';
import { parseStep } from '../../sim/src/schedule/parse.ts';
import { recordSchedule } from '../../sim/src/schedule/record.ts';

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
  fc.record({ step: fc.constantFrom('tick', 'persisted', 'restart', 'propose'), member }),
  fc.record({ step: fc.constant('crash' as const), member, kept: count }),
  fc.record({ step: fc.constantFrom('add', 'remove'), member, subject: member }),
  fc.record({ step: fc.constant('clock' as const), member, shows: count }),
  fc.record({ step: fc.constant('session' as const), member, client: count }),
  fc.record({
    step: fc.constantFrom('put', 'get'),
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

function planOf(schedule: readonly string[], cluster: object = { voters: 3 }) {
  const read = readScenario({ name: 'steps', cluster, schedule });
  if (!read.ok) throw new Error(read.problems[0]?.message);
  return scenarioToPlan(read.scenario, '1');
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
