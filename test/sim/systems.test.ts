/**
 * The workloads `ring`, `expiry` and `sketches`: the built-in machine passes under what they do, with every kind of operation at work and judged; a
 * machine that expires by a clock of its own, or loses a vnode, is caught, by the rule that is about it.
 */
import { KvMachine, type KvResult } from '@seedraft/kv';
import type { ApplyContext, StateMachine } from '@seedraft/replica';
import { builtInSystem, type OwnSystem, type Plan, type RunResult, run } from '@seedraft/sim';
import { describe, expect, it } from 'vitest';
import { type PlanOverrides, plainPlan } from './plans.ts';

type Kind = 'ring' | 'expiry' | 'sketches' | 'kv';
type Mix = Plan['workload']['mix'];
const MIXES: Readonly<Record<Kind, Mix>> = {
  ring: { get: 3, put: 0, cas: 0, delete: 0, expire: 0, batch: 0, add: 4, remove: 3 },
  expiry: { get: 6, put: 4, cas: 2, delete: 1, expire: 0, batch: 0, touch: 4 },
  sketches: { get: 3, put: 0, cas: 0, delete: 0, expire: 0, batch: 0, add: 3, remove: 1, merge: 2 },
  kv: { get: 3, put: 1, cas: 1, delete: 0, expire: 0, batch: 0, increment: 4, transact: 4 },
};

function planOf(kind: Kind, seed: string, over: PlanOverrides = {}): Plan {
  const faults: Plan['faults'] = [
    {
      id: 1,
      at: 1_500_000,
      duration: 0,
      fault: 'crash',
      parameters: { target: 'leader', restart: 600_000 },
    },
  ];
  const workload = { kind, mix: MIXES[kind], keys: 3, ...over.workload };
  return plainPlan(seed, { faults, snapshot: SMALL, ...over, workload });
}

const SMALL = { everyEntries: 40, everyBytes: 10_000_000, keep: 5 };

/** The same workload and model over another machine. */
function planted(kind: Exclude<Kind, 'kv'>, seed: string, machine: () => StateMachine): RunResult {
  const plan = planOf(kind, seed);
  const own: OwnSystem = { ...builtInSystem(plan)!, machine };
  return run({ ...plan, workload: { ...plan.workload, kind: 'own' } }, { own });
}

const found = ({ verdict, rule, sentence, reason }: RunResult) => ({
  verdict,
  rule,
  why: sentence ?? reason,
});
const PASS = { verdict: 'pass', rule: null, why: null };

describe.each(['ring', 'expiry', 'sketches', 'kv'] as const)('%s', (kind) => {
  it('passes, judged, with every operation at work', () => {
    const names = new Map<string, number>();
    for (const seed of ['a', 'b']) {
      const result = run(planOf(kind, seed), { record: { history: true } });
      expect(found(result)).toEqual(PASS);
      for (const { f, output } of result.history!) {
        if (output !== undefined) names.set(f, (names.get(f) ?? 0) + 1);
      }
    }
    const wanted = {
      ring: ['size', 'add', 'remove', 'nodes'],
      expiry: ['get', 'left', 'put', 'create', 'delete', 'expire', 'persist'],
      sketches: [
        ...['pfadd', 'pfcount', 'pfmerge', 'pfdel'],
        ...['bfreserve', 'bfadd', 'bfexists', 'bfmerge', 'bfdel'],
      ],
      kv: ['get', 'put', 'cas', 'increment', 'transact'],
    }[kind];
    expect([...names.keys()].sort()).toEqual(wanted.sort());
    for (const [f, count] of names) expect([f, count > 10]).toEqual([f, true]);
  });
});

it('keys do expire, and reads see them before and after', () => {
  const { history } = run(planOf('expiry', 'c'), { record: { history: true } });
  const left = history!
    .filter(({ f }) => f === 'left')
    .map(({ output }) => output as number | null);
  expect(left.some((ms) => ms !== null && ms > 0)).toBe(true);
  expect(left).toContain(null);
  const gone = history!.filter(({ f, output }) => f === 'get' && output === null);
  expect(gone.length).toBeGreaterThan(5);
});

