/**
 * How two members get to know each other before either listens to the other: handshake, proof of the shared secret, or a refusal. The side
 * that dialled speaks first; the order and who may refuse when are in README.md.
 *
 * Kept: a handshake names one data directory (id and incarnation) of one cluster; what a proof is computed over covers both handshakes,
 * nonces included, and the direction, so that none can be replayed, reflected or moved to another connection. No cryptography here: the
 * driver computes HMAC-SHA-256 over `proofInput`.
 */
import { encodeAfter } from '@seedraft/codec';
import type { MemberId } from '@seedraft/core';
import * as field from './field.ts';
import { type Flaw, flaw } from './flaw.ts';
import { FRAME_KIND, type Frame, HEADER_BYTES, sealFrame } from './frame.ts';
import * as shape from './shapes.ts';

/** How the sender wants the other side to prove itself. `tls`: it already did, below this protocol. */
export const AUTHENTICATIONS = ['open', 'secret', 'tls'] as const;
export type Authentication = (typeof AUTHENTICATIONS)[number];

/** The first frame in each direction of a connection between members: who speaks, and from which data directory. */
export interface Handshake {
  /** WIRE_VERSION of the sender. */
  readonly version: number;
  readonly clusterId: string;
  readonly id: MemberId;
  /** 32 hex digits. */
  readonly incarnation: string;
  /** Where the sender listens for members: for a receiver whose configuration does not name it yet. */
  readonly address: string;
  readonly authentication: Authentication;
  /** 32 fresh random bytes when `authentication` is `secret`; empty otherwise. */
  readonly nonce: Uint8Array;
}

export const NONCE_BYTES = 32;
const MAC_BYTES = 32;

/**
 * Why a member will not talk to another. WRONG_CLUSTER: another cluster id. WRONG_MEMBER: somebody else listens at the address.
 * VERSION: no common version. UNAUTHENTICATED: no proof, or a wrong one. MEMBER_WIPED: the id is bound to another data directory.
 * UNKNOWN_MEMBER: the id was removed. NOT_READY: it is still starting.
 */
export const PEER_REFUSALS = [
  'WRONG_CLUSTER',
  'WRONG_MEMBER',
  'VERSION',
  'UNAUTHENTICATED',
  'MEMBER_WIPED',
  'UNKNOWN_MEMBER',
  'NOT_READY',
] as const;
export type PeerRefusalCode = (typeof PEER_REFUSALS)[number];

/** The last frame of whoever sends it. */
export interface PeerRefusal {
  readonly code: PeerRefusalCode;
  /** A sentence for people. */
  readonly sentence: string;
}

export function encodeHandshake(handshake: Handshake): Uint8Array {
  const { version, clusterId, id, incarnation, address, authentication, nonce } = handshake;
  const mode = AUTHENTICATIONS.indexOf(authentication);
  const tuple = [version, clusterId, id, incarnation, address, mode, nonce];
  return sealFrame(FRAME_KIND.handshake, encodeAfter(HEADER_BYTES, tuple));
}

/** Another version than ours is the reader's to judge: it may want to say so before it closes. */
export function readHandshakeFrame(
  frame: Frame,
): { readonly ok: true; readonly message: Handshake } | Flaw {
  if (frame.kind !== FRAME_KIND.handshake) {
    return flaw('WRONG_KIND', 'the first frame between members must be a handshake');
  }
  return field.readMessage(frame.payload, readHandshake);
}

function readHandshake(value: unknown): Handshake {
  const t = field.tuple(value, 7, 'handshake');
  const incarnation = shape.readIncarnation(t[3]);
  if (incarnation === '') field.refuse('a handshake without an incarnation');
  const authentication = field.choice(t[5], AUTHENTICATIONS, 'authentication');
  const nonce = field.bytes(t[6], 'nonce');
  if (nonce.length !== (authentication === 'secret' ? NONCE_BYTES : 0)) {
    field.refuse(`a nonce of ${nonce.length} bytes`);
  }
  return {
    version: field.identity(t[0], 'version'),
    clusterId: field.text(t[1], 'clusterId'),
    id: field.identity(t[2], 'id'),
    incarnation,
    address: field.text(t[4], 'address'),
    authentication,
    nonce,
  };
}

/**
 * What a proof is the HMAC-SHA-256 of: one byte for who proves (1 the side that dialled, 2 the side that accepted), then the length
 * (4 bytes, big-endian) and the bytes of the payload of the dialler's handshake, then those of the acceptor's.
 */
export function proofInput(
  prover: 'dialler' | 'acceptor',
  dialler: Uint8Array,
  acceptor: Uint8Array,
): Uint8Array {
  const input = new Uint8Array(1 + 4 + dialler.length + 4 + acceptor.length);
  const view = new DataView(input.buffer);
  input[0] = prover === 'dialler' ? 1 : 2;
  view.setUint32(1, dialler.length);
  input.set(dialler, 5);
  view.setUint32(5 + dialler.length, acceptor.length);
  input.set(acceptor, 9 + dialler.length);
  return input;
}

export function encodeProof(mac: Uint8Array): Uint8Array {
  return sealFrame(FRAME_KIND.proof, encodeAfter(HEADER_BYTES, [mac]));
}

export function readProofFrame(
  frame: Frame,
): { readonly ok: true; readonly message: Uint8Array } | Flaw {
  if (frame.kind !== FRAME_KIND.proof) {
    return flaw('WRONG_KIND', 'a proof of the cluster secret must follow the handshakes');
  }
  return field.readMessage(frame.payload, (value) => {
    const mac = field.bytes(field.tuple(value, 1, 'proof')[0], 'proof');
    if (mac.length !== MAC_BYTES) field.refuse(`a proof of ${mac.length} bytes`);
    return mac;
  });
}

export function encodeRefusal({ code, sentence }: PeerRefusal): Uint8Array {
  return sealFrame(FRAME_KIND.refusal, encodeAfter(HEADER_BYTES, [code, sentence]));
}

export function readRefusalFrame(
  frame: Frame,
): { readonly ok: true; readonly message: PeerRefusal } | Flaw {
  if (frame.kind !== FRAME_KIND.refusal) return flaw('WRONG_KIND', 'this is no refusal');
  return field.readMessage(frame.payload, (value) => {
    const t = field.tuple(value, 2, 'refusal');
    const code = PEER_REFUSALS.find((known) => known === t[0]);
    return {
      code: code ?? field.refuse('refusal is no known code'),
      sentence: field.text(t[1], 'sentence'),
    };
  });
}
