/**
 * All peers of a member: one link out to each, one connection in from each, and who may talk at all. Kept: a peer's message reaches the member only
 * with the incarnation its connection proved; at most one connection in counts per peer, the newest; the number of strangers who are
 * introducing themselves is bounded.
 */
import type { Socket } from 'node:net';
import type { Configuration, MemberId } from '@seedraft/core';
import type { MemberMessage } from '@seedraft/replica';
import {
  encodeRefusal,
  type Flaw,
  FRAME_KIND,
  type Frame,
  type Handshake,
  PeerEncoder,
  type PeerRefusal,
  readPeerFrame,
  readRefusalFrame,
} from '@seedraft/wire';
import type { Cancel, Clock } from './clock.ts';
import type { EventLog } from './events.ts';
import {
  FrameSocket,
  type SocketContext,
  type SocketOwner,
  type TlsMaterial,
} from './frame-socket.ts';
import type { NodeLimits } from './options.ts';
import { Accepting, type Introduced, type Prover } from './peer-handshake.ts';
import { PeerLink } from './peer-link.ts';

/** What everything around peers shares. */
export interface PeerContext {
  readonly own: Introduced;
  readonly prover: Prover;
  readonly limits: NodeLimits;
  readonly clock: Clock;
  readonly socketContext: SocketContext;
  readonly figures: PeerFigures;
  readonly encoder: PeerEncoder;
  readonly log: EventLog;
  tls(): TlsMaterial | null;
  /** '' when nobody ever said. */
  addressOf(id: MemberId): string;
  /** See PeerHost.onDown. */
  down(id: MemberId): void;
  /** Null: this member may talk to us. */
  judge(peer: Handshake): PeerRefusal | null;
  refused(
    id: MemberId,
    address: string,
    by: 'us' | 'them',
    refusal: PeerRefusal,
    proven: boolean,
  ): void;
}

export interface PeerFigures {
  messagesSent: number;
  messagesReceived: number;
  /** For a peer that could not be reached. */
  messagesDropped: number;
  /** Times one was cut off because it did not read. */
  slowPeers: number;
  badFrames: number;
  refusals: number;
}

/** What the peers are to the member they serve. */
export interface PeerHost {
  /** From the latest entry; and as far as it is committed. */
  configuration(): { readonly latest: Configuration; readonly committed: Configuration };
  receive(incarnation: string, message: MemberMessage): void;
  /** The connection to a peer broke, and nobody listens there any more. */
  onDown(id: MemberId): void;
  /** A peer that has proven itself refused this member for good. */
  onRefused(by: MemberId, refusal: PeerRefusal): void;
}

/** The same refusal of the same peer is told again after this long. */
const TOLD_AGAIN_MS = 60_000;

export class Peers {
  readonly #context: PeerContext;
  readonly #host: PeerHost;
  readonly #links = new Map<MemberId, PeerLink>();
  readonly #incoming = new Map<MemberId, IncomingPeer>();
  readonly #strangers = new Set<IncomingPeer>();
  /** What members said about themselves, for those whom no configuration here names. */
  readonly #heardAddresses = new Map<MemberId, string>();
  readonly #told = new Map<string, number>();
  readonly #limits: NodeLimits;
  readonly figures: PeerFigures = {
    messagesSent: 0,
    messagesReceived: 0,
    messagesDropped: 0,
    slowPeers: 0,
    badFrames: 0,
    refusals: 0,
  };

