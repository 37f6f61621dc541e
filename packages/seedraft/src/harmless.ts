/**
 * Text that is not ours (sentences, names and values of a run, of its files and of a user's code), so that it can be shown anywhere: nothing in it
 * moves a terminal's cursor, rings, turns the reading direction, or is a command to the runner of GitHub Actions. That takes what follows `::` at
 * the start of a line, blanks before it or not, and what follows `##[` anywhere.
 */

/** Line breaks too. */
export const CONTROL = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(character: string): string {
  const code = character.charCodeAt(0).toString(16).padStart(4, '0');
  return NAMED[character] ?? `\\u${code}`;
}

/** Keeps line breaks; a backslash stands before what could be a command. To be applied once. */
export function harmless(text: string): string {
  return text
    .replaceAll(CONTROL, (character) => (character === '\n' ? character : escaped(character)))
    .replaceAll(/(^|\s)::/gu, '$1\\::')
    .replaceAll('##[', '##\\[');
}

/** On one line. */
export const harmlessLine = (text: string): string =>
  harmless(text.replaceAll('\n', () => escaped('\n')));

/** Lines after the first stand under it. */
export const harmlessBlock = (text: string): string => harmless(text).replaceAll('\n', '\n  ');

/** A value as JSON, on one line; what reads it has the value as it was. */
export function harmlessJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(CONTROL, escaped).replaceAll('##[', '#\\u0023[');
}
