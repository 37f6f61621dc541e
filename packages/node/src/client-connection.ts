/**
 * One client's connection (wire's README, client protocol): hello, then pipelined requests within its credits, each ended by one reply, in any
 * order; watches beside them. Kept: what a client may make this member hold is bounded (open requests, watches, bytes it does not read); a
 * slow or broken client is cut off and nobody else notices.
 */
import type { Socket } from 'node:net';
import { CodecError } from '@seedraft/codec';
import {
  type ClientRefusalCode,
  type ClientReply,
  type ReadMode,
  sentence,
} from '@seedraft/replica';
import {
  type ClientFrame,
  encodeClient,
  type Flaw,
  FRAME_KIND,
  type Frame,
  HEADER_BYTES,
  type Hello,
  MAX_PAYLOAD_BYTES,
  type RequestFrame,
  readClientFrame,
  WIRE_VERSION,
} from '@seedraft/wire';
import { BackupStream } from './backup-stream.ts';
import { mayAsk } from './client-roles.ts';
import type { ClientContext } from './clients.ts';
import type { Cancel } from './clock.ts';
import type { Asker } from './driver.ts';
import { FrameSocket, type SocketOwner } from './frame-socket.ts';
import type { ClientRole } from './options.ts';
import { VERSION } from './status.ts';

/** A watch: told of its start or not yet; how to end it. */
interface Watching {
  readonly cancel: () => void;
}

export class ClientConnection implements SocketOwner, Asker {
  readonly #context: ClientContext;
  readonly #socket: FrameSocket;
  readonly #cancelHello: Cancel;
  readonly #open = new Map<number, RequestFrame['request']['type']>();
  readonly #watches = new Map<number, Watching>();
  #backup: BackupStream | null = null;
  #role: ClientRole | 'none' = 'none';
  #name = '';
  #isWelcome = false;
  #isDraining = false;
  #reason = '';

