/** An inline command, as one types it into telnet: words between blanks, quotes for what has blanks in it. Bytes, not text: values are. */

const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const BACKSLASH = 0x5c;
const ESCAPES: ReadonlyMap<number, number> = new Map([
  [0x6e, 0x0a], // \n
  [0x72, 0x0d], // \r
  [0x74, 0x09], // \t
  [0x62, 0x08], // \b
  [0x61, 0x07], // \a
]);

/** Null: a quote that nobody closed, or that closes in the midst of a word. */
export function wordsOf(line: Uint8Array): Buffer[] | null {
  const words: Buffer[] = [];
  for (let at = 0; at < line.length; ) {
    if (isBlank(line[at]!)) {
      at++;
      continue;
    }
    const word: number[] = [];
    const end = wordAt(line, at, word);
    if (end < 0) return null;
    words.push(Buffer.from(word));
    at = end;
  }
  return words;
}

/** Where the word that begins at `from` ends; -1: it does not. */
function wordAt(line: Uint8Array, from: number, word: number[]): number {
  let at = from;
  while (at < line.length && !isBlank(line[at]!)) {
    const byte = line[at]!;
    if (byte !== QUOTE && byte !== APOSTROPHE) {
      word.push(byte);
      at++;
      continue;
    }
    at = quotedAt(line, at + 1, byte, word);
    if (at < 0 || (at < line.length && !isBlank(line[at]!))) return -1;
  }
  return at;
}

/** Behind the closing quote, or -1. */
function quotedAt(line: Uint8Array, from: number, quote: number, word: number[]): number {
  for (let at = from; at < line.length; at++) {
    const byte = line[at]!;
    if (byte === quote) return at + 1;
    const next = line[at + 1];
    if (byte !== BACKSLASH || next === undefined || (quote === APOSTROPHE && next !== quote)) {
      word.push(byte);
      continue;
    }
    const hex = quote === QUOTE ? hexAt(line, at) : -1;
    word.push(hex >= 0 ? hex : (ESCAPES.get(next) ?? next));
    at += hex >= 0 ? 3 : 1;
  }
  return -1;
}

/** The byte that `\xHH` stands for; -1: it is none. */
function hexAt(line: Uint8Array, at: number): number {
  if (at + 3 >= line.length || line[at + 1] !== 0x78) return -1;
  const digits = String.fromCharCode(line[at + 2]!, line[at + 3]!);
  return /^[0-9a-fA-F]{2}$/.test(digits) ? Number.parseInt(digits, 16) : -1;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0;
}
