/**
 * Whether a command, query or watch has the shape that command.ts says. Checking is part of being deterministic: a malformed command is a
 * committed entry like any other, so each member must answer it with the same value, and never with a throw.
 *
 * Every tuple is a name and its fields in order; a field is a function that says what is wrong with a value, or null.
 */
import { isWellFormed } from '@seedraft/codec';
import {
  type KvWatch,
  MAX_BLOOM_CAPACITY,
  MAX_KEY_LENGTH,
  MAX_LIST_LENGTH,
  MAX_RING_SIZE,
  MAX_SCAN_LIMIT,
} from './command.ts';
import { isInteger64 } from './integer.ts';
import type { KvRefused } from './result.ts';

type Field = (value: unknown) => string | null;
interface Shape {
  readonly fields: readonly Field[];
  /** How many of them must be there. */
  readonly required: number;
}

/** What is wrong with the shape of a command, or null: then it is a KvCommand (values inside are checked when they are encoded). */
export function commandFlaw(command: unknown): KvRefused | null {
  return refusalOf(flawOf(command, [COMMANDS, QUERIES]));
}

/** As `commandFlaw`, for what reads only. */
export function queryFlaw(query: unknown): KvRefused | null {
  return refusalOf(flawOf(query, [QUERIES]));
}

export function isWatch(query: unknown): query is KvWatch {
  return flawOf(query, [WATCHES]) === null;
}

function refusalOf(flaw: string | null): KvRefused | null {
  return flaw === null ? null : { status: 'refused', code: 'BAD_COMMAND', reason: flaw };
}

function flawOf(tuple: unknown, known: readonly ReadonlyMap<unknown, Shape>[]): string | null {
  if (!Array.isArray(tuple)) return 'a command is a tuple';
  const name = tuple[0] as unknown;
  let shape: Shape | undefined;
  for (const shapes of known) shape ??= shapes.get(name);
  if (shape === undefined) return `no such word here; known are ${wordsOf(known)}`;
  const { fields, required } = shape;
  if (tuple.length <= required || tuple.length > fields.length + 1) {
    const most = fields.length + 1;
    const lengths = most === required + 1 ? String(most) : `${required + 1} to ${most}`;
    return `${String(name)} is a tuple of ${lengths}`;
  }
  for (let i = 1; i < tuple.length; i++) {
    const flaw = fields[i - 1]!(tuple[i]);
    if (flaw !== null) return `${String(name)}: ${flaw}`;
  }
  return null;
}

function wordsOf(known: readonly ReadonlyMap<unknown, Shape>[]): string {
  return known.flatMap((shapes) => [...shapes.keys()]).join(', ');
}

// ------------------------------------------------------------------------------------------------------------------------- fields

function field(flaw: string, is: (value: unknown) => boolean): Field {
  return (value) => (is(value) ? null : flaw);
}

function isKey(value: unknown): boolean {
  return typeof value === 'string' && value.length <= MAX_KEY_LENGTH && isWellFormed(value);
}

function isElement(value: unknown): boolean {
  return value instanceof Uint8Array || (typeof value === 'string' && isWellFormed(value));
}

function isIntegerIn(value: unknown, least: number, most: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}

function listOf(what: string, is: (value: unknown) => boolean): Field {
  return field(
    `a list of at most ${MAX_LIST_LENGTH} ${what} belongs here`,
    (value) => Array.isArray(value) && value.length <= MAX_LIST_LENGTH && value.every(is),
  );
}

function oneOf(...words: readonly string[]): Field {
  return field(`one of ${words.join(', ')} belongs here`, (value) =>
    words.includes(value as string),
  );
}

const KEY = field(`names are well-formed texts of at most ${MAX_KEY_LENGTH} units`, (value) =>
  isKey(value),
);
const KEYS = listOf('names', isKey);
const ELEMENTS = listOf('elements, which are texts or bytes,', isElement);
/** Looked at when it is encoded. */
const VALUE: Field = () => null;
const TTL = field('ttl is an integer number of milliseconds > 0', (value) =>
  isIntegerIn(value, 1, Number.MAX_SAFE_INTEGER),
);
const FLAG = field('this option is a boolean', (value) => typeof value === 'boolean');
const LIMIT = field(`a limit is an integer in 1..${MAX_SCAN_LIMIT}`, (value) =>
  isIntegerIn(value, 1, MAX_SCAN_LIMIT),
);
const EXPECTED = field(
  "what is expected is ['absent'], ['value', v] or ['revision', n]",
  (expected) => {
    if (!Array.isArray(expected)) return false;
    const [kind, operand] = expected as unknown[];
    if (kind === 'absent') return expected.length === 1;
    if (expected.length !== 2) return false;
    return kind === 'value' || (kind === 'revision' && Number.isSafeInteger(operand));
  },
);

/** An option that one version knows and another does not would make members differ: refused, not ignored. */
function options(
  known: Readonly<Record<string, Field>>,
  also: (given: Readonly<Record<string, unknown>>) => string | null = () => null,
): Field {
  const fields = new Map(Object.entries(known));
  return (given) => {
    if (given === null || typeof given !== 'object' || Array.isArray(given)) {
      return 'options are an object';
    }
    for (const [name, value] of Object.entries(given)) {
      const check = fields.get(name);
      if (check === undefined) return `the option ${name} is not known`;
      const flaw = check(value);
      if (flaw !== null) return `${name}: ${flaw}`;
    }
    return also(given as Readonly<Record<string, unknown>>);
  };
}

