/**
 * How a connection between members begins (the introduction in wire's README): a small state machine for each side, without a socket. Kept: no
 * frame of the other side reaches the member before it has proven itself; a refusal that could stop this member is believed only from
 * somebody who has.
 */
import { createHmac, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import type { MemberId } from '@seedraft/core';
import {
  type Authentication,
  encodeHandshake,
  encodeProof,
  type Flaw,
  FRAME_KIND,
  type Frame,
  type Handshake,
  HEADER_BYTES,
  NONCE_BYTES,
  type PeerRefusal,
  proofInput,
  readHandshakeFrame,
  readProofFrame,
  readRefusalFrame,
  WIRE_VERSION,
} from '@seedraft/wire';
import type { PeerSecurity } from './options.ts';

/** Who this member is, to its peers. */
export interface Introduced {
  readonly clusterId: string;
  readonly id: MemberId;
  readonly incarnation: string;
  readonly address: string;
}

/** What comes of one frame. */
export type Step =
  /** Send this, if anything, and wait for the next frame. */
  | { readonly to: 'wait'; readonly send: Uint8Array | null }
  /** The other side is who it says; `send` first. */
  | { readonly to: 'accept'; readonly peer: Handshake; readonly send: Uint8Array | null }
  /** We will not talk to it: tell it. */
  | { readonly to: 'refuse'; readonly refusal: PeerRefusal; readonly id: MemberId }
  /** It will not talk to us. */
  | { readonly to: 'refused'; readonly refusal: PeerRefusal; readonly id: MemberId }
  | { readonly to: 'flaw'; readonly flaw: Flaw };

/** The cluster secret as a key; the cluster's id is its salt. */
export class Prover {
  readonly authentication: Authentication;
  readonly #key: Uint8Array | null;

  constructor(security: PeerSecurity, clusterId: string) {
    this.authentication = security.kind;
    this.#key =
      security.kind === 'secret'
        ? scryptSync(security.secret, clusterId, 32, { N: 16_384, r: 8, p: 1 })
        : null;
  }

  get isSecret(): boolean {
    return this.#key !== null;
  }

  prove(prover: 'dialler' | 'acceptor', dialler: Uint8Array, acceptor: Uint8Array): Uint8Array {
    const input = proofInput(prover, dialler, acceptor);
    return new Uint8Array(createHmac('sha256', this.#key!).update(input).digest());
  }
}

abstract class Introduction {
  protected readonly own: Introduced;
  protected readonly prover: Prover;
  /** The payload of the own handshake. */
  protected readonly ownPayload: Uint8Array;
  protected readonly ownFrame: Uint8Array;
  protected theirPayload: Uint8Array = new Uint8Array(0);
  protected peer: Handshake | null = null;

  constructor(own: Introduced, prover: Prover) {
    this.own = own;
    this.prover = prover;
    const { authentication } = prover;
    const nonce = prover.isSecret ? new Uint8Array(randomBytes(NONCE_BYTES)) : new Uint8Array(0);
    this.ownFrame = encodeHandshake({ version: WIRE_VERSION, ...own, authentication, nonce });
    this.ownPayload = this.ownFrame.subarray(HEADER_BYTES);
  }

  /** 0: it has not said. */
  get peerId(): MemberId {
    return this.peer?.id ?? 0;
  }

  receive(frame: Frame): Step {
    if (frame.kind === FRAME_KIND.refusal) {
      const read = readRefusalFrame(frame);
      if (!read.ok) return { to: 'flaw', flaw: read };
      return { to: 'refused', refusal: read.message, id: this.peerId };
    }
    return this.peer === null ? this.#onHandshake(frame) : this.#onProof(frame);
  }

  #onHandshake(frame: Frame): Step {
    const read = readHandshakeFrame(frame);
    if (!read.ok) return { to: 'flaw', flaw: read };
    const peer = read.message;
    const refusal = this.judge(peer);
    if (refusal !== null) return { to: 'refuse', refusal, id: peer.id };
    this.peer = peer;
    this.theirPayload = frame.payload;
    return this.onIntroduced(peer);
  }

  #onProof(frame: Frame): Step {
    const read = readProofFrame(frame);
    if (!read.ok) return { to: 'flaw', flaw: read };
    const peer = this.peer as Handshake;
    if (timingSafeEqual(read.message, this.theirProof())) return this.onProven(peer);
    const sentence = `member ${this.own.id} got a proof of another cluster secret: give every member the same`;
    return { to: 'refuse', refusal: { code: 'UNAUTHENTICATED', sentence }, id: peer.id };
  }

  protected judge(peer: Handshake): PeerRefusal | null {
    const { clusterId, id } = this.own;
    if (peer.version !== WIRE_VERSION) {
      return {
        code: 'VERSION',
        sentence: `member ${id} speaks version ${WIRE_VERSION}, not ${peer.version}: run versions that overlap`,
      };
    }
    if (peer.clusterId !== clusterId) {
      return {
        code: 'WRONG_CLUSTER',
        sentence: `member ${id} belongs to cluster "${clusterId}", not to "${peer.clusterId}": check the addresses and the cluster id`,
      };
    }
    if (peer.authentication !== this.prover.authentication) {
      return {
        code: 'UNAUTHENTICATED',
        sentence: `member ${id} authenticates peers by ${this.prover.authentication}, not by ${peer.authentication}: configure every member alike`,
      };
    }
    return null;
  }

  protected abstract onIntroduced(peer: Handshake): Step;
  protected abstract onProven(peer: Handshake): Step;
  protected abstract theirProof(): Uint8Array;
}

/** The side that dialled: it speaks first, proves itself first, and then sends. */
export class Dialling extends Introduction {
  readonly #expected: MemberId;

  constructor(own: Introduced, prover: Prover, expected: MemberId) {
    super(own, prover);
    this.#expected = expected;
  }

  get first(): Uint8Array {
    return this.ownFrame;
  }

  protected override judge(peer: Handshake): PeerRefusal | null {
    const refusal = super.judge(peer);
    if (refusal !== null || peer.id === this.#expected) return refusal;
    const { id } = this.own;
    return {
      code: 'WRONG_MEMBER',
      sentence: `member ${id} meant to reach member ${this.#expected} at ${peer.address}, but member ${peer.id} answered: check the addresses`,
    };
  }

  protected onIntroduced(peer: Handshake): Step {
    if (!this.prover.isSecret) return { to: 'accept', peer, send: null };
    const mac = this.prover.prove('dialler', this.ownPayload, this.theirPayload);
    return { to: 'wait', send: encodeProof(mac) };
  }

  protected onProven(peer: Handshake): Step {
    return { to: 'accept', peer, send: null };
  }

  protected theirProof(): Uint8Array {
    return this.prover.prove('acceptor', this.ownPayload, this.theirPayload);
  }
}

/** The side that was dialled: it answers, checks the proof, and proves itself only then. */
export class Accepting extends Introduction {
  protected onIntroduced(peer: Handshake): Step {
    const send = this.ownFrame;
    return this.prover.isSecret ? { to: 'wait', send } : { to: 'accept', peer, send };
  }

  protected onProven(peer: Handshake): Step {
    const mac = this.prover.prove('acceptor', this.theirPayload, this.ownPayload);
    return { to: 'accept', peer, send: encodeProof(mac) };
  }

  protected theirProof(): Uint8Array {
    return this.prover.prove('dialler', this.theirPayload, this.ownPayload);
  }
}
