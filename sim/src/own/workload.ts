/**
 * The clients of a user's own workload: what they ask, as the intents of any other client. Draws come from the run's keyed randomness, so
 * that a workload that takes chance from nowhere else is the same in every run of a plan.
 */
import { encode, tryEncode } from '@seedraft/codec';
import type { Entry } from '@seedraft/core';
import { COMMAND, decodeEnvelope, type ReadMode } from '@seedraft/replica';
import type { Invocation } from '../history.ts';
import type { Plan, WorkloadPlan } from '../plan.ts';
import type { Randomness, Stream } from '../random.ts';
import type { ClientTraits, ClientWorkload, Intent, Subject } from '../workload.ts';
import { drawKey, pick, readModes } from '../workload.ts';
import {
  frozen,
  type OwnClient,
  type OwnDraw,
  OwnMistake,
  type OwnOperation,
  type OwnSystem,
  usersOwn,
} from './system.ts';

/** A client that only reads asks its workload so often for a query before it takes what comes. */
const TRIES = 32;

/** An intent that knows its own request. */
interface OwnIntent extends Intent {
  readonly ask:
    | { readonly type: 'Command'; readonly command: unknown }
    | { readonly type: 'Query'; readonly mode: ReadMode; readonly query: unknown }
    | { readonly type: 'OpenSession'; readonly timeout: number };
  readonly output: (answer: unknown) => unknown;
}

/** What clients ask of a user's machine. */
export function ownSubject(own: OwnSystem): Subject {
  return {
    client: (plan, randomness, index, traits) =>
      new OwnWorkload(own, plan, randomness, index, traits),
    requestFor: (intent, sessionId, sequence, firstIncomplete) => {
      const { ask } = intent as OwnIntent;
      if (ask.type !== 'Command') return ask;
      return { ...ask, sessionId, sequence, firstIncomplete };
    },
    outputOf: (intent, answer) => {
      const { f, output } = intent as OwnIntent;
      return frozen(usersOwn(`output of ${f}`, () => output(answer)));
    },
    // A write that no machine sees, and that may be sent again outside a session without any harm.
    fresh: (_id, plan): OwnIntent => ({
      f: 'open a session',
      input: null,
      readOnly: false,
      mode: 'write',
      isJudged: false,
      ask: { type: 'OpenSession', timeout: Math.ceil(plan.workload.sessionTimeout / 1000) },
      output: (answer) => answer,
    }),
    readsBack,
    claimsOf,
    timed: own.timed === true,
  };
}

/** Nobody but the workload knows what may be asked: each query of the run once more. */
function readsBack(operations: readonly Invocation[]): Map<string, Intent> {
  const reads = new Map<string, Intent>();
  for (const { intent } of operations) {
    const { ask } = intent as OwnIntent;
    if (ask.type !== 'Query') continue;
    const again: OwnIntent = {
      ...(intent as OwnIntent),
      mode: 'linearizable',
      ask: { ...ask, mode: 'linearizable' },
    };
    reads.set(`${intent.f} ${encode(ask.query).join()}`, again);
  }
  return reads;
}

/**
 * Nothing in a log tells two equal commands apart, and nothing needs to: of the entries that bear a command outside a session, those that
 * no client was told of belong to the writes of unknown fate with that command, the earliest entry to the earliest write. If any way of
 * giving them out respects real time, this one does.
 */
function claimsOf(writes: readonly Invocation[], applied: readonly Entry[]): Map<number, number> {
  const lost = new Map<string, Invocation[]>();
  const told = new Set<number>();
  for (const write of writes) {
    if (write.outcome === 'ok') told.add(write.told);
    else listOf(lost, keyOf(write.intent as OwnIntent)).push(write);
  }
  const claims = new Map<number, number>();
  if (lost.size === 0) return claims;
  for (const entry of applied) {
    if (entry.kind !== 'command' || told.has(entry.index)) continue;
    const { kind, sessionId, body } = decodeEnvelope(entry);
    if (kind !== COMMAND || sessionId !== 0) continue;
    const write = lost.get(encode(body).join())?.shift();
    if (write !== undefined) claims.set(write.id, entry.index);
  }
  return claims;
}

function keyOf({ ask }: OwnIntent): string {
  return ask.type === 'Command' ? encode(ask.command).join() : '';
}

