/**
 * Redis's patterns: `*`, `?`, `[a-z]`, `[^a]`, and a backslash before what is meant literally; over bytes. Kept: at worst pattern times text steps,
 * whatever a stranger sends, since only the last star is ever taken back.
 */
const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const CARET = 0x5e;
const DASH = 0x2d;
const BACKSLASH = 0x5c;

export function matches(pattern: Uint8Array, text: Uint8Array): boolean {
  let [p, t, star, mark] = [0, 0, -1, 0];
  while (t < text.length) {
    if (pattern[p] === STAR) {
      star = p++;
      mark = t;
      continue;
    }
    const end = p < pattern.length ? oneMatches(pattern, p, text[t]!) : -1;
    if (end >= 0) {
      p = end;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++mark;
    } else return false;
  }
  while (pattern[p] === STAR) p++;
  return p >= pattern.length;
}

/** Where the pattern goes on if what stands at `p` matches this byte; else -1. */
function oneMatches(pattern: Uint8Array, p: number, byte: number): number {
  switch (pattern[p]) {
    case QUESTION:
      return p + 1;
    case OPEN:
      return classMatches(pattern, p + 1, byte);
    case BACKSLASH:
      if (p + 1 < pattern.length) return pattern[p + 1] === byte ? p + 2 : -1;
      return byte === BACKSLASH ? p + 1 : -1;
    default:
      return pattern[p] === byte ? p + 1 : -1;
  }
}

/** A class that nobody closes ends with the pattern. */
function classMatches(pattern: Uint8Array, from: number, byte: number): number {
  const isNegated = pattern[from] === CARET;
  let p = isNegated ? from + 1 : from;
  let isIn = false;
  for (; p < pattern.length && pattern[p] !== CLOSE; p++) {
    if (pattern[p] === BACKSLASH && p + 1 < pattern.length) {
      isIn ||= pattern[++p] === byte;
    } else if (pattern[p + 1] === DASH && p + 2 < pattern.length) {
      const [a, b] = [pattern[p]!, pattern[p + 2]!];
      isIn ||= byte >= Math.min(a, b) && byte <= Math.max(a, b);
      p += 2;
    } else isIn ||= pattern[p] === byte;
  }
  return isIn === isNegated ? -1 : Math.min(p + 1, pattern.length);
}
