/** A run's operations as a history file that `seedraft check` (or any Jepsen tool) reads back to the same verdict. */
import type { HistoryEvent, Operation } from '@seedraft/check';

interface Placed {
  readonly position: number;
  readonly event: HistoryEvent;
}

/** Processes of this many apart are one client: a batch counts as several operations at once, and a process has one open at a time. */
const LANE = 10_000;

/** `time` is the event's place in the order of invocations and completions: all that linearizability looks at. */
export function historyEvents(operations: readonly Operation[]): HistoryEvent[] {
  const lanes = new Map<string, number>();
  const placed: Placed[] = [];
  for (const operation of operations) {
    const key = `${operation.process} ${operation.invoked}`;
    const lane = lanes.get(key) ?? 0;
    lanes.set(key, lane + 1);
    const process = operation.process + lane * LANE;
    const { f, input, output, invoked, returned, witness } = operation;
    const at = (position: number, event: Omit<HistoryEvent, 'process' | 'f' | 'time'>): void => {
      placed.push({ position, event: { process, f, time: position, ...event } });
    };
    at(invoked, { type: 'invoke', value: input });
    // An end that was never learned may stand anywhere after the invocation.
    if (returned === Number.POSITIVE_INFINITY) at(invoked, { type: 'info', value: null });
    else at(returned, { type: 'ok', value: output ?? null, ...(witness && { witness }) });
  }
  return placed.sort((a, b) => a.position - b.position).map(({ event }) => event);
}
