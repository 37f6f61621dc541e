/** HyperLogLogs as Redis has them, and Bloom filters as its Bloom module has them, over the sketches that every protocol shares. */
import {
  bloomAdd,
  bloomHas,
  bloomInfo,
  bloomReserve,
  hllAdd,
  hllCount,
  hllMerge,
  type KvBloomFacts,
  type KvQuery,
  type KvResult,
  MAX_BLOOM_CAPACITY,
} from '@seedraft/kv';
import { failure, numberOf, optionsOf, wordOf } from './arguments.ts';
import type { CommandTable, RedisCommand } from './command.ts';
import { expectResult, type Plan, read, write } from './plan.ts';
import { keyOf } from './redis-key.ts';
import { OK, type Reply } from './reply.ts';
import type { Arguments } from './request-parser.ts';
import type { RedisSession } from './session.ts';

const KEY = [1, 1, 1] as const;
const ALL_KEYS = [1, -1, 1] as const;
/** A layer is twice as large as the one before. */
const EXPANSION = 2;
const NOT_A_SKETCH = 'WRONGTYPE Key is not a valid HyperLogLog string value.';

const hyperloglog = { group: 'hyperloglog' } as const;
const bloom = { group: 'bf', keys: KEY } as const;

export const SKETCHES: CommandTable = {
  pfadd: {
    ...hyperloglog,
    arity: -2,
    needs: 'write',
    summary: 'Adds elements to a HyperLogLog; 1: it changed.',
    keys: KEY,
    plan: ([, key, ...elements], { namespace }) =>
      write([hllAdd(namespace, keyOf(key!), elements)], ([result]) =>
        ofSketch(result, 'sketched').changed ? 1 : 0,
      ),
  },
  pfcount: {
    ...hyperloglog,
    arity: -2,
    needs: 'read',
    summary: 'About how many different elements the union of these has seen.',
    keys: ALL_KEYS,
    plan: (args, { namespace }) =>
      read(
        [hllCount(namespace, args.slice(1).map(keyOf))],
        ([result]) => ofSketch(result, 'counted').count,
      ),
  },
  pfmerge: {
    ...hyperloglog,
    arity: -2,
    needs: 'write',
    summary: 'Makes the first the union of all.',
    keys: ALL_KEYS,
    plan: ([, key, ...sources], { namespace }) =>
      write([hllMerge(namespace, keyOf(key!), sources.map(keyOf))], ([result]) => {
        ofSketch(result, 'sketched');
        return OK;
      }),
  },
  'bf.reserve': {
    ...bloom,
    arity: -4,
    needs: 'write',
    summary: 'A new filter: error rate, capacity, NONSCALING.',
    plan: planReserve,
  },
  'bf.add': adding('Adds an element; true: it was not there.', false),
  'bf.madd': adding('Adds elements; true for each that was not there.', true),
  'bf.exists': having('Whether an element may be there.', false),
  'bf.mexists': having('Whether each element may be there.', true),
  'bf.card': {
    ...bloom,
    arity: 2,
    needs: 'read',
    summary: 'How many elements were added.',
    plan: ([, key], { namespace }) =>
      read([bloomInfo(namespace, keyOf(key!))], ([result]) => {
        const found = expectResult(result, 'bloom', 'missing');
        return found.status === 'missing' ? 0 : found.items;
      }),
  },
  'bf.info': {
    ...bloom,
    arity: -2,
    needs: 'read',
    summary: 'What a filter is like: CAPACITY SIZE FILTERS ITEMS EXPANSION.',
    plan: planInfo,
  },
};

function ofSketch<S extends KvResult['status']>(
  result: KvResult | undefined,
  status: S,
): Extract<KvResult, { status: S }> {
  if (result?.status === 'refused' && result.code === 'WRONG_TYPE') throw failure(NOT_A_SKETCH);
  return expectResult(result, status);
}

function planReserve(args: Arguments, { namespace }: RedisSession): Plan {
  const error = Number(args[2]!.toString('latin1', 0, 32) || 'none');
  if (!(error >= 1e-9 && error <= 0.5)) throw failure('ERR (1e-9 <= error rate range <= 0.5)');
  const bounds = `ERR (1 <= capacity <= ${MAX_BLOOM_CAPACITY})`;
  const capacity = numberOf(args[3], 1, MAX_BLOOM_CAPACITY, bounds);
  const options = optionsOf(args, 4, { NONSCALING: 0, EXPANSION: 1 });
  if (options.has('EXPANSION')) {
    const given = options.get('EXPANSION')!;
    numberOf(given, EXPANSION, EXPANSION, `ERR the expansion of a filter is ${EXPANSION} here`);
  }
  const how = { capacity, error, ...(options.has('NONSCALING') && { fixed: true }) };
  return write([bloomReserve(namespace, keyOf(args[1]!), how)], ([result]) => {
    if (expectResult(result, 'stored', 'conflict').status === 'stored') return OK;
    throw failure('ERR item exists');
  });
}

function adding(summary: string, isMany: boolean): RedisCommand {
  return {
    ...bloom,
    arity: isMany ? -3 : 3,
    needs: 'write',
    summary,
    plan: ([, key, ...elements], { namespace }) =>
      write([bloomAdd(namespace, keyOf(key!), elements)], ([result]) => {
        const { added } = expectResult(result, 'added');
        return isMany ? added : added[0]!;
      }),
  };
}

function having(summary: string, isMany: boolean): RedisCommand {
  return {
    ...bloom,
    arity: isMany ? -3 : 3,
    needs: 'read',
    summary,
    plan: ([, key, ...elements], { namespace }) =>
      read([bloomHas(namespace, keyOf(key!), elements) as KvQuery], ([result]) => {
        const { contained } = expectResult(result, 'contained');
        return isMany ? contained : contained[0]!;
      }),
  };
}

const FACTS: ReadonlyMap<string, readonly [string, (facts: KvBloomFacts) => Reply]> = new Map([
  ['CAPACITY', ['Capacity', ({ capacity }: KvBloomFacts) => capacity]],
  ['SIZE', ['Size', ({ bytes }) => bytes]],
  ['FILTERS', ['Number of filters', ({ layers }) => layers]],
  ['ITEMS', ['Number of items inserted', ({ items }) => items]],
  ['EXPANSION', ['Expansion rate', ({ options }) => (options.fixed ? null : EXPANSION)]],
]);

function planInfo(args: Arguments, { namespace }: RedisSession): Plan {
  const fact = args.length === 2 ? null : FACTS.get(wordOf(args[2]));
  if (args.length > 3 || fact === undefined) throw failure('ERR Invalid information value');
  return read([bloomInfo(namespace, keyOf(args[1]!))], ([result]) => {
    const found = expectResult(result, 'bloom', 'missing');
    if (found.status === 'missing') throw failure('ERR not found');
    if (fact !== null) return [fact[1](found)];
    return new Map([...FACTS.values()].map(([name, of]) => [name, of(found)]));
  });
}
