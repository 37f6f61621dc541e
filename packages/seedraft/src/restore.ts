/**
 * A new cluster from a backup: what it is called, who is in it at first, and the directory of each. The name is never the old one: it is in every
 * handshake, and keeps members of the two from ever hearing each other.
 */
import { createHash, randomBytes } from 'node:crypto';
import { firstConfiguration } from '@seedraft/core';
import type { FirstMember } from '@seedraft/node';
import { type BackupFile, restoreDirectory } from '@seedraft/store/level';
import { UsageError } from './exit-codes.ts';

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
