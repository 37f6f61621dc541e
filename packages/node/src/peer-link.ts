/**
 * The way out to one peer: dials, introduces itself, sends, and dials again with growing pauses. Messages for a peer that cannot be reached are
 * dropped (Raft sends what matters again); a few wait while a connection is being made, so that the first election needs no second try.
 */
import type { MemberId } from '@seedraft/core';
import type { MemberMessage } from '@seedraft/replica';
import {
  encodeRefusal,
  type Flaw,
  type Frame,
  type Handshake,
  type PeerRefusal,
  readRefusalFrame,
} from '@seedraft/wire';
import { parseAddress } from './address.ts';
import type { Cancel } from './clock.ts';
import { dial, FrameSocket, type SocketOwner } from './frame-socket.ts';
import { Dialling } from './peer-handshake.ts';
import { PeerQueue } from './peer-queue.ts';
import type { PeerContext } from './peers.ts';
import type { Flushable } from './turn.ts';

const FIRST_PAUSE_MS = 20;
/** After a connection that broke: whether somebody still listens there says whether that process is gone. */
const AT_ONCE_MS = 1;
const NOBODY_LISTENS = 'ECONNREFUSED';
const LONGEST_PAUSE_MS = 1000;
/** Kept while a connection is being made. */
const WAITING_MESSAGES = 64;
/** Bytes in the socket above which more waits in the queue, where urgent messages overtake. */
const SOCKET_BYTES = 1024 * 1024;

export class PeerLink implements SocketOwner, Flushable {
  readonly id: MemberId;
  readonly #context: PeerContext;
  readonly #queue: PeerQueue;
  #socket: FrameSocket | null = null;
  #introduction: Dialling | null = null;
  #address = '';
  #isOpen = false;
  #isFlushing = false;
  #isStopped = false;
  #pause = FIRST_PAUSE_MS;
  /** It was connected until a moment ago, and the next dial tells whether its process is gone. */
  #isSuspect = false;
  #cancel: Cancel | null = null;
  #reason = '';
  /** The last refusal, until a connection succeeds. */
  refusal: PeerRefusal | null = null;

  constructor(id: MemberId, context: PeerContext) {
    this.id = id;
    this.#context = context;
    const { peerQueueBytes, peerQueueMessages } = context.limits;
    this.#queue = new PeerQueue(peerQueueBytes, peerQueueMessages);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get waitingBytes(): number {
    return this.#queue.bytes + (this.#socket?.backlog ?? 0);
  }

