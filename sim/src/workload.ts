/**
 * What clients ask for: a Subject, and the one of the key-value machine (that of a user's own is in own/). Its operations are drawn from the
 * plan's mix; each written value is distinct, so that a read names the write it saw. Keys that expire live apart (no client reads them): the
 * model has no clock.
 */
import type { Entry } from '@seedraft/core';
import {
  cas,
  get,
  increment,
  type KvCommand,
  type KvResult,
  put,
  remove,
  transact,
} from '@seedraft/kv';
import type { ClientRequest, ReadMode } from '@seedraft/replica';
import { entryBearing, type Invocation } from './history.ts';
import { Violation } from './observer.ts';
import type { Plan, WorkloadPlan } from './plan.ts';
import type { Randomness, Stream } from './random.ts';

/** An operation before it is asked for. */
export interface Intent {
  readonly f: string;
  readonly input: unknown;
  readonly readOnly: boolean;
  readonly mode: ReadMode | 'write';
  /** False: outside the model's language, or not a word of the machine's. */
  readonly isJudged: boolean;
}

export interface ClientTraits {
  readonly hasSession: boolean;
  readonly isReader: boolean;
}

/** What one client does next, and what it remembers. */
export interface ClientWorkload {
  readonly hasSession: boolean;
  /** Null: the mix is empty. `id` is the operation's. */
  next(id: number): Intent | null;
  /** What came out of an operation. */
  learn(f: string, input: unknown, output: unknown): void;
}

/** What the clients of a run ask for, and what the answers mean to the judge of histories. */
export interface Subject {
  client(plan: Plan, randomness: Randomness, index: number, traits: ClientTraits): ClientWorkload;
  /** The request that carries an operation. */
  requestFor(
    intent: Intent,
    sessionId: number,
    sequence: number,
    firstIncomplete: number,
  ): ClientRequest;
  outputOf(intent: Intent, answer: unknown): unknown;
  /** A write that nobody else makes, and that may be sent again outside a session. */
  fresh(id: number, plan: Plan): Intent;
  /** By name, linearizable reads that show what the writes of a run left, in the order of first use. */
  readsBack(operations: readonly Invocation[]): ReadonlyMap<string, Intent>;
  /** By id, the index at which each write of unknown fate outside a session took effect; without an entry: it did not. */
  claimsOf(writes: readonly Invocation[], applied: readonly Entry[]): ReadonlyMap<number, number>;
  /** Inputs in the history bear the cluster time at which the operation took effect. */
  readonly timed: boolean;
}

export interface Weighted<T> {
  readonly of: T;
  readonly weight: number;
}

const NAMESPACE = 'default';

const READ = { f: 'get', readOnly: true, mode: 'linearizable', isJudged: true } as const;

/** The key-value machine, and the register that is one of its keys. */
export const kvSubject: Subject = {
  timed: false,
  client: (plan, randomness, index, traits) => new KvWorkload(plan, randomness, index, traits),
  requestFor,
  outputOf: ({ f }, answer) => outputOf(f, answer),
  // Its key is its own, so that writing it twice does no harm.
  fresh: (id) => {
    const input = { key: `fresh ${id}`, value: distinctValue(id, 8) };
    return write('put', input);
  },
  // Keys that expire are outside the model.
  readsBack: (operations) => {
    const reads = new Map<string, Intent>();
    for (const { f, input, intent, readOnly } of operations) {
      if (readOnly || !intent.isJudged) continue;
      for (const { key } of (f === 'batch' ? input : [input]) as readonly Input[]) {
        if (!reads.has(key)) reads.set(key, { ...READ, input: { key } });
      }
    }
    return reads;
  },
  claimsOf: (writes, applied) => {
    const claims = new Map<number, number>();
    for (const operation of writes) {
      const entry = operation.outcome === 'ok' ? null : entryBearing(applied, operation);
      if (entry !== null) claims.set(operation.id, entry.index);
    }
    return claims;
  },
};

function write(f: string, input: unknown): Intent {
  return { f, input, readOnly: false, mode: 'write', isJudged: true };
}

