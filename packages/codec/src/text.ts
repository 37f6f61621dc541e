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