  /** Dials unless it is connected or about to be. `now`: without the pause that failures earned (the peer was just heard). */
  connect(now = false): void {
    if (this.#isStopped || this.#socket !== null) return;
    if (this.#cancel !== null) {
      if (!now) return;
      this.#cancel();
      this.#cancel = null;
      this.#pause = FIRST_PAUSE_MS;
    }
    const text = this.#context.addressOf(this.id);
    const address = parseAddress(text);
    this.#address = text;
    if (address === null || address.port === 0) {
      this.#retryLater();
      return;
    }
    const { tls, socketContext, limits, own, prover, clock } = this.#context;
    const introduction = new Dialling(own, prover, this.id);
    const stream = dial(address, tls(), () => socket.send(introduction.first));
    const socket = new FrameSocket(stream, this, socketContext);
    this.#introduction = introduction;
    this.#socket = socket;
    this.#cancel = clock.after(limits.handshake, () => this.#fail('no answer in time'));
  }

  send(message: MemberMessage): void {
    if (this.#socket === null) {
      this.connect();
      if (this.#socket === null) {
        this.#context.figures.messagesDropped += 1;
        return;
      }
    }
    if (!this.#isOpen && this.#queue.length >= WAITING_MESSAGES) {
      this.#context.figures.messagesDropped += 1;
      return;
    }
    if (!this.#queue.push(message) || this.#isStalled()) {
      this.#context.figures.slowPeers += 1;
      this.#context.log({ type: 'PeerSlow', id: this.id, waitingBytes: this.waitingBytes });
      this.#fail('it does not read what is sent to it');
      return;
    }
    this.#flushLater();
  }

  /** At the end of a turn, and whenever the kernel took everything. */
  flush(): void {
    this.#isFlushing = false;
    const socket = this.#socket;
    if (!this.#isOpen || socket === null) return;
    if (socket.backlog >= SOCKET_BYTES) return;
    for (const message of this.#queue.takeUrgent()) {
      socket.send(this.#context.encoder.encode(message));
      this.#context.figures.messagesSent += 1;
    }
    if (socket.backlog === 0) {
      const chunk = this.#queue.takeChunk();
      if (chunk !== null) socket.send(this.#context.encoder.encode(chunk));
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
    this.flush();
    this.#socket?.close();
  }

  // ------------------------------------------------------------------------------------------------------------- of the socket

  onFrame(frame: Frame): void {
    const socket = this.#socket as FrameSocket;
    if (this.#introduction === null) {
      const read = readRefusalFrame(frame);
      if (read.ok) this.#onRefused(read.message, true);
      else this.onFlaw(read);
      socket.close();
      return;
    }
    const step = this.#introduction.receive(frame);
    switch (step.to) {
      case 'wait':
        if (step.send !== null) socket.send(step.send);
        break;
      case 'accept':
        this.#onAccepted(socket, step.peer);
        break;
      case 'refuse':
        this.#refuse(socket, step.refusal);
        break;
      case 'refused':
        this.#onRefused(step.refusal, false);
        socket.close();
        break;
      case 'flaw':
        this.onFlaw(step.flaw);
        socket.destroy();
        break;
    }
  }

  onFlaw(flaw: Flaw): void {
    this.#reason = `it sent what is no frame (${flaw.code})`;
    const { code, reason } = flaw;
    this.#context.figures.badFrames += 1;
    this.#context.log({ type: 'BadFrame', from: 'peer', address: this.#address, code, reason });
  }

  onDrained(): void {
    if (this.#queue.length > 0) this.flush();
  }

  onClosed(error: string): void {
    const wasOpen = this.#isOpen;
    this.#socket = null;
    this.#introduction = null;
    this.#isOpen = false;
    this.#queue.clear();
    this.#cancel?.();
    this.#cancel = null;
    const reason = this.#reason || error || 'it closed the connection';
    this.#reason = '';
    if (this.#isStopped) return;
    if (this.#isSuspect && error === NOBODY_LISTENS) this.#context.down(this.id);
    this.#isSuspect = wasOpen;
    if (this.refusal !== null) this.#pause = LONGEST_PAUSE_MS;
    else if (wasOpen) this.#pause = AT_ONCE_MS;
    if (wasOpen) {
      const address = this.#address;
      this.#context.log({ type: 'PeerDisconnected', id: this.id, address, reason });
    }
    this.#retryLater();
  }

  #onAccepted(socket: FrameSocket, peer: Handshake): void {
    const refusal = this.#context.judge(peer);
    if (refusal !== null) {
      this.#refuse(socket, refusal);
      return;
    }
    this.#cancel?.();
    this.#cancel = null;
    this.#introduction = null;
    this.#isOpen = true;
    this.refusal = null;
    this.#context.log({ type: 'PeerConnected', id: this.id, address: this.#address });
    this.#flushLater();
  }

  #flushLater(): void {
    if (this.#isFlushing || !this.#isOpen) return;
    this.#isFlushing = true;
    this.#context.socketContext.turn.flushLater(this);
  }

  #refuse(socket: FrameSocket, refusal: PeerRefusal): void {
    this.refusal = refusal;
    this.#reason = refusal.sentence;
    this.#context.refused(this.id, this.#address, 'us', refusal, false);
    socket.close(encodeRefusal(refusal));
  }

  /** `proven`: by somebody who has proven to be this peer. */
  #onRefused(refusal: PeerRefusal, proven: boolean): void {
    this.refusal = refusal;
    this.#reason = refusal.sentence;
    this.#context.refused(this.id, this.#address, 'them', refusal, proven);
  }

  #isStalled(): boolean {
    return (this.#socket?.stalledFor ?? 0) > this.#context.limits.stall;
  }

  #fail(reason: string): void {
    this.#reason = reason;
    this.#queue.clear();
    this.#socket?.destroy();
  }

  /** Twice as long after each failure, and never exactly: members that lost the same peer must not knock in step. */
  #retryLater(): void {
    if (this.#isStopped) return;
    const pause = this.#pause * (0.5 + Math.random());
    this.#pause = Math.min(Math.max(this.#pause * 2, FIRST_PAUSE_MS), LONGEST_PAUSE_MS);
    this.#cancel = this.#context.clock.after(pause, () => {
      this.#cancel = null;
      this.connect();
    });
  }
}
