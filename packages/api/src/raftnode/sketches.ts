/**
 * HyperLogLogs and Bloom filters over JSON: raftnode's README hoped for them. An element is any text; a number counts as the text it is written as. What is
 * answered are estimates within the sketches' stated errors, the same on every member.
 */
import {
  bloomAdd,
  bloomHas,
  bloomInfo,
  bloomReserve,
  hllAdd,
  hllCount,
  hllMerge,
  type KvResult,
  type KvValue,
} from '@seedraft/kv';
import type { DoorRequest } from '../door.ts';
import type { Access } from '../protocol.ts';

type Fields = { readonly [name: string]: KvValue };

export interface Sketching {
  readonly needs: Access;
  /** A text: what is wrong with the request. */
  request(namespace: string, fields: Fields): DoorRequest | string;
  /** What `data` says. */
  data(result: KvResult): unknown;
}

export const SKETCHES: Readonly<Record<string, Sketching>> = {
  hll_add: write(
    (namespace, { key, elements }) =>
      onKey(key, texts(elements), (k, all) => hllAdd(namespace, k, all)),
    (result) => result.status === 'sketched' && result.changed,
  ),
  hll_merge: write(
    (namespace, { key, sources }) =>
      onKey(key, texts(sources), (k, all) => hllMerge(namespace, k, all)),
    (result) => result.status === 'sketched' && result.changed,
  ),
  hll_count: read(
    (namespace, { key, keys }) => {
      const all = texts(keys ?? (key === undefined ? null : [key]));
      return all === null
        ? 'Say which "keys" (a list of texts), or one "key".'
        : hllCount(namespace, all);
    },
    (result) => (result.status === 'counted' ? result.count : 0),
  ),
  bloom_reserve: write(
    (namespace, { key, capacity = 100, error = 0.01 }) => {
      if (typeof key !== 'string') return NO_KEY;
      if (typeof capacity !== 'number' || typeof error !== 'number') {
        return '"capacity" and "error" are numbers.';
      }
      return bloomReserve(namespace, key, { capacity, error });
    },
    (result) => result.status === 'stored',
  ),
  bloom_add: write(
    (namespace, { key, elements }) =>
      onKey(key, texts(elements), (k, all) => bloomAdd(namespace, k, all)),
    (result) => (result.status === 'added' ? result.added : []),
  ),
  bloom_has: read(
    (namespace, { key, elements }) =>
      onKey(key, texts(elements), (k, all) => bloomHas(namespace, k, all)),
    (result) => (result.status === 'contained' ? result.contained : []),
  ),
  bloom_info: read(
    (namespace, { key }) => (typeof key === 'string' ? bloomInfo(namespace, key) : NO_KEY),
    (result) => {
      if (result.status !== 'bloom') return null;
      const { capacity, items, bytes, error } = result;
      return { capacity, items, bytes, error };
    },
  ),
};

const NO_KEY = '"key" is a text.';

type Build = (namespace: string, fields: Fields) => readonly unknown[] | string;

function write(build: Build, data: Sketching['data']): Sketching {
  return {
    needs: 'write',
    request: (namespace, fields) => {
      const command = build(namespace, fields);
      return typeof command === 'string' ? command : { type: 'Command', command };
    },
    data,
  };
}

function read(build: Build, data: Sketching['data']): Sketching {
  return {
    needs: 'read',
    request: (namespace, fields) => {
      const query = build(namespace, fields);
      const mode = fields.stale === true ? 'stale' : 'linearizable';
      return typeof query === 'string' ? query : { type: 'Query', mode, query };
    },
    data,
  };
}

function onKey(
  key: KvValue | undefined,
  all: readonly string[] | null,
  command: (key: string, all: readonly string[]) => readonly unknown[],
): readonly unknown[] | string {
  if (typeof key !== 'string') return NO_KEY;
  return all === null ? 'Say which, as a list of texts.' : command(key, all);
}

function texts(value: KvValue | undefined): readonly string[] | null {
  if (!Array.isArray(value)) return null;
  const all = value.map((one) => (typeof one === 'number' ? String(one) : one));
  return all.every((one) => typeof one === 'string') ? all : null;
}