  constructor(socket: Socket, context: ClientContext) {
    const { limits, socketContext, clock } = context;
    this.#context = context;
    this.#socket = new FrameSocket(socket, this, socketContext);
    this.#cancelHello = clock.after(limits.handshake, () => {
      this.#refuse('BAD_FRAME', 'no hello came in time');
    });
  }

  get isWelcome(): boolean {
    return this.#isWelcome;
  }

  /** Takes no new requests; says goodbye as soon as none is open. */
  drain(): void {
    this.#isDraining = true;
    this.#endIfDrained();
  }

  /** The last frame; what is open ends as unknown. */
  goodbye(code: string, reason: string): void {
    this.#reason = reason;
    this.#socket.close(encodeClient({ type: 'goodbye', code, reason }));
  }

  /** A frame that is the same for all clients. */
  tell(frame: Uint8Array): void {
    if (!this.#socket.isClosing) this.#deliver(frame);
  }

  /** A snapshot replaced the state. */
  loseWatches(): void {
    for (const requestId of this.#watches.keys()) this.#endWatch(requestId, this.#lost());
  }

  answered(requestId: number, reply: ClientReply): void {
    const type = this.#open.get(requestId);
    if (type === undefined || this.#socket.isClosing) return;
    this.#open.delete(requestId);
    const isRead = type === 'Query' || type === 'Backup';
    this.#reply(requestId, reply, isRead ? this.#refused('MACHINE_ERROR') : unsaid(reply));
    if (this.#isDraining) this.#endIfDrained();
  }

  // ------------------------------------------------------------------------------------------------------------- of the socket

  onFrame(frame: Frame): void {
    if (!this.#isWelcome && frame.kind !== FRAME_KIND.hello && frame.kind !== FRAME_KIND.goodbye) {
      this.#refuse('BAD_FRAME', 'the first frame of a client must be a hello');
      return;
    }
    const read = readClientFrame(frame);
    if (!read.ok) this.onFlaw(read);
    else this.#onMessage(read.message);
  }

  onFlaw({ code, reason }: Flaw): void {
    this.#context.figures.badFrames += 1;
    const address = this.#socket.remoteAddress;
    this.#context.log({ type: 'BadFrame', from: 'client', address, code, reason });
    this.goodbye(code === 'BAD_VERSION' ? 'VERSION' : 'BAD_FRAME', reason);
  }

  onDrained(): void {
    this.#backup?.proceed();
  }

  onClosed(error: string): void {
    this.#cancelHello();
    for (const { cancel } of this.#watches.values()) cancel();
    this.#watches.clear();
    this.#open.clear();
    this.#backup?.end();
    this.#context.closed(this);
    if (!this.#isWelcome) return;
    const address = this.#socket.remoteAddress;
    const reason = this.#reason || error || 'it closed the connection';
    this.#context.log({ type: 'ClientDisconnected', client: this.#name, address, reason });
  }

  #onMessage(message: ClientFrame): void {
    switch (message.type) {
      case 'request':
        this.#onRequest(message);
        break;
      case 'cancel':
        if (!this.#watches.has(message.requestId)) break;
        this.#endWatch(message.requestId, { type: 'Ok', index: this.#index(), value: null });
        break;
      case 'hello':
        if (this.#isWelcome) this.#refuse('BAD_FRAME', 'a second hello');
        else this.#onHello(message);
        break;
      case 'goodbye':
        this.#reason = 'it said goodbye';
        this.#socket.close();
        break;
      default:
        this.#refuse('BAD_FRAME', `a client sends no ${message.type}`);
    }
  }

  #onHello(hello: Hello): void {
    const { clusterId, id, limits, tokens, log } = this.#context;
    if (hello.version !== WIRE_VERSION) {
      this.#refuse('VERSION', `this member speaks version ${WIRE_VERSION}, not ${hello.version}`);
      return;
    }
    if (hello.clusterId !== '' && hello.clusterId !== clusterId) {
      this.#refuse('WRONG_CLUSTER', `this is cluster "${clusterId}", not "${hello.clusterId}"`);
      return;
    }
    const role = tokens.roleOf(hello.token);
    if (role === 'none') {
      this.#refuse('UNAUTHORIZED', sentence('UNAUTHORIZED'));
      return;
    }
    this.#role = role;
    this.#name = start(hello.client, 128);
    this.#isWelcome = true;
    this.#socket.trust(limits.maxClientFrame);
    this.#cancelHello();
    this.#context.welcomed(this);
    const leader = this.#context.leader();
    const leaderAddress = this.#context.clientAddressOf(leader);
    const { credits } = limits;
    const version = WIRE_VERSION;
    this.#send({ type: 'welcome', version, clusterId, id, leader, leaderAddress, credits });
    log({ type: 'ClientConnected', client: this.#name, address: this.#socket.remoteAddress });
  }

  // -------------------------------------------------------------------------------------------------------------- the requests

  #onRequest({ requestId, request }: RequestFrame): void {
    if (this.#open.has(requestId) || this.#watches.has(requestId)) {
      this.#refuse('BAD_FRAME', `request ${requestId} is open already`);
      return;
    }
    const refusal = this.#refusalOf(request.type);
    if (refusal !== null) {
      this.#reply(requestId, this.#refused(refusal));
      return;
    }
    if (request.type === 'Status') this.#tellOf(requestId, this.#context.status());
    else if (request.type === 'Entries') this.#tellOf(requestId, this.#context.entries(request));
    else if (request.type === 'Watch') this.#beginWatch(requestId, request.query);
    else if (request.type === 'Backup') this.#beginBackup(requestId, request.mode);
    else {
      this.#open.set(requestId, request.type);
      this.#context.ask(request, this, requestId);
    }
  }

  #refusalOf(type: RequestFrame['request']['type']): ClientRefusalCode | null {
    if (this.#role === 'none' || !mayAsk(this.#role, type)) return 'UNAUTHORIZED';
    if (this.#isDraining) return 'NOT_READY';
    if (this.#open.size >= this.#context.limits.credits) return 'OVERLOADED';
    const tooMany = this.#watches.size >= this.#context.limits.maxWatches;
    return type === 'Watch' && tooMany ? 'OVERLOADED' : null;
  }

  /** What the member is and has by itself. */
  #tellOf(requestId: number, value: unknown): void {
    this.#reply(requestId, { type: 'Ok', index: this.#index(), value });
  }

  #beginWatch(requestId: number, query: unknown): void {
    const index = this.#index();
    const cancel = this.#context.watch(query, (at, change) =>
      this.#onChange(requestId, at, change),
    );
    if (cancel === null) {
      this.#reply(requestId, this.#refused('BAD_REQUEST'));
      return;
    }
    this.#watches.set(requestId, { cancel });
    this.#send({ type: 'event', requestId, index, value: null });
  }

  #beginBackup(requestId: number, mode: ReadMode): void {
    const { clusterId, id, limits, clock } = this.#context;
    if (!this.#context.beginBackup()) {
      this.#reply(requestId, this.#refused('OVERLOADED'));
      return;
    }
    this.#open.set(requestId, 'Backup');
    this.#backup = new BackupStream({
      from: { clusterId, member: id, version: VERSION },
      requestId,
      clock,
      stall: limits.stall,
      send: (frame) => this.#send(frame),
      reply: (reply) => this.answered(requestId, reply),
      giveUp: () => this.#cutOff(),
      ended: () => {
        this.#backup = null;
        this.#context.endBackup();
      },
    });
    this.#context.ask({ type: 'Capture', mode }, this.#backup, requestId);
  }

  /** Called while an entry is applied: must not throw. */
  #onChange(requestId: number, index: number, value: unknown): void {
    if (this.#socket.isClosing) return;
    if (this.#socket.backlog > this.#context.limits.clientQueueBytes / 2) {
      this.#endWatch(requestId, this.#lost());
      return;
    }
    const frame = encodeOrNull({ type: 'event', requestId, index, value });
    if (frame === null) this.#endWatch(requestId, this.#refused('MACHINE_ERROR'));
    else this.#deliver(frame);
  }

  #endWatch(requestId: number, reply: ClientReply): void {
    this.#watches.get(requestId)?.cancel();
    this.#watches.delete(requestId);
    this.#reply(requestId, reply);
    if (this.#isDraining) this.#endIfDrained();
  }

  #lost(): ClientReply {
    return this.#refused('WATCH_LOST');
  }

  #refused(code: ClientRefusalCode): ClientReply {
    return { type: 'Refused', code, leader: this.#context.leader() };
  }

  #index(): number {
    return this.#context.appliedIndex();
  }

  // -------------------------------------------------------------------------------------------------------------- what goes out

  /** `instead`: said when the machine's value is none that a frame can carry, or too large for one. */
  #reply(
    requestId: number,
    reply: ClientReply,
    instead: ClientReply = this.#refused('MACHINE_ERROR'),
  ): void {
    const frame = encodeOrNull(this.#frameOf(requestId, reply));
    this.#deliver(frame ?? encodeClient(this.#frameOf(requestId, instead)));
  }

  #frameOf(requestId: number, reply: ClientReply): ClientFrame {
    if (reply.type !== 'Refused') {
      return { type: 'reply', requestId, reply, reason: '', leaderAddress: '' };
    }
    const leaderAddress = this.#context.clientAddressOf(reply.leader);
    const { code } = reply;
    // To try again would help nobody then.
    const founding =
      code === 'NO_LEADER' || code === 'NOT_LEADER' ? this.#context.founding() : null;
    const reason = founding ?? sentence(code);
    return { type: 'reply', requestId, reply, reason, leaderAddress };
  }

  #send(frame: ClientFrame): void {
    this.#deliver(encodeClient(frame));
  }

  #deliver(frame: Uint8Array): void {
    this.#socket.send(frame);
    const { clientQueueBytes, stall } = this.#context.limits;
    if (this.#socket.backlog > clientQueueBytes || this.#socket.stalledFor > stall) this.#cutOff();
  }

  #cutOff(): void {
    this.#context.figures.slowClients += 1;
    this.#reason = 'it does not read what is sent to it';
    this.#socket.destroy();
  }

  #refuse(code: string, reason: string): void {
    const address = this.#socket.remoteAddress;
    this.#context.log({ type: 'ConnectionRefused', from: 'client', address, reason });
    this.goodbye(code, reason);
  }

  #endIfDrained(): void {
    if (this.#open.size > 0 || this.#socket.isClosing) return;
    this.goodbye('STOPPING', 'the member stops; ask another');
  }
}

/** A copy of the first characters: a slice would keep all of the text in memory. */
function start(text: string, length: number): string {
  return Buffer.from(text.slice(0, length)).toString();
}

/** What was applied must not be called refused: that it did nothing would be a lie. */
function unsaid(reply: ClientReply): ClientReply {
  return { type: 'Unknown', index: reply.type === 'Refused' ? 0 : reply.index, term: 0 };
}

/** Null: the machine gave a value that no message can carry. */
function encodeOrNull(frame: ClientFrame): Uint8Array | null {
  try {
    const bytes = encodeClient(frame);
    return bytes.length - HEADER_BYTES > MAX_PAYLOAD_BYTES ? null : bytes;
  } catch (thrown) {
    if (thrown instanceof CodecError) return null;
    throw thrown;
  }
}
