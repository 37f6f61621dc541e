/**
 * The witness: a small file beside the database that says how far the chain had come, written after each sync and before its completion.
 * An end marker inside the database proves nothing, since the damage that shortens the chain shortens the marker with it; a torn tail and
 * a rotten last record look alike, and only a second place can tell them apart.
 * Two slots, written in turn, each in two copies, each copy within one sector of its own page: a write replaces a copy whole or not at
 * all, spares the other slot, and cannot be lost or misdirected as a whole, which would leave an older word that looks true.
 */
import { allocate, type Digest, putList, putNumber, putText } from '@seedraft/codec';
import type { HardState, Index } from '@seedraft/core';
import { encodeRecordBy, type Opened, openRecord } from './record.ts';
import { asCount, asText, asTuple, readOrNull } from './tuple.ts';

/** No device writes less than this at once. */
export const SLOT_BYTES = 512;
/** Where the copies of each slot lie: on pages of their own, so that writing one cannot touch another on any device. */
export const SLOT_OFFSETS = [
  [0, 8192],
  [4096, 12_288],
] as const;
export const WITNESS_BYTES = 12_288 + SLOT_BYTES;
export const WITNESS_FILE = 'WITNESS';

export type Slot = 0 | 1;

export interface Witness {
  readonly incarnation: string;
  /** Of the newest group, and its hash. */
  readonly seq: number;
  readonly hash: Digest;
  readonly hardState: HardState;
  readonly lastIndex: Index;
}

export type OpenedSlot =
  | { readonly status: 'intact'; readonly witness: Witness }
  | Exclude<Opened, { status: 'intact' }>;

/** Exactly SLOT_BYTES: a length (2 bytes, little-endian), a record, zeros. */
export function encodeWitness(witness: Witness): Uint8Array {
  const record = encodeRecordBy('witness', putWitness, witness);
  const slot = allocate(SLOT_BYTES);
  slot[0] = record.length & 0xff;
  slot[1] = record.length >>> 8;
  slot.set(record, 2);
  return slot;
}

/** Field by field: every sync is followed by one. */
function putWitness({ incarnation, seq, hash, hardState, lastIndex }: Witness): void {
  putList(7);
  putText(incarnation);
  putNumber(seq);
  putNumber(hash.hi);
  putNumber(hash.lo);
  putNumber(hardState.term);
  putNumber(hardState.votedFor);
  putNumber(lastIndex);
}

export function openWitness(slot: Uint8Array): OpenedSlot {
  const length = (slot[0] ?? 0) | ((slot[1] ?? 0) << 8);
  if (length === 0 || 2 + length > slot.length) {
    return { status: 'damaged', reason: 'holds no witness' };
  }
  const opened = openRecord('witness', slot.subarray(2, 2 + length));
  if (opened.status !== 'intact') return opened;
  const witness = readOrNull(() => {
    const [incarnation, seq, hi, lo, term, votedFor, lastIndex] = asTuple(opened.body, 7);
    return {
      incarnation: asText(incarnation),
      seq: asCount(seq),
      hash: { hi: asCount(hi), lo: asCount(lo) },
      hardState: { term: asCount(term), votedFor: asCount(votedFor) },
      lastIndex: asCount(lastIndex),
    };
  });
  if (witness === null)
    return { status: 'damaged', reason: 'does not have the shape of a witness' };
  return { status: 'intact', witness };
}
