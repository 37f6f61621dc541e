/** Commands and queries by their names, so that nobody counts positions. What each does stands in command.ts. */
import type * as Kv from './command.ts';

export function put(
  namespace: string,
  key: string,
  value: Kv.KvValue,
  options?: Kv.PutOptions,
): Kv.KvPut {
  return options === undefined
    ? ['put', namespace, key, value]
    : ['put', namespace, key, value, options];
}

export function cas(
  namespace: string,
  key: string,
  expected: Kv.KvExpectation,
  value: Kv.KvValue,
  options?: { readonly ttl?: number },
): Kv.KvCas {
  return options === undefined
    ? ['cas', namespace, key, expected, value]
    : ['cas', namespace, key, expected, value, options];
}

export function remove(namespace: string, key: string, options?: Kv.DeleteOptions): Kv.KvDelete {
  return options === undefined ? ['delete', namespace, key] : ['delete', namespace, key, options];
}

export function removeMany(namespace: string, keys: readonly string[]): Kv.KvDeleteMany {
  return ['deleteMany', namespace, keys];
}

export function flush(namespace: string): Kv.KvFlush {
  return ['flush', namespace];
}

export function increment(namespace: string, key: string, by: number | string = 1): Kv.KvIncrement {
  return ['increment', namespace, key, by];
}

export function append(namespace: string, key: string, tail: string | Uint8Array): Kv.KvAppend {
  return ['append', namespace, key, tail];
}

export function expire(
  namespace: string,
  key: string,
  ttl: number,
  when?: Kv.KvExpireWhen,
): Kv.KvExpire {
  return when === undefined
    ? ['expire', namespace, key, ttl]
    : ['expire', namespace, key, ttl, when];
}

export function persist(namespace: string, key: string): Kv.KvPersist {
  return ['persist', namespace, key];
}

export function transact(
  guards: readonly Kv.KvGuard[],
  commands: readonly Exclude<Kv.KvCommand, Kv.KvTransact>[],
): Kv.KvTransact {
  return ['transact', guards, commands];
}

export function ringSize(
  namespace: string,
  ring: string,
  size: number,
  strategy?: Kv.KvRingStrategy,
): Kv.KvRingSize {
  return strategy === undefined
    ? ['ringSize', namespace, ring, size]
    : ['ringSize', namespace, ring, size, strategy];
}

export function ringAdd(namespace: string, ring: string, node: string): Kv.KvRingAdd {
  return ['ringAdd', namespace, ring, node];
}

export function ringRemove(namespace: string, ring: string, node: string): Kv.KvRingRemove {
  return ['ringRemove', namespace, ring, node];
}

export function hllAdd(
  namespace: string,
  key: string,
  elements: readonly Kv.KvElement[],
): Kv.KvHllAdd {
  return ['hllAdd', namespace, key, elements];
}

export function hllMerge(
  namespace: string,
  key: string,
  sources: readonly string[],
): Kv.KvHllMerge {
  return ['hllMerge', namespace, key, sources];
}

export function bloomReserve(
  namespace: string,
  key: string,
  options: Kv.BloomOptions,
): Kv.KvBloomReserve {
  return ['bloomReserve', namespace, key, options];
}

export function bloomAdd(
  namespace: string,
  key: string,
  elements: readonly Kv.KvElement[],
): Kv.KvBloomAdd {
  return ['bloomAdd', namespace, key, elements];
}

export function bloomMerge(
  namespace: string,
  key: string,
  sources: readonly string[],
): Kv.KvBloomMerge {
  return ['bloomMerge', namespace, key, sources];
}

export function get(namespace: string, key: string): Kv.KvGet {
  return ['get', namespace, key];
}

export function getMany(namespace: string, keys: readonly string[]): Kv.KvGetMany {
  return ['getMany', namespace, keys];
}

export function exists(namespace: string, keys: readonly string[]): Kv.KvExists {
  return ['exists', namespace, keys];
}

export function describe(namespace: string, key: string): Kv.KvDescribe {
  return ['describe', namespace, key];
}

export function scan(
  namespace: string,
  prefix: string,
  limit: number,
  after: string | null = null,
): Kv.KvScan {
  return ['scan', namespace, prefix, limit, after];
}

export function keys(namespace: string, cursor: number, limit: number): Kv.KvKeys {
  return ['keys', namespace, cursor, limit];
}

export function count(namespace: string): Kv.KvCount {
  return ['count', namespace];
}

export function ring(namespace: string, name: string): Kv.KvRingGet {
  return ['ring', namespace, name];
}

export function hllCount(namespace: string, names: readonly string[]): Kv.KvHllCount {
  return ['hllCount', namespace, names];
}

export function bloomHas(
  namespace: string,
  key: string,
  elements: readonly Kv.KvElement[],
): Kv.KvBloomHas {
  return ['bloomHas', namespace, key, elements];
}

export function bloomInfo(namespace: string, key: string): Kv.KvBloomInfo {
  return ['bloomInfo', namespace, key];
}

export function watch(namespace: string, prefix = '', options?: Kv.WatchOptions): Kv.KvWatch {
  return options === undefined
    ? ['watch', namespace, prefix]
    : ['watch', namespace, prefix, options];
}
