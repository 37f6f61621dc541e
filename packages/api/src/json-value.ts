/**
 * JSON text to a value that can be stored without changing it. An integer beyond 2^53 would come back as another one, so it is refused: whoever
 * wrote it can send a text instead.
 */
import type { KvValue } from '@seedraft/kv';

/** Texts are passed over as a whole, so that digits inside them are not taken for numbers. */
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?![\d.eE])/g;

export type ParsedJson =
  | { readonly ok: true; readonly value: KvValue }
  | { readonly ok: false; readonly code: 'NOT_JSON' | 'BAD_VALUE'; readonly sentence: string };

export function parseJson(text: string): ParsedJson {
  let value: KvValue;
  try {
    value = JSON.parse(text) as KvValue;
  } catch (thrown) {
    const sentence = `This is not JSON: ${(thrown as Error).message}.`;
    return { ok: false, code: 'NOT_JSON', sentence };
  }
  const [token] = text.match(TOKENS)?.filter(isTooLong) ?? [];
  if (token === undefined) return { ok: true, value };
  const sentence = `The integer ${token.slice(0, 32)} cannot be kept exactly: send it as a text.`;
  return { ok: false, code: 'BAD_VALUE', sentence };
}

function isTooLong(token: string): boolean {
  return token.length > 15 && !token.startsWith('"') && !Number.isSafeInteger(Number(token));
}