describe('planted bugs are caught', () => {
  it('expiry by a clock of its own: states differ', () => {
    let made = 0;
    const result = planted('expiry', 'd', () => {
      made += 1;
      return new Hasty(40 * made);
    });
    expect(result).toMatchObject({ verdict: 'violation', rule: 'S20' });
  });

  it('reads that hide what has expired by a clock of their own: nobody differs, and no order explains it', () => {
    let made = 0;
    const result = planted('expiry', 'e', () => {
      made += 1;
      return new HastyReader(150 * made);
    });
    expect(result).toMatchObject({ verdict: 'violation', rule: 'LIN' });
  });

  it('a ring that loses a vnode when a node leaves: all members agree, the model does not', () => {
    expect(planted('ring', 'f', () => new Leaky())).toMatchObject({
      verdict: 'violation',
      rule: 'LIN',
    });
  });

  it.each([
    [
      'forgets one of its elements',
      (answer: KvResult) => contained(answer, (one, i) => one && i > 0),
    ],
    ['takes every stranger for a member', (answer: KvResult) => contained(answer, () => true)],
    ['counts what it has twice', countedTwice],
  ])('a sketch that %s: all members agree, the sets do not', (_, changed) => {
    const result = planted('sketches', 'h', () => new Smudged(changed));
    expect(result).toMatchObject({ verdict: 'violation', rule: 'LIN' });
  });

  it('the same systems over the machine as it is pass', () => {
    for (const kind of ['ring', 'expiry', 'sketches'] as const) {
      expect(found(planted(kind, 'g', () => new KvMachine()))).toEqual(PASS);
    }
  });
});

/** Its clock is ahead of the cluster's. */
class Hasty extends KvMachine {
  readonly #ahead: number;
  constructor(ahead: number) {
    super();
    this.#ahead = ahead;
  }
  override onTime(time: number, index: number): void {
    super.onTime(time + this.#ahead, index);
  }
}

class HastyReader extends KvMachine {
  readonly #ahead: number;
  constructor(ahead: number) {
    super();
    this.#ahead = ahead;
  }
  override query(query: unknown, context: { readonly time: number }): KvResult {
    const answer = super.query(query, context);
    if (answer.status !== 'found') return answer;
    const { expires } = answer.item;
    return expires !== null && expires <= context.time + this.#ahead
      ? { status: 'missing' }
      : answer;
  }
}

class Leaky extends KvMachine {
  override apply(command: unknown, context: ApplyContext): KvResult {
    const answer = super.apply(command, context);
    const isRemoval = Array.isArray(command) && command[0] === 'ringRemove';
    if (!isRemoval || answer.status !== 'ring' || answer.relocations.length === 0) return answer;
    const lost = answer.relocations[0]!.vnodes[0]!;
    const nodes = answer.ring.nodes.map(({ id, vnodes }) => ({
      id,
      vnodes: vnodes.filter((vnode) => vnode !== lost),
    }));
    return { ...answer, ring: { ...answer.ring, nodes } };
  }
}

class Smudged extends KvMachine {
  readonly #changed: (answer: KvResult) => KvResult;
  constructor(changed: (answer: KvResult) => KvResult) {
    super();
    this.#changed = changed;
  }
  override query(query: unknown, context: { readonly time: number }): KvResult {
    return this.#changed(super.query(query, context));
  }
}

function contained(answer: KvResult, as: (one: boolean, place: number) => boolean): KvResult {
  return answer.status === 'contained'
    ? { ...answer, contained: answer.contained.map(as) }
    : answer;
}

function countedTwice(answer: KvResult): KvResult {
  return answer.status === 'counted' ? { ...answer, count: 2 * answer.count } : answer;
}
