/** One WebSocket to a member: commands answered in their order, and what is pushed meanwhile. */
import { once } from 'node:events';
import { WebSocket } from 'ws';

export interface Answer {
  readonly code: number;
  readonly data: unknown;
}

export class RingSocket {
  readonly #socket: WebSocket;
  readonly #waiting: ((answer: Answer | null) => void)[] = [];
  /** Set once: what is pushed comes here. */
  onPush: (channel: string, message: Record<string, unknown>) => void = () => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const tell of this.#waiting.splice(0)) tell(null);
    });
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as { Msg?: { channel: string; msg: object } };
      if (message.Msg === undefined) this.#waiting.shift()?.(message as unknown as Answer);
      else this.onPush(message.Msg.channel, message.Msg.msg as Record<string, unknown>);
    });
  }

  /** Rejects when nobody answers there. */
  static async open(endpoint: string): Promise<RingSocket> {
    const socket = new WebSocket(`ws://${endpoint}/uring`);
    await once(socket, 'open');
    return new RingSocket(socket);
  }

  /** Rejects when the connection ends first: then nobody knows what became of it. */
  async ask(command: object): Promise<Answer> {
    const answer = await new Promise<Answer | null>((resolve) => {
      this.#waiting.push(resolve);
      if (this.#socket.readyState !== WebSocket.OPEN) this.#waiting.pop()?.(null);
      else this.#socket.send(JSON.stringify(command));
    });
    if (answer === null) throw new Error('the connection ended');
    return answer;
  }

  close(): void {
    this.#socket.close();
  }
}
