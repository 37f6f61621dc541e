/** Commands on plain values. */
import {
  append,
  get,
  getMany,
  increment,
  type KvResult,
  type PutOptions,
  put,
  remove,
} from '@seedraft/kv';
import { arityFailure, failure, integerOf, optionsOf, SYNTAX } from './arguments.ts';
import type { CommandTable } from './command.ts';
import { EXPIRY_UNITS, type ExpiryUnit, optionTime } from './expiry.ts';
import { expectResult, type Plan, read, write, wrongType } from './plan.ts';
import { keyOf } from './redis-key.ts';
import { bytesOfItem, bytesOfValue } from './redis-value.ts';
import { OK, type Reply } from './reply.ts';
import type { Arguments } from './request-parser.ts';
import type { RedisSession } from './session.ts';

const SET_OPTIONS = { NX: 0, XX: 0, GET: 0, KEEPTTL: 0, EX: 1, PX: 1, EXAT: 1, PXAT: 1 } as const;
const KEY = [1, 1, 1] as const;

export const STRINGS: CommandTable = {
  get: {
    arity: 2,
    needs: 'read',
    group: 'string',
    summary: 'The value of a key.',
    keys: KEY,
    plan: ([, key], { namespace }) =>
      read([get(namespace, keyOf(key!))], ([found]) => foundValue(found)),
  },
  set: {
    arity: -3,
    needs: 'write',
    group: 'string',
    summary: 'Sets the value of a key: EX PX EXAT PXAT KEEPTTL NX XX GET.',
    keys: KEY,
    plan: planSet,
  },
  setnx: {
    arity: 3,
    needs: 'write',
    group: 'string',
    summary: 'Sets the value of a key that does not exist.',
    keys: KEY,
    plan: ([, key, value], session) =>
      putPlan(session, key!, value!, { ifAbsent: true, anyType: true }, ({ status }) =>
        status === 'stored' ? 1 : 0,
      ),
  },
  setex: {
    arity: 4,
    needs: 'write',
    group: 'string',
    summary: 'Sets a value that lives for some seconds.',
    keys: KEY,
    plan: (args, session) => planSetFor(args, session, 'EX', 'setex'),
  },
  psetex: {
    arity: 4,
    needs: 'write',
    group: 'string',
    summary: 'Sets a value that lives for some milliseconds.',
    keys: KEY,
    plan: (args, session) => planSetFor(args, session, 'PX', 'psetex'),
  },
  getset: {
    arity: 3,
    needs: 'write',
    group: 'string',
    summary: 'Sets a value; the answer is the one before.',
    keys: KEY,
    plan: ([, key, value], session) =>
      putPlan(session, key!, value!, { previous: true }, previousOf),
  },
  getdel: {
    arity: 2,
    needs: 'write',
    group: 'string',
    summary: 'Deletes a key; the answer is its value.',
    keys: KEY,
    plan: ([, key], { namespace }) =>
      write([remove(namespace, keyOf(key!), { valueOnly: true })], ([result]) => {
        const done = expectResult(result, 'deleted', 'missing');
        return done.status === 'missing' ? null : bytesOfItem(done.previous);
      }),
  },
  mget: {
    arity: -2,
    needs: 'read',
    group: 'string',
    summary: 'The values of several keys.',
    keys: [1, -1, 1],
    plan: (args, { namespace }) =>
      read([getMany(namespace, args.slice(1).map(keyOf))], ([result]) =>
        expectResult(result, 'items').items.map(bytesOfItem),
      ),
  },
  mset: {
    arity: -3,
    needs: 'write',
    group: 'string',
    summary: 'Sets several keys at once.',
    keys: [1, -1, 2],
    plan: planMset,
  },
  incr: counter('Adds 1 to an integer.', () => 1n),
  decr: counter('Subtracts 1 from an integer.', () => -1n),
  incrby: counter('Adds to an integer.', (by) => integerOf(by)),
  decrby: counter('Subtracts from an integer.', (by) => {
    const integer = integerOf(by);
    if (integer === -(2n ** 63n)) throw failure('ERR decrement would overflow');
    return -integer;
  }),
  append: {
    arity: 3,
    needs: 'write',
    group: 'string',
    summary: 'Appends to a value; the answer is its length.',
    keys: KEY,
    plan: ([, key, tail], { namespace }) =>
      write(
        [append(namespace, keyOf(key!), tail!)],
        ([result]) => expectResult(result, 'appended').length,
      ),
  },
  strlen: {
    arity: 2,
    needs: 'read',
    group: 'string',
    summary: 'The length of a value, in bytes.',
    keys: KEY,
    plan: ([, key], { namespace }) =>
      read([get(namespace, keyOf(key!))], ([found]) => foundValue(found)?.length ?? 0),
  },
};

