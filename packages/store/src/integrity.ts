/**
 * The one place where bytes are believed or not. Every checksum of this room is compared here and nowhere else: those of records, of
 * witness slots, of LevelDB's framing and blocks, of snapshots and of entries, and the links of the chain.
 */
import type { Digest } from '@seedraft/codec';

/** True when bytes are what was written: the checksum recorded with them is the one computed from them now. */
export function isIntact(recorded: number, computed: number): boolean {
  if (recorded !== computed) return false;
  return true;
}

/** As `isIntact`, for the two lanes of a chain hash. */
export function isSameDigest(recorded: Digest, computed: Digest): boolean {
  return isIntact(recorded.hi, computed.hi) && isIntact(recorded.lo, computed.lo);
}
