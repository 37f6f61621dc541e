/** One request to one member over the native client protocol, on a connection of its own: what a joiner needs before it is a member itself. */
import type { ClientReply } from '@seedraft/replica';
import {
  encodeClient,
  type Flaw,
  type Frame,
  type RequestFrame,
  readClientFrame,
  WIRE_VERSION,
} from '@seedraft/wire';
import { parseAddress } from './address.ts';
import type { Cancel } from './clock.ts';
import {
  dial,
  FrameSocket,
  type SocketContext,
  type SocketOwner,
  type TlsMaterial,
} from './frame-socket.ts';

export type Answer =
  | { readonly ok: true; readonly reply: ClientReply; readonly leaderAddress: string }
  /** Nobody answered; the request may or may not have been carried out. */
  | { readonly ok: false; readonly reason: string };

export interface AskOptions {
  readonly address: string;
  readonly token: string;
  readonly clusterId: string;
  readonly tls: TlsMaterial | null;
  readonly socketContext: SocketContext;
  /** ms. */
  readonly within: number;
}

const MAX_FRAME = 8 * 1024 * 1024;

export function askMember(options: AskOptions, request: RequestFrame['request']): Promise<Answer> {
  const address = parseAddress(options.address);
  if (address === null) {
    return Promise.resolve({ ok: false, reason: `${options.address} is no host:port` });
  }
  return new Promise((resolve) => {
    const asking = new Asking(request, resolve);
    const stream = dial(address, options.tls, () => {
      const { clusterId, token } = options;
      const version = WIRE_VERSION;
      socket.send(encodeClient({ type: 'hello', version, clusterId, client: 'joiner', token }));
    });
    const socket = new FrameSocket(stream, asking, options.socketContext);
    asking.begin(
      socket,
      options.socketContext.clock.after(options.within, () => asking.end('no answer in time')),
    );
  });
}

class Asking implements SocketOwner {
  readonly #request: RequestFrame['request'];
  readonly #resolve: (answer: Answer) => void;
  #socket: FrameSocket | null = null;
  #cancel: Cancel = () => {};

  constructor(request: RequestFrame['request'], resolve: (answer: Answer) => void) {
    this.#request = request;
    this.#resolve = resolve;
  }

  begin(socket: FrameSocket, cancel: Cancel): void {
    this.#socket = socket;
    this.#cancel = cancel;
  }

  end(reason: string): void {
    this.#answer({ ok: false, reason });
  }

  onFrame(frame: Frame): void {
    const read = readClientFrame(frame);
    if (!read.ok) {
      this.onFlaw(read);
      return;
    }
    const { message } = read;
    if (message.type === 'welcome') {
      this.#socket?.trust(MAX_FRAME);
      const request = this.#request;
      this.#socket?.send(encodeClient({ type: 'request', requestId: 1, request }));
    } else if (message.type === 'reply') {
      const { reply, leaderAddress } = message;
      this.#answer({ ok: true, reply, leaderAddress });
    } else if (message.type === 'goodbye') {
      this.end(`${message.code}: ${message.reason}`);
    }
  }

  onFlaw({ reason }: Flaw): void {
    this.end(reason);
  }

  onDrained(): void {}

  onClosed(error: string): void {
    this.end(error || 'the connection was closed');
  }

  /** The first answer counts; a promise ignores the others. */
  #answer(answer: Answer): void {
    this.#cancel();
    this.#resolve(answer);
    this.#socket?.destroy();
  }
}
