/**
 * Protocols of one's own in the simulator: what is handed to a member and taken from it, what a disk and a crash leave, who is to blame for
 * what is thrown, and that a plan determines a run. The protocol under test is an echo that counts on its disk.
 */
import { defineModel } from '@seedraft/check';
import {
  defineProtocol,
  defineScenario,
  expectedOf,
  firstDivergence,
  type Plan,
  type Protocol,
  type ProtocolEffects,
  type ProtocolInput,
  type ProtocolMember,
  type ProtocolPorts,
  planOptionsOf,
  planToScenario,
  type RunOptions,
  readScenario,
  run,
  type ScenarioInput,
  sameFailureAs,
  scenarioToPlan,
  shrinkPlan,
  violation,
} from '@seedraft/sim';
import { describe, expect, test } from 'vitest';

type Message =
  | { readonly type: 'Copy'; readonly count: number }
  | { readonly type: 'Copied'; readonly count: number };
interface State {
  readonly count: number;
  readonly leads: boolean;
}
type Effects = ProtocolEffects<Message> | undefined;

/** n1 counts, and answers when one other member has the count on its disk. */
class Counter implements ProtocolMember<Message, State> {
  readonly ports: ProtocolPorts;
  readonly waiting = new Map<number, number>();
  count: number;

  constructor(ports: ProtocolPorts) {
    this.ports = ports;
    this.count = (ports.records.get('count') as number | undefined) ?? 0;
  }

  state(): State {
    return { count: this.count, leads: this.ports.name === 'n1' };
  }

  step(input: ProtocolInput<Message>): Effects {
    if (input.type === 'Request') return this.begin(input.request.id);
    if (input.type === 'Persisted')
      return this.persisted(input.tag as { count: number; copy: boolean });
    if (input.type !== 'Receive') return undefined;
    const { type, count } = input.message;
    if (type === 'Copied') return this.copied(count);
    this.count = Math.max(this.count, count);
    return { persist: { records: { count: this.count }, tag: { count, copy: true } } };
  }

  begin(request: number): Effects {
    if (this.ports.name !== 'n1') return { replies: [{ request, refused: 'not me', ask: 'n1' }] };
    this.count += 1;
    this.waiting.set(this.count, request);
    return { persist: { records: { count: this.count }, tag: { count: this.count, copy: false } } };
  }

  persisted({ count, copy }: { count: number; copy: boolean }): Effects {
    if (copy) return { send: [{ to: 'n1', message: { type: 'Copied', count } }] };
    const others = this.ports.members.filter((name) => name !== 'n1');
    return { send: others.map((to) => ({ to, message: { type: 'Copy', count } as const })) };
  }

  copied(count: number): Effects {
    const request = this.waiting.get(count);
    if (request === undefined) return undefined;
    this.waiting.delete(count);
    return { replies: [{ request, output: count }] };
  }
}

/** No two clients are given the same number. */
const distinct = {
  name: 'distinct',
  definition: 'No number is given twice.',
  watch() {
    const given = new Set<unknown>();
    return {
      check(_view: unknown, event: { readonly type: string; readonly operation?: unknown }) {
        if (event.type !== 'complete') return false;
        const { outcome, output } = event.operation as { outcome: string; output: unknown };
        if (outcome !== 'ok') return false;
        if (given.has(output)) throw violation('distinct', `${String(output)} was given twice`);
        given.add(output);
        return true;
      },
    };
  },
};

function echo(over: Partial<Protocol<Message, State>> = {}): Protocol {
  return defineProtocol<Message, State>({
    name: 'counter',
    members: [2, 4],
    messages: ['Copy', 'Copied'],
    member: (ports) => new Counter(ports),
    rules: [distinct],
    workload: () => ({ next: () => ({ f: 'count' }) }),
    leads: ({ leads }) => leads,
    recovers: 5_000,
    ...over,
  }) as Protocol;
}

const withMember = (
  step: (input: ProtocolInput<Message>, ports: ProtocolPorts) => unknown,
): Protocol =>
  echo({
    member: (ports) => ({
      step: (input) => step(input, ports) as Effects,
      state: () => ({ count: 0, leads: false }),
    }),
  });

