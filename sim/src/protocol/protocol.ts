/**
 * What a user writes to put a protocol that is not Raft into the simulator: members, their messages, rules, clients, and a model. A member is
 * pure: what enters is an input with its own clock's time, what leaves are effects, and whatever it knows it was told or drew from its port.
 *
 * Everything handed over (messages, records, outputs) is plain data, and frozen from then on: who changes it later throws where he does it.
 */
import type { Model, Operation } from '@seedraft/check';
import { Violation } from '../observer.ts';
import type { OwnDraw } from '../own/system.ts';

/** A message is plain data with a name. */
export interface ProtocolMessage {
  readonly type: string;
}

/** What enters a member; `at` is its own clock in milliseconds, monotonic, wrong by as much as the plan says. */
export type ProtocolInput<M extends ProtocolMessage = ProtocolMessage> =
  /** The first input after each boot: what the disk held is in the ports. */
  | { readonly type: 'Start'; readonly at: number }
  /** Lost, late, doubled or overtaken, as networks do. */
  | { readonly type: 'Receive'; readonly at: number; readonly from: string; readonly message: M }
  | { readonly type: 'Request'; readonly at: number; readonly request: ProtocolRequest }
  /** A write is durable, and all writes before it. */
  | { readonly type: 'Persisted'; readonly at: number; readonly tag: unknown }
  /** The deadline has come; that uses it up. */
  | { readonly type: 'Tick'; readonly at: number };

/** What a client asks of a member. */
export interface ProtocolRequest {
  /** Names this request in the reply; distinct in the whole run, for each attempt anew. */
  readonly id: number;
  /** The same for every attempt of one operation: what makes a repetition known. Distinct in the whole run. */
  readonly operation: number;
  readonly client: string;
  readonly f: string;
  readonly input: unknown;
}

/** To a request that is open at this member: one at most. Silence is allowed; the client then waits for its timeout. */
export type ProtocolReply =
  | { readonly request: number; readonly output: unknown }
  /** Nothing happened, and nothing will: the client asks again, of whom `ask` names, as often as the plan's `retries` says. */
  | { readonly request: number; readonly refused: string; readonly ask?: string };

/** What leaves a member after a step. Absent: nothing of the kind. */
export interface ProtocolEffects<M extends ProtocolMessage = ProtocolMessage> {
  readonly send?: readonly { readonly to: string; readonly message: M }[];
  /**
   * Records to write, by key; null deletes. Durable when `Persisted` comes back with the tag, and not before: a crash meanwhile keeps all,
   * none, or the first few of them (a record is whole or not there). A write that fails stops the member, as a member that can no longer
   * trust its disk should; it is started again from what is durable.
   */
  readonly persist?: {
    readonly records: Readonly<Record<string, unknown>>;
    readonly tag?: unknown;
  };
  readonly replies?: readonly ProtocolReply[];
  /** When it wants its next Tick, by its own clock; null: not at all. Absent: as before. */
  readonly deadline?: number | null;
}

/** What a member is given at each boot, and all it may ask of the world. */
export interface ProtocolPorts {
  /** n1, n2, ... */
  readonly name: string;
  /** All members, itself included, in the order of their names. */
  readonly members: readonly string[];
  /** What its disk holds. */
  readonly records: ReadonlyMap<string, unknown>;
  /** Keys of records that were there and can no longer be read; only where the protocol says that disks may lose something. */
  readonly damaged: readonly string[];
  /** Chance: a function of the run's seed, the member, its boot, and the number of draws before. */
  readonly draw: {
    /** Uniform in [lowest, highest]. */
    integer(lowest: number, highest: number): number;
    /** True with this probability, 0 to 1. */
    chance(probability: number): boolean;
    pick<T>(from: readonly T[]): T;
  };
}

export interface ProtocolMember<M extends ProtocolMessage = ProtocolMessage, S = unknown> {
  step(input: ProtocolInput<M>): ProtocolEffects<M> | undefined;
  /** Its volatile state as plain data (maps and sets are fine): what rules see, and what is in the hash of a run. */
  state(): S;
}

/** A member as rules see it. */
export interface ProtocolMemberView<S = unknown> {
  readonly name: string;
  readonly status: 'up' | 'paused' | 'down';
  /** Null while it is down. */
  readonly state: S | null;
  /** What is durable on its disk now, whether or not it has heard. */
  readonly records: ReadonlyMap<string, unknown>;
}

