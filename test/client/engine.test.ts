/**
 * Proves, against a model cluster that is as unpleasant as the protocol allows: a write that was answered was executed exactly once and with
 * that very answer; one that failed as `not applied` never was nor will be; none is executed twice; every call ends once, by its deadline; and
 * when the faults end, everything is answered.
 */
import { type Ask, Call, Engine, type Outcome } from '@seedraft/client/engine';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Knobs, MODEL_ADDRESSES, ModelCluster } from './model.ts';

interface Asked {
  readonly call: Call;
  readonly ask: Ask;
  readonly deadline: number;
  outcomes: Outcome[];
  settledAt: number;
}

/** Often none or few: one fault hides what another would show. */
const probability = (max: number) =>
  fc
    .tuple(fc.constantFrom(0, 0.1, 1), fc.double({ min: 0, max, noNaN: true }))
    .map(([some, p]) => some * p);
const knobs: fc.Arbitrary<Knobs> = fc.record({
  seed: fc.integer(),
  refuse: probability(0.5),
  unknown: probability(0.5),
  late: probability(1),
  cut: probability(1),
  expire: probability(0.3),
  wrongLeader: probability(0.5),
  credits: fc.constantFrom(1, 2, 4, 40),
  delay: fc.constantFrom(2, 20, 200),
});

function engineOn(cluster: ModelCluster, sessionTimeout: number | null): Engine {
  const engine = new Engine(cluster, {
    endpoints: MODEL_ADDRESSES.slice(0, 2),
    clusterId: '',
    name: 'test',
    token: '',
    random: cluster.random,
    patience: { dial: 500, silence: 300 },
    backoff: { initial: 10, max: 300 },
    sessionTimeout,
    maxCalls: 10_000,
    batching: { maxCommands: 8, maxBytes: 10_000 },
    maxRequestBytes: 1_000_000,
  });
  cluster.engine = engine;
  return engine;
}

const namesOf = (ask: Ask): string[] =>
  ask.type === 'batch'
    ? ask.commands.map((c) => JSON.stringify(c))
    : ask.type === 'command'
      ? [JSON.stringify(ask.command)]
      : ask.type === 'admin'
        ? [JSON.stringify(ask.request)]
        : [];

class Run {
  readonly cluster: ModelCluster;
  readonly engine: Engine;
  readonly asked: Asked[] = [];

  constructor(cluster: ModelCluster, sessionTimeout: number | null) {
    this.cluster = cluster;
    this.engine = engineOn(cluster, sessionTimeout);
  }

  ask(ask: Ask, timeout: number): Asked {
    const { cluster } = this;
    const deadline = cluster.now + timeout;
    const call = new Call(ask, deadline, (outcome) => {
      asked.outcomes.push(outcome);
      asked.settledAt = cluster.now;
    });
    const asked: Asked = { call, ask, deadline, outcomes: [], settledAt: 0 };
    this.asked.push(asked);
    this.engine.ask(cluster.now, call);
    cluster.after(0, () => {});
    return asked;
  }

  /** Something that a user might do. */
  something(id: number): void {
    const { random } = this.cluster;
    const dice = random();
    const timeout = random() < 0.4 ? Math.floor(random() * 1000) : 5000;
    const key = `k${Math.floor(random() * 6)}`;
    const asked = this.ask(
      dice < 0.6
        ? { type: 'command', command: [id, key], apart: random() < 0.8 ? key : null }
        : dice < 0.7
          ? { type: 'batch', commands: Array.from({ length: 1 + (id % 3) }, (_, i) => [id, i]) }
          : dice < 0.75
            ? {
                type: 'admin',
                request: { type: 'TransferLeadership', target: id },
                address: null,
              }
            : {
                type: 'query',
                mode: dice < 0.8 ? 'stale' : dice < 0.9 ? 'lease' : 'linearizable',
                query: id,
              },
      timeout,
    );
    if (random() < 0.05) {
      this.cluster.after(Math.floor(random() * 200), () => this.engine.abort(asked.call));
    }
  }

  /** Until nothing happens any more, or `until`. */
  go(until: number): void {
    while (this.cluster.now < until && this.cluster.step());
  }
}

