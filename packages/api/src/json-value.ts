/**
 * JSON to a value that can be stored without changing it. Numbers are doubles here: an integer that none of them gives back as it was written, a number
 * too large for any, and bytes that are no UTF-8 would come back as something else, so they are refused: whoever wrote them can send another text instead.
 */
import { isUtf8 } from 'node:buffer';
import type { KvValue } from '@seedraft/kv';

/** Texts are passed over as a whole, so that digits inside them are not taken for numbers; a number is one with its fraction and exponent. */
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;

export type ParsedJson =
  | { readonly ok: true; readonly value: KvValue }
  | {
      readonly ok: false;
      readonly code: 'NOT_JSON' | 'BAD_VALUE' | 'BAD_REQUEST';
      readonly sentence: string;
      /** What can be read of it: to answer in the form that was asked for, never to be carried out. */
      readonly readable?: KvValue;
    };

export function parseJson(text: string): ParsedJson {
  let value: KvValue;
  try {
    value = JSON.parse(text) as KvValue;
  } catch (thrown) {
    const sentence = `This is not JSON: ${(thrown as Error).message}.`;
    return { ok: false, code: 'NOT_JSON', sentence };
  }
  const token = text.match(TOKENS)?.find(wouldChange);
  if (token === undefined) return { ok: true, value };
  const sentence = `The number ${token.slice(0, 32)} cannot be kept exactly: send it as a text.`;
  return { ok: false, code: 'BAD_VALUE', sentence, readable: value };
}

export function parseJsonBytes(bytes: Buffer): ParsedJson {
  const text = bytes.toString('utf8');
  const parsed = parseJson(text);
  if (isUtf8(bytes)) return parsed;
  const readable = parsed.ok ? parsed.value : parsed.readable;
  const sentence = 'This is not UTF-8: JSON is. Send other bytes as base64.';
  return { ok: false, code: 'BAD_REQUEST', sentence, ...(readable !== undefined && { readable }) };
}

/** Fractions are rounded to the nearest double, as everywhere. */
function wouldChange(token: string): boolean {
  if (token.startsWith('"')) return false;
  if (/[.eE]/.test(token)) return !Number.isFinite(Number(token));
  return token.length > 15 && String(Number(token)) !== token;
}
