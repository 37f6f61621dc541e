/**
 * Integers of 64 bits, as Redis's clients know them, over values that have doubles only: what counts as an integer, and what a sum is
 * stored as. A number stays a number while it is exact, a text stays a text, and so do bytes.
 */
import { asciiDecode } from '@seedraft/codec';
import type { KvValue } from './command.ts';

const LEAST = -0x8000_0000_0000_0000n;
const MOST = 0x7fff_ffff_ffff_ffffn;
/** Plain decimal: no sign but a leading minus, no zeros before, no minus zero. */
const DECIMAL = /^(?:0|-?[1-9][0-9]{0,18})$/;

/** The integer that a value is, or null. */
export function integerOf(value: KvValue): bigint | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : null;
  if (typeof value === 'string') return parsed(value);
  if (value instanceof Uint8Array && value.length <= 20) {
    const text = asciiDecode(value, 0, value.length);
    return text === null ? null : parsed(text);
  }
  return null;
}

export function isInteger64(value: unknown): boolean {
  return (typeof value === 'number' || typeof value === 'string') && integerOf(value) !== null;
}

/** Their sum; null: it has no place in 64 bits. */
export function sumOf(left: bigint, right: bigint): bigint | null {
  const sum = left + right;
  return sum < LEAST || sum > MOST ? null : sum;
}

/** The sum as what `like` was (null: there was nothing): a number beyond what a double holds exactly becomes a text. */
export function storedAs(like: KvValue, sum: bigint): KvValue {
  const text = String(sum);
  if (like instanceof Uint8Array) return Uint8Array.from(text, (digit) => digit.charCodeAt(0));
  if (typeof like === 'string') return text;
  const number = Number(sum);
  return Number.isSafeInteger(number) ? number : text;
}

function parsed(text: string): bigint | null {
  if (!DECIMAL.test(text)) return null;
  const integer = BigInt(text);
  return integer < LEAST || integer > MOST ? null : integer;
}
