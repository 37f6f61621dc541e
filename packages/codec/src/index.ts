export { allocate, copyBytes, copyInto } from './bytes.ts';
export { crc32c, crc32cChange } from './crc32c.ts';
export { type Decoded, decode, decodeOrThrow, decodeShared } from './decode.ts';
export {
  compareKeys,
  encode,
  encodeAfter,
  encodeBy,
  MAX_DEPTH,
  putBytes,
  putFlag,
  putList,
  putNull,
  putNumber,
  putText,
  putValue,
  tryEncode,
} from './encode.ts';
export { type CodecCode, CodecError, type Refused } from './error.ts';
export { type Digest, Hash64, hash64 } from './hash64.ts';
export { asciiDecode, isWellFormed, utf8Decode, utf8Encode, utf8Length } from './text.ts';
