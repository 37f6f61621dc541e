/**
 * UTF-8. TextEncoder and TextDecoder exist in every browser and in Node, but not in `lib ES2023`; the two shapes needed are declared
 * here, module-locally, so that no pure room has to open the door to the DOM's or Node's types.
 */

declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (
  label: string,
  options: { fatal: boolean; ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

const encoder = new TextEncoder();
// ignoreBOM keeps a leading U+FEFF: without it a text would lose its first character on the way back.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The UTF-8 bytes of a text. A lone surrogate becomes U+FFFD, as in every TextEncoder. */
export function utf8Encode(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The text of UTF-8 bytes, or null when they are not UTF-8. */
export function utf8Decode(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

/** The text of bytes[from, to); null when a byte is not ASCII. Calling the platform's decoder costs more than reading a short text here. */
export function asciiDecode(bytes: Uint8Array, from = 0, to = bytes.length): string | null {
  const length = to - from;
  if (length > MET_BEFORE_LENGTH) return assembled(bytes, from, to);
  let hash = length;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x9e3779b1);
  const slot = hash >>> MET_BEFORE_SHIFT;
  const known = metBefore[slot]!;
  if (known.length === length) {
    let i = 0;
    while (i < length && known.charCodeAt(i) === bytes[from + i]) i++;
    if (i === length) return known;
  }
  const text = assembled(bytes, from, to);
  if (text !== null) metBefore[slot] = text;
  return text;
}

/**
 * Short texts as they were met last, each where the hash of its bytes says. The names of commands, of fields and of keys come again with
 * every message; one that is here already needs no building, and whoever looks something up by it finds its hash computed.
 */
const MET_BEFORE_LENGTH = 32;
const MET_BEFORE_SHIFT = 22;
const metBefore: string[] = new Array<string>(1 << (32 - MET_BEFORE_SHIFT)).fill('');

function assembled(bytes: Uint8Array, from: number, to: number): string | null {
  let text = '';
  let i = from;
  for (; i + 4 <= to; i += 4) {
    const a = bytes[i]!;
    const b = bytes[i + 1]!;
    const c = bytes[i + 2]!;
    const d = bytes[i + 3]!;
    if ((a | b | c | d) > 0x7f) return null;
    text += String.fromCharCode(a, b, c, d);
  }
  for (; i < to; i++) {
    const a = bytes[i]!;
    if (a > 0x7f) return null;
    text += String.fromCharCode(a);
  }
  return text;
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/** False when the text holds half of a surrogate pair, which UTF-8 cannot carry. */
export function isWellFormed(text: string): boolean {
  // Short texts are nearly always ASCII, and a loop is then faster than entering the regular expression engine.
  if (text.length <= 32) {
    let i = 0;
    while (i < text.length && text.charCodeAt(i) < 0xd800) i++;
    if (i === text.length) return true;
  }
  return !LONE_SURROGATE.test(text);
}

/** How many bytes `utf8Encode` would give. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) length += 1;
    else {
      length += 2;
      // A pair takes four bytes for its two units.
      if (unit >= 0xd800 && unit < 0xdc00) i++;
    }
  }
  return length;
}