function planOf(protocol: Protocol, scenario: ScenarioInput = { name: 'calm' }, seed = '1'): Plan {
  const short = { workload: { for: '4s' }, ...scenario } as ScenarioInput;
  return scenarioToPlan(defineScenario(short), seed, planOptionsOf(protocol));
}

const runOf = (own: Protocol, scenario?: ScenarioInput, seed?: string, options: RunOptions = {}) =>
  run(planOf(own, scenario, seed), { ...options, own });

describe('a run', () => {
  test('passes, and counts what was checked, sent and answered', () => {
    const result = runOf(echo());
    expect([result.verdict, result.reason]).toEqual(['pass', null]);
    expect(result.operations.acknowledged).toBeGreaterThan(100);
    expect(result.rules.distinct).toBe(result.operations.acknowledged);
    expect(result.rules.recovers).toBe(1);
    expect(Object.keys(result.messages)).toEqual(['Copy', 'Copied']);
    expect(result.messages.Copied).toBeGreaterThan(100);
  });

  test('is determined by its plan, by reference and through bytes, under every fault', () => {
    const hashes = new Set<string>();
    for (let seed = 1; seed <= 12; seed += 1) {
      const options = { record: { choices: true } };
      const once = runOf(echo(), { name: 'swarm', swarm: 'all' }, String(seed), options);
      const again = runOf(echo(), { name: 'swarm', swarm: 'all' }, String(seed), options);
      expect(once.verdict, `seed ${seed}: ${once.sentence ?? once.reason}`).toBe('pass');
      expect(again.hash).toBe(once.hash);
      expect(again.choices).toEqual(once.choices);
      hashes.add(once.hash);
    }
    expect(hashes.size).toBe(12);
    const one = planOf(echo());
    const results = [true, false].map((bytes) => run({ ...one, bytes }, { own: echo() }));
    expect(results[0]?.hash).toBe(results[1]?.hash);
  });

  test('is found out when a member is not determined by what it is given', () => {
    let ambient = 0;
    const strange = echo({
      member: (ports) => {
        const counter = new Counter(ports);
        return {
          step: (input) => counter.step(input),
          state: () => {
            ambient += 1;
            return { count: ambient, leads: false };
          },
        };
      },
      leads: () => false,
    });
    const plan = planOf(strange);
    const runner = (options: RunOptions) => run(plan, { ...options, own: strange });
    expect(runner({}).hash).not.toBe(runner({}).hash);
    expect(firstDivergence(runner, runner)?.sentence).toMatch(/leaves members that differ/);
  });

  test('draws the members, only faults that make sense, and nothing of Raft', () => {
    const sizes = new Set<number>();
    const faults = new Set<string>();
    const sensible = expectedOf(echo()).faults;
    for (let seed = 1; seed <= 40; seed += 1) {
      const plan = planOf(echo(), { name: 'swarm', swarm: 'all' }, String(seed));
      sizes.add(plan.members.length);
      for (const name of plan.swarm) expect(sensible).toContain(name);
      for (const { fault } of plan.faults) faults.add(fault);
      expect(plan.workload.kind).toBe('protocol');
    }
    expect([...sizes].sort()).toEqual([2, 3, 4]);
    for (const name of [
      'crash',
      'partition',
      'pause',
      'disk-stall',
      'fsync-failure',
      'clock-drift',
    ]) {
      expect(faults, name).toContain(name);
    }
    const cuts = [1, 2, 3, 4, 5, 6, 7, 8].flatMap(
      (seed) => planOf(echo(), { name: 'cut', swarm: ['partition'] }, `${seed}`).faults,
    );
    const cut = cuts.flatMap(({ parameters }) => (parameters.types ?? []) as string[]);
    expect([...new Set(cut)].sort()).toEqual(['Copied', 'Copy']);
    for (const name of ['wipe', 'amnesia', 'bit-rot', 'transfer', 'add', 'campaign']) {
      expect(faults, name).not.toContain(name);
    }
    const plain = expectedOf(echo({ without: ['partition', 'crash:torn'], mayLose: 1 })).faults;
    expect(plain).toEqual(expect.arrayContaining(['amnesia', 'bit-rot', 'crash:kept']));
    expect(plain.filter((name) => name.startsWith('partition') || name === 'crash:torn')).toEqual(
      [],
    );
  });

  test('has a plan that a scenario file can say', () => {
    const plan = planOf(echo(), { name: 'swarm', swarm: 'all' }, '3');
    const read = readScenario(JSON.parse(JSON.stringify(planToScenario(plan))));
    expect(read.ok).toBe(true);
    if (!read.ok) return;
    expect({ ...scenarioToPlan(read.scenario, '3'), swarm: plan.swarm }).toEqual(plan);
  });
});

