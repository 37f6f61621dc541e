/** `seedraft init`: the files that fuzz a machine of one's own. All of them or none, and never over a file that is there. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { EXIT, UsageError } from '../exit-codes.ts';
import { TEMPLATES } from '../init/templates.ts';
import { fileProblem } from '../read-input.ts';
import { commandLine } from '../shell.ts';
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
  const taken = TEMPLATES.filter(({ file }) => existsSync(file)).map(({ file }) => file);
  if (taken.length > 0) {
    const verb = taken.length === 1 ? 'exists' : 'exist';
    throw new UsageError(`${taken.join(', ')} ${verb} already; nothing was written.`);
  }
  for (const { file, text } of TEMPLATES) write(file, text);
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

function write(file: string, text: string): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    throw new UsageError(`${file} ${fileProblem(error)}.`);
  }
}
