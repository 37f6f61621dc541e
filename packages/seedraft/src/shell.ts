/** Lines that people paste: words quoted when a shell would split them, paths as short as they can be, a command that works from where it is read. */
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { harmlessLine } from './harmless.ts';

const PLAIN = /^[\w@%+=:,./-]+$/;

/** The text as one word of a POSIX shell. What must not be shown (`harmless.ts`) is spelt out, except line breaks at its very end. */
export function shellWord(text: string): string {
  if (PLAIN.test(text)) return text;
  const [, body = '', breaks = ''] = /^(.*?)(\n*)$/su.exec(text) ?? [];
  return isHarmless(body)
    ? quoted(text)
    : `"$(printf '${printed(body)}')"${breaks && quoted(breaks)}`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
const isHarmless = (text: string): boolean => harmlessLine(text) === text;

/** For printf, in single quotes: byte by byte what is no plain character. */
function printed(text: string): string {
  const octal = (byte: number): string => `\\${byte.toString(8).padStart(3, '0')}`;
  const bytes = (character: string): string => [...Buffer.from(character)].map(octal).join('');
  return text.replaceAll(/[^\w@+=,./ ]/gu, bytes);
}

/** The text as a part of a file's name, safe everywhere. */
export function safeName(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9._-]+/g, '-').slice(0, 80);
}

/** Relative to the working directory when below it, else absolute. */
export function shownPath(file: string, cwd: string = process.cwd()): string {
  const relative = path.relative(cwd, path.resolve(cwd, file));
  if (relative === '') return '.';
  const isBelow = relative !== '..' && !relative.startsWith(`..${path.sep}`);
  if (!isBelow || path.isAbsolute(relative)) return path.resolve(cwd, file);
  return relative.startsWith('-') ? `.${path.sep}${relative}` : relative;
}

/** `npx seedraft` where that is this very program, else node with its path: npx would ask a registry. */
function program(): string {
  const bin = fileURLToPath(new URL('../bin/seedraft.js', import.meta.url));
  for (let folder = process.cwd(); ; folder = path.dirname(folder)) {
    const linked = path.join(folder, 'node_modules', '.bin', 'seedraft');
    if (existsSync(linked)) {
      return realpathSync(linked) === realpathSync(bin) ? 'npx seedraft' : `node ${shellWord(bin)}`;
    }
    if (folder === path.dirname(folder)) return `node ${shellWord(bin)}`;
  }
}

let known: string | undefined;

/** `npx seedraft replay runs/calm-seed-1` */
export function commandLine(...words: readonly string[]): string {
  known ??= program();
  return [known, ...words.map(shellWord)].join(' ');
}