describe('a bug', () => {
  /** The count is told before it is durable, so that a crash gives it again. */
  const hasty = (): Protocol =>
    echo({
      member: (ports) => {
        const counter = new Counter(ports);
        return {
          state: () => counter.state(),
          step(input) {
            if (input.type !== 'Request' || ports.name !== 'n1') return counter.step(input);
            const effects = counter.begin(input.request.id);
            counter.waiting.clear();
            return { ...effects, replies: [{ request: input.request.id, output: counter.count }] };
          },
        };
      },
    });

  test('is found by its rule, and shrinks to a small story', () => {
    const own = hasty();
    let failed: Plan | null = null;
    const scenario: ScenarioInput = {
      name: 'noise',
      swarm: ['process', 'network', 'clock'],
      workload: { for: '6s' },
      faults: [
        { at: '2s', crash: 'leader', when: 'persist-pending', disk: 'dropped', restart: '500ms' },
      ],
    };
    for (let seed = 1; seed <= 20 && failed === null; seed += 1) {
      const plan = planOf(own, scenario, String(seed));
      const { rule } = run(plan, { own });
      if (plan.faults.length > 4 && rule === 'distinct') failed = plan;
    }
    expect(failed).not.toBeNull();
    const oracle = sameFailureAs({ verdict: 'violation', rule: 'distinct' }, { own });
    const { plan, before, events } = shrinkPlan(failed as Plan, oracle, { runs: 250 });
    expect(plan.faults.length).toBeLessThanOrEqual(2);
    expect(plan.members).toHaveLength(2);
    expect(events).toBeLessThan(before);
    const result = run(plan, { own });
    expect(result.sentence).toMatch(/^\d+ was given twice$/);
    expect(result.definition).toBe('No number is given twice.');
  });

  test('may be what a scenario expects, by its name', () => {
    const scenario = {
      name: 'known',
      expect: 'violation distinct',
      faults: [
        { at: '1s', crash: 'leader', when: 'persist-pending', disk: 'dropped', restart: '100ms' },
      ],
    } as ScenarioInput;
    const named = { ...scenario, workload: { kind: 'protocol', for: '4s' } } as ScenarioInput;
    expect(runOf(hasty(), named)).toMatchObject({ verdict: 'pass', rule: null });
    expect(runOf(echo(), named)).toMatchObject({ verdict: 'violation', rule: 'EXPECT' });
    expect(readScenario(scenario)).toMatchObject({ ok: false, problems: [{ path: ['expect'] }] });
  });

  test('in what clients were told is found by the model', () => {
    const model = defineModel({
      name: 'counter',
      initial: 0,
      operations: { count: { apply: (n: number) => ({ state: n + 1, output: n + 1 }) } },
    });
    expect(runOf(echo({ model })).verdict).toBe('pass');
    const wrong = echo({
      model,
      rules: [],
      member: (ports) => {
        const counter = new Counter(ports);
        return {
          state: () => counter.state(),
          step(input) {
            const effects = counter.step(input);
            const replies = effects?.replies?.map((one) =>
              'output' in one ? { ...one, output: Math.min(50, one.output as number) } : one,
            );
            return replies === undefined ? effects : { ...effects, replies };
          },
        };
      },
    });
    expect(runOf(wrong)).toMatchObject({ verdict: 'violation', rule: 'LIN' });
  });

  test('that stops everything is a violation of what the protocol claims about its recovery', () => {
    const silent = withMember(() => undefined);
    const result = runOf(silent);
    expect([result.verdict, result.rule]).toEqual(['liveness', 'recovers']);
    expect(result.definition).toMatch(/answered within 5000 ms/);
    expect(runOf(silent, { name: 'calm', liveness: false }).verdict).toBe('pass');
  });

  test('that ticks for ever at one instant is one too', () => {
    const result = runOf(withMember(({ at }) => ({ deadline: at })));
    expect(result).toMatchObject({ rule: 'S22', sentence: expect.stringMatching(/^livelock/) });
  });
});

