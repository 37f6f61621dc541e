/** Values for disk tests: entries, writes, snapshots, and the plans disks are built with. */
import { crc32c } from '@seedraft/codec';
import type { Configuration, Entry, Persist, SnapshotMetadata } from '@seedraft/core';
import type { RecoveredMember } from '@seedraft/replica';
import type { DiskKnobs } from '@seedraft/sim';

export const INCARNATION = '00112233445566778899aabbccddeeff';

export const configuration: Configuration = {
  members: [1, 2, 3].map((id) => ({
    id,
    incarnation: '',
    name: `n${id}`,
    peerAddress: `peer-${id}`,
    clientAddress: `client-${id}`,
    role: 'voter' as const,
    priority: 0,
  })),
  outgoing: null,
  autoLeave: false,
  highestId: 3,
};

export const bootstrap: RecoveredMember = {
  incarnation: INCARNATION,
  core: {
    hardState: { term: 0, votedFor: 0 },
    snapshot: null,
    entries: [],
    configuration,
    applied: 0,
    repairUntil: 0,
  },
};

export const knobs: DiskKnobs = {
  write: { distribution: 'uniform', minimum: 50, mean: 100 },
  fsync: { distribution: 'uniform', minimum: 500, mean: 1000 },
  read: { distribution: 'uniform', minimum: 50, mean: 100 },
  crash: { kept: 1, dropped: 1, torn: 1 },
};

export function entry(index: number, term: number, bytes = 16): Entry {
  const data = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i++) data[i] = (index * 31 + term * 7 + i * 13) & 0xff;
  return { index, term, kind: 'command', data, checksum: crc32c(data), configuration: null };
}

/** Entries [from, to] of one term. */
export function entries(from: number, to: number, term: number, bytes = 16): Entry[] {
  const list: Entry[] = [];
  for (let index = from; index <= to; index++) list.push(entry(index, term, bytes));
  return list;
}

export function write(
  seq: number,
  term: number,
  list: readonly Entry[],
  more: Partial<Persist> = {},
): Persist {
  return {
    seq,
    hardState: { term, votedFor: 1 },
    truncateFrom: 0,
    entries: list,
    snapshot: null,
    ...more,
  };
}

export function snapshotBytes(size: number, salt = 1): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = (i * 7 + salt * 101 + (i >> 8)) & 0xff;
  return bytes;
}

export function metadata(index: number, term: number, bytes: Uint8Array): SnapshotMetadata {
  return {
    id: `${index}@${term}-${crc32c(bytes)}`,
    lastIncludedIndex: index,
    lastIncludedTerm: term,
    configuration,
    configurationIndex: 0,
    size: bytes.length,
    checksum: crc32c(bytes),
  };
}