  constructor(
    parts: Pick<
      PeerContext,
      'own' | 'prover' | 'limits' | 'clock' | 'socketContext' | 'log' | 'tls'
    >,
    host: PeerHost,
  ) {
    this.#host = host;
    this.#limits = parts.limits;
    this.#context = {
      ...parts,
      figures: this.figures,
      encoder: new PeerEncoder(),
      addressOf: (id) => this.#addressOf(id),
      down: (id) => this.#host.onDown(id),
      judge: (peer) => this.#judge(peer),
      refused: (id, address, by, refusal, proven) =>
        this.#onRefused(id, address, by, refusal, proven),
    };
  }

  /** Links to everyone who is named by now; those to members that are gone end, and they are told. */
  reconfigure(): void {
    const { latest, committed } = this.#host.configuration();
    const named = new Set([...latest.members, ...committed.members].map(({ id }) => id));
    named.delete(this.#context.own.id);
    for (const id of named) this.#linkTo(id).connect();
    for (const [id, link] of this.#links) {
      if (named.has(id) || named.size === 0) continue;
      link.stop();
      this.#links.delete(id);
    }
    for (const incoming of this.#incoming.values()) incoming.judgeAgain();
  }

  send(message: MemberMessage): void {
    // To a stranger that is gone again, no link could lead.
    if (!this.#links.has(message.to) && this.#addressOf(message.to) === '') {
      this.figures.messagesDropped += 1;
      return;
    }
    this.#linkTo(message.to).send(message);
  }

  /** A connection came in. */
  accept(socket: Socket): void {
    const incoming = new IncomingPeer(socket, this.#context, this);
    if (this.#strangers.size >= this.#limits.maxHandshakes) {
      incoming.drop('too many connections are introducing themselves');
      return;
    }
    this.#strangers.add(incoming);
  }

  status(): readonly {
    readonly id: MemberId;
    readonly connected: boolean;
    readonly waitingBytes: number;
    readonly refusal: PeerRefusal | null;
  }[] {
    return [...this.#links.values()].map((link) => ({
      id: link.id,
      connected: link.isOpen,
      waitingBytes: link.waitingBytes,
      refusal: link.refusal,
    }));
  }

  stop(): void {
    for (const link of this.#links.values()) link.stop();
    for (const incoming of this.#incoming.values()) incoming.close();
    for (const stranger of this.#strangers) stranger.close();
  }

  // -------------------------------------------------------------------------------------------------------- of connections in

  /** It has proven who it is. */
  introduced(incoming: IncomingPeer, peer: Handshake): void {
    this.#strangers.delete(incoming);
    this.#incoming.get(peer.id)?.close();
    this.#incoming.set(peer.id, incoming);
    if (peer.address !== '') this.#heardAddresses.set(peer.id, peer.address);
    // It lives: no reason to wait with the way back.
    this.#linkTo(peer.id).connect(true);
  }

  received(peer: Handshake, message: MemberMessage): void {
    this.figures.messagesReceived += 1;
    this.#host.receive(peer.incarnation, message);
  }

  closed(incoming: IncomingPeer): void {
    this.#strangers.delete(incoming);
    const { peer } = incoming;
    if (peer === null || this.#incoming.get(peer.id) !== incoming) return;
    this.#incoming.delete(peer.id);
    this.#forgetStranger(peer.id);
  }

  /** Whom no configuration names is known by its connection alone: else each one there ever was would be dialled for ever. */
  #forgetStranger(id: MemberId): void {
    const { latest, committed } = this.#host.configuration();
    if (find(latest, id) !== undefined || find(committed, id) !== undefined) return;
    this.#heardAddresses.delete(id);
    this.#links.get(id)?.stop();
    this.#links.delete(id);
  }

  // -------------------------------------------------------------------------------------------------------------- who may talk

  #linkTo(id: MemberId): PeerLink {
    let link = this.#links.get(id);
    if (link === undefined) {
      link = new PeerLink(id, this.#context);
      this.#links.set(id, link);
    }
    return link;
  }

  #addressOf(id: MemberId): string {
    const { latest, committed } = this.#host.configuration();
    const member = find(latest, id) ?? find(committed, id);
    return member?.peerAddress || (this.#heardAddresses.get(id) ?? '');
  }

  /**
   * An id that was given out and is in no configuration that may be in force was removed. One that was never given out, as far as is known
   * here, may be of a member newer than this log.
   */
  #judge(peer: Handshake): PeerRefusal | null {
    const { latest, committed } = this.#host.configuration();
    const member = find(latest, peer.id) ?? find(committed, peer.id);
    const { own } = this.#context;
    if (peer.id === own.id) {
      const sentence = `member ${own.id} is this member itself: two data directories must not have one id; give each member its own, and check the addresses`;
      return { code: 'MEMBER_WIPED', sentence };
    }
    if (member !== undefined && member.incarnation !== '') {
      if (member.incarnation === peer.incarnation) return null;
      return {
        code: 'MEMBER_WIPED',
        sentence:
          `id ${peer.id} is bound to another data directory (incarnation ${member.incarnation}, not ${peer.incarnation}): ` +
          'what this one had acknowledged is lost, so it must not vote under the old id. Remove the member from the cluster and let an empty directory join it',
      };
    }
    if (member === undefined && peer.id <= committed.highestId) {
      return {
        code: 'UNKNOWN_MEMBER',
        sentence: `member ${peer.id} was removed from the cluster: stop it, or let an empty directory join as a new member`,
      };
    }
    return null;
  }

  #onRefused(
    id: MemberId,
    address: string,
    by: 'us' | 'them',
    refusal: PeerRefusal,
    proven: boolean,
  ): void {
    this.figures.refusals += 1;
    const now = this.#context.clock.now();
    const key = `${id} ${by} ${refusal.code}`;
    const toldAt = this.#told.get(key);
    if (toldAt === undefined || now - toldAt >= TOLD_AGAIN_MS) {
      if (this.#told.size > 1024) this.#told.clear();
      this.#told.set(key, now);
      this.#context.log({ type: 'PeerRefused', id, address, by, ...refusal });
    }
    if (by === 'them' && proven) this.#host.onRefused(id, refusal);
  }
}

function find(configuration: Configuration, id: MemberId) {
  return configuration.members.find((member) => member.id === id);
}

/** A connection that came in: first a stranger, then one peer's way to this member. */
class IncomingPeer implements SocketOwner {
  readonly #context: PeerContext;
  readonly #peers: Peers;
  readonly #socket: FrameSocket;
  readonly #cancel: Cancel;
  #introduction: Accepting | null;
  peer: Handshake | null = null;

  constructor(socket: Socket, context: PeerContext, peers: Peers) {
    const { limits, socketContext, own, prover, clock } = context;
    this.#context = context;
    this.#peers = peers;
    this.#introduction = new Accepting(own, prover);
    this.#socket = new FrameSocket(socket, this, socketContext);
    this.#cancel = clock.after(limits.handshake, () => this.drop('no introduction in time'));
  }

  close(): void {
    this.#socket.close();
  }

  /** The configuration changed: it may have been removed. */
  judgeAgain(): void {
    const refusal = this.peer === null ? null : this.#context.judge(this.peer);
    if (refusal !== null && this.peer !== null) this.#refuse(refusal, this.peer.id);
  }

  drop(reason: string): void {
    const address = this.#socket.remoteAddress;
    this.#context.log({ type: 'ConnectionRefused', from: 'peer', address, reason });
    this.#socket.destroy();
  }

  onFrame(frame: Frame): void {
    if (this.#introduction !== null) {
      this.#introduce(this.#introduction, frame);
      return;
    }
    if (frame.kind === FRAME_KIND.refusal) {
      this.#onRefused(frame);
      return;
    }
    const read = readPeerFrame(frame);
    if (!read.ok) {
      this.onFlaw(read);
      this.#socket.destroy();
      return;
    }
    const peer = this.peer as Handshake;
    // Nobody speaks for another.
    if (read.message.from === peer.id && read.message.to === this.#context.own.id) {
      this.#peers.received(peer, read.message);
    } else {
      const { from, to } = read.message;
      this.#flaw('BAD_MESSAGE', `member ${peer.id} sent a message from ${from} to ${to}`);
      this.#socket.destroy();
    }
  }

  onFlaw(flaw: Flaw): void {
    if (flaw.code === 'BAD_VERSION' && this.peer === null) {
      const sentence = `member ${this.#context.own.id} cannot read this: ${flaw.reason}`;
      this.#refuse({ code: 'VERSION', sentence }, 0);
      return;
    }
    this.#flaw(flaw.code, flaw.reason);
  }

  onDrained(): void {}

  onClosed(): void {
    this.#cancel();
    this.#peers.closed(this);
  }

  #introduce(introduction: Accepting, frame: Frame): void {
    const step = introduction.receive(frame);
    switch (step.to) {
      case 'wait':
        if (step.send !== null) this.#socket.send(step.send);
        return;
      case 'accept':
        if (step.send !== null) this.#socket.send(step.send);
        this.#onIntroduced(step.peer);
        return;
      case 'refuse':
        this.#refuse(step.refusal, step.id);
        return;
      case 'refused':
        this.#context.refused(step.id, this.#socket.remoteAddress, 'them', step.refusal, false);
        this.#socket.close();
        return;
      case 'flaw':
        this.onFlaw(step.flaw);
        if (!this.#socket.isClosing) this.#socket.destroy();
        return;
    }
  }

  #onIntroduced(peer: Handshake): void {
    const refusal = this.#context.judge(peer);
    if (refusal !== null) {
      this.#refuse(refusal, peer.id);
      return;
    }
    this.#introduction = null;
    this.#cancel();
    this.peer = peer;
    this.#socket.trust(this.#context.limits.maxPeerFrame);
    this.#peers.introduced(this, peer);
  }

  /** It dialled, proved itself, and found that this member is not the one it should be. */
  #onRefused(frame: Frame): void {
    const read = readRefusalFrame(frame);
    const { id } = this.peer as Handshake;
    if (read.ok) this.#context.refused(id, this.#socket.remoteAddress, 'them', read.message, true);
    else this.onFlaw(read);
    this.#socket.close();
  }

  #refuse(refusal: PeerRefusal, id: MemberId): void {
    this.#context.refused(id, this.#socket.remoteAddress, 'us', refusal, false);
    this.#socket.close(encodeRefusal(refusal));
  }

  #flaw(code: string, reason: string): void {
    this.#context.figures.badFrames += 1;
    const address = this.#socket.remoteAddress;
    this.#context.log({ type: 'BadFrame', from: 'peer', address, code, reason });
  }
}
