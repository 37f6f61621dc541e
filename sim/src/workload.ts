/**
 * What clients ask for: operations of the key-value machine drawn from the plan's mix, and the requests that carry them. Each written value
 * is distinct, so that a read names the write it saw. Keys that expire live apart (no client reads them): the model has no clock.
 */
import { cas, get, type KvCommand, type KvResult, put, remove } from '@seedraft/kv';
import type { ClientRequest, ReadMode } from '@seedraft/replica';
import type { Plan, WorkloadPlan } from './plan.ts';
import type { Randomness, Stream } from './random.ts';

/** An operation before it is asked for. */
export interface Intent {
  readonly f: string;
  readonly input: unknown;
  readonly readOnly: boolean;
  readonly mode: ReadMode | 'write';
}

interface Weighted<T> {
  readonly of: T;
  readonly weight: number;
}

const NAMESPACE = 'default';

/** Draws what one client does next. */
export class Workload {
  readonly #plan: WorkloadPlan;
  readonly #mix: readonly Weighted<keyof WorkloadPlan['mix']>[];
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
    { hasSession, isReader }: { readonly hasSession: boolean; readonly isReader: boolean },
  ) {
    const { mix, reads } = plan.workload;
    this.#plan = plan.workload;
    this.#hasSession = hasSession;
    // A register is one key that can be read, written and swapped.
    const isStore = plan.workload.kind === 'kv' ? 1 : 0;
    this.#keys = isStore === 1 ? Math.max(1, plan.workload.keys) : 1;
    const all: Weighted<keyof WorkloadPlan['mix']>[] = [
      { of: 'get', weight: mix.get },
      { of: 'put', weight: mix.put },
      { of: 'cas', weight: mix.cas },
      // What a delete did cannot be told apart by its value, so only a session can say where one of unknown fate took effect.
      { of: hasSession ? 'delete' : 'put', weight: mix.delete * isStore },
      { of: 'expire', weight: mix.expire * isStore },
      { of: 'batch', weight: mix.batch * isStore },
    ];
    this.#mix = isReader ? all.slice(0, 1) : all;
    this.#modes = [
      { of: 'linearizable', weight: reads.linearizable },
      { of: 'lease', weight: reads.lease },
      { of: 'stale', weight: reads.stale },
    ];
    this.#kind = randomness.stream('client.kind', client);
    this.#key = randomness.stream('client.key', client);
    this.#mode = randomness.stream('client.mode', client);
    this.#guess = randomness.stream('client.guess', client);
  }

  get hasSession(): boolean {
    return this.#hasSession;
  }

  /** Null: the mix is empty. `id` is the operation's, and makes its values distinct. */
  next(id: number): Intent | null {
    const f = pick(this.#mix, this.#kind);
    if (f === null) return null;
    const key = this.#drawKey();
    const value = distinctValue(id, this.#plan.valueBytes);
    switch (f) {
      case 'get': {
        const mode = pick(this.#modes, this.#mode) ?? 'linearizable';
        return { f, input: { key }, readOnly: true, mode };
      }
      case 'put':
        return { f, input: { key, value }, readOnly: false, mode: 'write' };
      case 'cas':
        return {
          f,
          input: { key, expected: this.#expected(key), value },
          readOnly: false,
          mode: 'write',
        };
      case 'delete':
        return { f, input: { key }, readOnly: false, mode: 'write' };
      case 'expire': {
        const ttl = this.#guess.between(1, 3000);
        return { f, input: { key: `expiring ${key}`, value, ttl }, readOnly: false, mode: 'write' };
      }
      case 'batch':
        return { f, input: this.#batch(key, value), readOnly: false, mode: 'write' };
    }
  }

  /** What came out of an operation, to aim a later cas. */
  learn(f: string, input: unknown, output: unknown): void {
    const { key, value } = input as { key: string; value: unknown };
    if (f === 'get') this.#known.set(key, output);
    else if (f === 'put' || (f === 'cas' && output === true)) this.#known.set(key, value);
    else if (f === 'delete') this.#known.set(key, null);
  }

  #drawKey(): string {
    const { skew } = this.#plan;
    if (skew > 0 && this.#key.chance(skew)) return 'k0';
    return `k${this.#key.below(this.#keys)}`;
  }

  #expected(key: string): unknown {
    // Mostly what it last saw, so that many succeed; at times absence, so that keys are created by cas too.
    return this.#guess.chance(150_000) ? null : (this.#known.get(key) ?? null);
  }

  #batch(key: string, value: string): { key: string; value: string }[] {
    const other = this.#drawKey();
    const writes = [{ key, value: `${value}a` }];
    if (other !== key) writes.push({ key: other, value: `${value}b` });
    return writes;
  }
}

/** No value is part of another: entries are searched for them. */
export function distinctValue(id: number, bytes: number): string {
  return `<${id}>`.padEnd(bytes, '.');
}

/** The request that carries an operation. */
export function requestFor(
  intent: Intent,
  sessionId: number,
  sequence: number,
  firstIncomplete: number,
): ClientRequest {
  const input = intent.input as Input;
  if (intent.readOnly) {
    return { type: 'Query', mode: intent.mode as ReadMode, query: get(NAMESPACE, input.key) };
  }
  const session = { sessionId, sequence, firstIncomplete };
  if (intent.f !== 'batch')
    return { type: 'Command', ...session, command: commandFor(intent.f, input) };
  const writes = intent.input as readonly Input[];
  return { type: 'Batch', ...session, commands: writes.map((write) => commandFor('put', write)) };
}

interface Input {
  readonly key: string;
  readonly value: string;
  readonly expected: string | null;
  readonly ttl: number;
}

function commandFor(f: string, input: Input): KvCommand {
  const { key, value, expected, ttl } = input;
  switch (f) {
    case 'delete':
      return remove(NAMESPACE, key);
    case 'expire':
      return put(NAMESPACE, key, value, { ttl });
    case 'cas':
      return cas(NAMESPACE, key, expected === null ? ['absent'] : ['value', expected], value);
    default:
      return put(NAMESPACE, key, value);
  }
}

/** What the machine answered, in the words of the model in `check`. A refused command is our own mistake. */
export function outputOf(f: string, answer: unknown): unknown {
  if (f === 'batch') {
    for (const one of answer as readonly unknown[]) outputOf('put', one);
    return null;
  }
  const result = answer as KvResult;
  if (result.status === 'refused') throw new Error(`a client's ${f} was refused: ${result.reason}`);
  switch (f) {
    case 'get':
      return result.status === 'found' ? result.item.value : null;
    case 'cas':
      return result.status === 'stored';
    case 'delete':
      return result.status === 'deleted';
    default:
      return null;
  }
}

function pick<T>(from: readonly Weighted<T>[], stream: Stream): T | null {
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
