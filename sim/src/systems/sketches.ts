/**
 * The workload `sketches`: HyperLogLogs and Bloom filters on the built-in machine, that clients add to, ask, unite and delete. The judge knows
 * the sets, and how far a sketch may stray from them.
 */
import { sketches } from '@seedraft/check';
import {
  bloomAdd,
  bloomHas,
  bloomMerge,
  bloomReserve,
  hllAdd,
  hllCount,
  hllMerge,
  KvMachine,
  type KvResult,
  remove,
} from '@seedraft/kv';
import type { OwnDraw, OwnOperation, OwnSystem } from '../own/system.ts';
import type { WorkloadPlan } from '../plan.ts';

const COUNTERS = 'counters';
const FILTERS = 'filters';
/** Few, so that many are there already. */
const ELEMENTS = 40;
/** Most that one operation names: of so many strangers a filter that is worth something takes hardly one for a member. */
const NAMED = 8;
const RESERVED = { capacity: 1_000, error: 0.001, fixed: true };

type Word =
  | 'pfadd'
  | 'pfcount'
  | 'pfmerge'
  | 'pfdel'
  | 'bfreserve'
  | 'bfadd'
  | 'bfexists'
  | 'bfmerge'
  | 'bfdel';

export function sketchesSystem({ mix }: WorkloadPlan): OwnSystem {
  const { get, add = 3, merge = 2, remove: gone = 1 } = mix;
  const weights: Readonly<Record<Word, number>> = {
    pfadd: Math.max(1, add),
    pfcount: get,
    pfmerge: merge,
    pfdel: gone,
    bfreserve: gone + 1,
    bfadd: Math.max(1, add),
    bfexists: get,
    bfmerge: merge,
    bfdel: gone,
  };
  return {
    machine: () => new KvMachine(),
    model: sketches(),
    workload: () => ({ next: (draw) => operation(draw.weighted(weights), draw) }),
  };
}

function operation(f: Word, draw: OwnDraw): OwnOperation {
  return f.startsWith('pf') ? onCounter(f, draw) : onFilter(f, draw);
}

function onCounter(f: Word, draw: OwnDraw): OwnOperation {
  const key = draw.key();
  const others = [draw.key(), draw.key()];
  switch (f) {
    case 'pfcount': {
      const keys = [key, ...others];
      return { f, input: { keys }, query: hllCount(COUNTERS, keys), output: count };
    }
    case 'pfmerge': {
      const command = hllMerge(COUNTERS, key, others);
      return { f, input: { key, from: others }, command, output: isChanged };
    }
    case 'pfdel':
      return deleted(f, COUNTERS, key);
    default: {
      const elements = elementsOf(draw);
      const command = hllAdd(COUNTERS, key, elements);
      return { f, input: { key, elements }, command, output: isChanged };
    }
  }
}

function onFilter(f: Word, draw: OwnDraw): OwnOperation {
  const key = draw.key();
  switch (f) {
    case 'bfreserve': {
      const command = bloomReserve(FILTERS, key, RESERVED);
      return { f, input: { key }, command, output: (answer) => is('stored', answer) };
    }
    case 'bfmerge': {
      const from = [draw.key()];
      const command = bloomMerge(FILTERS, key, from);
      return { f, input: { key, from }, command, output: merged };
    }
    case 'bfdel':
      return deleted(f, FILTERS, key);
    default: {
      const elements = elementsOf(draw);
      const input = { key, elements };
      return f === 'bfadd'
        ? { f, input, command: bloomAdd(FILTERS, key, elements), output: added }
        : { f, input, query: bloomHas(FILTERS, key, elements), output: contained };
    }
  }
}

function elementsOf(draw: OwnDraw): string[] {
  const many = draw.integer(1, NAMED);
  return Array.from({ length: many }, () => `e${draw.integer(1, ELEMENTS)}`);
}

function deleted(f: Word, namespace: string, key: string): OwnOperation {
  const command = remove(namespace, key);
  return { f, input: { key }, command, output: (answer) => is('deleted', answer) };
}

function is(status: KvResult['status'], answer: unknown): boolean {
  return (answer as KvResult).status === status;
}

/** What an answer of this status says there; any other answer as it is, which no order explains. */
function told<S extends KvResult['status']>(
  status: S,
  what: keyof Extract<KvResult, { readonly status: S }>,
): (answer: unknown) => unknown {
  return (answer) => {
    const result = answer as KvResult;
    return result.status === status
      ? (result as Extract<KvResult, { readonly status: S }>)[what]
      : result;
  };
}

const count = told('counted', 'count');
const isChanged = told('sketched', 'changed');
const added = told('added', 'added');
const contained = told('contained', 'contained');

function merged(answer: unknown): unknown {
  const result = answer as KvResult;
  if (result.status === 'stored') return 'merged';
  return result.status === 'refused' && result.code === 'MISMATCH' ? 'mismatch' : result.status;
}
