/**
 * What clients saw: invocations and completions in real-time order, and what a judge may say about it.
 * Usable on any history; there is no Raft in this room. Paper: Herlihy and Wing, "Linearizability" (1990).
 */

/**
 * `invoke` starts an operation of a process; one of the others ends it: `ok` it happened, `fail` it
 * certainly did not happen, `info` it may have happened or may yet happen, for ever.
 */
export type Phase = 'invoke' | 'ok' | 'fail' | 'info';

/**
 * The place the system itself claims for an operation: a log index, and whether the operation is a read
 * *at* that index (after the write there, before the next) or the write itself.
 */
export interface Witness {
  readonly index: number;
  readonly read: boolean;
}

/** One line of a history, Jepsen's shape. `time` is in integer nanoseconds or any monotone unit; order in the array is what counts. */
export interface HistoryEvent {
  readonly process: number;
  readonly type: Phase;
  /** The operation's name: read, write, cas, put, delete, ... */
  readonly f: string;
  /** The input on invoke, the output on ok; null where it does not matter. */
  readonly value: unknown;
  readonly time: number;
  /** On a completion, where the system says it took effect; absent if it does not say. */
  readonly witness?: Witness;
}

/** One operation, paired. `returned` is Infinity when its end was never learned (crashed, `info`, or still open). */
export interface Operation {
  readonly process: number;
  readonly f: string;
  readonly input: unknown;
  /** Undefined when the end was never learned. */
  readonly output: unknown;
  /** Positions in the history: invoked < returned. `a` precedes `b` in real time if a.returned < b.invoked. */
  readonly invoked: number;
  readonly returned: number;
  /** The order the system itself claims, if it does: used by the witness check only. */
  readonly witness?: Witness;
}

/**
 * A sequential specification. States are values compared by `key`; every method is pure, and depends on
 * nothing of an operation but its `f`, `input` and `output` (answers are cached by these three).
 */
export interface Model<State = unknown> {
  readonly name: string;
  initial(): State;
  /** The state after the operation, or null if `output` (undefined: not known) is impossible in this state. */
  step(state: State, operation: Operation): State | null;
  /** Equal states have equal keys, different states different ones. */
  key(state: State): string;
  /** Declared read-only: never changes the state whatever its output. */
  isReadOnly(operation: Operation): boolean;
  /**
   * Declared blind: possible in every state, and the state after it does not depend on the state before
   * (a write whose output says nothing). Only a hint: it makes histories with many crashed writes cheap.
   */
  isBlind?(operation: Operation): boolean;
  /** Operations of different partitions are independent; undefined: one partition. */
  partition?(operation: Operation): string;
  /** A sentence saying why the operation is outside this model's language, or null if it is inside. */
  refuses?(operation: Operation): string | null;
  /** For people: `put x=3 -> ok`. */
  describe?(operation: Operation): string;
}

/** An operation with the instant it may be said to take effect: invoked <= point <= returned. */
export interface Linearized {
  readonly operation: Operation;
  readonly point: number;
}

/** What the black-box search says. `unknown` is not a pass: see `isPass` and `settle` in verdict.ts. */
export type Verdict =
  | {
      readonly verdict: 'ok';
      readonly operations: number;
      readonly steps: number;
      /** On request: one legal order of what took effect, by point. */
      readonly linearization?: readonly Linearized[];
    }
  | {
      readonly verdict: 'illegal';
      readonly partition: string | null;
      /** The smallest set of operations that is already illegal, in order of invocation. */
      readonly window: readonly Operation[];
      /** The states possible before the window, as keys: no order of the window is legal from any of them. */
      readonly before: readonly string[];
      /** The operation that could not be placed: the first whose return makes the history illegal. */
      readonly blocking: Operation;
      /** The states possible before the blocking operation, as keys. */
      readonly states: readonly string[];
      readonly steps: number;
    }
  | { readonly verdict: 'unknown'; readonly steps: number; readonly reason: string };
