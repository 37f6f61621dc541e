/**
 * Where a run's events and messages lie when only some of the events are shown: a row an event, a message from the row that sent it to the
 * row that took it. Which messages cross a stretch of rows is known without looking at all of them.
 */
import type { RecordedMessage } from '@seedraft/sim';
import type { Position, RunModel } from './run-model.ts';

export type Row = number;

/** Everything; what the violation follows from; of that, what mattered. */
export type Filter = 'all' | 'past' | 'steps';

export interface PlacedLetter {
  readonly message: RecordedMessage;
  readonly from: Row;
  readonly to: Row;
  /** `flying`: nobody had taken it when the run (or what is left of it) ended. */
  readonly fate: 'delivered' | 'lost' | 'flying';
  /** Sent and taken within the past of the violation. */
  readonly isPast: boolean;
}

export interface Layout {
  /** Position of each row, ascending. */
  readonly rows: readonly Position[];
  /** The row of this position, or the nearest one before it; 0 if there is none. */
  rowOf(position: Position): Row;
  /** Those that cross rows [first, last]. */
  lettersIn(first: Row, last: Row): readonly PlacedLetter[];
}

const BUCKET = 32;

export function layoutOf(model: RunModel, filter: Filter): Layout {
  const rows = rowsOf(model, filter);
  const exact = new Map(rows.map((position, row) => [position, row]));
  const rowOf = (position: Position): Row => exact.get(position) ?? nearestBefore(rows, position);
  const buckets: PlacedLetter[][] = [];
  for (const message of model.run.recording.messages) {
    const letter = placed(message, model, exact, rowOf);
    if (letter === null) continue;
    const [first, last] = [Math.floor(letter.from / BUCKET), Math.floor(letter.to / BUCKET)];
    for (let bucket = first; bucket <= last; bucket += 1) {
      const known = buckets[bucket] ?? [];
      known.push(letter);
      buckets[bucket] = known;
    }
  }
  const lettersIn = (first: Row, last: Row): readonly PlacedLetter[] => {
    const found = new Set<PlacedLetter>();
    for (let n = Math.max(0, Math.floor(first / BUCKET)); n <= Math.floor(last / BUCKET); n += 1) {
      for (const letter of buckets[n] ?? []) {
        if (letter.from <= last && letter.to >= first) found.add(letter);
      }
    }
    return [...found];
  };
  return { rows, rowOf, lettersIn };
}

function rowsOf({ events, past, steps }: RunModel, filter: Filter): readonly Position[] {
  const all = events.keys();
  if (filter === 'all') return [...all];
  return [...all].filter((position) => (filter === 'past' ? past : steps).has(position));
}

/** Null: one of its ends is not shown. */
function placed(
  message: RecordedMessage,
  model: RunModel,
  exact: ReadonlyMap<Position, Row>,
  rowOf: Layout['rowOf'],
): PlacedLetter | null {
  const { sentBy, deliveredAt, lost } = message;
  const start = model.positionOf(sentBy);
  const from = start === null ? undefined : exact.get(start);
  if (start === null || from === undefined) return null;
  if (deliveredAt !== null) {
    const end = model.positionOf(deliveredAt);
    const to = end === null ? undefined : exact.get(end);
    if (end === null || to === undefined) return null;
    const isPast = model.past.has(start) && model.past.has(end);
    return { message, from, to, fate: 'delivered', isPast };
  }
  if (lost === null) return { message, from, to: from + 1, fate: 'flying', isPast: false };
  // Lost on arrival: as far down as it got. Lost when it was sent: a stub.
  const isArrival = lost.at > message.sentAt;
  const to = isArrival ? rowOf(model.positionAt(lost.at)) : from + 1;
  return { message, from, to: Math.max(to, from + 1), fate: 'lost', isPast: false };
}

function nearestBefore(rows: readonly Position[], position: Position): Row {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle] ?? 0) <= position) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/** The first row at or after this position; the number of rows if there is none. */
export function rowFrom({ rows, rowOf }: Layout, position: Position): Row {
  const row = rowOf(position);
  return (rows[row] ?? Infinity) < position ? row + 1 : row;
}

/** The next of these positions after (or, backwards, before) `from` that has a row; `from` itself if there is none. */
export function nextAmong(
  layout: Layout,
  wanted: ReadonlySet<Position>,
  from: Position,
  direction: 1 | -1,
): Position {
  const { rows } = layout;
  const start = layout.rowOf(from);
  // Between two rows the one before counts as passed already.
  const isOn = rows[start] === from;
  for (let row = isOn || direction > 0 ? start + direction : start; ; row += direction) {
    const position = rows[row];
    if (position === undefined) return from;
    if (wanted.has(position)) return position;
  }
}
