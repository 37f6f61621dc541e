/**
 * Keys: fresh for every record, so that nothing is ever overwritten. Fixed width, so that the engine's order is the order of seq and offset.
 */

import { asciiDecode, crc32c, utf8Decode, utf8Encode } from '@seedraft/codec';

/** 14 hex digits hold every safe integer. */
const DIGITS = 14;

const ZEROS = '0'.repeat(DIGITS);

function hex(value: number): string {
  const digits = value.toString(16);
  return ZEROS.slice(digits.length) + digits;
}

export const groupKey = (seq: number): string => `group/${hex(seq)}`;
export const baseKey = (firstSeq: number): string => `base/${hex(firstSeq)}`;
export const chunkKey = (id: string, offset: number): string => `chunk/${id}/${hex(offset)}`;

/** What a key has in common with its neighbours: all groups, or all chunks of one snapshot. */
export const familyOf = (key: string): string => key.slice(0, -DIGITS);
export const groupFamily = familyOf(groupKey(0));

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
  return asciiDecode(bytes, 0, length) ?? utf8Decode(bytes.subarray(0, length));
}

const units = new Uint8Array(64);

/** The CRC32C of the key's bytes. */
export function checksumOfKey(key: string): number {
  if (key.length > units.length) return crc32c(bytesOfKey(key));
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i);
    if (unit > 0x7f) return crc32c(utf8Encode(key));
    units[i] = unit;
  }
  return crc32c(units, 0, 0, key.length);
}
