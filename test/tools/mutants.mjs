/**
 * `npm run mutants`: compiles the house, then runs the program. A bug that is planted, or taken out, by hand needs no more than the program as it was
 * last compiled: what is planted may not compile, and must come out all the same.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const house = fileURLToPath(new URL('../..', import.meta.url));
const program = fileURLToPath(new URL('../dist/mutants/main.js', import.meta.url));
const compiler = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
const words = process.argv.slice(2);
const byHand = words.some((word) => /^--(plant|uproot)(=|$)/.test(word));

/** Its exit code. */
const run = (...args) =>
  spawnSync(process.execPath, args, { cwd: house, stdio: 'inherit' }).status ?? 1;

const compiled = byHand && existsSync(program) ? 0 : run(compiler, '-b');
process.exitCode = compiled === 0 ? run(program, ...words) : compiled;
