/**
 * Commands on plain values, deadlines and keys as such. Each refuses (throws a Refusal, see refusal.ts) before it changes anything.
 */
import type { ApplyContext } from '@seedraft/replica';
import type { Answers } from './answers.ts';
import {
  type KvAppend,
  type KvCas,
  type KvDelete,
  type KvDeleteMany,
  type KvExpire,
  type KvExpireWhen,
  type KvFlush,
  type KvIncrement,
  type KvPersist,
  type KvPut,
  type KvValue,
  MAX_APPENDED_BYTES,
  type PutOptions,
} from './command.ts';
import { integerOf, storedAs, sumOf } from './integer.ts';
import { type Keyspace, NEVER } from './keyspace.ts';
import { assertType, Refusal } from './refusal.ts';
import type { KvResult } from './result.ts';
import type { Content, Entry } from './table.ts';
import { bytesOfText, contentOf, meets, plainValue } from './value.ts';

/** What a command works on. */
export interface Bench {
  readonly keys: Keyspace;
  readonly answers: Answers;
  readonly context: ApplyContext;
}

export const MISSING: KvResult = Object.freeze({ status: 'missing' });

export function put(command: KvPut, bench: Bench): KvResult {
  const [, namespace, key, value, options = NO_OPTIONS] = command;
  const { keys, answers, context } = bench;
  const old = keys.find(namespace, key);
  if (old === undefined ? options.ifPresent === true : options.ifAbsent === true) {
    return { status: 'conflict', current: answers.itemOrNull(old) };
  }
  if (old !== undefined && (options.anyType !== true || options.previous === true)) {
    assertType(old, 'value');
  }
  const content = contentOf(value);
  const expires =
    options.keepTtl === true ? (old?.expires ?? NEVER) : deadline(options.ttl, context.time);
  const previous = options.previous === true ? answers.itemOrNull(old) : null;
  return stored(keys.write('put', namespace, key, content, expires, context.index), previous);
}

export function cas(command: KvCas, bench: Bench): KvResult {
  const [, namespace, key, expected, value, options] = command;
  const { keys, answers, context } = bench;
  const current = keys.find(namespace, key);
  const content = contentOf(value);
  if (!meets(current, expected)) {
    const conflict = { status: 'conflict', current: answers.itemOrNull(current) } as const;
    keys.tellConflict(namespace, key, value, context.index);
    return conflict;
  }
  if (current !== undefined) assertType(current, 'value');
  const expires = deadline(options?.ttl, context.time);
  return stored(keys.write('cas', namespace, key, content, expires, context.index), null);
}

export function remove(command: KvDelete, { keys, answers, context }: Bench): KvResult {
  const entry = keys.find(command[1], command[2]);
  if (entry === undefined) return MISSING;
  if (command[3]?.valueOnly === true) assertType(entry, 'value');
  const previous = answers.item(entry);
  keys.remove(entry, context.index);
  return { status: 'deleted', previous };
}

export function removeMany(command: KvDeleteMany, { keys, context }: Bench): KvResult {
  let count = 0;
  for (const key of command[2]) {
    const entry = keys.find(command[1], key);
    if (entry === undefined) continue;
    keys.remove(entry, context.index);
    count++;
  }
  return { status: 'counted', count };
}

export function flush(command: KvFlush, { keys, context }: Bench): KvResult {
  return { status: 'counted', count: keys.flush(command[1], context.index) };
}

export function increment(command: KvIncrement, bench: Bench): KvResult {
  const [, namespace, key, by] = command;
  const old = plain(bench, namespace, key);
  const value = old === undefined ? null : plainValue(old);
  const before = old === undefined ? 0n : integerOf(value);
  if (before === null) {
    throw new Refusal('NOT_AN_INTEGER', 'the value is no integer of 64 bits, and stays as it is');
  }
  const sum = sumOf(before, integerOf(by)!);
  if (sum === null) {
    throw new Refusal('OVERFLOW', 'the sum has no place in 64 bits, and the value stays as it is');
  }
  const content = contentOf(storedAs(value, sum));
  const { revision } = replace(bench, namespace, key, content, old);
  return { status: 'incremented', value: String(sum), revision };
}

export function append(command: KvAppend, bench: Bench): KvResult {
  const [, namespace, key, tail] = command;
  const old = plain(bench, namespace, key);
  const joined = old === undefined ? tail : joinedWith(plainValue(old), tail);
  const content = contentOf(joined);
  if (content.bytes.length > MAX_APPENDED_BYTES) {
    throw new Refusal(
      'TOO_LARGE',
      `what is appended to grows up to ${MAX_APPENDED_BYTES} bytes: use several keys`,
    );
  }
  const { revision } = replace(bench, namespace, key, content, old);
  return { status: 'appended', length: bytesOfText(joined)!.length, revision };
}

export function expire(command: KvExpire, bench: Bench): KvResult {
  const [, namespace, key, ttl, when] = command;
  const { keys, answers, context } = bench;
  const entry = keys.find(namespace, key);
  if (entry === undefined) return MISSING;
  const expires = deadline(ttl, context.time);
  if (when !== undefined && !mayMove(entry.expires, expires, when)) {
    return { status: 'conflict', current: answers.item(entry) };
  }
  const { revision } = keys.write('deadline', namespace, key, entry, expires, context.index);
  return { status: 'lives', expires, revision };
}

export function persist(command: KvPersist, { keys, context }: Bench): KvResult {
  const [, namespace, key] = command;
  const entry = keys.find(namespace, key);
  if (entry === undefined) return MISSING;
  if (entry.expires === NEVER) return { status: 'lives', expires: null, revision: entry.revision };
  const { revision } = keys.write('deadline', namespace, key, entry, NEVER, context.index);
  return { status: 'lives', expires: null, revision };
}

const NO_OPTIONS: PutOptions = {};

// In the codec's order of keys: results are remembered as bytes on every member, and need no sorting then.
export function stored(
  { revision }: Entry,
  previous: Extract<KvResult, { status: 'stored' }>['previous'],
): KvResult {
  return { status: 'stored', previous, revision };
}

function deadline(ttl: number | undefined, time: number): number {
  if (ttl === undefined) return NEVER;
  const expires = time + ttl;
  if (Number.isSafeInteger(expires)) return expires;
  throw new Refusal('BAD_COMMAND', 'ttl reaches beyond the last millisecond there is');
}

function mayMove(from: number, to: number, when: KvExpireWhen): boolean {
  switch (when) {
    case 'unset':
      return from === NEVER;
    case 'set':
      return from !== NEVER;
    case 'later':
      return to > from;
    case 'earlier':
      return to < from;
  }
}

function plain({ keys }: Bench, namespace: string, key: string): Entry | undefined {
  const entry = keys.find(namespace, key);
  if (entry !== undefined) assertType(entry, 'value');
  return entry;
}

/** Another value under the same deadline. */
function replace(
  { keys, context }: Bench,
  namespace: string,
  key: string,
  content: Content,
  old: Entry | undefined,
): Entry {
  return keys.write('put', namespace, key, content, old?.expires ?? NEVER, context.index);
}

function joinedWith(head: KvValue, tail: string | Uint8Array): string | Uint8Array {
  const text = typeof head === 'number' ? String(head) : head;
  if (typeof text === 'string' && typeof tail === 'string') return text + tail;
  const [front, back] = [bytesOfText(text), bytesOfText(tail)!];
  if (front === null) {
    throw new Refusal('WRONG_TYPE', 'only a text, bytes or a number can be appended to');
  }
  const joined = new Uint8Array(front.length + back.length);
  joined.set(front);
  joined.set(back, front.length);
  return joined;
}
