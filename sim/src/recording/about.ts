/**
 * Whom and what a violation is about. Every rule says what it saw in one sentence of a fixed vocabulary (`n1`, `term 3`, `index 7`, `7@3`,
 * `client 2`, `session 5, sequence 8`), so that one reader serves all of them and no rule has to say a thing twice. Client operations are
 * found by what the sentence says of them: their session, their moment, their place in the history.
 */
import type { Index, Term } from '@seedraft/core';
import type { RecordedOperation } from './recording.ts';

export interface About {
  /** Names: n1, n2. */
  readonly members: readonly string[];
  readonly terms: readonly Term[];
  readonly indexes: readonly Index[];
  /** Ids of client operations. */
  readonly operations: readonly number[];
}

/** `operations`: all of the run. */
export function aboutSentence(
  sentence: string | null,
  operations: readonly RecordedOperation[],
): About {
  const text = sentence ?? '';
  const isHistory = /linearizable|the order that the log claims/.test(text);
  return {
    members: numbers(text, /\bn([1-9][0-9]*)\b/g).map((id) => `n${id}`),
    terms: isHistory ? [] : numbers(text, TERM).filter((term) => term > 0),
    indexes: numbers(withoutStates(text), INDEX).filter((index) => index > 0),
    operations: operations.filter(named(text)).map(({ id }) => id),
  };
}

/** A demand of liveness closes with how everybody stood: their terms tell who leads, the ends of their logs tell nothing. */
function withoutStates(text: string): string {
  return text.replace(/ \(at [0-9.]+ s: [^()]*\)$/, '');
}

const TERM = /\bterm ([0-9]+)\b|\b[0-9]+@([0-9]+)\b/g;
const INDEX =
  /\b(?:index|entry|commits|acknowledges|beyond|only|(?<!term [0-9]+ )to) ([0-9]+)(?![0-9.]|@)|\b([0-9]+)@[0-9]+\b/g;

/** Does the sentence speak of this operation? */
function named(text: string): (operation: RecordedOperation) => boolean {
  const places = new Set(numbers(text, /\bevent ([0-9]+)\)|^[> ] \[([0-9]+), /gm));
  const sessions = new Set([...text.matchAll(/session (\d+), sequence (\d+)/g)].map(pair));
  const reading = /read of client (\d+) .* began at ([0-9.]+) s/.exec(text);
  const told = /client (\d+) was told at ([0-9.]+) s that its (\w+)/.exec(text);
  return ({ client, f, readOnly, sessionId, sequence, invokedAt, completedAt, invoked }) =>
    places.has(invoked) ||
    (sessionId > 0 && sessions.has(`${sessionId} ${sequence}`)) ||
    (readOnly && isAt(reading, client, invokedAt)) ||
    (f === told?.[3] && isAt(told, client, completedAt));
}

const pair = ([, one, other]: RegExpMatchArray): string => `${one} ${other}`;

/** Sentences tell milliseconds. */
function isAt(found: RegExpExecArray | null, client: string, micros: number | null): boolean {
  if (found === null || micros === null || client !== `c${found[1]}`) return false;
  return (micros / 1e6).toFixed(3) === found[2];
}

/** The captured numbers, each once, in the order of first mention. */
function numbers(text: string, pattern: RegExp): number[] {
  const found = new Set<number>();
  for (const groups of text.matchAll(pattern)) {
    const captured = groups.slice(1).find((group) => group !== undefined);
    if (captured !== undefined) found.add(Number(captured));
  }
  return [...found];
}
