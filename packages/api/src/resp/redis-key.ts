/**
 * Keys are bytes to Redis's clients and well-formed texts here. Bytes that are UTF-8 become the text they are, so that other protocols see the
 * same key; any byte that is none becomes a character of the last private plane, U+10FF80 to U+10FFFF, one for each byte from 0x80. Kept: every
 * sequence of bytes has a text of its own and comes back from it; so bytes that spell such a character are taken as four single ones.
 */
import { MAX_KEY_LENGTH } from '@seedraft/kv';
import { Failure } from './reply.ts';

const BASE = 0x10_ff00;
/** What decoding leaves of bytes that are no UTF-8, and what stands for such bytes. */
const UNUSUAL = /\ufffd|\udbff[\udf80-\udfff]/;
const STANDS_FOR_BYTE = /\udbff[\udf80-\udfff]/;

/** Throws a Failure when it is too long. */
export function keyOf(bytes: Buffer): string {
  const text = textOf(bytes);
  if (text.length <= MAX_KEY_LENGTH) return text;
  throw new Failure(`ERR a key has at most ${MAX_KEY_LENGTH} characters`);
}

export function textOf(bytes: Buffer): string {
  const text = bytes.toString();
  return UNUSUAL.test(text) ? byPieces(bytes) : text;
}

export function bytesOf(key: string): Buffer {
  if (!STANDS_FOR_BYTE.test(key)) return Buffer.from(key);
  const pieces: Uint8Array[] = [];
  for (const character of key) {
    const point = character.codePointAt(0)!;
    pieces.push(point >= BASE + 0x80 ? Uint8Array.of(point - BASE) : Buffer.from(character));
  }
  return Buffer.concat(pieces);
}

function byPieces(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = characterAt(bytes, at);
    if (length === 0) text += String.fromCodePoint(BASE + bytes[at]!);
    else text += bytes.toString('utf8', at, at + length);
    at += Math.max(1, length);
  }
  return text;
}

/** The bytes of the character that begins here; 0: none does, or one of those that stand for bytes. */
function characterAt(bytes: Buffer, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (at + length > bytes.length) return 0;
  const character = bytes.toString('utf8', at, at + length);
  const point = character.codePointAt(0)!;
  // Decoded and encoded again it must be these bytes: overlong forms, surrogates and the rest are not.
  const isExact = bytes.compare(Buffer.from(character), 0, undefined, at, at + length) === 0;
  return isExact && character.length === (length === 4 ? 2 : 1) && point < BASE + 0x80 ? length : 0;
}
