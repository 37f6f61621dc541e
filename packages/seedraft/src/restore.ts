/**
 * A new cluster from a backup: what it is called, who is in it at first, and the directory of each. The name is never the old one: it is in every
 * handshake, and keeps members of the two from ever hearing each other.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { firstConfiguration } from '@seedraft/core';
import type { FirstMember } from '@seedraft/node';
import { type BackupFile, readBackup, restoreDirectory } from '@seedraft/store/level';
import { UsageError } from './exit-codes.ts';
import { isS3 } from './s3/location.ts';
import { fetchFromS3 } from './verbs/backup-s3.ts';
import type { S3Flags } from './verbs/s3-flags.ts';

/** A cluster that descends from another keeps its name, with one suffix however often that happens. */
const SUFFIX = /-(restored|forced)-[0-9a-f]{8}$/;

/** The same for everybody who restores this backup for this `occasion`, and for nobody else. */
export function restoredClusterId({ about, chunks }: BackupFile, occasion: string): string {
  const { clusterId, index, term, takenAt } = about;
  const what = JSON.stringify([clusterId, index, term, takenAt, chunks.checksum, occasion]);
  const hash = createHash('sha256').update(what).digest('hex').slice(0, 8);
  return `${clusterId.replace(SUFFIX, '')}-restored-${hash}`;
}

export function forcedClusterId(clusterId: string): string {
  return `${clusterId.replace(SUFFIX, '')}-forced-${randomBytes(4).toString('hex')}`;
}

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

/** Makes the directory of member `id`. Throws UsageError when it cannot be made; nothing is there then. */
export async function restoreMember(
  backup: BackupFile,
  directory: string,
  clusterId: string,
  id: number,
  members: readonly FirstMember[],
): Promise<void> {
  const { name } = members.find((member) => member.id === id)!;
  const incarnation = randomBytes(16).toString('hex');
  const configuration = firstConfiguration(
    members.map(({ id: of, name: called, peerAddress, clientAddress }) => ({
      id: of,
      incarnation: '',
      name: called,
      peerAddress,
      clientAddress,
      role: 'voter' as const,
      priority: 0,
    })),
  );
  const identity = { clusterId, id, incarnation, name };
  const made = await restoreDirectory(directory, identity, configuration, backup);
  if (made.outcome === 'refused') throw new UsageError(`${made.code}: ${made.sentence}.`);
}
