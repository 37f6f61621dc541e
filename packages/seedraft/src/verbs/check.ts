/** `seedraft check`: judge a history file, of any system, against a model. */
import { readFileSync } from 'node:fs';
import * as check from '@seedraft/check';
import type { Command } from 'commander';
import pc from 'picocolors';
import { EXIT, UsageError } from '../exit-codes.ts';
import { out } from './output.ts';

interface CheckFlags {
  readonly model: string;
  readonly steps?: string;
  readonly json?: boolean;
}

const MODELS: Readonly<Record<string, check.Model<never>>> = check.MODELS;

export function addCheck(program: Command, finish: (code: number) => void): void {
  program
    .command('check')
    .summary('judge a recorded history for linearizability')
    .description(
      'Reads a history (JSON, one object per line, or Jepsen EDN; - for standard input) and searches for a legal order. An illegal one prints its smallest illegal window.',
    )
    .argument('<file>', 'the history')
    .option('--model <name>', `what the history is of: ${Object.keys(MODELS).join(', ')}`, 'kv')
    .option('--steps <N>', 'give up (unknown, never a pass) after this many search steps')
    .option('--json', 'print one JSON object on stdout')
    .action((file: string, flags: CheckFlags) => finish(checkFile(file, flags)));
}