type Word = Exclude<keyof WorkloadPlan['mix'], 'touch' | 'add' | 'remove' | 'merge'>;

/** Draws what one client of the key-value machine does next. */
class KvWorkload implements ClientWorkload {
  readonly #plan: WorkloadPlan;
  readonly #mix: readonly Weighted<Word>[];
  readonly #modes: readonly Weighted<ReadMode>[];
  readonly #kind: Stream;
  readonly #key: Stream;
  readonly #mode: Stream;
  readonly #guess: Stream;
  readonly #hasSession: boolean;
  readonly #keys: number;
  /** What this client last knew of each key: what a cas expects. */
  readonly #known = new Map<string, unknown>();

  constructor(
    plan: Plan,
    randomness: Randomness,
    client: number,
    { hasSession, isReader }: ClientTraits,
  ) {
    const { mix } = plan.workload;
    this.#plan = plan.workload;
    this.#hasSession = hasSession;
    // A register is one key that can be read, written and swapped.
    const isStore = plan.workload.kind === 'kv' ? 1 : 0;
    this.#keys = isStore === 1 ? Math.max(1, plan.workload.keys) : 1;
    const all: Weighted<Word>[] = [
      { of: 'get', weight: mix.get },
      { of: 'put', weight: mix.put },
      { of: 'cas', weight: mix.cas },
      // What a delete did cannot be told apart by its value, so only a session can say where one of unknown fate took effect.
      { of: hasSession ? 'delete' : 'put', weight: mix.delete * isStore },
      { of: 'expire', weight: mix.expire * isStore },
      { of: 'batch', weight: mix.batch * isStore },
      // Nor can two equal increments.
      { of: hasSession ? 'increment' : 'put', weight: (mix.increment ?? 0) * isStore },
      { of: 'transact', weight: mix.transact ?? 0 },
    ];
    this.#mix = isReader ? all.slice(0, 1) : all;
    this.#modes = readModes(plan.workload);
    this.#kind = randomness.stream('client.kind', client);
    this.#key = randomness.stream('client.key', client);
    this.#mode = randomness.stream('client.mode', client);
    this.#guess = randomness.stream('client.guess', client);
  }

  get hasSession(): boolean {
    return this.#hasSession;
  }