export interface ProtocolView<S = unknown> {
  /** True time in microseconds. */
  readonly now: number;
  readonly members: readonly ProtocolMemberView<S>[];
}

/** An operation of a client, as its client sees it. */
export interface ProtocolOutcome {
  readonly id: number;
  readonly client: string;
  readonly f: string;
  readonly input: unknown;
  /** `fail`: it certainly did not happen. `info`: nobody can tell. */
  readonly outcome: 'open' | 'ok' | 'fail' | 'info';
  readonly output: unknown;
}

/** What has just happened. */
export type ProtocolEvent<M extends ProtocolMessage = ProtocolMessage> =
  | {
      readonly type: 'step';
      readonly member: string;
      readonly input: ProtocolInput<M>;
      readonly effects: ProtocolEffects<M>;
    }
  | { readonly type: 'boot' | 'crash'; readonly member: string }
  | { readonly type: 'invoke' | 'complete'; readonly operation: ProtocolOutcome };

/** What one rule remembers in one run. */
export interface ProtocolWatcher<S = unknown, M extends ProtocolMessage = ProtocolMessage> {
  /** After every event. Throws `violation(...)`. False: there was nothing to check, and this time does not count. */
  check(view: ProtocolView<S>, event: ProtocolEvent<M>): boolean | undefined;
  /** After the last event. */
  end?(view: ProtocolView<S>): void;
}

export interface ProtocolRule<S = unknown, M extends ProtocolMessage = ProtocolMessage> {
  /** A few words; what a failure is called. */
  readonly name: string;
  /** One sentence: what must hold. */
  readonly definition: string;
  /** Called once a run: what a rule remembers lives in what it returns. */
  watch(): ProtocolWatcher<S, M>;
}

/** What a client does next. */
export interface ProtocolOperation {
  readonly f: string;
  /** Plain data. Default null. */
  readonly input?: unknown;
  /** Whom to ask. Default: whoever was named or answered last, at first anybody. */
  readonly to?: string;
  /** Changes nothing: asked again after silence, and left out of the history when it was never answered. */
  readonly readOnly?: boolean;
  /** Asked again after silence, under the same operation number: members must know a repetition. */
  readonly retry?: boolean;
}

export interface ProtocolClient {
  next(draw: OwnDraw): ProtocolOperation;
  /** An operation of this client was answered. */
  learn?(operation: { readonly f: string; readonly input: unknown }, output: unknown): void;
}

export interface Protocol<M extends ProtocolMessage = ProtocolMessage, S = unknown> {
  readonly name: string;
  /** How many there are: one number, or the fewest and the most. Default 3 to 5. */
  readonly members?: number | readonly [fewest: number, most: number];
  /** The type of every message there is. Their order numbers them in draws: only ever append. */
  readonly messages: readonly M['type'][];
  /** A member as it boots, each time it does. */
  member(ports: ProtocolPorts): ProtocolMember<M, S>;
  readonly rules?: readonly ProtocolRule<S, M>[];
  /** A new client for each number: what clients remember must not outlive a run. */
  workload(client: number): ProtocolClient;
  /** What clients may be told, as a sequential specification: their history must be linearizable. */
  // biome-ignore lint/suspicious/noExplicitAny: a model's state is its own business, and methods of Model take it back.
  readonly model?: Model<any>;
  /** Judges the history of a whole run in another way: throws `violation(...)`. */
  history?(operations: readonly Operation[]): void;
  /** Whom the word `leader` means when faults choose their victims. */
  leads?(state: S): boolean;
  /** Faults, or classes of them (`partition`, `crash:torn`), that it does not claim to bear: the seed never draws them. */
  readonly without?: readonly string[];
  /** So many disks may lose records or everything in one run. Default 0. */
  readonly mayLose?: number;
  /** Once every fault is healed, a new operation is answered within so many milliseconds. Absent: it claims nothing. */
  readonly recovers?: number;
}

/** The rule that `Protocol.recovers` claims. */
export const RECOVERS = 'recovers';

/** Returns what it is given; gives it its types. */
export function defineProtocol<M extends ProtocolMessage, S>(
  protocol: Protocol<M, S>,
): Protocol<M, S> {
  return protocol;
}

/** What a rule throws: its name, and what was seen, in a sentence with the members it is about. */
export function violation(rule: string, sentence: string): Violation {
  return new Violation(rule, sentence);
}