test('messages of one type may be lost, and only those that there are', () => {
  const cut = (type: string): ScenarioInput =>
    ({
      name: 'deaf',
      faults: [{ at: 0, partition: { around: 'leader', types: [type] }, for: '4s' }],
      workload: { kind: 'protocol', for: '4s' },
    }) as ScenarioInput;
  const lost = runOf(echo(), cut('Copied'));
  expect([lost.verdict, lost.messages.Copied]).toEqual(['pass', expect.any(Number)]);
  expect(lost.messages.Copied).toBeLessThan((lost.messages.Copy ?? 0) / 2);
  expect(runOf(echo(), cut('Ghost'))).toMatchObject({
    verdict: 'mistake',
    reason: 'counter has no message Ghost; it has Copy, Copied',
  });
});

describe('the contract of a member', () => {
  const list: unknown[] = [1];
  test.each<[string, (input: ProtocolInput<Message>, ports: ProtocolPorts) => unknown, RegExp]>([
    [
      'ambient time',
      () => ({ deadline: Date.now() }),
      /Date.now was called during a simulated run.*protocol\.test\.ts:\d+/,
    ],
    ['ambient chance', () => ({ deadline: Math.random() }), /Math.random was called/],
    ['a promise', async () => ({}), /a member is synchronous/],
    ['an unknown effect', () => ({ sends: [] }), /step returned sends, which means nothing/],
    [
      'an unknown member',
      () => ({ send: [{ to: 'n9', message: { type: 'Copy', count: 1 } }] }),
      /sent to n9; there are n1, n2/,
    ],
    [
      'an unknown type',
      () => ({ send: [{ to: 'n1', message: { type: 'Other' } }] }),
      /type Other, which messages does not list/,
    ],
    [
      'what cannot be carried',
      () => ({ persist: { records: { a: new Map() } } }),
      /the record a cannot be carried/,
    ],
    [
      'a change after sending',
      ({ type }, { name }) => {
        if (name !== 'n1') return undefined;
        if (type === 'Start') return { persist: { records: { list } } };
        list.push(2);
        return undefined;
      },
      /is frozen from then on/,
    ],
    [
      'an answer to nothing',
      () => ({ replies: [{ request: 99, output: 1 }] }),
      /answered request 99, which is not open/,
    ],
    [
      'a throw',
      () => {
        throw new RangeError('no such row');
      },
      /it threw RangeError: no such row \(at .*protocol\.test\.ts:\d+:\d+\)/,
    ],
  ])('%s is a finding, with its place', (_, step, sentence) => {
    const result = runOf(withMember(step));
    expect([result.verdict, result.rule, result.reason]).toEqual(['violation', 'S22', null]);
    expect(result.sentence).toMatch(/^n1 broke the contract of a member: /);
    expect(result.sentence).toMatch(sentence);
  });

  test.each<[string, Protocol, RegExp]>([
    [
      'a rule',
      echo({
        rules: [
          {
            ...distinct,
            watch: () => ({
              check: () => {
                throw new Error('oh');
              },
            }),
          },
        ],
      }),
      /the rule distinct threw Error: oh/,
    ],
    [
      'a workload',
      echo({ workload: () => ({ next: () => ({}) as never }) }),
      /must return an operation/,
    ],
    [
      'whom it asks',
      echo({ workload: () => ({ next: () => ({ f: 'x', to: 'n8' }) }) }),
      /x is asked of n8; there are n1, n2/,
    ],
    ['a shape', echo({ messages: ['Copy', 'Copy'] as never }), /each type once/],
    ['a size', echo({ members: 0 }), /must be a number or \[fewest, most\]/],
  ])("what is wrong with %s is its author's mistake", (_, own, reason) => {
    const plan = planOf(echo());
    const result = run(plan, { own });
    expect([result.verdict, result.rule]).toEqual(['mistake', null]);
    expect(result.reason).toMatch(reason);
  });

  test('a fault that only Raft bears is a mistake of the scenario', () => {
    const result = runOf(echo(), { name: 'raft', faults: [{ at: '1s', transfer: 'n2' }] });
    expect(result.verdict).toBe('mistake');
    expect(result.reason).toMatch(
      /the fault transfer means nothing to a protocol; it bears network, /,
    );
  });

  test('a plan without its protocol, or with too few members for it, is a mistake too', () => {
    expect(run(planOf(echo())).reason).toMatch(/and none was given/);
    const plan = planOf(echo());
    const alone = { ...plan, members: plan.members.slice(0, 1) };
    expect(run(alone, { own: echo() }).reason).toMatch(
      /counter has 2 to 4 members, and the plan has 1/,
    );
  });
});

