/** What a member sends of a backup (README.md, Backup): which state it is, the state's bytes, and how many there were. */
import type { BackupHeader } from '@seedraft/replica';
import * as field from './field.ts';
import type { Flaw } from './flaw.ts';
import * as shape from './shapes.ts';

/** The value of a backup's Ok: what the bytes came to. */
export interface BackupEnd {
  readonly size: number;
  /** CRC32C. */
  readonly checksum: number;
}

type Read<M> = { readonly ok: true; readonly message: M } | Flaw;

/** The value of a backup's first event. */
export function backupHeaderTuple(header: BackupHeader): unknown[] {
  const { clusterId, member, version, index, term, clusterTime, stateDigest } = header;
  const { configuration, configurationIndex } = header;
  const state = [index, term, clusterTime, stateDigest];
  const members = shape.configurationTuple(configuration);
  return [clusterId, member, version, ...state, members, configurationIndex];
}

export function readBackupHeader(value: unknown): Read<BackupHeader> {
  return field.readValue(() => {
    const t = field.tuple(value, 9, 'backup');
    const stateDigest = field.text(t[6], 'stateDigest');
    if (!/^[0-9a-f]{16}$/.test(stateDigest)) field.refuse('stateDigest is not 16 hex digits');
    return {
      clusterId: field.text(t[0], 'clusterId'),
      member: field.identity(t[1], 'member'),
      version: field.text(t[2], 'version'),
      index: field.identity(t[3], 'index'),
      term: field.natural(t[4], 'term'),
      clusterTime: field.natural(t[5], 'clusterTime'),
      stateDigest,
      configuration: shape.readConfiguration(t[7]),
      configurationIndex: field.natural(t[8], 'configurationIndex'),
    };
  });
}

export function readBackupEnd(value: unknown): Read<BackupEnd> {
  return field.readValue(() => {
    const t = field.tuple(value, 2, "backup's end");
    return { size: field.natural(t[0], 'size'), checksum: field.uint32(t[1], 'checksum') };
  });
}
