/** Commands on keys, whatever they hold, and on databases. */
import {
  count,
  describe,
  exists,
  expire,
  flush,
  type KvDescribed,
  type KvExpireWhen,
  type KvResult,
  keys as keysFrom,
  MAX_SCAN_LIMIT,
  persist,
  remove,
  removeMany,
} from '@seedraft/kv';
import { failure, integerOf, numberOf, optionsOf, SYNTAX, shown, wordOf } from './arguments.ts';
import type { CommandTable, RedisCommand } from './command.ts';
import { type ExpiryUnit, timeLeft } from './expiry.ts';
import { matches } from './glob.ts';
import { answer, expectResult, type Plan, read, write } from './plan.ts';
import { bytesOf, keyOf } from './redis-key.ts';
import { Line, OK, type Reply } from './reply.ts';
import type { Arguments } from './request-parser.ts';
import { DATABASES, namespaceOf, type RedisSession } from './session.ts';

const KEY = [1, 1, 1] as const;
const ALL_KEYS = [1, -1, 1] as const;
/** Cursors of the machine are hashes of 32 bits. */
const LAST_CURSOR = 0x1_0000_0000;
const TYPES = { value: 'string', ring: 'ring', hyperloglog: 'hyperloglog', bloom: 'MBbloom--' };

const generic = { group: 'generic' } as const;

export const KEYSPACE: CommandTable = {
  del: removing('Deletes keys; the answer is how many there were.'),
  unlink: removing('As DEL.'),
  exists: existing('How many of these keys exist; one named twice counts twice.'),
  touch: existing('As EXISTS.'),
  expire: expiring('EX', 'expire', 'Lets a key live for some seconds: NX XX GT LT.'),
  pexpire: expiring('PX', 'pexpire', 'Lets a key live for some milliseconds: NX XX GT LT.'),
  expireat: expiring('EXAT', 'expireat', 'Lets a key live up to a date in seconds: NX XX GT LT.'),
  pexpireat: expiring('PXAT', 'pexpireat', 'Lets a key live up to a date in ms: NX XX GT LT.'),
  ttl: remaining('Seconds a key has to live; -1: for ever; -2: there is none.', (ms) =>
    Math.floor((ms + 500) / 1000),
  ),
  pttl: remaining('Milliseconds a key has to live; -1: for ever; -2: there is none.', (ms) => ms),
  persist: {
    ...generic,
    arity: 2,
    needs: 'write',
    summary: 'Lets a key live for ever.',
    keys: KEY,
    plan: planPersist,
  },
  type: {
    ...generic,
    arity: 2,
    needs: 'read',
    summary: 'What a key holds: string, hyperloglog, MBbloom--, ring, none.',
    keys: KEY,
    plan: ([, key], { namespace }) =>
      read([describe(namespace, keyOf(key!))], ([result]) => {
        const found = expectResult(result, 'described', 'missing');
        return new Line(found.status === 'missing' ? 'none' : TYPES[found.type]);
      }),
  },
  scan: {
    ...generic,
    arity: -2,
    needs: 'read',
    summary: 'Keys, page by page: MATCH COUNT.',
    plan: planScan,
  },
  keys: {
    ...generic,
    arity: 2,
    needs: 'read',
    summary: `Keys that match, of a database with up to ${MAX_SCAN_LIMIT}.`,
    plan: planKeys,
  },
  dbsize: {
    arity: 1,
    needs: 'read',
    group: 'server',
    summary: 'How many keys the database has.',
    plan: (_, { namespace }) =>
      read([count(namespace)], ([result]) => expectResult(result, 'counted').count),
  },
  flushdb: flushing('Deletes every key of the database.', ({ namespace }) => [namespace]),
  flushall: flushing('Deletes every key of all databases.', () =>
    Array.from({ length: DATABASES }, (_, database) => namespaceOf(database)),
  ),
};

function removing(summary: string): RedisCommand {
  return {
    ...generic,
    arity: -2,
    needs: 'write',
    summary,
    keys: ALL_KEYS,
    plan: (args, { namespace }) =>
      write([removeMany(namespace, args.slice(1).map(keyOf))], counted),
  };
}

function existing(summary: string): RedisCommand {
  return {
    ...generic,
    arity: -2,
    needs: 'read',
    summary,
    keys: ALL_KEYS,
    plan: (args, { namespace }) => read([exists(namespace, args.slice(1).map(keyOf))], counted),
  };
}

function counted([result]: readonly KvResult[]): Reply {
  return expectResult(result, 'counted').count;
}