const PUT_OPTIONS = options(
  {
    ttl: TTL,
    keepTtl: FLAG,
    ifAbsent: FLAG,
    ifPresent: FLAG,
    previous: FLAG,
    anyType: FLAG,
  },
  ({ ttl, keepTtl, ifAbsent, ifPresent }) => {
    if (ttl !== undefined && keepTtl === true) return 'either ttl or keepTtl';
    return ifAbsent === true && ifPresent === true ? 'either ifAbsent or ifPresent' : null;
  },
);
const BLOOM_OPTIONS = options(
  {
    capacity: field(`an integer in 1..${MAX_BLOOM_CAPACITY} belongs here`, (value) =>
      isIntegerIn(value, 1, MAX_BLOOM_CAPACITY),
    ),
    error: field(
      'a share from 1e-9 to 0.5 belongs here',
      (value) => typeof value === 'number' && value >= 1e-9 && value <= 0.5,
    ),
    fixed: FLAG,
  },
  ({ capacity, error }) =>
    capacity === undefined || error === undefined ? 'capacity and error must be given' : null,
);

const GUARDS = listOf('guards [namespace, key, expected]', (guard) => {
  if (!Array.isArray(guard) || guard.length !== 3) return false;
  return isKey(guard[0]) && isKey(guard[1]) && EXPECTED(guard[2]) === null;
});
/** Not nested: one level of all-or-nothing is all there is. */
const STEPS: Field = (steps) => {
  if (!Array.isArray(steps) || steps.length > MAX_LIST_LENGTH) {
    return `a list of at most ${MAX_LIST_LENGTH} commands belongs here`;
  }
  for (const step of steps) {
    if (Array.isArray(step) && step[0] === 'transact') return 'transactions do not nest';
    const flaw = flawOf(step, [COMMANDS, QUERIES]);
    if (flaw !== null) return flaw;
  }
  return null;
};

// ------------------------------------------------------------------------------------------------------------------------- tuples

function shape(required: readonly Field[], optional: readonly Field[] = []): Shape {
  return { fields: [...required, ...optional], required: required.length };
}

const COMMANDS: ReadonlyMap<unknown, Shape> = new Map([
  ['put', shape([KEY, KEY, VALUE], [PUT_OPTIONS])],
  ['cas', shape([KEY, KEY, EXPECTED, VALUE], [options({ ttl: TTL })])],
  ['delete', shape([KEY, KEY], [options({ valueOnly: FLAG })])],
  ['deleteMany', shape([KEY, KEYS])],
  ['flush', shape([KEY])],
  [
    'increment',
    shape([KEY, KEY, field('by is a safe integer, or the decimal text of 64 bits', isInteger64)]),
  ],
  ['append', shape([KEY, KEY, field('the tail is a text or bytes', isElement)])],
  ['expire', shape([KEY, KEY, TTL], [oneOf('unset', 'set', 'later', 'earlier')])],
  ['persist', shape([KEY, KEY])],
  ['transact', shape([GUARDS, (steps) => STEPS(steps)])],
  [
    'ringSize',
    shape(
      [
        KEY,
        KEY,
        field(`a ring has 1 to ${MAX_RING_SIZE} vnodes`, (value) =>
          isIntegerIn(value, 1, MAX_RING_SIZE),
        ),
      ],
      [oneOf('continuous', 'minimal')],
    ),
  ],
  ['ringAdd', shape([KEY, KEY, KEY])],
  ['ringRemove', shape([KEY, KEY, KEY])],
  ['hllAdd', shape([KEY, KEY, ELEMENTS])],
  ['hllMerge', shape([KEY, KEY, KEYS])],
  ['bloomReserve', shape([KEY, KEY, BLOOM_OPTIONS])],
  ['bloomAdd', shape([KEY, KEY, ELEMENTS])],
  ['bloomMerge', shape([KEY, KEY, KEYS])],
]);

const QUERIES: ReadonlyMap<unknown, Shape> = new Map([
  ['get', shape([KEY, KEY])],
  ['getMany', shape([KEY, KEYS])],
  ['exists', shape([KEY, KEYS])],
  ['describe', shape([KEY, KEY])],
  [
    'scan',
    shape([
      KEY,
      KEY,
      LIMIT,
      field('after is a key or null', (value) => value === null || isKey(value)),
    ]),
  ],
  [
    'keys',
    shape([
      KEY,
      field('a cursor is 0, or what the page before gave', (value) =>
        isIntegerIn(value, 0, 0x1_0000_0000),
      ),
      LIMIT,
    ]),
  ],
  ['count', shape([KEY])],
  ['ring', shape([KEY, KEY])],
  ['hllCount', shape([KEY, KEYS])],
  ['bloomHas', shape([KEY, KEY, ELEMENTS])],
  ['bloomInfo', shape([KEY, KEY])],
]);

const WATCHES: ReadonlyMap<unknown, Shape> = new Map([
  ['watch', shape([KEY, KEY], [options({ previous: FLAG, conflicts: FLAG })])],
]);
