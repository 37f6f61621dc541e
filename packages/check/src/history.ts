/**
 * What clients saw: invocations and completions in real-time order. Usable on any history; there is no Raft in this room.
 */

/** `invoke` starts an operation of a process; `ok`, `fail` (certainly did not happen) or `info` (may have happened, for ever) ends it. */
export type Phase = 'invoke' | 'ok' | 'fail' | 'info';

/** One line of a history, Jepsen's shape. `time` is in integer nanoseconds or any monotone unit; order in the array is what counts. */
export interface HistoryEvent {
  readonly process: number;
  readonly type: Phase;
  /** The operation's name: read, write, cas, put, delete, ... */
  readonly f: string;
  /** The input on invoke, the output on ok; null where it does not matter. */
  readonly value: unknown;
  readonly time: number;
}

/** One operation, paired. `returned` is Infinity when its end was never learned (crashed, `info`, or still open). */
export interface Operation {
  readonly process: number;
  readonly f: string;
  readonly input: unknown;
  /** Undefined when the end was never learned. */
  readonly output: unknown;
  /** Positions in the history: invoked < returned. */
  readonly invoked: number;
  readonly returned: number;
  /**
   * The order the system itself claims, if it does (log index, then 0 for the write itself or 1 for a read at that index):
   * used by the witness check only.
   */
  readonly witness?: { readonly index: number; readonly read: boolean };
}

/** A sequential specification. States are values compared by `key`; `step` is pure. */
export interface Model<State = unknown> {
  readonly name: string;
  initial(): State;
  /** The state after the operation, or null if `output` (undefined: not known) is impossible in this state. */
  step(state: State, operation: Operation): State | null;
  /** Equal states have equal keys. */
  key(state: State): string;
  /** Declared read-only: never changes the state whatever its output. */
  isReadOnly(operation: Operation): boolean;
  /** Operations of different partitions are independent; undefined: one partition. */
  partition?(operation: Operation): string;
  /** For people: `put x=3 -> ok`. */
  describe?(operation: Operation): string;
}

export type Verdict =
  | { readonly verdict: 'ok'; readonly operations: number; readonly steps: number }
  | {
      readonly verdict: 'illegal';
      readonly partition: string | null;
      /** The smallest set of operations that is already illegal, in order of invocation. */
      readonly window: readonly Operation[];
      /** The operation that could not be placed. */
      readonly blocking: Operation;
      /** The states possible before it, as keys. */
      readonly states: readonly string[];
      readonly steps: number;
    }
  | { readonly verdict: 'unknown'; readonly steps: number; readonly reason: string };
