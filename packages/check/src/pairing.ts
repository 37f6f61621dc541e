/**
 * Events to operations. Decides what each completion means: `ok` gives an operation its output and its end;
 * `info`, and an operation still open at the end, leave it without either, so it may take effect at any
 * time after its invocation or never; `fail` takes it out of the history, because it certainly did not happen.
 * A history that breaks the rules below is refused whole, with every breach named: judging its remains
 * could turn a broken recorder into a pass.
 */
import type { HistoryEvent, Operation, Witness } from './history.ts';

export type HistoryErrorCode =
  /** The text is not JSON or EDN. */
  | 'SYNTAX'
  /** The text is well formed but is not a sequence of events. */
  | 'NOT_A_HISTORY'
  | 'MISSING_FIELD'
  | 'BAD_FIELD'
  /** The type is not invoke, ok, fail or info. */
  | 'UNKNOWN_TYPE'
  /** A process ends an operation that it has not begun. */
  | 'COMPLETION_WITHOUT_INVOKE'
  /** A process begins an operation while another of its own is open. */
  | 'TWO_OPEN_OPERATIONS'
  /** A completion bears another name than its invocation. */
  | 'MISMATCHED_COMPLETION';

export interface HistoryError {
  readonly code: HistoryErrorCode;
  readonly sentence: string;
  /** Index of the event in the history; null if it concerns no one event. */
  readonly position: number | null;
  /** 1-based, where the history was read from text. */
  readonly line?: number;
  readonly column?: number;
}

export type Paired =
  | { readonly ok: true; readonly operations: readonly Operation[] }
  | { readonly ok: false; readonly errors: readonly HistoryError[] };

/** Pairs the events of a history; operations come in order of invocation. */
export function pairHistory(events: readonly HistoryEvent[]): Paired {
  const open = new Map<number, number>();
  const completions: (number | undefined)[] = [];
  const errors: HistoryError[] = [];
  events.forEach((event, position) => {
    const error = eventError(event, position, events, open);
    if (error !== null) errors.push(error);
    if (event.type === 'invoke') {
      open.set(event.process, position);
    } else {
      const invoked = open.get(event.process);
      if (invoked !== undefined) completions[invoked] = position;
      open.delete(event.process);
    }
  });
  if (errors.length > 0) return { ok: false, errors };
  const operations: Operation[] = [];
  events.forEach((event, invoked) => {
    if (event.type !== 'invoke') return;
    const returned = completions[invoked];
    const operation = pair(event, invoked, returned === undefined ? undefined : events[returned]);
    if (operation !== null) {
      operations.push(returned === undefined ? operation : ended(operation, events, returned));
    }
  });
  return { ok: true, operations };
}

/** The operation as it stands before its end is known, or null if it certainly did not happen. */
function pair(
  invocation: HistoryEvent,
  invoked: number,
  completion: HistoryEvent | undefined,
): Operation | null {
  if (completion?.type === 'fail') return null;
  const { process, f, value: input } = invocation;
  const operation = { process, f, input, output: undefined, invoked, returned: Infinity };
  const witness: Witness | undefined = completion?.witness;
  return witness === undefined ? operation : { ...operation, witness };
}

function ended(operation: Operation, events: readonly HistoryEvent[], returned: number): Operation {
  const completion = events[returned]!;
  if (completion.type !== 'ok') return operation;
  // An absent value is null, never undefined: undefined would mean that the output was not learned.
  return { ...operation, output: completion.value ?? null, returned };
}

function eventError(
  event: HistoryEvent,
  position: number,
  events: readonly HistoryEvent[],
  open: ReadonlyMap<number, number>,
): HistoryError | null {
  const { process, f, type } = event;
  const invoked = open.get(process);
  switch (type) {
    case 'invoke': {
      if (invoked === undefined) return null;
      const other = `${events[invoked]!.f} (event ${invoked})`;
      const sentence = `process ${process} invokes ${f} while its ${other} is still open`;
      return { code: 'TWO_OPEN_OPERATIONS', sentence, position };
    }
    case 'ok':
    case 'fail':
    case 'info': {
      if (invoked === undefined) {
        const sentence = `process ${process} ends ${f} with ${type}, but has no operation open`;
        return { code: 'COMPLETION_WITHOUT_INVOKE', sentence, position };
      }
      const begun = events[invoked]!.f;
      if (begun === f) return null;
      const sentence = `process ${process} ends ${f}, but what it began (event ${invoked}) is ${begun}`;
      return { code: 'MISMATCHED_COMPLETION', sentence, position };
    }
    default: {
      const sentence = `type ${JSON.stringify(type)} is none of invoke, ok, fail, info`;
      return { code: 'UNKNOWN_TYPE', sentence, position };
    }
  }
}
