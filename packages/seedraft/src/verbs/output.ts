/**
 * Where verbs write: results on stdout, everything else on stderr. A result that stdout does not take is said on stderr, once, and changes no
 * verdict; it only keeps what passed from ending as if it had been told.
 */
import { fstatSync, writeFileSync } from 'node:fs';
import pc from 'picocolors';
import { EXIT } from '../exit-codes.ts';
import { harmless, harmlessJson } from '../harmless.ts';
import { writeProblem } from '../write-problem.ts';

const STDOUT = 1;

let isFile: boolean | undefined;
let isLost = false;

export const out = (text: string): void => {
  try {
    isFile ??= fstatSync(STDOUT).isFile();
    // A stream writes to a file but once: what a disk that fills up did not take would be lost without a word.
    if (isFile) writeFileSync(STDOUT, `${text}\n`);
    else process.stdout.write(`${text}\n`);
  } catch (error) {
    onOutputError(error as NodeJS.ErrnoException);
  }
};

/** One object, on one line. */
export const outObject = (value: unknown): void => out(harmlessJson(value));

export const note = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** Something went wrong beside the result. */
export const warn = (text: string): void => note(`${pc.yellow('warning:')} ${harmless(text)}`);

/** The exit code of a verdict when something of its result was lost: no finding is hidden by that, and nothing passes. */
export function exitWith(verdict: number, isSomethingLost: boolean): number {
  return isSomethingLost && verdict === EXIT.pass ? EXIT.refused : verdict;
}

/** Says that stdout is lost. A pipe that closes early (`| head`) is no failure of ours. */
function onOutputError(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE' || isLost) return;
  isLost = true;
  warn(`standard output ${writeProblem(error)}. The exit code says how it ended.`);
}

/** For the process: whatever happens to its output, the exit code says what was found. */
export function guardOutput(): void {
  process.stdout.on('error', onOutputError);
  // Nobody is left to be told.
  process.stderr.on('error', () => {});
  process.on('exit', (code) => {
    process.exitCode = exitWith(code, isLost);
  });
}