  /** The operation's id makes its values distinct. */
  next(id: number): Intent | null {
    const f = pick(this.#mix, this.#kind);
    if (f === null) return null;
    const key = drawKey({ keys: this.#keys, skew: this.#plan.skew }, this.#key);
    const value = distinctValue(id, this.#plan.valueBytes);
    switch (f) {
      case 'get': {
        const mode = pick(this.#modes, this.#mode) ?? 'linearizable';
        return { f, input: { key }, readOnly: true, mode, isJudged: true };
      }
      case 'put':
        return write(f, { key, value });
      case 'cas':
      case 'transact':
        return write(f, { key, expected: this.#expected(key), value });
      case 'increment':
        return write(f, { key: `counter ${key}`, by: this.#guess.between(-2, 5) });
      case 'delete':
        return write(f, { key });
      case 'expire': {
        const ttl = this.#guess.between(1, 3000);
        return { ...write(f, { key: `expiring ${key}`, value, ttl }), isJudged: false };
      }
      case 'batch':
        return write(f, this.#batch(key, value));
    }
  }

  /** To aim a later cas. */
  learn(f: string, input: unknown, output: unknown): void {
    const { key, value } = input as { key: string; value: unknown };
    if (f === 'get') this.#known.set(key, output);
    else if (f === 'put' || (isSwap(f) && output === true)) this.#known.set(key, value);
    else if (f === 'delete') this.#known.set(key, null);
  }

  #expected(key: string): unknown {
    // Mostly what it last saw, so that many succeed; at times absence, so that keys are created by cas too.
    return this.#guess.chance(150_000) ? null : (this.#known.get(key) ?? null);
  }

  #batch(key: string, value: string): { key: string; value: string }[] {
    const other = drawKey({ keys: this.#keys, skew: this.#plan.skew }, this.#key);
    const writes = [{ key, value: `${value}a` }];
    if (other !== key) writes.push({ key: other, value: `${value}b` });
    return writes;
  }
}

/** What the read modes of a plan weigh. */
export function readModes({ reads }: WorkloadPlan): readonly Weighted<ReadMode>[] {
  return [
    { of: 'linearizable', weight: reads.linearizable },
    { of: 'lease', weight: reads.lease },
    { of: 'stale', weight: reads.stale },
  ];
}

export function drawKey(
  { keys, skew }: Pick<WorkloadPlan, 'keys' | 'skew'>,
  stream: Stream,
): string {
  if (skew > 0 && stream.chance(skew)) return 'k0';
  return `k${stream.below(keys)}`;
}

function isSwap(f: string): boolean {
  return f === 'cas' || f === 'transact';
}

/** No value is part of another: entries are searched for them. */
function distinctValue(id: number, bytes: number): string {
  return `<${id}>`.padEnd(bytes, '.');
}

/** An answer that this operation cannot have: it is another one's. */
function strange(f: string, answer: unknown): Violation {
  const shown =
    typeof answer === 'string' ? answer : Array.isArray(answer) ? 'a list' : `${answer}`;
  return new Violation('LIN', `a client's ${f} was answered by what is no answer to it: ${shown}`);
}

function requestFor(
  intent: Intent,
  sessionId: number,
  sequence: number,
  firstIncomplete: number,
): ClientRequest {
  const input = intent.input as Input;
  if (intent.readOnly) {
    return { type: 'Query', mode: intent.mode as ReadMode, query: get(NAMESPACE, input.key) };
  }
  if (intent.f !== 'batch') {
    const command = commandFor(intent.f, input);
    return { type: 'Command', sessionId, sequence, firstIncomplete, command };
  }
  const writes = intent.input as readonly Input[];
  const commands = writes.map((one) => commandFor('put', one));
  return { type: 'Batch', sessionId, sequence, firstIncomplete, commands };
}

interface Input {
  readonly key: string;
  readonly value: string;
  readonly expected: string | null;
  readonly ttl: number;
  readonly by: number;
}

function commandFor(f: string, input: Input): KvCommand {
  const { key, value, expected, ttl, by } = input;
  const condition = expected === null ? (['absent'] as const) : (['value', expected] as const);
  switch (f) {
    case 'increment':
      return increment(NAMESPACE, key, by);
    case 'transact':
      return transact([[NAMESPACE, key, condition]], [put(NAMESPACE, key, value)]);
    case 'delete':
      return remove(NAMESPACE, key);
    case 'expire':
      return put(NAMESPACE, key, value, { ttl });
    case 'cas':
      return cas(NAMESPACE, key, condition, value);
    default:
      return put(NAMESPACE, key, value);
  }
}

/** What the machine answered, in the words of the model in `check`. A refused command is our own mistake. */
function outputOf(f: string, answer: unknown): unknown {
  if (f === 'batch') {
    if (!Array.isArray(answer)) throw strange(f, answer);
    for (const one of answer) outputOf('put', one);
    return null;
  }
  if (typeof answer !== 'object' || answer === null || !('status' in answer)) {
    throw strange(f, answer);
  }
  const result = answer as KvResult;
  // Nothing here asks for what the machine refuses.
  if (result.status === 'refused') throw strange(f, `a refusal: ${result.reason}`);
  switch (f) {
    case 'get':
      return result.status === 'found' ? result.item.value : null;
    case 'cas':
      return result.status === 'stored';
    case 'transact':
      return result.status === 'done';
    case 'increment':
      return result.status === 'incremented' ? Number(result.value) : null;
    case 'delete':
      return result.status === 'deleted';
    default:
      return null;
  }
}

export function pick<T>(from: readonly Weighted<T>[], stream: Stream): T | null {
  let sum = 0;
  for (const { weight } of from) sum += weight;
  if (sum <= 0) return null;
  let point = stream.below(sum);
  for (const { of, weight } of from) {
    if (point < weight) return of;
    point -= weight;
  }
  return null;
}
