/**
 * The one file that touches sockets: a TCP or TLS stream as frames. Frames handed over during a turn leave in one write at its end; a frame
 * that is not intact ends the connection; what the other side does not read is counted in `backlog`, and its owner decides how much is too much.
 */
import {
  connect as connectTcp,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import {
  connect as connectTls,
  createServer as createTlsServer,
  type SecureContextOptions,
  type Server as TlsServer,
} from 'node:tls';
import { type Flaw, type Frame, FrameDecoder } from '@seedraft/wire';
import type { Address } from './address.ts';
import type { Clock } from './clock.ts';
import type { Flushable, Turn } from './turn.ts';

/** Certificate, its key, and the authority whose certificates are believed: PEM. */
export interface TlsMaterial {
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
  readonly ca: string | Uint8Array;
}

export interface SocketOwner {
  onFrame(frame: Frame): void;
  /** Bytes that are no frame; the connection is closed after this. */
  onFlaw(flaw: Flaw): void;
  /** Everything handed over so far is with the kernel. */
  onDrained(): void;
  /** Once, whoever closed it. `error`: what the system said, or ''. */
  onClosed(error: string): void;
}

/** How long a closed connection may take to deliver its last bytes. */
const LINGER_MS = 1000;
/**
 * The payload of whoever has not been let in: an introduction is a few hundred bytes, and what strangers can make this member hold is this
 * times the number of them that are let wait.
 */
const STRANGER_BYTES = 64 * 1024;
/** Frames up to this many bytes together are copied into one buffer; beyond it the kernel gathers them. */
const COPY_BYTES = 64 * 1024;

export interface SocketFigures {
  bytesReceived: number;
  bytesSent: number;
  framesReceived: number;
  framesSent: number;
  writes: number;
}

export class FrameSocket implements Flushable {
  readonly #socket: Socket;
  readonly #turn: Turn;
  readonly #clock: Clock;
  readonly #figures: SocketFigures;
  readonly #decoder: FrameDecoder;
  #owner: SocketOwner;
  #frames: Uint8Array[] = [];
  #frameBytes = 0;
  #isFlushing = false;
  #isClosing = false;
  #error = '';
  /** When the kernel last took bytes, or had taken all; on the own clock. */
  #progressAt: number;

  /** Until `trust`, the other side may send no more than an introduction takes. */
  constructor(socket: Socket, owner: SocketOwner, { turn, clock, figures }: SocketContext) {
    this.#socket = socket;
    this.#turn = turn;
    this.#clock = clock;
    this.#figures = figures;
    this.#owner = owner;
    this.#decoder = new FrameDecoder(STRANGER_BYTES);
    this.#progressAt = clock.now();
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 10_000);
    socket.on('data', (chunk: Uint8Array) => this.#read(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#error = error.code ?? error.message;
    });
    socket.on('close', () => {
      this.#isClosing = true;
      this.#owner.onClosed(this.#error);
    });
  }

  get remoteAddress(): string {
    return `${this.#socket.remoteAddress ?? '?'}:${this.#socket.remotePort ?? 0}`;
  }

  /** Bytes handed over that the kernel has not taken. */
  get backlog(): number {
    return this.#frameBytes + this.#socket.writableLength;
  }

  /** For how long nothing of the backlog moved, ms. */
  get stalledFor(): number {
    return this.backlog === 0 ? 0 : this.#clock.now() - this.#progressAt;
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** It was let in, and may send payloads up to this many bytes. */
  trust(maxPayload: number): void {
    this.#decoder.limit(maxPayload);
  }

  /** Events go to another owner from now on. */
  handOver(owner: SocketOwner): void {
    this.#owner = owner;
  }

  /** Leaves at the end of the turn. */
  send(frame: Uint8Array): void {
    if (this.#isClosing) return;
    this.#frames.push(frame);
    this.#frameBytes += frame.length;
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#turn.flushLater(this);
  }

  flush(): void {
    this.#isFlushing = false;
    if (this.#frames.length === 0 || this.#socket.destroyed) return;
    const frames = this.#frames;
    const bytes = this.#frameBytes;
    this.#frames = [];
    this.#frameBytes = 0;
    this.#figures.writes += 1;
    this.#figures.framesSent += frames.length;
    this.#figures.bytesSent += bytes;
    if (this.#socket.writableLength === 0) this.#progressAt = this.#clock.now();
    if (frames.length === 1) {
      this.#socket.write(frames[0]!, this.#onProgress);
    } else if (bytes <= COPY_BYTES) {
      this.#socket.write(Buffer.concat(frames, bytes), this.#onProgress);
    } else {
      this.#socket.cork();
      for (const frame of frames) this.#socket.write(frame, this.#onProgress);
      this.#socket.uncork();
    }
  }

  /** What was handed over is sent, then `last`, then the connection ends. */
  close(last?: Uint8Array): void {
    if (this.#isClosing) return;
    if (last !== undefined) this.send(last);
    this.flush();
    this.#isClosing = true;
    this.#socket.end();
    this.#clock.after(LINGER_MS, () => this.#socket.destroy());
  }

  /** At once. */
  destroy(): void {
    this.#isClosing = true;
    this.#frames = [];
    this.#frameBytes = 0;
    this.#socket.destroy();
  }

  readonly #onProgress = (): void => {
    this.#progressAt = this.#clock.now();
    if (this.backlog === 0 && !this.#isClosing) this.#owner.onDrained();
  };

  #read(chunk: Uint8Array): void {
    if (this.#isClosing) return;
    this.#figures.bytesReceived += chunk.length;
    const { frames, flaw } = this.#decoder.push(chunk);
    this.#figures.framesReceived += frames.length;
    for (const frame of frames) {
      this.#owner.onFrame(frame);
      if (this.#isClosing) return;
    }
    if (flaw === null) return;
    this.#owner.onFlaw(flaw);
    if (!this.#isClosing) this.destroy();
  }
}

export interface SocketContext {
  readonly turn: Turn;
  readonly clock: Clock;
  readonly figures: SocketFigures;
}

/** Dials; the stream may be used at once, `onReady` comes when it is connected (and, with TLS, both sides have shown certificates). */
export function dial(
  { host, port }: Address,
  tls: TlsMaterial | null,
  onReady: () => void,
): Socket {
  if (tls === null) return connectTcp({ host, port, noDelay: true }, onReady);
  return connectTls({ host, port, ...secureContext(tls), minVersion: 'TLSv1.3' }, onReady);
}

/** A port that is listened on. */
export interface Listener {
  readonly address: Address;
  /** New certificates for connections from now on. */
  reload(tls: TlsMaterial): void;
  /** No new connections; those there are go on. */
  close(): void;
}

/** `code`: PORT_TAKEN, PORT_FORBIDDEN, ADDRESS_UNKNOWN or LISTEN_FAILED. */
export interface ListenRefusal {
  readonly ok: false;
  readonly code: string;
  readonly sentence: string;
}

export type Listening = { readonly ok: true; readonly listener: Listener } | ListenRefusal;

/** `clients`: those who connect show a certificate too. */
export function listen(
  address: Address,
  tls: { readonly material: TlsMaterial; readonly mutual: boolean } | null,
  maxConnections: number,
  onConnection: (socket: Socket) => void,
): Promise<Listening> {
  const server = createListener(tls, onConnection);
  server.maxConnections = maxConnections;
  return new Promise((resolve) => {
    server.on('error', (error: NodeJS.ErrnoException) => {
      resolve(listeningFailed(address, error));
    });
    server.listen({ host: address.host, port: address.port, noDelay: true }, () => {
      const bound = server.address();
      const port = bound !== null && typeof bound === 'object' ? bound.port : address.port;
      const listener: Listener = {
        address: { host: address.host, port },
        reload: (material) => (server as TlsServer).setSecureContext(secureContext(material)),
        close: () => server.close(),
      };
      resolve({ ok: true, listener });
    });
  });
}

function createListener(
  tls: { readonly material: TlsMaterial; readonly mutual: boolean } | null,
  onConnection: (socket: Socket) => void,
): Server {
  if (tls === null) return createTcpServer(onConnection);
  const { material, mutual } = tls;
  const server = createTlsServer({
    ...secureContext(material),
    requestCert: mutual,
    rejectUnauthorized: mutual,
    minVersion: 'TLSv1.3',
    handshakeTimeout: 5000,
  });
  server.on('secureConnection', onConnection);
  // A failed TLS handshake is the other side's concern; the socket is gone already.
  server.on('tlsClientError', () => {});
  return server;
}

function secureContext({ cert, key, ca }: TlsMaterial): SecureContextOptions {
  const pem = (text: string | Uint8Array) => (typeof text === 'string' ? text : Buffer.from(text));
  return { cert: pem(cert), key: pem(key), ca: pem(ca) };
}

/** What the system's answer to a listener means, and what to do about it. */
export function listeningFailed(address: Address, error: NodeJS.ErrnoException): ListenRefusal {
  const where = `${address.host}:${address.port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return {
        ok: false,
        code: 'PORT_TAKEN',
        sentence: `Another process listens on ${where}. Stop it, or choose another port.`,
      };
    case 'EACCES':
      return {
        ok: false,
        code: 'PORT_FORBIDDEN',
        sentence: `This user may not listen on ${where}. Choose a port above 1023, or grant the right.`,
      };
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return {
        ok: false,
        code: 'ADDRESS_UNKNOWN',
        sentence: `${where} is no address of this machine (${error.code}). Listen on one that is, and advertise another if needed.`,
      };
    default:
      return {
        ok: false,
        code: 'LISTEN_FAILED',
        sentence: `Cannot listen on ${where}: ${error.message}.`,
      };
  }
}
