/**
 * Whether a command, query or watch has the shape that command.ts says. Checking is part of being deterministic: a malformed command is a
 * committed entry like any other, so each member must answer it with the same value, and never with a throw.
 */
import { isWellFormed } from '@seedraft/codec';
import { type KvWatch, MAX_KEY_LENGTH, MAX_SCAN_LIMIT } from './command.ts';
import type { KvRefused } from './result.ts';

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
