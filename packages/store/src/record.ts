/**
 * The envelope of everything this room writes: CRC32C (4 bytes, little-endian), format version (1 byte), body (canonical CBOR).
 * The CRC covers the key, the version and the body, so a record under a wrong key is a damaged one. These five bytes are the same in every
 * future version: only then can an older reader tell "newer" from "damaged".
 */
import { crc32c, decodeShared, encodeBy, putValue } from '@seedraft/codec';
import { isIntact } from './integrity.ts';
import { checksumOfKey } from './keys.ts';

/** What this version writes, and the highest it reads. */
export const FORMAT_VERSION = 1;

const HEADER = 5;

export type Opened =
  | { readonly status: 'intact'; readonly body: unknown }
  | { readonly status: 'newer'; readonly version: number }
  | { readonly status: 'damaged'; readonly reason: string };

export function encodeRecord(key: string, body: unknown): Uint8Array {
  return encodeRecordBy(key, putValue, body);
}

/** The record of what `writer` puts of `subject` (see encodeBy in codec). */
export function encodeRecordBy<T>(
  key: string,
  writer: (subject: T) => void,
  subject: T,
): Uint8Array {
  const bytes = encodeBy(HEADER, writer, subject);
  bytes[4] = FORMAT_VERSION;
  const checksum = checksumOf(key, bytes);
  for (let i = 0; i < 4; i++) bytes[i] = checksum >>> (8 * i);
  return bytes;
}

/** Byte strings in the body are views of `bytes`, which must not change afterwards. */
export function openRecord(key: string, bytes: Uint8Array): Opened {
  if (bytes.length < HEADER) return { status: 'damaged', reason: 'is too short to be a record' };
  const recorded = (bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) | (bytes[3]! << 24)) >>> 0;
  if (!isIntact(recorded, checksumOf(key, bytes))) {
    return { status: 'damaged', reason: 'fails its checksum' };
  }
  if (bytes[4]! > FORMAT_VERSION) return { status: 'newer', version: bytes[4]! };
  const decoded = decodeShared(bytes, HEADER);
  if (!decoded.ok) return { status: 'damaged', reason: `cannot be decoded: ${decoded.reason}` };
  return { status: 'intact', body: decoded.value };
}

function checksumOf(key: string, bytes: Uint8Array): number {
  return crc32c(bytes, checksumOfKey(key), 4);
}
