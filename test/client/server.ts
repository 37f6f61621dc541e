/**
 * A cluster of one real socket and no Raft: the built-in machine behind the client protocol, with sessions, and with the faults that a test
 * asks for. Small enough to be fast: the client's own cost is measured against it too.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import tls from 'node:tls';
import { KvMachine } from '@seedraft/kv';
import type { ClientReply, ClientRequest } from '@seedraft/replica';
import {
  type ClientFrame,
  encodeClient,
  FrameDecoder,
  type RequestFrame,
  readClientFrame,
} from '@seedraft/wire';

export interface Tls {
  readonly cert: string;
  readonly key: string;
}

type Write = Extract<ClientRequest, { type: 'Command' | 'Batch' }>;

export class TestServer {
  readonly machine = new KvMachine();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Map<number, Map<number, unknown>>();
  readonly #watches = new Map<string, { readonly end: (reply: ClientReply) => void }>();
  #watchers = 0;
  #connections = 0;
  address = '';
  index = 0;
  time = 0;
  token = '';
  credits = 256;
  /** What Status says of the configuration: where its members serve clients; empty: nothing. */
  statusMembers: readonly string[] = [];
  /** Names another member instead of answering. */
  leaderAddress = '';
  /** What to do with a request instead of answering it: `drop` carries it out and breaks the connection. */
  fault: (request: RequestFrame['request']) => 'drop' | 'silence' | ClientReply | null = () => null;
  /** Replies go out byte by byte. */
  isSlow = false;
  isRecording = true;
  readonly requests: RequestFrame['request'][] = [];

  private constructor(secrets: Tls | null) {
    const onSocket = (socket: Socket) => this.#onSocket(socket);
    this.#server = secrets === null ? createServer(onSocket) : tls.createServer(secrets, onSocket);
  }

  static async start(secrets: Tls | null = null): Promise<TestServer> {
    const server = new TestServer(secrets);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    const { port } = server.#server.address() as { port: number };
    server.address = `127.0.0.1:${port}`;
    return server;
  }

  async stop(): Promise<void> {
    this.breakAll();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  breakAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  expireSessions(): void {
    this.#sessions.clear();
  }

  loseWatches(): void {
    for (const watch of [...this.#watches.values()]) {
      watch.end({ type: 'Refused', code: 'WATCH_LOST', leader: 1 });
    }
  }

  #onSocket(socket: Socket): void {
    this.#sockets.add(socket);
    const connection = ++this.#connections;
    const decoder = new FrameDecoder();
    let unsent: Uint8Array[] = [];
    const send = (frame: ClientFrame) => {
      if (unsent.length === 0) setImmediate(flush);
      unsent.push(encodeClient(frame));
    };
    const flush = () => {
      const bytes = Buffer.concat(unsent);
      unsent = [];
      if (!this.isSlow) socket.write(bytes);
      else for (const byte of bytes) socket.write(Uint8Array.of(byte));
    };
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (bytes) => {
      for (const frame of decoder.push(bytes).frames) {
        const read = readClientFrame(frame);
        if (!read.ok) throw new Error(read.reason);
        this.#onFrame(connection, socket, read.message, send);
      }
    });
  }

  #onFrame(
    connection: number,
    socket: Socket,
    frame: ClientFrame,
    send: (frame: ClientFrame) => void,
  ): void {
    if (frame.type === 'hello') {
      if (frame.token !== this.token) send({ type: 'goodbye', code: 'UNAUTHORIZED', reason: 'no' });
      else {
        const { credits, leaderAddress } = this;
        const leader = leaderAddress === '' ? 1 : 2;
        const id = 1;
        send({ type: 'welcome', version: 1, clusterId: 't', id, leader, leaderAddress, credits });
      }
    } else if (frame.type === 'cancel') {
      this.#watches
        .get(`${connection} ${frame.requestId}`)
        ?.end({ type: 'Ok', index: this.index, value: null });
    } else if (frame.type === 'request') this.#onRequest(connection, socket, frame, send);
  }

  #onRequest(
    connection: number,
    socket: Socket,
    { requestId, request }: RequestFrame,
    send: (frame: ClientFrame) => void,
  ): void {
    if (this.isRecording) this.requests.push(request);
    const { leaderAddress } = this;
    const reply = (answer: ClientReply) =>
      send({ type: 'reply', requestId, reply: answer, reason: '', leaderAddress });
    const fault = this.fault(request);
    if (fault === 'silence') return;
    if (fault !== null && fault !== 'drop') reply(fault);
    else if (request.type === 'Status')
      reply({ type: 'Ok', index: this.index, value: this.#status() });
    else if (request.type === 'Watch')
      this.#watch(`${connection} ${requestId}`, requestId, request.query, send, reply);
    else if (request.type === 'Backup' || request.type === 'Entries')
      reply({ type: 'Refused', code: 'NO_LEADER', leader: 0 });
    else if (leaderAddress !== '') reply({ type: 'Refused', code: 'NOT_LEADER', leader: 2 });
    else {
      const answer = this.#execute(request);
      if (fault === 'drop') socket.destroy();
      else reply(answer);
    }
  }

  #watch(
    name: string,
    requestId: number,
    query: unknown,
    send: (frame: ClientFrame) => void,
    reply: (answer: ClientReply) => void,
  ): void {
    const stop = this.machine.watch(query, (index, value) =>
      send({ type: 'event', requestId, index, value }),
    );
    if (stop === null) {
      reply({ type: 'Refused', code: 'BAD_REQUEST', leader: 1 });
      return;
    }
    this.#watchers++;
    const end = (answer: ClientReply) => {
      stop();
      this.#watchers--;
      this.#watches.delete(name);
      reply(answer);
    };
    this.#watches.set(name, { end });
    send({ type: 'event', requestId, index: this.index, value: null });
  }

  get watchers(): number {
    return this.#watchers;
  }

  #status(): unknown {
    if (this.statusMembers.length === 0) return {};
    return {
      configuration: { members: this.statusMembers.map((clientAddress) => ({ clientAddress })) },
    };
  }

  #execute(request: ClientRequest): ClientReply {
    switch (request.type) {
      case 'OpenSession':
        this.#sessions.set(++this.index, new Map());
        return { type: 'Ok', index: this.index, value: this.index };
      case 'CloseSession':
        this.#sessions.delete(request.sessionId);
        return { type: 'Ok', index: ++this.index, value: null };
      case 'Query':
        return { type: 'Ok', index: this.index, value: this.machine.query(request.query) };
      case 'Command':
      case 'Batch':
        return this.#write(request);
      default:
        return { type: 'Ok', index: ++this.index, value: 1 };
    }
  }

  #write(request: Write): ClientReply {
    const { sessionId, sequence, firstIncomplete } = request;
    const index = ++this.index;
    if (sessionId === 0) return { type: 'Ok', index, value: this.#apply(request, index) };
    const results = this.#sessions.get(sessionId);
    if (results === undefined) return { type: 'Refused', code: 'SESSION_EXPIRED', leader: 1 };
    for (const known of results.keys()) {
      if (known >= firstIncomplete) break;
      results.delete(known);
    }
    if (!results.has(sequence)) results.set(sequence, this.#apply(request, index));
    return { type: 'Ok', index, value: results.get(sequence) };
  }

  #apply(request: Write, index: number): unknown {
    const context = { index, time: this.time, sessionId: request.sessionId };
    this.machine.onTime(this.time, index);
    return request.type === 'Command'
      ? this.machine.apply(request.command, context)
      : request.commands.map((command) => this.machine.apply(command, context));
  }
}
