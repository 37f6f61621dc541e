/**
 * Histories of a real concurrent object, for tests: clients run against one sequential machine, each operation
 * takes effect at one instant between its invocation and its return, some crash before or after it. Such a
 * history is linearizable by construction; `spoil` changes one output so that it (most often) is not.
 */
import type { HistoryEvent, Operation } from '@seedraft/check';

/** A small seeded generator (mulberry32), so that a failing case is a number. */
export function randomness(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

export interface Workload {
  readonly seed: number;
  readonly clients: number;
  readonly operations: number;
  /** Values written are drawn from so many; 0: every write is of its own. */
  readonly values: number;
  /** Share of operations whose end is never learned, per thousand. */
  readonly crashes: number;
  readonly keys?: number;
  /** Relative weights. */
  readonly mix?: { readonly read: number; readonly write: number; readonly cas: number };
}

interface Pending {
  readonly f: string;
  readonly input: unknown;
  readonly crashes: boolean;
  effective: boolean;
  output: unknown;
}

/** A linearizable register history (f: read, write, cas), or a kv one (get, put, cas) when `keys` is given. */
export function generate(workload: Workload): HistoryEvent[] {
  const draw = randomness(workload.seed);
  const events: HistoryEvent[] = [];
  const states = new Map<string, unknown>();
  const pending: (Pending | null)[] = Array.from({ length: workload.clients }, () => null);
  /** Crashed operations that may still take effect. */
  const ghosts: Pending[] = [];
  let process = Array.from({ length: workload.clients }, (_, client) => client);
  let started = 0;
  const emit = (client: number, type: HistoryEvent['type'], f: string, value: unknown) =>
    events.push({ process: process[client]!, type, f, value, time: events.length });
  while (started < workload.operations || pending.some((one) => one !== null)) {
    if (ghosts.length > 0 && draw(20) === 0) takeEffect(ghosts.splice(draw(ghosts.length), 1)[0]!);
    const client = draw(workload.clients);
    const operation = pending[client];
    if (operation == null) {
      if (started === workload.operations) continue;
      const next = drawOperation(workload, draw, ++started);
      pending[client] = next;
      emit(client, 'invoke', next.f, next.input);
    } else if (operation.crashes) {
      emit(client, 'info', operation.f, null);
      ghosts.push(operation);
      pending[client] = null;
      process = process.map((one, at) => (at === client ? one + workload.clients : one));
    } else if (!operation.effective) {
      takeEffect(operation);
    } else {
      emit(client, 'ok', operation.f, operation.output);
      pending[client] = null;
    }
  }
  return events;

  function takeEffect(operation: Pending): void {
    const input = operation.input as { key?: unknown; expected?: unknown; value?: unknown } | null;
    const key = workload.keys === undefined ? '' : String(input?.key);
    const state = states.get(key) ?? null;
    operation.effective = true;
    if (operation.f === 'read' || operation.f === 'get') operation.output = state;
    else if (operation.f === 'write') states.set(key, operation.input);
    else if (operation.f === 'put') states.set(key, input?.value);
    else {
      operation.output = input?.expected === state;
      if (operation.output) states.set(key, input?.value);
    }
  }
}

function drawOperation(
  workload: Workload,
  draw: (below: number) => number,
  ordinal: number,
): Pending {
  const { read, write, cas } = workload.mix ?? { read: 5, write: 4, cas: 1 };
  const value = () => (workload.values === 0 ? ordinal : draw(workload.values));
  const kind = draw(read + write + cas);
  const keyed = workload.keys === undefined ? {} : { key: `k${draw(workload.keys)}` };
  const name = kind < read ? 0 : kind < read + write ? 1 : 2;
  const f = (workload.keys === undefined ? ['read', 'write', 'cas'] : ['get', 'put', 'cas'])[name]!;
  const expected = () => (workload.values === 0 ? draw(ordinal) : draw(workload.values));
  const inputs = [
    () => (workload.keys === undefined ? null : keyed),
    () => (workload.keys === undefined ? value() : { ...keyed, value: value() }),
    () => ({ ...keyed, expected: expected(), value: value() }),
  ];
  const crashes = draw(1000) < workload.crashes;
  return { f, input: inputs[name]!(), crashes, effective: false, output: null };
}

/** The same operations with the output of the last read (or get) at or before `near` changed to `output`. */
export function spoil(
  operations: readonly Operation[],
  near: number,
  output: unknown,
): readonly Operation[] {
  const at = operations.findLastIndex(
    (one, index) =>
      index <= near && (one.f === 'read' || one.f === 'get') && one.returned !== Infinity,
  );
  return operations.map((one, index) => (index === at ? { ...one, output } : one));
}
