/** The backup that a verb begins a cluster from, wherever it is: every byte of it checked, and held as a file while it is needed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type BackupFile, readBackup } from '@seedraft/store/level';
import { UsageError } from '../exit-codes.ts';
import { isS3 } from '../s3/location.ts';
import { fetchFromS3 } from './backup-s3.ts';
import type { S3Flags } from './s3-flags.ts';

/** Throws UsageError unless every byte of it is right. */
function wholeBackup(file: string): BackupFile {
  const backup = readBackup(file);
  if (backup.outcome === 'refused') throw new UsageError(`${backup.code}: ${backup.sentence}.`);
  return backup;
}

/** A backup that is whole, for as long as it is needed. */
export interface HeldBackup {
  readonly backup: BackupFile;
  release(): void;
}

/**
 * `source`: a file, or s3://, which becomes a file of this user alone until it is released. Throws UsageError unless every byte is right, S3Failure when it
 * cannot be got.
 */
export async function holdBackup(source: string, flags: S3Flags): Promise<HeldBackup> {
  if (!isS3(source)) {
    if (flags.latest) throw new UsageError('--latest goes with an s3:// prefix.');
    return { backup: wholeBackup(source), release: () => {} };
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'seedraft-restore-'));
  const release = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const file = path.join(folder, 'download');
    await fetchFromS3(source, file, flags);
    return { backup: wholeBackup(file), release };
  } catch (error) {
    release();
    throw error;
  }
}
