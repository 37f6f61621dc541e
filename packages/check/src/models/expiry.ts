/**
 * A key-value store whose keys expire, one partition per key. Absence is null, so null is never a stored value. Every input bears `time`: the
 * clock that all replicas share (cluster time, ms) at the place where the operation took effect. A key is there before its deadline, and
 * gone from it on. Conventions:
 *   get      input {key, time}               output the value, or null
 *   put      input {key, value, ttl, time}   output null (ignored); ttl null: it stays
 *   create   input {key, value, ttl, time}   output whether the key was absent, and is now there
 *   delete   input {key, time}               output whether the key existed
 *   expire   input {key, ttl, time}          output whether the key existed; its deadline is time + ttl then
 *   persist  input {key, time}               output whether the key existed; it stays then
 *   left     input {key, time}               output ms until the deadline, -1 if it stays, null if it is absent
 */
import { canonical } from '../canonical.ts';
import type { Model } from '../history.ts';
import { type Box, defineModel, type OperationRule, type Outcome } from './define.ts';

interface Cell {
  readonly value: unknown;
  readonly deadline: number | null;
}
type State = Cell | null;

interface KeyInput {
  readonly key: unknown;
  readonly time: number;
}
interface TtlInput extends KeyInput {
  readonly ttl: number | null;
}
interface PutInput extends TtlInput {
  readonly value: unknown;
}

const isFalse = (output: unknown): boolean => output === false;

const RULES: Readonly<Record<string, OperationRule<State>>> = {
  get: {
    readOnly: true,
    apply: (state, input: KeyInput) => ({ state, output: there(state, input)?.value ?? null }),
  },
  put: {
    overwrites: true,
    silent: true,
    apply: (_state, input: PutInput) => ({ state: cellOf(input), output: null }),
  },
  create: {
    readOnly: isFalse,
    apply: (state, input: PutInput) =>
      there(state, input) === null
        ? { state: cellOf(input), output: true }
        : { state, output: false },
  },
  delete: {
    readOnly: isFalse,
    overwrites: true,
    apply: (state, input: KeyInput) => ({ state: null, output: there(state, input) !== null }),
  },
  expire: {
    readOnly: isFalse,
    apply: (state, input: TtlInput) => withDeadline(state, input, deadlineOf(input)),
  },
  persist: {
    readOnly: isFalse,
    apply: (state, input: KeyInput) => withDeadline(state, input, null),
  },
  left: {
    readOnly: true,
    apply: (state, input: KeyInput) => {
      const cell = there(state, input);
      if (cell === null) return { state, output: null };
      return { state, output: cell.deadline === null ? -1 : cell.deadline - input.time };
    },
  },
};

/** A key-value store with expiry: get, put, create, delete, expire, persist, left. */
export function expiringKv(): Model<Box<State>> {
  const timed = Object.entries(RULES).map(([f, rule]): [string, OperationRule<State>] => [
    f,
    { ...rule, refuses: (input) => lacksTime(input) },
  ]);
  return defineModel<State>({
    name: 'kv with expiry',
    initial: null,
    operations: Object.fromEntries(timed),
    partition: ({ key }: KeyInput) => canonical(key),
  });
}

function there(state: State, { time }: KeyInput): State {
  return state !== null && (state.deadline === null || time < state.deadline) ? state : null;
}

function withDeadline(state: State, input: KeyInput, deadline: number | null): Outcome<State> {
  const cell = there(state, input);
  return cell === null ? { state, output: false } : { state: { ...cell, deadline }, output: true };
}

function cellOf(input: PutInput): Cell {
  return { value: input.value, deadline: deadlineOf(input) };
}

function deadlineOf({ ttl, time }: TtlInput): number | null {
  return ttl === null ? null : time + ttl;
}

function lacksTime(input: unknown): string | null {
  const { key, time } = (input ?? {}) as Partial<KeyInput>;
  if (key === undefined || key === null) return 'the input lacks key';
  return Number.isFinite(time) ? null : 'the input lacks time';
}
