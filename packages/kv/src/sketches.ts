/** Commands on sketches: which keys they concern, and what of that is stored, told and answered. */
import { addToBloom, DEFAULT_BLOOM, emptyBloom, mergeBlooms } from './bloom.ts';
import type {
  KvBloomAdd,
  KvBloomMerge,
  KvBloomReserve,
  KvHllAdd,
  KvHllMerge,
  KvType,
} from './command.ts';
import { addToHll, EMPTY_HLL, mergeHlls } from './hyperloglog.ts';
import { NEVER } from './keyspace.ts';
import { assertType } from './refusal.ts';
import type { KvResult } from './result.ts';
import type { Content, Entry } from './table.ts';
import { type Bench, MISSING, stored } from './writes.ts';

export function addToSketch([, namespace, key, elements]: KvHllAdd, bench: Bench): KvResult {
  const old = find(bench, namespace, key, 'hyperloglog');
  const content = addToHll(old ?? EMPTY_HLL, elements);
  return keep(bench, namespace, key, content, old);
}

export function mergeSketches([, namespace, key, names]: KvHllMerge, bench: Bench): KvResult {
  const old = find(bench, namespace, key, 'hyperloglog');
  const sources = names.map((name) => find(bench, namespace, name, 'hyperloglog'));
  const there = sources.filter((source) => source !== undefined);
  return keep(bench, namespace, key, mergeHlls([old ?? EMPTY_HLL, ...there]), old);
}

export function reserveBloom(command: KvBloomReserve, bench: Bench): KvResult {
  const [, namespace, key, options] = command;
  const { keys, answers, context } = bench;
  const old = keys.find(namespace, key);
  if (old !== undefined) return { status: 'conflict', current: answers.item(old) };
  const content = emptyBloom(options);
  return stored(keys.write('put', namespace, key, content, NEVER, context.index), null);
}

export function addToFilter([, namespace, key, elements]: KvBloomAdd, bench: Bench): KvResult {
  const old = find(bench, namespace, key, 'bloom');
  const { content, added } = addToBloom(old ?? emptyBloom(DEFAULT_BLOOM), elements);
  keep(bench, namespace, key, content, old);
  return { status: 'added', added };
}

export function mergeFilters([, namespace, key, names]: KvBloomMerge, bench: Bench): KvResult {
  const { keys, context } = bench;
  const all = [key, ...names].map((name) => find(bench, namespace, name, 'bloom'));
  const there = all.filter((source) => source !== undefined);
  if (there.length === 0) return MISSING;
  const expires = all[0]?.expires ?? NEVER;
  const content = mergeBlooms(there);
  return stored(keys.write('put', namespace, key, content, expires, context.index), null);
}

/** Undefined: absent. Refuses a key that holds something else. */
function find({ keys }: Bench, namespace: string, key: string, type: KvType): Entry | undefined {
  const entry = keys.find(namespace, key);
  if (entry !== undefined) assertType(entry, type);
  return entry;
}

/** Stores a sketch under the deadline it had, if it changed or is new. */
function keep(
  { keys, context }: Bench,
  namespace: string,
  key: string,
  content: Content,
  old: Entry | undefined,
): KvResult {
  const changed = content !== old;
  const expires = old?.expires ?? NEVER;
  if (changed) keys.write('put', namespace, key, content, expires, context.index);
  return { status: 'sketched', changed };
}