function judge({ cluster, asked }: Run): void {
  for (const { ask, outcomes, deadline, settledAt } of asked) {
    expect(outcomes).toHaveLength(1);
    expect(settledAt).toBeLessThanOrEqual(deadline);
    const outcome = outcomes[0]!;
    for (const [i, name] of namesOf(ask).entries()) {
      const executed = cluster.executed.get(name) ?? [];
      expect(executed.length).toBeLessThanOrEqual(1);
      if (outcome.ok) {
        const value = ask.type === 'batch' ? (outcome.value as unknown[])[i] : outcome.value;
        expect(value).toEqual(['did', name, executed[0]]);
      } else if (outcome.outcome === 'not applied') {
        expect([outcome.code, name, executed]).toEqual([outcome.code, name, []]);
      }
    }
    if (ask.type === 'query' && outcome.ok) expect(outcome.value).toBe(ask.query);
    if (ask.type === 'query' && !outcome.ok) expect(outcome.outcome).toBe('not applied');
  }
}

function live(k: Knobs, sessionTimeout: number | null): Run {
  const cluster = new ModelCluster(k);
  const run = new Run(cluster, sessionTimeout);
  let id = 0;
  const arrive = () => {
    const together = cluster.random() < 0.4 ? 10 : 1;
    for (let i = 0; i < together; i++) run.something(++id);
    if (id < 150) cluster.after(Math.floor(cluster.random() * 60), arrive);
  };
  arrive();
  run.go(12_000);
  cluster.heal();
  // A break that nobody heard of outlives the faults, and without a session whoever meets it first is told `unknown`, truly: one for each member.
  const rounds = sessionTimeout === null ? MODEL_ADDRESSES.length : 0;
  for (let round = 0; round < rounds; round++) {
    const ask: Ask = { type: 'command', command: ['finds out', round], apart: null };
    cluster.after(2000 * (1 + round), () => run.ask(ask, 2000));
  }
  cluster.after(2000 * (1 + rounds), () => {
    for (let i = 0; i < 5; i++)
      run.ask({ type: 'command', command: ['last', i], apart: null }, 2000);
  });
  run.go(60_000);
  judge(run);
  for (const last of run.asked.slice(-5)) expect(last.outcomes[0]).toMatchObject({ ok: true });
  return run;
}

/** A connection broke, unheard, and the faults ended before anybody used it again. */
const UNHEARD: Knobs = {
  seed: -108853365,
  refuse: 0,
  unknown: 0,
  late: 0,
  cut: 0.9185159038752319,
  expire: 0,
  wrongLeader: 0,
  credits: 4,
  delay: 200,
};

describe('against a model cluster', () => {
  test('with sessions: exactly once, and no false word', () => {
    const seen = { unknowns: 0, cuts: 0, expiries: 0, redirects: 0, duplicates: 0, groups: 0 };
    const codes = new Map<string, number>();
    fc.assert(
      fc.property(knobs, (k) => {
        const { cluster, asked } = live(k, 60_000);
        for (const name of Object.keys(seen) as (keyof typeof seen)[])
          seen[name] += cluster.seen[name];
        for (const { outcomes } of asked) {
          const outcome = outcomes[0]!;
          const code = outcome.ok ? 'ok' : `${outcome.code} ${outcome.outcome}`;
          codes.set(code, (codes.get(code) ?? 0) + 1);
        }
      }),
      { numRuns: 60 },
    );
    // The runs went where it matters.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(0);
    for (const code of ['ok', 'TIMEOUT unknown', 'TIMEOUT not applied', 'ABORTED unknown']) {
      expect(codes.get(code)).toBeGreaterThan(0);
    }
  });

  test('without sessions: at most once, and no false word', () => {
    fc.assert(
      fc.property(knobs, (k) => void live(k, null)),
      { numRuns: 25, examples: [[UNHEARD]] },
    );
  });

  test('a session is kept alive while it is used, and given back when it is not', () => {
    const cluster = new ModelCluster({
      seed: 1,
      refuse: 0,
      unknown: 0,
      late: 0,
      cut: 0,
      expire: 0,
      wrongLeader: 0,
      credits: 8,
      delay: 2,
    });
    cluster.heal();
    const run = new Run(cluster, 3000);
    run.ask({ type: 'command', command: 'x', apart: null }, 1000);
    run.go(100_000);
    expect(run.asked[0]!.outcomes[0]).toMatchObject({ ok: true });
    expect(cluster.now).toBeGreaterThan(14_000);
    expect(cluster.requests.filter((r) => r === 'Batch').length).toBeGreaterThan(3);
    expect(cluster.requests.at(-1)).toBe('CloseSession');
  });
});
