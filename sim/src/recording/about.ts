/**
 * Whom and what a violation is about. Every rule says what it saw in one sentence of a fixed vocabulary (`n1`, `term 3`, `index 7`, `7@3`,
 * `client 2`), so that one reader serves all of them and no rule has to say a thing twice; what a sentence cannot name (the operations of
 * an impossible history) comes beside it.
 */
import type { Index, Term } from '@seedraft/core';

export interface About {
  /** Names: n1, n2. */
  readonly members: readonly string[];
  readonly terms: readonly Term[];
  readonly indexes: readonly Index[];
  /** Ids of client operations. */
  readonly operations: readonly number[];
}

/** Entries are written index@term; ranges as 12@3..14@3; leaders, votes and logs are told by `term` and `index`. */
export function aboutSentence(sentence: string | null): About {
  const text = sentence ?? '';
  const members = found(text, /\bn([1-9][0-9]*)\b/g).map((id) => `n${id}`);
  const terms = found(text, /\bterm ([0-9]+)\b|\b[0-9]+@([0-9]+)\b/g);
  const indexes = found(
    text,
    /\b(?:index|entry|commits|up to|beyond|only) ([0-9]+)\b|\b([0-9]+)@[0-9]+\b/g,
  );
  return { members, terms, indexes, operations: found(text, /\boperation ([0-9]+)\b/g) };
}

/** The captured numbers, each once, in the order of first mention. */
function found(text: string, pattern: RegExp): number[] {
  const numbers = new Set<number>();
  for (const groups of text.matchAll(pattern)) {
    const captured = groups.slice(1).find((group) => group !== undefined);
    if (captured !== undefined) numbers.add(Number(captured));
  }
  return [...numbers];
}
