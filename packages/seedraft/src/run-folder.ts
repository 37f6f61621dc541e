/**
 * A run on disk: what is needed to replay it event for event, and to see that it was. Files: run.json (what, verdict, identity, checksums of
 * the other files), plan.json, choices.bin (16 bytes an event), history.ndjson. run.json is written last, by rename: a folder without it, or
 * whose files disagree with it, is truncated and is refused.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { printHistory } from '@seedraft/check';
import type { Plan, RunResult } from '@seedraft/sim';
import { type BuildIdentity, buildIdentity } from './build-identity.ts';
import { UsageError } from './exit-codes.ts';
import { historyEvents } from './history-file.ts';

export const RUN_FOLDER_FORMAT = 1;

const FILES = ['plan.json', 'choices.bin', 'history.ndjson'] as const;

export interface RunRecord {
  readonly format: number;
  readonly identity: BuildIdentity;
  readonly scenario: string;
  readonly seed: string;
  readonly verdict: RunResult['verdict'];
  readonly rule: string | null;
  readonly sentence: string | null;
  readonly hash: string;
  readonly events: number;
  readonly simulatedMicros: number;
  /** SHA-256 of each other file, by name. */
  readonly files: Readonly<Record<string, string>>;
}

export interface RunFolder {
  readonly record: RunRecord;
  readonly plan: Plan;
  readonly choices: Uint8Array;
}

const sha256 = (bytes: string | Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');

/** `scenario-seed`, safe as a file name. */
export function runFolderName(scenario: string, seed: string): string {
  const safe = (text: string): string => text.replaceAll(/[^A-Za-z0-9._-]+/g, '-').slice(0, 80);
  return `${safe(scenario)}-seed-${safe(seed)}`;
}

/** The choice log as bytes, little-endian on any machine: 16 an event. */
export function choiceBytes(words: Int32Array | undefined): Uint8Array {
  const bytes = new Uint8Array((words?.length ?? 0) * 4);
  const view = new DataView(bytes.buffer);
  words?.forEach((word, n) => {
    view.setInt32(n * 4, word, true);
  });
  return bytes;
}

/** Writes a new folder below `parent`; never over an existing one (then `-2`, `-3`, ... is appended). Returns its path. */
export function writeRunFolder(parent: string, plan: Plan, result: RunResult): string {
  const name = runFolderName(plan.scenario, plan.seed);
  mkdirSync(parent, { recursive: true });
  let folder = path.join(parent, name);
  for (let n = 2; existsSync(folder); n++) folder = path.join(parent, `${name}-${n}`);
  mkdirSync(folder);
  const contents: Record<(typeof FILES)[number], string | Uint8Array> = {
    'plan.json': `${JSON.stringify(plan, null, 1)}\n`,
    'choices.bin': choiceBytes(result.choices),
    'history.ndjson': printHistory(historyEvents(result.history ?? []), 'ndjson'),
  };
  const files: Record<string, string> = {};
  for (const file of FILES) {
    writeFileSync(path.join(folder, file), contents[file]);
    files[file] = sha256(contents[file]);
  }
  const record: RunRecord = {
    format: RUN_FOLDER_FORMAT,
    identity: buildIdentity(),
    scenario: plan.scenario,
    seed: plan.seed,
    verdict: result.verdict,
    rule: result.rule,
    sentence: result.sentence ?? result.reason,
    hash: result.hash,
    events: result.events,
    simulatedMicros: result.simulatedMicros,
    files,
  };
  const target = path.join(folder, 'run.json');
  writeFileSync(`${target}.partial`, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(`${target}.partial`, target);
  return folder;
}

function readPart(folder: string, file: string): Buffer {
  try {
    return readFileSync(path.join(folder, file));
  } catch {
    throw new UsageError(
      `${path.join(folder, file)} is missing: this is not a whole run folder. Copy the folder again, or run its scenario and seed afresh.`,
    );
  }
}

function parseJson(folder: string, file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(
      `${path.join(folder, file)} is not JSON (${(error as Error).message}): the folder is truncated or was edited.`,
    );
  }
}

/** Reads and verifies a folder. Throws UsageError naming the file and what is wrong with it. */
export function readRunFolder(folder: string): RunFolder {
  if (!existsSync(folder)) throw new UsageError(`${folder} does not exist.`);
  const record = parseJson(
    folder,
    'run.json',
    readPart(folder, 'run.json').toString(),
  ) as RunRecord;
  if (typeof record !== 'object' || record === null || typeof record.format !== 'number') {
    throw new UsageError(`${path.join(folder, 'run.json')} is not the record of a run.`);
  }
  refuseOtherBuild(folder, record);
  const parts = new Map<string, Buffer>();
  for (const file of FILES) {
    const bytes = readPart(folder, file);
    if (sha256(bytes) !== record.files?.[file]) {
      throw new UsageError(
        `${path.join(folder, file)} (${bytes.length} bytes) does not match the checksum in run.json: it is truncated or was edited.`,
      );
    }
    parts.set(file, bytes);
  }
  const plan = parseJson(folder, 'plan.json', parts.get('plan.json')!.toString()) as Plan;
  return { record, plan, choices: new Uint8Array(parts.get('choices.bin')!) };
}

function refuseOtherBuild(folder: string, record: RunRecord): void {
  const here = buildIdentity();
  const { version, commit, build } = record.identity ?? {};
  if (record.format !== RUN_FOLDER_FORMAT || version !== here.version) {
    throw new UsageError(
      `${folder} was recorded by seedraft ${version ?? 'of an unknown version'} (folder format ${record.format}); this is ${here.version} ` +
        `(format ${RUN_FOLDER_FORMAT}). Replay it with: npx seedraft@${version ?? 'VERSION'} replay ${folder}`,
    );
  }
  if (build !== here.build) {
    const checkout =
      commit && !commit.endsWith('+')
        ? ` Replay it with: git checkout ${commit} && npm ci && npm run build && npx seedraft replay ${folder}`
        : ' It was recorded from files that were not committed; run its scenario and seed afresh instead: ' +
          `npx seedraft run ${record.scenario} --seed ${record.seed}`;
    throw new UsageError(
      `${folder} was recorded by another build of seedraft ${version} (code ${build ?? 'unknown'}, here ${here.build}).${checkout}`,
    );
  }
}
