/** Stored values as JSON. Bytes (Redis clients write them) are shown as the text they are, or by base64 when they are none. */

/** For JSON.stringify: `undefined` never comes out of the data model. */
export function jsonOf(value: unknown): unknown {
  if (value instanceof Uint8Array) return textOf(value) ?? { base64: base64Of(value) };
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, jsonOf(one)]));
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

const base64Of = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
