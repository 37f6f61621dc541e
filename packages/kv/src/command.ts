/**
 * What the built-in state machine can be told and asked, and what it answers. Commands and queries are tuples, since every byte of them is
 * replicated; results are objects named by `status`, since people read them. Builders below spare counting positions.
 *
 * Checking is part of being deterministic: a malformed command is a committed entry like any other, so each member must answer it with the
 * same value, and never with a throw.
 */
import { isWellFormed } from '@seedraft/codec';

/** What can be stored: codec's data model. */
export type KvValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly KvValue[]
  | { readonly [key: string]: KvValue };

export interface PutOptions {
  /** Expire after this many milliseconds of cluster time; > 0. Absent: never. Every put sets it anew. */
  readonly ttl?: number;
  /** Only if the key does not exist. */
  readonly ifAbsent?: boolean;
  /** Bring the previous item along in the result. */
  readonly previous?: boolean;
}

/** What must hold for a cas: no such key, a deep-equal value, or the very version last seen. */
export type KvExpectation =
  | readonly ['absent']
  | readonly ['value', KvValue]
  | readonly ['revision', number];

export type KvPut =
  | readonly ['put', namespace: string, key: string, value: KvValue]
  | readonly ['put', namespace: string, key: string, value: KvValue, options: PutOptions];
export type KvCas =
  | readonly ['cas', namespace: string, key: string, expected: KvExpectation, value: KvValue]
  | readonly [
      'cas',
      namespace: string,
      key: string,
      expected: KvExpectation,
      value: KvValue,
      options: { readonly ttl?: number },
    ];
export type KvDelete = readonly ['delete', namespace: string, key: string];
export type KvGet = readonly ['get', namespace: string, key: string];
/** Keys that begin with `prefix`, in order of UTF-16 units, beyond `after` (null: from the first), at most `limit`. */
export type KvScan = readonly [
  'scan',
  namespace: string,
  prefix: string,
  limit: number,
  after: string | null,
];

export type KvQuery = KvGet | KvScan;
/** Queries may also be commands: a batch can then read what it wrote. */
export type KvCommand = KvPut | KvCas | KvDelete | KvQuery;

/** What one may watch: every key of a namespace that begins with `prefix`. */
export type KvWatch = readonly ['watch', namespace: string, prefix: string];

/** What whoever watches is told: the key's item from now on; null: it was deleted or expired. Shared between watchers: read only. */
export interface KvChange {
  readonly namespace: string;
  readonly key: string;
  readonly item: KvItem | null;
}

export interface KvItem {
  readonly key: string;
  readonly value: KvValue;
  /** The log index of the last modification. */
  readonly revision: number;
  /** The cluster time at which it expires, ms; null: never. */
  readonly expires: number | null;
}

export type KvResult =
  /** put, cas. `previous` is null unless asked for, or when there was none. */
  | { readonly status: 'stored'; readonly revision: number; readonly previous: KvItem | null }
  /** put ifAbsent on an existing key, cas on another state than expected; null: there is no such key. */
  | { readonly status: 'conflict'; readonly current: KvItem | null }
  | { readonly status: 'deleted'; readonly previous: KvItem }
  | { readonly status: 'missing' }
  | { readonly status: 'found'; readonly item: KvItem }
  | { readonly status: 'scanned'; readonly items: readonly KvItem[]; readonly more: boolean }
  | KvRefused;

/** Nothing was changed. BAD_COMMAND: its shape; BAD_VALUE: a value codec has no place for. */
export interface KvRefused {
  readonly status: 'refused';
  readonly code: 'BAD_COMMAND' | 'BAD_VALUE';
  readonly reason: string;
}

export function put(namespace: string, key: string, value: KvValue, options?: PutOptions): KvPut {
  return options === undefined
    ? ['put', namespace, key, value]
    : ['put', namespace, key, value, options];
}

export function cas(
  namespace: string,
  key: string,
  expected: KvExpectation,
  value: KvValue,
  options?: { readonly ttl?: number },
): KvCas {
  return options === undefined
    ? ['cas', namespace, key, expected, value]
    : ['cas', namespace, key, expected, value, options];
}

export function remove(namespace: string, key: string): KvDelete {
  return ['delete', namespace, key];
}

export function get(namespace: string, key: string): KvGet {
  return ['get', namespace, key];
}

export function scan(
  namespace: string,
  prefix: string,
  limit: number,
  after: string | null = null,
): KvScan {
  return ['scan', namespace, prefix, limit, after];
}

