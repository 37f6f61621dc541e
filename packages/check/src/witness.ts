/**
 * The witness check: is the order that the system itself claims a legal one? O(n log n), for every run.
 * Claimed order: by log index, a read at index i after the write at i and before i+1, reads at one index by
 * invocation (they commute). It must respect real time, and the model must allow it, partition by partition.
 *
 * `ok` is a linearization found, so it implies the black-box `ok`. `illegal` says that the claim is false:
 * the history may still be linearizable in another order, but then the system misreports what it did.
 */
import type { Model, Operation, Witness } from './history.ts';
import { refusal } from './linearizability.ts';
import { describe } from './verdict.ts';

export type WitnessVerdict =
  | { readonly verdict: 'ok'; readonly operations: number }
  | {
      readonly verdict: 'illegal';
      readonly rule: /** Claimed against real time. */
        | 'real-time'
        /** Claimed where the model does not allow it. */
        | 'output'
        /** Two writes claim one index. */
        | 'index';
      /** The pair that contradicts, in claimed order; `first` is null if the initial state does. */
      readonly first: Operation | null;
      readonly second: Operation;
      /** For `output`: the key of the state it claims to have met. */
      readonly state: string | null;
      readonly sentence: string;
    }
  | { readonly verdict: 'unknown'; readonly reason: string };

type Claimed = Operation & { readonly witness: Witness };

/** Judges operations by the order they claim. Those that never returned and claim nothing are taken not to have happened. */
export function checkWitness<S>(operations: readonly Operation[], model: Model<S>): WitnessVerdict {
  const refused = refusal(operations, model as Model);
  if (refused !== null) return { verdict: 'unknown', reason: refused };
  const claimed = operations.filter(isClaimed).sort(byClaim);
  const silent = operations.filter((operation) => !isClaimed(operation));
  const ended = silent.find((operation) => operation.returned !== Infinity);
  if (ended !== undefined) {
    const reason = `${describe(model, ended)} (event ${ended.invoked}) returned but claims no place`;
    return { verdict: 'unknown', reason };
  }
  return (
    sharedIndex(claimed, model) ??
    againstRealTime(claimed, model) ??
    againstModel(claimed, silent, model) ?? { verdict: 'ok', operations: operations.length }
  );
}

function isClaimed(operation: Operation): operation is Claimed {
  return operation.witness !== undefined;
}

function byClaim(a: Claimed, b: Claimed): number {
  return (
    a.witness.index - b.witness.index ||
    Number(a.witness.read) - Number(b.witness.read) ||
    a.invoked - b.invoked
  );
}

function sharedIndex<S>(claimed: readonly Claimed[], model: Model<S>): WitnessVerdict | null {
  for (let at = 1; at < claimed.length; at++) {
    const first = claimed[at - 1]!;
    const second = claimed[at]!;
    if (second.witness.read || first.witness.read) continue;
    if (first.witness.index !== second.witness.index) continue;
    const sentence = `${named(model, first)} and ${named(model, second)} both claim to be the entry at index ${first.witness.index}`;
    return { verdict: 'illegal', rule: 'index', first, second, state: null, sentence };
  }
  return null;
}

function againstRealTime<S>(claimed: readonly Claimed[], model: Model<S>): WitnessVerdict | null {
  let latest: Claimed | null = null;
  for (const operation of claimed) {
    if (latest !== null && operation.returned < latest.invoked) {
      const sentence =
        `${named(model, operation)} returned before ${named(model, latest)} was invoked, ` +
        `yet claims the later place (${place(operation)} after ${place(latest)})`;
      return {
        verdict: 'illegal',
        rule: 'real-time',
        first: latest,
        second: operation,
        state: null,
        sentence,
      };
    }
    if (latest === null || operation.invoked > latest.invoked) latest = operation;
  }
  return null;
}

function againstModel<S>(
  claimed: readonly Claimed[],
  silent: readonly Operation[],
  model: Model<S>,
): WitnessVerdict | null {
  const partitions = new Map<string, { state: S; writer: Claimed | null }>();
  const partitionOf = (operation: Operation) => model.partition?.(operation) ?? '';
  for (const operation of claimed) {
    const name = partitionOf(operation);
    const { state, writer } = partitions.get(name) ?? { state: model.initial(), writer: null };
    const after = model.step(state, operation);
    if (after === null) {
      const other = silent.find(
        (one) =>
          !model.isReadOnly(one) && partitionOf(one) === name && one.invoked < operation.returned,
      );
      if (other !== undefined) return undecided(operation, other, model);
      return impossible(operation, writer, model.key(state), model);
    }
    const changed = after !== state && model.key(after) !== model.key(state);
    partitions.set(name, { state: after, writer: changed ? operation : writer });
  }
  return null;
}

/** An operation of unknown fate that claims nothing could explain what was seen. */
function undecided<S>(operation: Operation, other: Operation, model: Model<S>): WitnessVerdict {
  const reason =
    `${named(model, operation)} does not fit its claimed place, but ${named(model, other)} ` +
    'never returned and claims none: it may have come between';
  return { verdict: 'unknown', reason };
}

function impossible<S>(
  second: Claimed,
  first: Claimed | null,
  state: string,
  model: Model<S>,
): WitnessVerdict {
  const since = first === null ? 'the initial state' : `left by ${named(model, first)}`;
  const sentence = `${named(model, second)} at ${place(second)} is impossible in state ${state} (${since})`;
  return { verdict: 'illegal', rule: 'output', first, second, state, sentence };
}

function named<S>(model: Model<S>, operation: Operation): string {
  return `${describe(model, operation)} (process ${operation.process}, event ${operation.invoked})`;
}

function place({ witness }: Claimed): string {
  return witness.read ? `a read at index ${witness.index}` : `index ${witness.index}`;
}
