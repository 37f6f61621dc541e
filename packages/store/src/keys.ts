/**
 * Keys: fresh for every record, so that nothing is ever overwritten. Fixed width, so that the engine's order is the order of seq and offset.
 */

import { utf8Decode, utf8Encode } from '@seedraft/codec';

/** 14 hex digits hold every safe integer. */
const DIGITS = 14;

const hex = (value: number): string => value.toString(16).padStart(DIGITS, '0');

export const groupKey = (seq: number): string => `group/${hex(seq)}`;
export const baseKey = (firstSeq: number): string => `base/${hex(firstSeq)}`;
export const chunkKey = (id: string, offset: number): string => `chunk/${id}/${hex(offset)}`;

export type ParsedKey =
  | { readonly kind: 'group' | 'base'; readonly seq: number }
  | { readonly kind: 'chunk'; readonly id: string; readonly offset: number };

/** Null for a key that this room never writes. */
export function parseKey(key: string): ParsedKey | null {
  const slash = key.lastIndexOf('/');
  const digits = key.slice(slash + 1);
  if (digits.length !== DIGITS || !/^[0-9a-f]+$/.test(digits)) return null;
  const number = Number.parseInt(digits, 16);
  const prefix = key.slice(0, slash);
  if (prefix === 'group' || prefix === 'base') return { kind: prefix, seq: number };
  if (!prefix.startsWith('chunk/')) return null;
  return { kind: 'chunk', id: prefix.slice('chunk/'.length), offset: number };
}

/** UTF-8. Nearly every key is short and ASCII, and then a loop is faster than the platform's encoder. */
export function bytesOfKey(key: string): Uint8Array {
  const bytes = new Uint8Array(key.length);
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i);
    if (unit > 0x7f) return utf8Encode(key);
    bytes[i] = unit;
  }
  return bytes;
}

/** The key in bytes[0, length); null when that is not UTF-8. */
export function textOfKey(bytes: Uint8Array, length = bytes.length): string | null {
  let key = '';
  for (let i = 0; i < length; i++) {
    if (bytes[i]! > 0x7f) return utf8Decode(bytes.subarray(0, length));
    key += String.fromCharCode(bytes[i]!);
  }
  return key;
}
