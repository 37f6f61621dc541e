/** The one run that a verb is about: a run folder, or a scenario with its seed. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Plan } from '@seedraft/sim';
import type { ConfigInForce } from '../config/load.ts';
import { UsageError } from '../exit-codes.ts';
import { readRunFolder } from '../run-folder/read.ts';
import { RECORD_FILE } from '../run-folder/record.ts';
import { drawnPlan } from './run.ts';

export interface OneRun {
  readonly plan: Plan;
  /** What `seedraft run` takes. */
  readonly source: string;
  /** Null: a scenario was named. */
  readonly folder: string | null;
}

/** `verb`: what is to be done with it, for the refusal. Throws UsageError. */
export function oneRun(
  name: string,
  seed: string | undefined,
  inForce: ConfigInForce,
  verb: string,
): OneRun {
  if (existsSync(path.join(name, RECORD_FILE))) {
    if (seed !== undefined) {
      throw new UsageError('--seed is for scenarios; a run folder has its own.');
    }
    const { plan, record } = readRunFolder(name, inForce.bundle);
    return { plan, source: record.source, folder: name };
  }
  if (seed === undefined || seed === '') {
    throw new UsageError(
      `${name} is no run folder; to ${verb} a run of a scenario, name its seed: --seed 17.`,
    );
  }
  const { plan, source } = drawnPlan(name, seed, inForce);
  return { plan, source: source.file, folder: null };
}
