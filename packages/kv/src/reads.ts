/** Queries. What they show is limited (answers.ts); none of them changes anything, whether asked as a query or as a command. */
import type { Answers } from './answers.ts';
import { bloomFacts, bloomHas } from './bloom.ts';
import type { KvDescribe, KvGetMany, KvKeys, KvQuery, KvScan } from './command.ts';
import { countHlls } from './hyperloglog.ts';
import { type Keyspace, NEVER } from './keyspace.ts';
import { assertType } from './refusal.ts';
import type { KvItem, KvResult } from './result.ts';
import { ringOf } from './ring.ts';
import type { Entry } from './table.ts';
import { bytesOfText, plainValue } from './value.ts';
import { MISSING } from './writes.ts';

export interface Reading {
  readonly keys: Keyspace;
  readonly answers: Answers;
  /** Cluster time, ms. */
  readonly time: number;
}

export function answer(query: KvQuery, reading: Reading): KvResult {
  const { keys, answers } = reading;
  const [name, namespace] = query;
  switch (name) {
    case 'get': {
      const entry = keys.find(namespace, query[2]);
      if (entry === undefined) return MISSING;
      assertType(entry, 'value');
      return { status: 'found', item: answers.item(entry) };
    }
    case 'getMany':
      return getMany(query, reading);
    case 'exists': {
      const there = query[2].filter((key) => keys.find(namespace, key) !== undefined);
      return { status: 'counted', count: there.length };
    }
    case 'describe':
      return describe(query, reading);
    case 'scan':
      return scan(query, reading);
    case 'keys':
      return pageOfKeys(query, reading);
    case 'count':
      return { status: 'counted', count: keys.count(namespace) };
    default:
      return answerTyped(query, reading);
  }
}

/** Of keys that hold no plain value. */
function answerTyped(
  query: Extract<KvQuery, readonly ['ring' | 'hllCount' | 'bloomHas' | 'bloomInfo', ...unknown[]]>,
  { keys }: Reading,
): KvResult {
  const [name, namespace] = query;
  if (name === 'hllCount') {
    const entries = query[2].map((key) => keys.find(namespace, key));
    const there = entries.filter((entry) => entry !== undefined);
    for (const entry of there) assertType(entry, 'hyperloglog');
    return { status: 'counted', count: countHlls(there) };
  }
  const entry = keys.find(namespace, query[2]);
  if (name === 'bloomHas' && entry === undefined) {
    return { status: 'contained', contained: query[3].map(() => false) };
  }
  if (entry === undefined) return MISSING;
  assertType(entry, name === 'ring' ? 'ring' : 'bloom');
  switch (name) {
    case 'ring':
      return ringAnswer(entry);
    case 'bloomHas':
      return { status: 'contained', contained: bloomHas(entry, query[3]) };
    case 'bloomInfo':
      return bloomFacts(entry);
  }
}

export function ringAnswer(entry: Entry): KvResult {
  return { status: 'ring', ring: ringOf(entry), relocations: [], revision: entry.revision };
}

/** Keys of other types count as absent, as MGET has it. */
function getMany([, namespace, names]: KvGetMany, { keys, answers }: Reading): KvResult {
  const items = names.map((key) => {
    const entry = keys.find(namespace, key);
    return entry?.type === 'value' ? answers.item(entry) : null;
  });
  return { status: 'items', items };
}

function describe([, namespace, key]: KvDescribe, { keys, time }: Reading): KvResult {
  const entry = keys.find(namespace, key);
  if (entry === undefined) return MISSING;
  const { type, revision } = entry;
  const expires = entry.expires === NEVER ? null : entry.expires;
  return {
    status: 'described',
    type,
    revision,
    expires,
    remaining: expires === null ? null : Math.max(0, expires - time),
    length: type === 'value' ? (bytesOfText(plainValue(entry))?.length ?? null) : null,
  };
}

function scan(query: KvScan, { keys, answers }: Reading): KvResult {
  const [, namespace, prefix, limit, after] = query;
  const sorted = keys.keys(namespace);
  const items: KvItem[] = [];
  // From the first key that is neither before the prefix nor up to `after`.
  let at = firstFrom(
    sorted.length,
    (place) => sorted[place]! < (after !== null && after > prefix ? after : prefix),
  );
  if (sorted[at] === after) at++;
  for (; at < sorted.length && sorted[at]!.startsWith(prefix); at++) {
    const entry = keys.find(namespace, sorted[at]!)!;
    // A page that is full of bytes ends like one that is full of items.
    if (items.length === limit || (items.length > 0 && !answers.hasRoomFor(entry))) {
      return { status: 'scanned', items, more: true };
    }
    items.push(answers.item(entry));
  }
  return { status: 'scanned', items, more: false };
}

/** A cursor is a hash, and a page never ends between two keys of one hash. */
function pageOfKeys([, namespace, cursor, limit]: KvKeys, { keys }: Reading): KvResult {
  const hashed = keys.hashedKeys(namespace);
  const page: string[] = [];
  let at = firstFrom(hashed.length, (place) => hashed[place]!.hash < cursor);
  for (; at < hashed.length; at++) {
    const { key, hash } = hashed[at]!;
    if (page.length >= limit && hash !== hashed[at - 1]!.hash) {
      return { status: 'keys', keys: page, cursor: hash };
    }
    page.push(key);
  }
  return { status: 'keys', keys: page, cursor: 0 };
}

/** The first place that is not before. */
function firstFrom(length: number, isBefore: (place: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
