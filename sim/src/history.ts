/**
 * From what clients did to what the room `check` judges. Stale reads promise nothing and stay out, lease reads too when clocks stray beyond
 * the bound they assume; keys that expire are outside the model. A batch counts as its writes, each at the batch's place.
 */
import type { Operation, Witness } from '@seedraft/check';
import type { Entry } from '@seedraft/core';
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

/** `claimOf`: the index at which an operation of unknown fate took effect, 0 if it did not. */
export function historyOf(
  operations: readonly Invocation[],
  plan: Plan,
  claimOf: (operation: Invocation) => number,
): Operation[] {
  const history: Operation[] = [];
  for (const operation of operations) {
    if (!isJudged(operation, plan)) continue;
    const known = operation.outcome === 'ok';
    const index = known ? operation.index : claimOf(operation);
    const witness: Witness | null = index > 0 ? { index, read: operation.readOnly } : null;
    if (operation.f === 'batch' && plan.workload.kind !== 'own')
      history.push(...writesOf(operation, witness));
    else history.push(judged(operation, operation.f, operation.input, witness));
  }
  return history;
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
  return {
    process: operation.process,
    f,
    input,
    output: known ? (operation.output ?? null) : undefined,
    invoked: operation.invoked,
    returned: known ? operation.returned : Infinity,
    ...(witness !== null && { witness }),
  };
}

/** The writes of a batch share its index; they claim places up to it, in their order, after the index before. */
function writesOf(operation: Invocation, witness: Witness | null): Operation[] {
  const writes = operation.input as readonly { key: string; value: unknown }[];
  return writes.map((write, position) => {
    const before = (writes.length - 1 - position) / 16;
    const place = witness && { index: witness.index - before, read: false };
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
