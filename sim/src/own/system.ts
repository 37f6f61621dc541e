/**
 * A user's own system under the simulator: a machine, what its clients ask of it, and a model that says what they may be told. Whatever
 * breaks in it has a name: a machine that breaks its contract is a finding (S22, S20, S19, S18), a workload or a model that does is an
 * OwnMistake, which says nothing about the cluster.
 */
import type { Model } from '@seedraft/check';
import type { ReadMode, StateMachine } from '@seedraft/replica';
import { Violation } from '../observer.ts';

/** What a client does next. `f`, `input` and the output are what the model sees; the command or query is what the machine sees. */
export type OwnOperation = {
  readonly f: string;
  /** Plain data. Default: the command, or the query. */
  readonly input?: unknown;
  /** What the machine's answer means to the model. Default: the answer. */
  output?(answer: unknown): unknown;
} & (
  | { readonly command: unknown; readonly query?: undefined }
  /** `mode`: default what the plan's mix of read modes draws. */
  | { readonly command?: undefined; readonly query: unknown; readonly mode?: ReadMode }
);

/** Chance for a workload: everything drawn is a function of the run's seed, the client and the number of draws before. */
export interface OwnDraw {
  /** The operation's number, distinct in the whole run: for values that name the write they came from. */
  readonly id: number;
  /** From 0. */
  readonly client: number;
  /** Uniform in [lowest, highest]. */
  integer(lowest: number, highest: number): number;
  /** True with this probability, 0 to 1. */
  chance(probability: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** One of the names, by relative weight. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name;
  /** `k0`, `k1`, ... as many and as skewed as the plan says. */
  key(): string;
}

/** One client of the workload, and what it remembers. */
export interface OwnClient {
  next(draw: OwnDraw): OwnOperation;
  /** An operation of this client was acknowledged with this output. */
  learn?(operation: { readonly f: string; readonly input: unknown }, output: unknown): void;
}

export interface OwnSystem {
  /** A new machine in its first state, each time it is asked. */
  readonly machine: () => StateMachine;
  /** A new client for each number: what clients remember must not outlive a run. */
  readonly workload: (client: number) => OwnClient;
  readonly model: Model;
  /**
   * The model's inputs, which are objects then, bear `time`: the cluster time (ms) at the operation's place in the log, from the entries' stamps.
   * What took no place in it is left out of the history.
   */
  readonly timed?: boolean;
}

/** The user's workload, model or factory broke its contract: nothing can be said about the cluster. */
export class OwnMistake extends Error {
  constructor(sentence: string, cause?: unknown) {
    super(cause === undefined ? sentence : `${sentence} ${describeThrown(cause)}`);
    this.name = 'OwnMistake';
  }
}

/** Runs what the user wrote; `what` begins the sentence that names it when it throws. */
export function usersOwn<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (thrown) {
    if (thrown instanceof OwnMistake || thrown instanceof Violation) throw thrown;
    throw new OwnMistake(`${what} threw`, thrown);
  }
}

/** `TypeError: no such job (at machine.ts:12:3)` */
export function describeThrown(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const place = placeOf(thrown);
  return `${thrown.name}: ${thrown.message}${place === null ? '' : ` (at ${place})`}`;
}

/** The first place in a file that is not one of our traps. */
function placeOf({ stack }: Error): string | null {
  for (const line of (stack ?? '').split('\n')) {
    const [, place] = /^\s*at (?!.*\btrap\b).*?([^\s(/\\]+:\d+:\d+)\)?$/.exec(line) ?? [];
    if (place !== undefined) return place;
  }
  return null;
}

/** Plain data that nobody can change any more; bytes, which cannot be frozen, stay as they are. */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (ArrayBuffer.isView(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) frozen(inner);
  return value;
}

/** Somebody changed what `frozen` froze. */
export function isFrozenWrite(thrown: unknown): boolean {
  if (!(thrown instanceof TypeError)) return false;
  return /read only|not extensible|^Cannot (add|delete|define|redefine) property/.test(
    thrown.message,
  );
}
