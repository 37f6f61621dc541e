/** What sketches remember of an element: 64 bits of hash, the same on every member and in every version (a snapshot holds what they led to). */
import { type Digest, hash64, utf8Encode } from '@seedraft/codec';
import type { KvElement } from './command.ts';

/** A text is its UTF-8 bytes: clients of all protocols mean the same element. */
export function hashOf(element: KvElement): Digest {
  return hash64(typeof element === 'string' ? utf8Encode(element) : element);
}