describe('a disk', () => {
  /** Writes three records at once at its start; what each boot found is kept here. */
  function booting(faults: ScenarioInput['faults'], over: Partial<Protocol<Message, State>> = {}) {
    const boots: { records: Record<string, unknown>; damaged: readonly string[] }[] = [];
    const heard: unknown[] = [];
    const own = echo({
      members: 1,
      rules: [],
      workload: () => ({ next: () => ({ f: 'x', readOnly: true }) }),
      member: ({ records, damaged }) => {
        boots.push({ records: Object.fromEntries(records), damaged });
        return {
          state: () => ({ count: 0, leads: false }),
          step(input) {
            if (input.type === 'Persisted') heard.push(input.tag);
            if (input.type === 'Request')
              return { replies: [{ request: input.request.id, output: null }] };
            if (input.type !== 'Start' || boots.length > 1) return undefined;
            return { persist: { records: { a: 1, b: [2], c: { d: 3 } }, tag: 'all' } };
          },
        };
      },
      ...over,
    });
    const scenario = { name: 'disk', faults, workload: { for: '3s' } } as ScenarioInput;
    const result = runOf(own, scenario, '1');
    expect([result.verdict, result.sentence ?? result.reason]).toEqual(['pass', null]);
    return { boots, heard, result };
  }
  const crash = (disk: string, at: string) => [
    { at, crash: { target: 'n1', disk, restart: '100ms' } },
  ];

  test('keeps what it called durable, whatever the crash', () => {
    for (const disk of ['kept', 'dropped', 'torn']) {
      const { boots, heard } = booting(crash(disk, '1s'));
      expect(boots[1]?.records).toEqual({ a: 1, b: [2], c: { d: 3 } });
      expect(heard).toEqual(['all']);
    }
  });

  test('keeps, drops or tears what is under way', () => {
    const left = (disk: string) => booting(crash(disk, '50us')).boots[1]?.records;
    expect(left('kept')).toEqual({ a: 1, b: [2], c: { d: 3 } });
    expect(left('dropped')).toEqual({});
    const torn = Object.keys(left('torn') ?? {});
    expect(['a', 'b', 'c'].slice(0, torn.length)).toEqual(torn);
  });

  test('that fails a write stops its member, which comes back', () => {
    const { boots, heard, result } = booting([{ at: 0, 'disk-full': 'n1', for: '300ms' }]);
    expect(result.notes['stopped:NO_SPACE']).toBe(1);
    expect(boots.map(({ records }) => records)).toEqual([{}, {}]);
    expect(heard).toEqual([]);
  });

  test('loses a record, or all, only where the protocol bears it, and says so', () => {
    const rot = [{ at: '1s', 'bit-rot': { target: 'n1', restart: '100ms' } }];
    expect(booting(rot).boots).toHaveLength(1);
    const { boots } = booting(rot, { mayLose: 1 });
    expect(boots[1]?.damaged).toHaveLength(1);
    expect(Object.keys(boots[1]?.records ?? {})).toHaveLength(2);
  });
});
