/**
 * From what clients did to what the room `check` judges. Stale reads promise nothing and stay out, lease reads too when clocks stray beyond
 * the bound they assume; keys that expire are outside the model. A batch counts as its writes, each at the batch's place.
 */
import type { Operation, Witness } from '@seedraft/check';
import type { Entry } from '@seedraft/core';
import { decodeEnvelope } from '@seedraft/replica';
import type { ClientOperation } from './observer.ts';
import type { Plan } from './plan.ts';
import type { Intent } from './workload.ts';

/** An operation with its place in the history. */
export interface Invocation extends ClientOperation {
  readonly process: number;
  readonly intent: Intent;
  /** Positions in the order of invocations and completions; `returned` is Infinity while open or for ever unknown. */
  readonly invoked: number;
  returned: number;
}

/**
 * `claimOf`: the index at which an operation of unknown fate took effect, 0 if it did not. `timeOf`: the cluster time at an index, that
 * inputs are to bear; what took no place has no time, and stays out.
 */
export function historyOf(
  operations: readonly Invocation[],
  plan: Plan,
  claimOf: (operation: Invocation) => number,
  timeOf: ((index: number) => number) | null = null,
): Operation[] {
  const history: Operation[] = [];
  for (const operation of operations) {
    if (!isJudged(operation, plan)) continue;
    const known = operation.outcome === 'ok';
    const index = known ? operation.index : claimOf(operation);
    const witness: Witness | null = index > 0 ? witnessAt(index, operation.readOnly) : null;
    if (timeOf !== null) {
      if (witness === null) continue;
      const input = { ...(operation.input as object), time: timeOf(index) };
      history.push(judged(operation, operation.f, input, witness));
    } else if (operation.f === 'batch' && hasBatches(plan)) {
      history.push(...writesOf(operation, witness));
    } else history.push(judged(operation, operation.f, operation.input, witness));
  }
  return history;
}

/** In the words of the key-value machine's clients; a user's `batch` is the user's. */
function hasBatches({ workload }: Plan): boolean {
  return workload.kind === 'kv';
}

/** Cluster time by log index: it moves by the stamps of applied commands, and never backwards. */
export function clusterTimes(applied: readonly Entry[]): (index: number) => number {
  const times: number[] = [];
  let time = 0;
  for (const entry of applied) {
    if (entry.kind === 'command') time = Math.max(time, decodeEnvelope(entry).time);
    times[entry.index] = time;
  }
  return (index) => times[index] ?? 0;
}

function isJudged(operation: Invocation, plan: Plan): boolean {
  if (operation.outcome === 'fail' || !operation.intent.isJudged) return false;
  // Nobody saw what it read.
  if (operation.readOnly && operation.outcome !== 'ok') return false;
  if (operation.mode === 'stale') return false;
  return !(operation.mode === 'lease' && plan.beyondDriftBound);
}

function judged(
  operation: Invocation,
  f: string,
  input: unknown,
  witness: Witness | null,
): Operation {
  const known = operation.outcome === 'ok';
  const { process, invoked } = operation;
  const output = known ? (operation.output ?? null) : undefined;
  const returned = known ? operation.returned : Infinity;
  return witness === null
    ? { process, f, input, output, invoked, returned }
    : { process, f, input, output, invoked, returned, witness };
}

/**
 * `read` stands first: objects whose first fields have the same names share how an engine keeps these, and with one place that is a fraction
 * every log index in an object that begins with `index` would be kept as a double, and all that is read from it.
 */
function witnessAt(index: number, read: boolean): Witness {
  return { read, index };
}

/** The writes of a batch share its index; they claim places up to it, in their order, after the index before. */
function writesOf(operation: Invocation, witness: Witness | null): Operation[] {
  const writes = operation.input as readonly { key: string; value: unknown }[];
  return writes.map((write, position) => {
    const before = (writes.length - 1 - position) / 16;
    const place = witness && witnessAt(witness.index - before, false);
    const one = judged(operation, 'put', write, place);
    return one.output === undefined ? one : { ...one, output: null };
  });
}

/** The first applied entry that bears the value an operation was to write; values are distinct. */
export function entryBearing(applied: readonly Entry[], operation: ClientOperation): Entry | null {
  const input = operation.f === 'batch' ? (operation.input as unknown[])[0] : operation.input;
  const { value } = input as { value?: unknown };
  if (typeof value !== 'string') return null;
  const wanted = Array.from(value, (character) => character.charCodeAt(0));
  return applied.find(({ data }) => holds(data, wanted)) ?? null;
}

function holds(data: Uint8Array, wanted: readonly number[]): boolean {
  const first = wanted[0] as number;
  const last = data.length - wanted.length;
  for (let at = data.indexOf(first); at >= 0 && at <= last; at = data.indexOf(first, at + 1)) {
    let length = 1;
    while (length < wanted.length && data[at + length] === wanted[length]) length += 1;
    if (length === wanted.length) return true;
  }
  return false;
}