function expiring(unit: ExpiryUnit, name: string, summary: string): RedisCommand {
  return {
    ...generic,
    arity: -3,
    needs: 'write',
    summary,
    keys: KEY,
    plan: (args, { namespace }) => {
      const key = keyOf(args[1]!);
      const when = conditionOf(args);
      const left = timeLeft(args[2], unit, name);
      if (left <= 0 && when === undefined) {
        return write([remove(namespace, key)], ([result]) =>
          expectResult(result, 'deleted', 'missing').status === 'deleted' ? 1 : 0,
        );
      }
      return write([expire(namespace, key, Math.max(1, left), when)], ([result]) =>
        expectResult(result, 'lives', 'missing', 'conflict').status === 'lives' ? 1 : 0,
      );
    },
  };
}

const CONDITIONS: Readonly<Record<string, KvExpireWhen>> = {
  NX: 'unset',
  XX: 'set',
  GT: 'later',
  LT: 'earlier',
};

function conditionOf(args: Arguments): KvExpireWhen | undefined {
  const given = new Set(args.slice(3).map(wordOf));
  const unknown = args.slice(3).find((one) => !Object.hasOwn(CONDITIONS, wordOf(one)));
  if (unknown !== undefined) throw failure(`ERR Unsupported option ${shown(unknown)}`);
  if (given.has('NX') && given.size > 1) {
    throw failure('ERR NX and XX, GT or LT options at the same time are not compatible');
  }
  if (given.has('GT') && given.has('LT')) {
    throw failure('ERR GT and LT options at the same time are not compatible');
  }
  if (given.has('XX') && given.has('LT')) {
    throw failure('ERR XX and LT options at the same time are not supported');
  }
  // A key without a deadline has the latest there is, so GT implies XX.
  if (given.has('GT')) return 'later';
  const [only] = given;
  return only === undefined ? undefined : CONDITIONS[only];
}

/** Through the log: what is left is counted from cluster time, which stands still in a cluster that nobody writes to. */
function remaining(summary: string, of: (ms: number) => number): RedisCommand {
  return {
    ...generic,
    arity: 2,
    needs: 'read',
    summary,
    keys: KEY,
    plan: ([, key], { namespace }) =>
      write([describe(namespace, keyOf(key!))], ([result]) => {
        const found = expectResult(result, 'described', 'missing');
        if (found.status === 'missing') return -2;
        return found.remaining === null ? -1 : of(found.remaining);
      }),
  };
}

function planPersist([, key]: Arguments, { namespace }: RedisSession): Plan {
  const name = keyOf(key!);
  return write([describe(namespace, name), persist(namespace, name)], ([before, after]) => {
    expectResult(after, 'lives', 'missing');
    const had = expectResult(before, 'described', 'missing');
    return had.status === 'described' && (had as KvDescribed).expires !== null ? 1 : 0;
  });
}

function planScan(args: Arguments, { namespace }: RedisSession): Plan {
  const from = numberOf(args[1], 0, Number.MAX_SAFE_INTEGER, 'ERR invalid cursor');
  const options = optionsOf(args, 2, { MATCH: 1, COUNT: 1 });
  const given = options.get('COUNT');
  const wanted = given === undefined ? 10n : integerOf(given!);
  if (wanted < 1n) throw failure(SYNTAX);
  const limit = wanted > MAX_SCAN_LIMIT ? MAX_SCAN_LIMIT : Number(wanted);
  if (from > LAST_CURSOR) return answer(['0', []]);
  return read([keysFrom(namespace, from, limit)], ([result]) => {
    const { keys, cursor } = expectResult(result, 'keys');
    return [String(cursor), matching(keys, options.get('MATCH') ?? null)];
  });
}

function planKeys([, pattern]: Arguments, { namespace }: RedisSession): Plan {
  return read([keysFrom(namespace, 0, MAX_SCAN_LIMIT)], ([result]) => {
    const { keys, cursor } = expectResult(result, 'keys');
    if (cursor === 0) return matching(keys, pattern!);
    throw failure(`ERR this database has more than ${MAX_SCAN_LIMIT} keys: use SCAN`);
  });
}

/** Bytes of a pattern times bytes of keys, which is what a wicked pattern takes: some tenths of a second, in which the member does nothing else. */
const MOST_MATCHING = 2 ** 28;

function matching(keys: readonly string[], pattern: Buffer | null): Buffer[] {
  const all = keys.map(bytesOf);
  if (pattern === null) return all;
  const work = pattern.length * all.reduce((sum, { length }) => sum + length, 0);
  if (work > MOST_MATCHING) throw failure('ERR the pattern is too long for so many keys');
  return all.filter((key) => matches(pattern, key));
}

function flushing(
  summary: string,
  namespacesOf: (session: RedisSession) => readonly string[],
): RedisCommand {
  return {
    arity: -1,
    needs: 'write',
    group: 'server',
    summary,
    plan: (args, session) => {
      const isKnown = args.length === 1 || ['ASYNC', 'SYNC'].includes(wordOf(args[1]));
      if (args.length > 2 || !isKnown) throw failure(SYNTAX);
      return write(namespacesOf(session).map(flush), (results) => {
        for (const result of results) expectResult(result, 'counted');
        return OK;
      });
    },
  };
}