function foundValue(result: KvResult | undefined): Uint8Array | null {
  const found = expectResult(result, 'found', 'missing');
  return found.status === 'missing' ? null : bytesOfValue(found.item.value);
}

type Stored = Extract<KvResult, { status: 'stored' | 'conflict' }>;

function putPlan(
  { namespace }: RedisSession,
  key: Buffer,
  value: Buffer,
  options: PutOptions,
  say: (result: Stored) => Reply,
): Plan {
  return write([put(namespace, keyOf(key), value, options)], ([result]) =>
    say(expectResult(result, 'stored', 'conflict')),
  );
}

/** What was there, or is there still where a condition did not hold. */
function previousOf(result: Stored): Reply {
  const item = result.status === 'stored' ? result.previous : result.current;
  if (item?.type !== undefined) throw wrongType();
  return bytesOfItem(item);
}

function planSet(args: Arguments, session: RedisSession): Plan {
  const options = optionsOf(args, 3, SET_OPTIONS);
  const units = EXPIRY_UNITS.filter((unit) => options.has(unit));
  const ends = units.length + Number(options.has('KEEPTTL'));
  if (ends > 1 || (options.has('NX') && options.has('XX'))) throw failure(SYNTAX);
  const [unit] = units;
  const isGet = options.has('GET');
  const how: PutOptions = {
    ...(isGet ? { previous: true } : { anyType: true }),
    ...(options.has('NX') && { ifAbsent: true }),
    ...(options.has('XX') && { ifPresent: true }),
    ...(options.has('KEEPTTL') && { keepTtl: true }),
    ...(unit !== undefined && { ttl: optionTime(options.get(unit)!, unit, 'set') }),
  };
  return putPlan(session, args[1]!, args[2]!, how, (result) => {
    if (isGet) return previousOf(result);
    return result.status === 'stored' ? OK : null;
  });
}

function planSetFor(
  [, key, time, value]: Arguments,
  session: RedisSession,
  unit: ExpiryUnit,
  name: string,
): Plan {
  const ttl = optionTime(time!, unit, name);
  return putPlan(session, key!, value!, { ttl, anyType: true }, () => OK);
}

function planMset(args: Arguments, { namespace }: RedisSession): Plan {
  if (args.length % 2 === 0) throw arityFailure('mset');
  const puts = [];
  for (let at = 1; at < args.length; at += 2) {
    puts.push(put(namespace, keyOf(args[at]!), args[at + 1]!, { anyType: true }));
  }
  return write(puts, (results) => {
    for (const result of results) expectResult(result, 'stored');
    return OK;
  });
}

function counter(
  summary: string,
  byOf: (argument: Buffer | undefined) => bigint,
): CommandTable[string] {
  return {
    arity: byOf.length === 0 ? 2 : 3,
    needs: 'write',
    group: 'string',
    summary,
    keys: KEY,
    plan: ([, key, by], { namespace }) =>
      write([increment(namespace, keyOf(key!), String(byOf(by)))], ([result]) =>
        BigInt(expectResult(result, 'incremented').value),
      ),
  };
}
