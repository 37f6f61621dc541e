/**
 * A recording, told briefly: the same facts in a shape that compresses three times as well, for files that carry whole runs. Lists of rows
 * become columns, numbers become the distance to the one before, and the line of a delivered message is left to the message.
 */
import { messageLine } from './events.ts';
import type {
  EventNumber,
  RecordedEvent,
  RecordedMessage,
  Recording,
  StateChange,
} from './recording.ts';

/** Plain JSON; only `unpackRecording` knows what it says. */
export interface PackedRecording extends Omit<Recording, 'events' | 'messages' | 'states'> {
  readonly events: Columns;
  readonly messages: Columns;
  readonly states: Columns;
}

/** By key, the values of all rows; of a column of `near` ones, distances. */
export interface Columns {
  readonly rows: number;
  readonly far: Readonly<Record<string, readonly unknown[]>>;
  readonly near: Readonly<Record<string, readonly (number | null)[]>>;
}

export function packRecording(recording: Recording): PackedRecording {
  const { events, messages, states } = recording;
  const lines = linesOf(messages);
  const brief = events.map((event) => ({
    ...event,
    what: lines.get(event.number) === event.what ? null : event.what,
    causes: event.causes.map((cause) => event.number - cause),
  }));
  return {
    ...recording,
    events: columnsOf(brief),
    messages: columnsOf(messages),
    states: columnsOf(states),
  };
}

export function unpackRecording(packed: PackedRecording): Recording {
  const messages = rowsOf(packed.messages) as unknown as RecordedMessage[];
  const lines = linesOf(messages);
  const events = rowsOf(packed.events).map((brief) => {
    const event = brief as unknown as Omit<RecordedEvent, 'what'> & { what: string | null };
    return {
      ...event,
      what: event.what ?? lines.get(event.number) ?? '',
      causes: event.causes.map((distance) => event.number - distance),
    };
  });
  return { ...packed, events, messages, states: rowsOf(packed.states) as unknown as StateChange[] };
}

/** By the event that took it. */
function linesOf(messages: readonly RecordedMessage[]): ReadonlyMap<EventNumber, string> {
  const lines = new Map<EventNumber, string>();
  for (const message of messages) {
    if (message.deliveredAt !== null) lines.set(message.deliveredAt, messageLine(message));
  }
  return lines;
}

/** All rows have the same keys. */
function columnsOf(rows: readonly object[]): Columns {
  const far: Record<string, readonly unknown[]> = {};
  const near: Record<string, readonly (number | null)[]> = {};
  for (const key of Object.keys(rows[0] ?? {})) {
    const values = rows.map((row) => (row as Record<string, unknown>)[key]);
    if (values.every(isNear)) near[key] = distances(values);
    else far[key] = values;
  }
  return { rows: rows.length, far, near };
}

function rowsOf({ rows, far, near }: Columns): Record<string, unknown>[] {
  const result: Record<string, unknown>[] = Array.from({ length: rows }, () => ({}));
  for (const [key, values] of Object.entries(far)) {
    result.forEach((row, n) => {
      row[key] = values[n];
    });
  }
  for (const [key, values] of Object.entries(near)) {
    let last = 0;
    result.forEach((row, n) => {
      const step = values[n] ?? null;
      if (step !== null) last += step;
      row[key] = step === null ? null : last;
    });
  }
  return result;
}

function isNear(value: unknown): value is number | null {
  return value === null || Number.isSafeInteger(value);
}

function distances(values: readonly (number | null)[]): (number | null)[] {
  let last = 0;
  return values.map((value) => {
    if (value === null) return null;
    const step = value - last;
    last = value;
    return step;
  });
}
