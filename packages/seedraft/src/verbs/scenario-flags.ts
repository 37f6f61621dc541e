/** What the verbs that run scenarios share. */
import type { Command } from 'commander';
import { CONFIG_FILE } from '../config/load.ts';

export interface ScenarioFlags {
  readonly json?: boolean;
  /** `false`: `--no-config`. */
  readonly config?: string | boolean;
}

export function addScenarioFlags(verb: Command): Command {
  return verb
    .option('--json', 'print one JSON object on stdout')
    .option(
      '--config <file>',
      `your machine, workload, model and scenarios (default: ${CONFIG_FILE} here, if there is one)`,
    )
    .option('--no-config', 'the built-in key-value machine, whatever lies here');
}
