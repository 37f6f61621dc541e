/** A connection of bytes: nothing between an attack and what it sends, or what comes back. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A member answers, or hangs up, within this time: five seconds are the protocols' promise, one is for a machine with too much to do. */
export const ANSWER_MS = 6000;
/** Of what came back, enough to judge by. */
const KEPT = 64 * 1024;

export class Line {
  readonly socket: Socket;
  /** What came back so far, a character for each byte. */
  said = '';
  isClosed = false;
  #onNews: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => {
      if (this.said.length < KEPT) this.said += bytes.toString('latin1');
      this.#onNews();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
      this.#onNews();
    });
  }

  /** Rejects when nobody listens. */
  static async open(port: number): Promise<Line> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const line = new Line(socket);
    await once(socket, 'connect');
    return line;
  }

  send(bytes: Uint8Array | string): void {
    this.socket.write(bytes);
  }

  /** Whether this holds within the time of an answer. */
  async until(holds: () => boolean, within = ANSWER_MS): Promise<boolean> {
    const deadline = performance.now() + within;
    while (!holds()) {
      const left = deadline - performance.now();
      if (left <= 0) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#onNews = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return true;
  }

  /** Whether something that matches came back. */
  async hears(expected: RegExp): Promise<boolean> {
    await this.until(() => expected.test(this.said) || this.isClosed);
    return expected.test(this.said);
  }

  end(): void {
    this.socket.destroy();
  }
}
