/**
 * Reads run folders, and refuses every one that is not, byte for byte, a run of this very code: first the build, since another may mean
 * other files; then checksums; then whether the plan is a plan.
 */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Plan } from '@seedraft/sim';
import { type BuildIdentity, buildIdentity } from '../build-identity.ts';
import type { Bundle } from '../config/bundle.ts';
import { UsageError } from '../exit-codes.ts';
import { readInput } from '../read-input.ts';
import { commandLine, shellWord } from '../shell.ts';
import { readPlan } from './plan-file.ts';
import {
  CHOICE_BYTES,
  CONFIG_FILE,
  checksumOf,
  RECORD_FILE,
  RUN_FILES,
  RUN_FOLDER_FORMAT,
  type RunFile,
  type RunRecord,
  sha256,
} from './record.ts';

export interface RunFolder {
  readonly record: RunRecord;
  readonly plan: Plan;
  readonly choices: Uint8Array;
}

const LARGEST_MEBIBYTES = 512;

/** Reads and verifies a folder. Throws UsageError naming the file and what is wrong with it. `config`: the one in force, which must be its own. */
export function readRunFolder(
  folder: string,
  config: Pick<Bundle, 'file' | 'hash'> | null = null,
): RunFolder {
  if (!existsSync(folder)) throw new UsageError(`${folder} does not exist.`);
  if (!statSync(folder).isDirectory()) {
    throw new UsageError(`${folder} is a file; replay takes the run folder.`);
  }
  const record = readRecord(folder);
  refuseOtherConfig(folder, record, config);
  const parts = Object.fromEntries(
    RUN_FILES.map((file) => [file, verifiedPart(folder, file, record)]),
  ) as Record<RunFile, Buffer>;
  const choices = new Uint8Array(parts['choices.bin']);
  if (choices.length !== record.events * CHOICE_BYTES) {
    const events = choices.length / CHOICE_BYTES;
    throw refusal(folder, 'choices.bin', `holds ${events} events, but ${record.events} were run`);
  }
  const value = parseJson(folder, 'plan.json', parts['plan.json']);
  const read = readPlan(value);
  if (!read.ok) throw refusal(folder, 'plan.json', `is not a plan: ${read.problem}`);
  return { record, plan: read.plan, choices };
}

function refusal(folder: string, file: string, problem: string): UsageError {
  return new UsageError(`${path.join(folder, file)} ${problem}.`);
}

function readPart(folder: string, file: string): Buffer {
  const at = path.join(folder, file);
  if (existsSync(at)) return readInput(at, LARGEST_MEBIBYTES);
  throw refusal(
    folder,
    file,
    'is missing: this is not a whole run folder. Copy the folder again, or run its scenario and seed afresh',
  );
}

function verifiedPart(folder: string, file: RunFile, record: RunRecord): Buffer {
  const bytes = readPart(folder, file);
  if (sha256(bytes) === record.files[file]) return bytes;
  throw refusal(
    folder,
    file,
    `(${bytes.length} bytes) does not match the checksum in ${RECORD_FILE}: it is truncated or was edited`,
  );
}

function parseJson(folder: string, file: string, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    const why = (error as Error).message;
    throw refusal(folder, file, `is not JSON (${why}): it is truncated or was edited`);
  }
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const textOf = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

function readRecord(folder: string): RunRecord {
  const value = parseJson(folder, RECORD_FILE, readPart(folder, RECORD_FILE));
  if (!isFields(value) || typeof value.format !== 'number' || !isFields(value.identity)) {
    throw refusal(folder, RECORD_FILE, 'is not the record of a run');
  }
  refuseOtherBuild(folder, value, value.identity);
  const { checksum, ...record } = value;
  if (checksum !== checksumOf(record)) {
    throw refusal(folder, RECORD_FILE, 'does not match its own checksum: it was edited');
  }
  // Whoever can make that checksum has written the rest as well.
  return record as unknown as RunRecord;
}

function refuseOtherBuild(folder: string, record: Fields, identity: Fields): void {
  const here = buildIdentity();
  const version = textOf(identity.version);
  if (record.format !== RUN_FOLDER_FORMAT || version !== here.version) {
    const by = version === null ? 'an unknown version of seedraft' : `seedraft ${version}`;
    const with_ = `npx seedraft@${version ?? 'VERSION'} replay ${shellWord(folder)}`;
    throw new UsageError(
      `${folder} was recorded by ${by} (folder format ${record.format}); this is ${here.version} ` +
        `(format ${RUN_FOLDER_FORMAT}). Replay it with: ${with_}`,
    );
  }
  if (identity.build === here.build) return;
  throw new UsageError(
    `${folder} was recorded by another build of seedraft ${version} (code ${textOf(identity.build) ?? 'unknown'}, here ${here.build}). ` +
      wayBack(folder, record, textOf(identity.commit), here),
  );
}

function refuseOtherConfig(
  folder: string,
  record: RunRecord,
  here: Pick<Bundle, 'file' | 'hash'> | null,
): void {
  const { config = null } = record;
  if (config === null || config === here?.hash) return;
  const now = here === null ? 'here is none' : `${here.file} is ${here.hash} now`;
  const kept = path.join(folder, CONFIG_FILE);
  throw new UsageError(
    `${folder} was recorded with the machine of a seedraft.config (bundle ${config}; ${now}). ` +
      `Replay it with the one it keeps: ${commandLine('replay', folder, '--config', kept)}`,
  );
}

/** The line that would work. */
function wayBack(
  folder: string,
  record: Fields,
  commit: string | null,
  here: BuildIdentity,
): string {
  const source = textOf(record.source);
  const seed = textOf(record.seed);
  const afresh =
    source === null || seed === null
      ? 'run its scenario and seed afresh'
      : `run its scenario and seed afresh: ${commandLine('run', source, '--seed', seed)}`;
  if (commit === null || commit.endsWith('+')) {
    return `It was recorded from files that were not committed: ${afresh}`;
  }
  if (commit === here.commit)
    return `Both are of commit ${commit}: build again (npm run build), or ${afresh}`;
  return `Replay it with: git checkout ${shellWord(commit)} && npm ci && npm run build && npx seedraft replay ${shellWord(folder)}`;
}
