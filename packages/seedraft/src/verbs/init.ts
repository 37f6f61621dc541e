/** `seedraft init`: the files that fuzz a machine of one's own. All of them or none, and never over a file that is there. */
import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { EXIT, UsageError } from '../exit-codes.ts';
import { TEMPLATES } from '../init/templates.ts';
import { commandLine } from '../shell.ts';
import { writeProblem } from '../write-problem.ts';
import { examples } from './examples.ts';
import { out } from './output.ts';

export function addInit(program: Command, finish: (code: number) => void): void {
  program
    .command('init')
    .summary('begin to fuzz a machine of your own')
    .description(
      `Writes ${TEMPLATES.map(({ file }) => file).join(', ')} into the working directory. Nothing is overwritten: if one of them exists, none is written.`,
    )
    .addHelpText('after', examples(['init', 'then fuzz, and put your own machine into the config']))
    .action(() => finish(init()));
}

function init(): number {
  assertRoom();
  const written = new Written();
  try {
    for (const { file, text } of TEMPLATES) written.add(file, text);
  } catch (error) {
    written.takeBack();
    throw error;
  }
  const width = Math.max(...TEMPLATES.map(({ file }) => file.length));
  out(
    [
      'Written:',
      ...TEMPLATES.map(({ file, about }) => `  ${file.padEnd(width)}  ${about}`),
      '',
      'Next:',
      `  ${commandLine('fuzz', '--for', '20s')}`,
      '  npx vitest run          (npm install -D vitest fast-check, if they are not there)',
      '  then put your own machine, workload and model into seedraft.config.ts',
    ].join('\n'),
  );
  return EXIT.pass;
}

/** Is there room for every file, and a folder (or room for one) where it goes? Throws UsageError. */
function assertRoom(): void {
  for (const { file } of TEMPLATES) {
    const inTheWay = foldersOf(file).find((folder) => isThere(folder) && !isFolder(folder));
    if (inTheWay === undefined) continue;
    throw new UsageError(
      `${inTheWay} is no folder, so ${file} has no place; nothing was written. Move it away first.`,
    );
  }
  const taken = TEMPLATES.map(({ file }) => file).filter(isThere);
  if (taken.length > 0) {
    const verb = taken.length === 1 ? 'exists' : 'exist';
    throw new UsageError(`${taken.join(', ')} ${verb} already; nothing was written.`);
  }
}

/** Something of this name, were it a link to nowhere. */
const isThere = (file: string): boolean => lstatSync(file, { throwIfNoEntry: false }) !== undefined;

const isFolder = (file: string): boolean =>
  statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;

/** `.github/workflows/seedraft.yml`: `.github`, then `.github/workflows`. */
function foldersOf(file: string): string[] {
  const parts = path.dirname(file).split('/');
  return parts[0] === '.' ? [] : parts.map((_, at) => parts.slice(0, at + 1).join('/'));
}

/** What this run made, so that a failure on the way leaves nothing of it. */
class Written {
  readonly #files: string[] = [];
  readonly #folders: string[] = [];

  add(file: string, text: string): void {
    try {
      for (const folder of foldersOf(file)) {
        if (isThere(folder)) continue;
        mkdirSync(folder);
        this.#folders.push(folder);
      }
      const descriptor = openSync(file, 'wx');
      this.#files.push(file);
      try {
        writeFileSync(descriptor, text);
      } finally {
        closeSync(descriptor);
      }
    } catch (error) {
      throw new UsageError(`${file} ${writeProblem(error)}. Nothing was written.`);
    }
  }

  takeBack(): void {
    for (const file of this.#files) rmSync(file, { force: true });
    for (const folder of this.#folders.reverse()) {
      // What somebody else put there meanwhile stays.
      if (readdirSync(folder).length === 0) rmdirSync(folder);
    }
  }
}
