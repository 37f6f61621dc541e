/** `seedraft check`: judge a history file, of any system, against a model. */
import {
  casRegister,
  checkLinearizability,
  expiringKv,
  explain,
  kv,
  type Model,
  namespacedKv,
  parseOperations,
  register,
  ring,
  type Verdict,
} from '@seedraft/check';
import type { Command } from 'commander';
import pc from 'picocolors';
import { EXIT, UsageError } from '../exit-codes.ts';
import { harmless } from '../harmless.ts';
import { readInput } from '../read-input.ts';
import { examples } from './examples.ts';
import { out, outObject } from './output.ts';

interface CheckFlags {
  readonly model: string;
  readonly steps?: string;
  readonly json?: boolean;
}

/** What one string can hold. */
const LARGEST_MEBIBYTES = 500;

const MODELS: Readonly<Record<string, () => Model>> = {
  kv: () => kv() as Model,
  'namespaced-kv': () => namespacedKv() as Model,
  'expiring-kv': () => expiringKv() as Model,
  ring: () => ring() as Model,
  register: () => register() as Model,
  'cas-register': () => casRegister() as Model,
};

export function addCheck(program: Command, finish: (code: number) => void): void {
  program
    .command('check')
    .summary('judge a recorded history for linearizability')
    .description(
      'Reads a history (JSON, one JSON object a line, or Jepsen EDN; - for standard input) and searches for a legal order of it. ' +
        'An illegal one prints its smallest illegal window; one that could not be decided never passes.',
    )
    .argument('<file>', 'the history, or - for standard input')
    .option('--model <name>', `what the history is of: ${Object.keys(MODELS).join(', ')}`, 'kv')
    .option('--steps <N>', 'give up, undecided, after about this many search steps')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText(
      'after',
      examples(
        ['check runs/swarm-seed-17/history.ndjson', 'what the clients of a kept run saw'],
        ['check history.edn --model cas-register', 'a history that Jepsen recorded'],
        ['check - --json < history.json', 'from a pipe, for a program'],
      ),
    )
    .action((file: string, flags: CheckFlags) => finish(checkFile(file, flags)));
}

function parseSteps(text: string | undefined): { maxSteps?: number } {
  if (text === undefined) return {};
  const maxSteps = Number(text);
  if (Number.isSafeInteger(maxSteps) && maxSteps > 0) return { maxSteps };
  throw new UsageError(`--steps ${text}: give a whole number above 0.`);
}

function checkFile(file: string, flags: CheckFlags): number {
  const model = MODELS[flags.model]?.();
  if (model === undefined) {
    throw new UsageError(`--model ${flags.model}: known are ${Object.keys(MODELS).join(', ')}.`);
  }
  const options = parseSteps(flags.steps);
  const parsed = parseOperations(readInput(file, LARGEST_MEBIBYTES).toString('utf8'));
  if (!parsed.ok) {
    const lines = parsed.errors.slice(0, 20).map(({ line, column, position, sentence }) => {
      const event = position === null ? '' : ` event ${position}:`;
      return `${file}:${line ?? 1}:${column ?? 1}:${event} ${sentence}`;
    });
    throw new UsageError(lines.join('\n'));
  }
  // Nothing is always legal; a verdict on it would only hide that a file was cut off.
  if (parsed.operations.length === 0) throw new UsageError(`${file} holds no operations.`);
  const verdict = checkLinearizability(parsed.operations, model, options);
  if (flags.json) outObject({ file, model: flags.model, ...verdict });
  else out(`${colour(verdict)}  ${file}\n${harmless(explain(verdict, model))}`);
  return verdictExit(verdict);
}

function colour({ verdict }: Verdict): string {
  if (verdict === 'ok') return pc.green('linearizable');
  return verdict === 'illegal' ? pc.red('ILLEGAL') : pc.yellow('UNDECIDED');
}

function verdictExit({ verdict }: Verdict): number {
  if (verdict === 'ok') return EXIT.pass;
  return verdict === 'illegal' ? EXIT.safety : EXIT.inconclusive;
}
