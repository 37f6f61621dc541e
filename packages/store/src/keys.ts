/**
 * Keys: fresh for every record, so that nothing is ever overwritten. Fixed width, so that the engine's order is the order of seq and offset.
 */

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
