/**
 * The framing of LevelDB's write-ahead logs and MANIFESTs: blocks of 32 KiB, fragments of (masked CRC32C, length, type), records of one
 * FULL fragment or of FIRST, MIDDLE..., LAST. Source: LevelDB's doc/log_format.md.
 */
import { crc32c } from '@seedraft/codec';

export const LOG_BLOCK_BYTES = 32_768;
export const LOG_HEADER_BYTES = 7;

export const FULL = 1;
export const FIRST = 2;
export const MIDDLE = 3;
export const LAST = 4;

/** LevelDB stores CRCs turned and shifted, since the CRC of bytes that contain their own CRC is not a check of anything. */
export function maskChecksum(checksum: number): number {
  return ((((checksum >>> 15) | (checksum << 17)) >>> 0) + 0xa282ead8) >>> 0;
}

/** Over the type byte and the fragment's bytes [from, to). */
export function fragmentChecksum(
  type: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): number {
  return maskChecksum(crc32c(bytes, typeChecksums[type], from, to));
}

const typeChecksums = [0, 1, 2, 3, 4].map((type) => crc32c(Uint8Array.of(type)));
