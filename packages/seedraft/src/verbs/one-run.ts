/** The one run that a verb is about: a run folder, or a scenario with its seed. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Plan } from '@seedraft/sim';
import type { Command } from 'commander';
import { type ConfigInForce, findConfig } from '../config/load.ts';
import { UsageError } from '../exit-codes.ts';
import { readRunFolder } from '../run-folder/read.ts';
import { RECORD_FILE } from '../run-folder/record.ts';
import { drawnPlan } from './run.ts';
import type { ScenarioFlags } from './scenario-flags.ts';

export interface OneRunFlags extends ScenarioFlags {
  readonly seed?: string;
}

/** `which`: of the runs of a scenario. */
export function addOneRun(verb: Command, which = 'the seed that fails'): Command {
  return verb
    .argument('<run>', 'a run folder, or a scenario with --seed')
    .option('--seed <text>', `for a scenario: ${which}`);
}

export interface OneRun {
  readonly inForce: ConfigInForce;
  readonly plan: Plan;
  /** What `seedraft run` takes. */
  readonly source: string;
  /** Null: a scenario was named. */
  readonly folder: string | null;
}

/** `verb`: what is to be done with it, for the refusal. Throws UsageError. */
export async function oneRun(
  name: string,
  { seed, config }: OneRunFlags,
  verb: string,
): Promise<OneRun> {
  const inForce = await findConfig(config);
  if (existsSync(path.join(name, RECORD_FILE))) {
    if (seed !== undefined) {
      throw new UsageError('--seed is for scenarios; a run folder has its own.');
    }
    const { plan, record } = readRunFolder(name, inForce.bundle);
    return { inForce, plan, source: record.source, folder: name };
  }
  if (seed === undefined || seed === '') {
    throw new UsageError(
      `${name} is no run folder; to ${verb} a run of a scenario, name its seed: --seed 17.`,
    );
  }
  const { plan, source } = drawnPlan(name, seed, inForce);
  return { inForce, plan, source: source.file, folder: null };
}
