export * from './backup.ts';
export * from './client.ts';
export type { Flaw, FlawCode } from './flaw.ts';
export {
  decodeFrame,
  encodeFrame,
  FRAME_KIND,
  type Frame,
  FrameDecoder,
  HEADER_BYTES,
  MAGIC,
  MAX_PAYLOAD_BYTES,
  sealFrame,
  WIRE_VERSION,
} from './frame.ts';
export * from './handshake.ts';
export { decodePeer, encodePeer, PEER_TYPES, type PeerDecoded, readPeerFrame } from './peer.ts';
export { PeerEncoder } from './peer-encoder.ts';
export type { MemberProgress, MemberStatus } from './status.ts';
