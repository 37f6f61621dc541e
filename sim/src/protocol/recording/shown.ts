/**
 * A stranger's values as people read them, and as an explanation compares them. Nothing is known of a protocol's fields but that what is about
 * the same thing says so by the same field: `tx=2` in a Prepare and in a Commit.
 */
import type { Texts } from '../../recording/recording.ts';

/** Characters of a field of a state. */
const FIELD = 300;
const MARKS = 16;
const LONGEST_MARK = 60;

/** One line: JSON, with maps as objects and sets as lists. Never throws. */
export function shown(value: unknown, limit: number = FIELD): string {
  return clipped(textOf(value), limit);
}

function textOf(value: unknown): string {
  try {
    return JSON.stringify(value, plain) ?? 'nothing';
  } catch {
    return String(value);
  }
}

function plain(_key: string, value: unknown): unknown {
  if (value instanceof Set) return endsOf([...value], leftOut);
  if (Array.isArray(value)) return endsOf(value, leftOut);
  if (typeof value === 'bigint') return `${value}n`;
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  if (!(value instanceof Map)) return value;
  const entries = endsOf([...value], (count): [unknown, unknown] => ['…', leftOut(count)]);
  const isNamed = entries.every(([key]) => typeof key === 'string' || typeof key === 'number');
  return isNamed ? Object.fromEntries(entries) : entries;
}

const MOST = { first: 20, last: 40 } as const;

const leftOut = (count: number): string => `… ${count} more …`;

/** What would be cut anyway need not be written first: states grow, and are told at every step. */
function endsOf<T>(all: readonly T[], between: (count: number) => T): readonly T[] {
  const { first, last } = MOST;
  const count = all.length - first - last;
  return count <= 1 ? all : [...all.slice(0, first), between(count), ...all.slice(-last)];
}

/** Of what grows, both ends tell something. */
function clipped(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const head = Math.floor(limit / 3);
  return `${text.slice(0, head)} … ${text.slice(text.length - (limit - head - 3))}`;
}

/** A message without its type: `{"tx":2}`; empty when there is nothing else. */
export function contentOf(message: object): string {
  const { type: _, ...rest } = message as Readonly<Record<string, unknown>>;
  return Object.keys(rest).length === 0 ? '' : shown(rest, 200);
}

/** What a member shows of itself, by field. */
export function fieldsOf(state: unknown): Texts {
  const isFielded =
    typeof state === 'object' &&
    state !== null &&
    !(state instanceof Map) &&
    !(state instanceof Set) &&
    !Array.isArray(state);
  const fields = isFielded ? Object.entries(state) : [['state', state] as const];
  const told = fields.filter(([, value]) => value !== undefined);
  return Object.fromEntries(told.map(([field, value]) => [field, shown(value)]));
}

/** `tx=2`, `who=guest 1`: the numbers and short texts in a value, each with its field's name; without the type of a message. */
export function marksOf(value: unknown): readonly string[] {
  const marks = new Set<string>();
  collect('', value, marks, 0);
  return [...marks].slice(0, MARKS);
}

function collect(field: string, value: unknown, marks: Set<string>, depth: number): void {
  if (typeof value === 'number' || typeof value === 'string') {
    const mark = `${field}=${value}`;
    if (field !== '' && field !== 'type' && mark.length <= LONGEST_MARK) marks.add(mark);
  } else if (typeof value === 'object' && value !== null && depth < 4) {
    if (ArrayBuffer.isView(value)) return;
    for (const [name, inner] of Object.entries(value)) {
      collect(Array.isArray(value) ? field : name, inner, marks, depth + 1);
    }
  }
}
