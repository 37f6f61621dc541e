/**
 * The group record: everything one sync made durable, as one value under a fresh key. Hard state, entries and snapshots all live here and
 * only here, each group bearing the hash of the one before: the newest group of an unbroken chain is the state of the member.
 */
import type { Digest } from '@seedraft/codec';
import { crc32c, hash64, putList, putNumber, putText, putValue } from '@seedraft/codec';
import type { Entry, HardState, Index, SnapshotMetadata } from '@seedraft/core';
import type { Put } from './engine.ts';
import { isIntact } from './integrity.ts';
import { groupKey } from './keys.ts';
import { encodeRecordBy } from './record.ts';
import {
  asCount,
  asList,
  asText,
  asTuple,
  entryFromTuple,
  MalformedTuple,
  putEntry,
  readOrNull,
  snapshotFromTuple,
  snapshotToTuple,
} from './tuple.ts';

/** What a group does to the log, in order. */
export type Step =
  /** Drop entries at or after truncateFrom (0: none), then append. */
  | {
      readonly kind: 'append';
      readonly truncateFrom: Index;
      readonly entries: readonly Entry[];
    }
  /** A received snapshot replaces the whole log. */
  | { readonly kind: 'install'; readonly snapshot: SnapshotMetadata }
  /** An own snapshot is complete; entries at or before compactTo are not needed any more. */
  | { readonly kind: 'seal'; readonly snapshot: SnapshotMetadata; readonly compactTo: Index };

export interface Group {
  readonly seq: number;
  /** Hash of the group before; for the first group of a directory, of its incarnation. */
  readonly previous: Digest;
  readonly incarnation: string;
  readonly hardState: HardState;
  /** Of the log, after the steps. */
  readonly lastIndex: Index;
  /** See Recovered.repairUntil: a crash during a repair must not forget it. */
  readonly repairUntil: Index;
  readonly steps: readonly Step[];
}

export function encodeGroup(group: Group): Put {
  const key = groupKey(group.seq);
  return { key, value: encodeRecordBy(key, putGroup, group) };
}

/** Field by field: every sync of every member writes one. */
function putGroup(group: Group): void {
  const { seq, previous, incarnation, hardState, lastIndex, repairUntil, steps } = group;
  putList(9);
  putNumber(seq);
  putNumber(previous.hi);
  putNumber(previous.lo);
  putText(incarnation);
  putNumber(hardState.term);
  putNumber(hardState.votedFor);
  putNumber(lastIndex);
  putNumber(repairUntil);
  putList(steps.length);
  for (let i = 0; i < steps.length; i++) putStep(steps[i]!);
}

/** The link to the next group: over the whole record as stored. */
export function hashOfGroup(record: Uint8Array): Digest {
  return hash64(record);
}

/** Null: not the tuple of a group. */
export function decodeGroup(body: unknown): Group | null {
  return readOrNull(() => {
    const [seq, hi, lo, incarnation, term, votedFor, lastIndex, repairUntil, steps] = asTuple(
      body,
      9,
    );
    return {
      seq: asCount(seq),
      previous: { hi: asCount(hi), lo: asCount(lo) },
      incarnation: asText(incarnation),
      hardState: { term: asCount(term), votedFor: asCount(votedFor) },
      lastIndex: asCount(lastIndex),
      repairUntil: asCount(repairUntil),
      steps: asList(steps).map(stepFromTuple),
    };
  });
}

/** The first entry whose bytes are not what its proposer summed (end to end), or null. */
export function findSpoiltEntry(steps: readonly Step[]): Entry | null {
  for (const step of steps) {
    if (step.kind !== 'append') continue;
    for (const entry of step.entries) {
      if (!isIntact(entry.checksum, crc32c(entry.data))) return entry;
    }
  }
  return null;
}

function putStep(step: Step): void {
  putList(3);
  switch (step.kind) {
    case 'append': {
      const { truncateFrom, entries } = step;
      putNumber(0);
      putNumber(truncateFrom);
      putList(entries.length);
      for (let i = 0; i < entries.length; i++) putEntry(entries[i]!);
      break;
    }
    case 'install':
      putNumber(1);
      putValue(snapshotToTuple(step.snapshot));
      putNumber(0);
      break;
    case 'seal':
      putNumber(2);
      putValue(snapshotToTuple(step.snapshot));
      putNumber(step.compactTo);
  }
}

function stepFromTuple(value: unknown): Step {
  const [kind, second, third] = asTuple(value, 3);
  switch (kind) {
    case 0:
      return {
        kind: 'append',
        truncateFrom: asCount(second),
        entries: asList(third).map(entryFromTuple),
      };
    case 1:
      return { kind: 'install', snapshot: snapshotFromTuple(second) };
    case 2:
      return { kind: 'seal', snapshot: snapshotFromTuple(second), compactTo: asCount(third) };
    default:
      throw new MalformedTuple();
  }
}