function listOf<T>(lists: Map<string, T[]>, key: string): T[] {
  const known = lists.get(key);
  if (known !== undefined) return known;
  const list: T[] = [];
  lists.set(key, list);
  return list;
}

class OwnWorkload implements ClientWorkload {
  readonly hasSession: boolean;
  readonly #create: () => OwnClient;
  readonly #draw: WorkloadDraw;
  readonly #modes: ReturnType<typeof readModes>;
  readonly #mode: Stream;
  readonly #onlyReads: boolean;
  #client: OwnClient | null = null;

  constructor(
    own: OwnSystem,
    plan: Plan,
    randomness: Randomness,
    index: number,
    { hasSession, isReader }: ClientTraits,
  ) {
    this.hasSession = hasSession;
    this.#onlyReads = isReader;
    this.#create = () => own.workload(index);
    this.#draw = new WorkloadDraw(randomness.stream('client.own', index), index, plan.workload);
    this.#modes = readModes(plan.workload);
    this.#mode = randomness.stream('client.mode', index);
  }

  next(id: number): Intent {
    this.#draw.id = id;
    let operation = this.#ask();
    for (let n = 1; n < TRIES && this.#onlyReads && operation.query === undefined; n += 1) {
      operation = this.#ask();
    }
    return this.#intentFor(operation);
  }

  learn(f: string, input: unknown, output: unknown): void {
    usersOwn('learn of the workload', () => this.#client?.learn?.({ f, input }, output));
  }

  #ask(): OwnOperation {
    return usersOwn('next of the workload', () => {
      this.#client ??= this.#create();
      const operation = this.#client.next(this.#draw);
      assertOperation(operation);
      return operation;
    });
  }

  #intentFor(operation: OwnOperation): OwnIntent {
    const { f, command, query } = operation;
    const isQuery = query !== undefined;
    const mode = isQuery
      ? (operation.mode ?? pick(this.#modes, this.#mode) ?? 'linearizable')
      : 'write';
    return {
      f,
      input: frozen(operation.input === undefined ? (query ?? command) : operation.input),
      readOnly: isQuery,
      mode,
      isJudged: true,
      ask: isQuery
        ? { type: 'Query', mode: mode as ReadMode, query: frozen(query) }
        : { type: 'Command', command: frozen(command) },
      output: (answer) => (operation.output === undefined ? answer : operation.output(answer)),
    };
  }
}

function assertOperation(operation: OwnOperation): void {
  const { f, command, query } = (operation ?? {}) as Partial<OwnOperation>;
  if (typeof f !== 'string' || f === '' || (command === undefined) === (query === undefined)) {
    throw new OwnMistake(
      `next of the workload must return { f, command } or { f, query }, not ${shown(operation)}`,
    );
  }
  const encoded = tryEncode(command ?? query);
  if (encoded.ok) return;
  throw new OwnMistake(`the workload's ${f} cannot be carried: ${encoded.code}: ${encoded.reason}`);
}

function shown(value: unknown): string {
  if (typeof (value as { then?: unknown } | null)?.then === 'function') return 'a promise';
  return JSON.stringify(value) ?? String(value);
}

/** Draws for what a user wrote, in the words he knows. */
export class WorkloadDraw implements OwnDraw {
  id = 0;
  readonly client: number;
  readonly #stream: Stream;
  readonly #plan: WorkloadPlan;

  constructor(stream: Stream, client: number, plan: WorkloadPlan) {
    this.#stream = stream;
    this.client = client;
    this.#plan = plan;
  }
  integer(lowest: number, highest: number): number {
    if (!Number.isSafeInteger(lowest) || !(highest >= lowest) || highest - lowest > 0xffff_fffe) {
      throw new RangeError(`integer(${lowest}, ${highest}): give two integers, the lowest first`);
    }
    return this.#stream.between(lowest, Math.floor(highest));
  }
  chance(probability: number): boolean {
    return this.#stream.chance(Math.round(probability * 1_000_000));
  }
  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new RangeError('pick from an empty list');
    return from[this.#stream.below(from.length)] as T;
  }
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const all = Object.entries<number>(weights).map(([of, weight]) => ({ of: of as Name, weight }));
    const drawn = pick(all, this.#stream);
    if (drawn === null) throw new RangeError('weighted: every weight is 0');
    return drawn;
  }
  key(): string {
    return drawKey(this.#plan, this.#stream);
  }
}
