/**
 * A run on disk: what is needed to replay it event for event, and to see that it was. Files: run.json (what, verdict, identity, checksums of
 * the other files and of itself), plan.json, choices.bin (16 bytes an event), history.ndjson, and config.mjs when the run was of a user's own
 * machine: the bundle of it all. run.json is written last, by rename: a
 * folder without it, or whose files disagree with it, is truncated and is refused.
 */
import { createHash } from 'node:crypto';
import type { RunResult } from '@seedraft/sim';
import type { BuildIdentity } from '../build-identity.ts';

export const RUN_FOLDER_FORMAT = 1;

export const RECORD_FILE = 'run.json';

/** All others. */
export const RUN_FILES = ['plan.json', 'choices.bin', 'history.ndjson'] as const;
export type RunFile = (typeof RUN_FILES)[number];

/** The bundle of a user's config, in the folders of its runs. */
export const CONFIG_FILE = 'config.mjs';

/** One event of a choice log, in bytes. */
export const CHOICE_BYTES = 16;

export interface RunRecord extends Pick<RunResult, 'verdict' | 'rule' | 'hash' | 'events'> {
  readonly format: number;
  readonly identity: BuildIdentity;
  readonly scenario: string;
  /** What `seedraft run` takes to draw this plan: a file, or the name of a shipped scenario. */
  readonly source: string;
  readonly seed: string;
  /** The hash of the bundled config; null: the run was of the built-in machine. */
  readonly config: string | null;
  readonly sentence: string | null;
  readonly simulatedMicros: number;
  /** SHA-256 of each other file, by name. */
  readonly files: Readonly<Record<string, string>>;
}

export const sha256 = (bytes: string | Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');

/** The text of run.json: the record and, last, a checksum over all before it. */
export function encodeRecord(record: RunRecord): string {
  return `${JSON.stringify({ ...record, checksum: checksumOf(record) }, null, 2)}\n`;
}

/** Over the record's values in their order, not over the file's layout. */
export function checksumOf(record: object): string {
  return sha256(JSON.stringify(record));
}

/** The choice log as bytes, little-endian on any machine. */
export function choiceBytes(words: Int32Array | undefined): Uint8Array {
  const bytes = new Uint8Array((words?.length ?? 0) * 4);
  const view = new DataView(bytes.buffer);
  words?.forEach((word, n) => {
    view.setInt32(n * 4, word, true);
  });
  return bytes;
}
