/**
 * Plain values as what the table holds: their canonical bytes. What is stored comes back in answers, nested deeper by a few levels, and
 * answers are replicated too: so nothing is stored so deep that an answer could not be encoded.
 */
import { decodeOrThrow, tryEncode, utf8Encode } from '@seedraft/codec';
import type { KvExpectation, KvValue } from './command.ts';
import { Refusal } from './refusal.ts';
import type { Content, Entry } from './table.ts';

/** Half of what codec carries: an item in a result of a transaction in a batch is some ten levels down. */
export const MAX_VALUE_DEPTH = 32;

export function contentOf(value: KvValue): Content {
  const encoded = tryEncode(value);
  if (!encoded.ok) throw new Refusal('BAD_VALUE', `${encoded.code}: ${encoded.reason}`);
  if (depthOf(value) > MAX_VALUE_DEPTH) {
    throw new Refusal('BAD_VALUE', `TOO_DEEP: nested deeper than ${MAX_VALUE_DEPTH} levels`);
  }
  return { type: 'value', bytes: encoded.bytes, pages: null };
}

export function plainValue(content: Content): KvValue {
  return decodeOrThrow(content.bytes) as KvValue;
}

/** Whether the state is the expected one. Values are compared by their canonical bytes, which is deep equality. */
export function meets(current: Entry | undefined, expected: KvExpectation): boolean {
  switch (expected[0]) {
    case 'absent':
      return current === undefined;
    case 'revision':
      return current?.revision === expected[1];
    case 'value': {
      const wanted = contentOf(expected[1]);
      return current?.type === 'value' && sameBytes(current.bytes, wanted.bytes);
    }
  }
}

function depthOf(value: KvValue): number {
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return 0;
  let deepest = 0;
  for (const inner of Array.isArray(value) ? value : Object.values(value)) {
    if (typeof inner === 'object') deepest = Math.max(deepest, depthOf(inner));
  }
  return 1 + deepest;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The bytes of a text, of bytes, or of a number's decimal text; null: it is something else. */
export function bytesOfText(value: KvValue): Uint8Array | null {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') return utf8Encode(value);
  return typeof value === 'number' ? utf8Encode(String(value)) : null;
}
