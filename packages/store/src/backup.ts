/**
 * A backup as bytes in a file: a state that was carried out of a cluster, checkable without one and complete only by its last record.
 *
 *   magic "seedraft backup\n" (16 bytes) | frame ...      frame: length of the record (4 bytes, little-endian), record (record.ts)
 *
 * Records: header [0, ...], chunks [1, offset, bytes], end [2, size, checksum]. The key that a record's CRC covers is its ordinal, so
 * none can be lost, repeated or moved unnoticed. The chunks together are a snapshot's bytes as the replica makes them; nothing here
 * looks into them.
 */
import { allocate, crc32c } from '@seedraft/codec';
import type { BackupHeader } from '@seedraft/replica';
import { encodeRecord, openRecord } from './record.ts';
import {
  asBytes,
  asCount,
  asText,
  asTuple,
  configurationFromTuple,
  configurationToTuple,
  MalformedTuple,
  readOrNull,
} from './tuple.ts';

export const BACKUP_MAGIC = 'seedraft backup\n';
export const BACKUP_LENGTH_BYTES = 4;
/** Longer than any record that is written: a chunk and a header both stay far below. */
export const MAX_BACKUP_RECORD_BYTES = 16 * 1024 * 1024;

export interface BackupAbout extends BackupHeader {
  /** When it was taken, by the clock of whoever took it, ms since 1970; for people. */
  readonly takenAt: number;
}

export type BackupRecord =
  | { readonly kind: 'header'; readonly about: BackupAbout }
  | { readonly kind: 'chunk'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly size: number; readonly checksum: number };

export type OpenedBackupRecord =
  | { readonly status: 'intact'; readonly record: BackupRecord }
  | { readonly status: 'newer'; readonly version: number }
  | { readonly status: 'damaged'; readonly reason: string };

/** The bytes of a file, in order: `begin` once, `chunk` as often as needed, `end` once. */
export class BackupEncoder {
  #ordinal = 0;
  #size = 0;
  #checksum = 0;

  begin(about: BackupAbout): Uint8Array {
    const { clusterId, member, version, index, term, clusterTime, stateDigest } = about;
    const members = configurationToTuple(about.configuration);
    const origin = [clusterId, member, version, about.takenAt];
    const state = [index, term, clusterTime, stateDigest, members, about.configurationIndex];
    const frame = this.#frame([0, ...origin, ...state]);
    const bytes = allocate(BACKUP_MAGIC.length + frame.length);
    for (let i = 0; i < BACKUP_MAGIC.length; i++) bytes[i] = BACKUP_MAGIC.charCodeAt(i);
    bytes.set(frame, BACKUP_MAGIC.length);
    return bytes;
  }

  chunk(bytes: Uint8Array): Uint8Array {
    const frame = this.#frame([1, this.#size, bytes]);
    this.#size += bytes.length;
    this.#checksum = crc32c(bytes, this.#checksum);
    return frame;
  }

  end(): Uint8Array {
    return this.#frame([2, this.#size, this.#checksum]);
  }

  #frame(body: unknown[]): Uint8Array {
    const record = encodeRecord(keyOf(this.#ordinal++), body);
    const frame = allocate(BACKUP_LENGTH_BYTES + record.length);
    for (let i = 0; i < BACKUP_LENGTH_BYTES; i++) frame[i] = record.length >>> (8 * i);
    frame.set(record, BACKUP_LENGTH_BYTES);
    return frame;
  }
}

/** The record that stands at place `ordinal` of a file, from 0. Its bytes are views of `bytes`. */
export function openBackupRecord(ordinal: number, bytes: Uint8Array): OpenedBackupRecord {
  const opened = openRecord(keyOf(ordinal), bytes);
  if (opened.status !== 'intact') return opened;
  const record = readOrNull(() => recordFrom(opened.body));
  if (record === null) return { status: 'damaged', reason: 'does not have the shape of a record' };
  return { status: 'intact', record };
}

const keyOf = (ordinal: number): string => `backup/${ordinal}`;

function recordFrom(body: unknown): BackupRecord {
  const kind = Array.isArray(body) ? (body[0] as unknown) : null;
  if (kind === 0) return { kind: 'header', about: aboutFrom(body) };
  const [, second, third] = asTuple(body, 3);
  if (kind === 1) return { kind: 'chunk', offset: asCount(second), bytes: asBytes(third) };
  if (kind === 2) return { kind: 'end', size: asCount(second), checksum: asCount(third) };
  throw new MalformedTuple();
}

function aboutFrom(body: unknown): BackupAbout {
  const t = asTuple(body, 11);
  return {
    clusterId: asText(t[1]),
    member: asCount(t[2]),
    version: asText(t[3]),
    takenAt: asCount(t[4]),
    index: asCount(t[5]),
    term: asCount(t[6]),
    clusterTime: asCount(t[7]),
    stateDigest: asText(t[8]),
    configuration: configurationFromTuple(t[9]),
    configurationIndex: asCount(t[10]),
  };
}
