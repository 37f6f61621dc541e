/** The other end of a connection, by hand: sends any bytes, and waits for frames. Knows the protocol only as far as its README says it. */
import { connect, type Socket } from 'node:net';
import {
  type ClientFrame,
  encodeClient,
  type Frame,
  FrameDecoder,
  readClientFrame,
  WIRE_VERSION,
} from '@seedraft/wire';

export class Raw {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  isClosed = false;
  readonly #decoder = new FrameDecoder();
  readonly #waiters = new Set<() => void>();

  constructor(address: string) {
    const [host, port] = address.split(':');
    this.socket = connect({ host: host!, port: Number(port) });
    this.socket.setNoDelay(true);
    this.socket.on('data', (chunk: Uint8Array) => {
      this.frames.push(...this.#decoder.push(chunk).frames);
      this.#wake();
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.isClosed = true;
      this.#wake();
    });
  }

  send(...frames: Uint8Array[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  /** The next frame; null: the connection ended before one came. */
  async next(): Promise<Frame | null> {
    await this.until(() => this.frames.length > 0 || this.isClosed);
    return this.frames.shift() ?? null;
  }

  closed(): Promise<void> {
    return this.until(() => this.isClosed);
  }

  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const attempt = () => {
        if (!holds()) return;
        clearTimeout(timer);
        this.#waiters.delete(attempt);
        resolve();
      };
      const timer = setTimeout(() => reject(new Error('nothing came')), 15_000);
      this.#waiters.add(attempt);
      attempt();
    });
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }
}

export class RawClient extends Raw {
  /** Says hello; resolves with what it is told: welcome, or goodbye. */
  async hello(token = '', clusterId = '', version = WIRE_VERSION): Promise<ClientFrame | null> {
    this.send(encodeClient({ type: 'hello', version, clusterId, client: 'raw', token }));
    return this.message();
  }

  ask(requestId: number, request: (ClientFrame & { readonly type: 'request' })['request']): void {
    this.send(encodeClient({ type: 'request', requestId, request }));
  }

  /** The next one but for news of the cluster, which may come at any time. */
  async message(): Promise<ClientFrame | null> {
    for (;;) {
      const message = await this.anything();
      if (message?.type !== 'cluster') return message;
    }
  }

  async anything(): Promise<ClientFrame | null> {
    const frame = await this.next();
    if (frame === null) return null;
    const read = readClientFrame(frame);
    if (!read.ok) throw new Error(read.reason);
    return read.message;
  }
}
