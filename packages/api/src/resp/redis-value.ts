/** Stored values as the bytes a Redis client gets: texts and bytes as they are, numbers in decimal, whatever else other protocols stored as JSON. */
import type { KvItem, KvValue } from '@seedraft/kv';
import { jsonOf } from '../json-out.ts';

export function bytesOfValue(value: KvValue): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') return Buffer.from(value);
  return Buffer.from(JSON.stringify(jsonOf(value)));
}

export function bytesOfItem(item: KvItem | null): Uint8Array | null {
  return item === null ? null : bytesOfValue(item.value);
}
