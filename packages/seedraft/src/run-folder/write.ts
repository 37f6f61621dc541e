/** Writes run folders: always a new one, and complete only once run.json is there. */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { printHistory } from '@seedraft/check';
import type { Plan, RunResult } from '@seedraft/sim';
import { buildIdentity } from '../build-identity.ts';
import type { Bundle } from '../config/bundle.ts';
import { UsageError } from '../exit-codes.ts';
import { historyEvents } from '../history-file.ts';
import { safeName } from '../shell.ts';
import type { ShrunkRun } from '../shrink/shrink-run.ts';
import { writeProblem } from '../write-problem.ts';
import {
  CONFIG_FILE,
  choiceBytes,
  encodeRecord,
  RECORD_FILE,
  RUN_FILES,
  RUN_FOLDER_FORMAT,
  type RunFile,
  sha256,
} from './record.ts';

/** A run to be kept; `source` is what `seedraft run` takes. The result must hold its choices. */
export interface KeptRun {
  readonly source: string;
  readonly plan: Plan;
  readonly result: RunResult;
  /** Of the config that was in force; null or absent: none. */
  readonly bundle?: Pick<Bundle, 'text' | 'hash'> | null;
}

/** `scenario-seed-17`, safe as a file name. */
export function runFolderName(scenario: string, seed: string): string {
  return `${safeName(scenario)}-seed-${safeName(seed)}`;
}

/** Before hours are spent: could folders be made below `--out`? Makes nothing. Throws UsageError. */
export function assertWritable(parent: string): void {
  const problem = unwritable(parent);
  if (problem !== null) throw new UsageError(`--out ${parent}: ${problem}.`);
}

/** Why no folder could be made below `parent`, which may be still to be made itself; null: one could. */
export function unwritable(parent: string): string | null {
  let nearest = path.resolve(parent);
  while (!existsSync(nearest) && nearest !== path.dirname(nearest)) nearest = path.dirname(nearest);
  if (!statSync(nearest).isDirectory()) return `${nearest} is not a folder`;
  try {
    accessSync(nearest, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    return `${nearest} ${writeProblem(error)}`;
  }
}

/** Writes a new folder below `parent`; never over an existing one (then `-2`, `-3`, ... is appended). Returns its path. Throws UsageError. */
export function writeRunFolder(parent: string, run: KeptRun): string {
  try {
    const name = runFolderName(run.plan.scenario, run.plan.seed);
    return newFolder(parent, name, (folder) => writeParts(folder, run));
  } catch (error) {
    throw new UsageError(`the run folder below ${parent} ${writeProblem(error)}.`);
  }
}

/** In the folder of the raw run. */
export const SHRUNK = 'shrunk';

/** What shrinking left of a run, as a run folder of its own beside the raw one's files: `shrunk`, or `shrunk-2` if there is one. Throws UsageError. */
export function writeShrunkFolder(
  raw: string,
  { plan, result, artifacts }: ShrunkRun,
  bundle: KeptRun['bundle'],
): string {
  try {
    return newFolder(raw, SHRUNK, (folder) => {
      const scenario = path.join(folder, 'scenario.yaml');
      writeFileSync(scenario, artifacts.scenario, { flag: 'wx' });
      writeFileSync(path.join(folder, artifacts.testFile), artifacts.test, { flag: 'wx' });
      writeParts(folder, { source: scenario, plan, result, bundle: bundle ?? null });
    });
  } catch (error) {
    throw new UsageError(`the shrunk run in ${raw} ${writeProblem(error)}.`);
  }
}

/** All of it or nothing: half a folder is refused by every reader, and fills a full disk further. */
function newFolder(parent: string, name: string, fill: (folder: string) => void): string {
  const folder = createFolder(parent, name);
  try {
    fill(folder);
    return folder;
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** A folder that was not there before. */
export function createFolder(parent: string, name: string): string {
  mkdirSync(parent, { recursive: true });
  for (let n = 1; ; n++) {
    const folder = path.join(parent, n === 1 ? name : `${name}-${n}`);
    try {
      mkdirSync(folder);
      return folder;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

function writeParts(folder: string, { source, plan, result, bundle }: KeptRun): void {
  const contents: Record<RunFile, string | Uint8Array> = {
    'plan.json': `${JSON.stringify(plan, null, 1)}\n`,
    'choices.bin': choiceBytes(result.choices),
    'history.ndjson': printHistory(historyEvents(result.history ?? []), 'ndjson'),
  };
  const files: Record<string, string> = {};
  for (const file of RUN_FILES) {
    writeFileSync(path.join(folder, file), contents[file], { flag: 'wx' });
    files[file] = sha256(contents[file]);
  }
  const { kind } = plan.workload;
  const own = kind === 'own' || kind === 'protocol' ? (bundle ?? null) : null;
  if (own !== null) {
    writeFileSync(path.join(folder, CONFIG_FILE), own.text, { flag: 'wx' });
    files[CONFIG_FILE] = sha256(own.text);
  }
  const text = encodeRecord({
    format: RUN_FOLDER_FORMAT,
    identity: buildIdentity(),
    scenario: plan.scenario,
    source,
    seed: plan.seed,
    config: own?.hash ?? null,
    verdict: result.verdict,
    rule: result.rule,
    sentence: result.sentence ?? result.reason,
    hash: result.hash,
    events: result.events,
    simulatedMicros: result.simulatedMicros,
    files,
  });
  const target = path.join(folder, RECORD_FILE);
  writeFileSync(`${target}.partial`, text, { flag: 'wx' });
  renameSync(`${target}.partial`, target);
}
