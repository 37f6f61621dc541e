/**
 * The base record: where the chain begins once older groups were deleted. Written under a fresh key and durable before the first deletion,
 * so at every moment some base with all groups from it onward is on disk.
 */
import type { Digest } from '@seedraft/codec';
import type { Configuration, Index, SnapshotMetadata } from '@seedraft/core';
import { baseKey } from './keys.ts';
import { encodeRecord } from './record.ts';
import {
  asCount,
  asText,
  asTuple,
  configurationFromTuple,
  configurationToTuple,
  readOrNull,
  snapshotFromTuple,
  snapshotToTuple,
} from './tuple.ts';

export interface Base {
  /** The chain begins with the group of this seq. */
  readonly firstSeq: number;
  /** Hash of the group before it. */
  readonly previous: Digest;
  readonly incarnation: string;
  /** The log's last index just before the first group; nothing of it is held in groups any more. */
  readonly floor: Index;
  /** In force when this base was written: stands for everything up to `floor` and beyond. Null only while floor is 0. */
  readonly snapshot: SnapshotMetadata | null;
  /** The bootstrap configuration (index 0). */
  readonly configuration: Configuration;
}

export function encodeBase(base: Base): Uint8Array {
  const { firstSeq, previous, incarnation, floor, snapshot, configuration } = base;
  return encodeRecord(baseKey(firstSeq), [
    firstSeq,
    previous.hi,
    previous.lo,
    incarnation,
    floor,
    snapshot === null ? null : snapshotToTuple(snapshot),
    configurationToTuple(configuration),
  ]);
}

/** Null: not the tuple of a base. */
export function decodeBase(body: unknown): Base | null {
  return readOrNull(() => {
    const [firstSeq, hi, lo, incarnation, floor, snapshot, configuration] = asTuple(body, 7);
    return {
      firstSeq: asCount(firstSeq),
      previous: { hi: asCount(hi), lo: asCount(lo) },
      incarnation: asText(incarnation),
      floor: asCount(floor),
      snapshot: snapshot === null ? null : snapshotFromTuple(snapshot),
      configuration: configurationFromTuple(configuration),
    };
  });
}