export function watch(namespace: string, prefix = ''): KvWatch {
  return ['watch', namespace, prefix];
}

/** Of a key or namespace, in UTF-16 units: keys are held in memory and sent with every command. */
export const MAX_KEY_LENGTH = 4096;
/** Of one scan; more are fetched with `after`. */
export const MAX_SCAN_LIMIT = 10_000;

/** What is wrong with the shape of a command, or null: then it is a KvCommand (values inside are checked when they are encoded). */
export function commandFlaw(command: unknown): KvRefused | null {
  if (!Array.isArray(command)) return bad('a command is a tuple');
  switch (command[0]) {
    case 'put':
      if (command.length !== 4 && command.length !== 5) return badLength('put', '4 or 5');
      return (
        keyFlaw(command) ?? (command.length === 5 ? optionsFlaw(command[4], PUT_OPTIONS) : null)
      );
    case 'cas':
      if (command.length !== 5 && command.length !== 6) return badLength('cas', '5 or 6');
      return (
        keyFlaw(command) ??
        expectationFlaw(command[3]) ??
        (command.length === 6 ? optionsFlaw(command[5], CAS_OPTIONS) : null)
      );
    case 'delete':
      return command.length === 3 ? keyFlaw(command) : badLength('delete', '3');
    default:
      return queryFlaw(command);
  }
}

/** As `commandFlaw`, for what reads only. */
export function queryFlaw(query: unknown): KvRefused | null {
  if (!Array.isArray(query)) return bad('a query is a tuple');
  switch (query[0]) {
    case 'get':
      return query.length === 3 ? keyFlaw(query) : badLength('get', '3');
    case 'scan': {
      if (query.length !== 5) return badLength('scan', '5');
      const limit = query[3] as unknown;
      if (
        !Number.isSafeInteger(limit) ||
        (limit as number) < 1 ||
        (limit as number) > MAX_SCAN_LIMIT
      ) {
        return bad(`the limit of a scan is an integer in 1..${MAX_SCAN_LIMIT}`);
      }
      return (
        keyFlaw(query) ??
        (query[4] === null || isKey(query[4]) ? null : bad('after is a key or null'))
      );
    }
    default:
      return bad('neither put, cas, delete, get nor scan');
  }
}

export function isWatch(query: unknown): query is KvWatch {
  return (
    Array.isArray(query) && query[0] === 'watch' && query.length === 3 && keyFlaw(query) === null
  );
}

const PUT_OPTIONS: readonly string[] = ['ttl', 'ifAbsent', 'previous'];
const CAS_OPTIONS: readonly string[] = ['ttl'];

function bad(reason: string): KvRefused {
  return { status: 'refused', code: 'BAD_COMMAND', reason };
}

function badLength(name: string, lengths: string): KvRefused {
  return bad(`${name} is a tuple of ${lengths}`);
}

function isKey(key: unknown): boolean {
  return typeof key === 'string' && key.length <= MAX_KEY_LENGTH && isWellFormed(key);
}

/** Namespace and key (or prefix) stand at 1 and 2 of every tuple. */
function keyFlaw(command: readonly unknown[]): KvRefused | null {
  return isKey(command[1]) && isKey(command[2])
    ? null
    : bad(`namespace and key are well-formed texts of at most ${MAX_KEY_LENGTH} units`);
}

function expectationFlaw(expected: unknown): KvRefused | null {
  if (Array.isArray(expected)) {
    const [kind, operand] = expected as unknown[];
    if (kind === 'absent' && expected.length === 1) return null;
    if (kind === 'value' && expected.length === 2) return null;
    if (kind === 'revision' && expected.length === 2 && Number.isSafeInteger(operand)) return null;
  }
  return bad("what a cas expects is ['absent'], ['value', v] or ['revision', n]");
}

function optionsFlaw(options: unknown, known: readonly string[]): KvRefused | null {
  if (options === null || typeof options !== 'object' || Array.isArray(options)) {
    return bad('options are an object');
  }
  for (const [name, value] of Object.entries(options)) {
    // An option that one version knows and another does not would make members differ: refuse, do not ignore.
    if (!known.includes(name)) return bad(`the option ${name} is not known`);
    if (name === 'ttl') {
      if (!Number.isSafeInteger(value) || (value as number) < 1) {
        return bad('ttl is an integer number of milliseconds > 0');
      }
    } else if (typeof value !== 'boolean') {
      return bad(`the option ${name} is a boolean`);
    }
  }
  return null;
}
