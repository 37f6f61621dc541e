/**
 * Whose a data directory is. One file, written with the directory it lies in and never changed: a record (record.ts) in two copies, each on
 * pages of its own, so that one bad place loses nothing.
 */
import path from 'node:path';
import type { MemberId } from '@seedraft/core';
import { readWhole } from '../leveldb/directory.ts';
import { encodeRecord, openRecord } from '../record.ts';
import { asCount, asText, asTuple, readOrNull } from '../tuple.ts';
import { type DurableFiles, RealDirectory } from './files.ts';

/** What a data directory says about whose it is. */
export interface Identity {
  readonly clusterId: string;
  /** 0: joining, the cluster has not yet given an id. */
  readonly id: MemberId;
  /** 32 hex digits, drawn when the directory was made. */
  readonly incarnation: string;
  readonly name: string;
}

export const IDENTITY_FILE = 'IDENTITY';
const PAGE_BYTES = 4096;

export type ReadIdentity =
  /** `isWhole`: both copies can be read. */
  | { readonly status: 'intact'; readonly identity: Identity; readonly isWhole: boolean }
  | { readonly status: 'newer'; readonly version: number }
  | { readonly status: 'damaged' | 'missing' };

/** Twice: length (4 bytes, little-endian), a record, zeros up to a page. */
export function encodeIdentity(identity: Identity): Uint8Array {
  const { clusterId, id, incarnation, name } = identity;
  const record = encodeRecord('identity', [clusterId, id, incarnation, name]);
  const half = Math.ceil((4 + record.length) / PAGE_BYTES) * PAGE_BYTES;
  const bytes = new Uint8Array(2 * half);
  const view = new DataView(bytes.buffer);
  for (const at of [0, half]) {
    view.setUint32(at, record.length, true);
    bytes.set(record, at + 4);
  }
  return bytes;
}

export function readIdentity(directory: string): ReadIdentity {
  const files = new RealDirectory(directory);
  if (!files.list().includes(IDENTITY_FILE)) return { status: 'missing' };
  const { bytes } = readWhole(files, IDENTITY_FILE);
  const copies = [openCopy(bytes, 0), openCopy(bytes, bytes.length >>> 1)];
  const newer = copies.find((copy) => copy.status === 'newer');
  if (newer !== undefined) return newer;
  const intact = copies.filter((copy) => copy.status === 'intact');
  const [first] = intact;
  return first === undefined
    ? { status: 'damaged' }
    : { ...first, isWhole: intact.length === copies.length };
}

export function writeIdentity(files: DurableFiles, directory: string, identity: Identity): void {
  files.write(path.join(directory, IDENTITY_FILE), encodeIdentity(identity));
}

/** Makes both copies whole again. */
export function mendIdentity(files: DurableFiles, directory: string, identity: Identity): void {
  const temporary = path.join(directory, `${IDENTITY_FILE}.new`);
  files.write(temporary, encodeIdentity(identity));
  files.rename(temporary, path.join(directory, IDENTITY_FILE));
}

function openCopy(bytes: Uint8Array, at: number): ReadIdentity {
  if (bytes.length < at + 4) return { status: 'damaged' };
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
  if (length > bytes.length - at - 4) return { status: 'damaged' };
  const opened = openRecord('identity', bytes.subarray(at + 4, at + 4 + length));
  if (opened.status === 'newer') return { status: 'newer', version: opened.version };
  if (opened.status === 'damaged') return { status: 'damaged' };
  const identity = readOrNull(() => {
    const [clusterId, id, incarnation, name] = asTuple(opened.body, 4);
    return {
      clusterId: asText(clusterId),
      id: asCount(id),
      incarnation: asText(incarnation),
      name: asText(name),
    };
  });
  return identity === null ? { status: 'damaged' } : { status: 'intact', identity, isWhole: true };
}
