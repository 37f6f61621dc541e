/** One connection as a Redis client has it, with replies as the bytes they are: nothing between a test and what was sent. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export type Argument = string | number | Uint8Array;

export class RedisPeer {
  readonly socket: Socket;
  #held = Buffer.alloc(0);
  readonly #waiting: ((reply: string) => void)[] = [];
  readonly #replies: string[] = [];
  isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#held = Buffer.concat([this.#held, chunk]);
      this.#take();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
      for (const resolve of this.#waiting.splice(0)) resolve('closed');
    });
  }

  static async connect({ port, host = '127.0.0.1' }: { port: number; host?: string }) {
    const socket = connect({ port, host, noDelay: true });
    await once(socket, 'connect');
    return new RedisPeer(socket);
  }

  /** The reply, byte for character; `closed` when there is none any more. */
  ask(...args: Argument[]): Promise<string> {
    this.socket.write(encoded(args));
    return this.reply();
  }

  /** All in one write; the replies in order. */
  pipeline(commands: readonly (readonly Argument[])[]): Promise<string[]> {
    this.socket.write(Buffer.concat(commands.map(encoded)));
    return Promise.all(commands.map(() => this.reply()));
  }

  reply(): Promise<string> {
    const reply = this.#replies.shift();
    if (reply !== undefined) return Promise.resolve(reply);
    if (this.isClosed) return Promise.resolve('closed');
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  end(): void {
    this.socket.destroy();
  }

  #take(): void {
    for (let from = 0; ; ) {
      const end = replyEnd(this.#held, from);
      if (end < 0) {
        this.#held = this.#held.subarray(from);
        return;
      }
      const reply = this.#held.toString('latin1', from, end);
      const resolve = this.#waiting.shift();
      if (resolve === undefined) this.#replies.push(reply);
      else resolve(reply);
      from = end;
    }
  }
}

export function encoded(args: readonly Argument[]): Buffer {
  const pieces: Uint8Array[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const argument of args) {
    const bytes = argument instanceof Uint8Array ? argument : Buffer.from(String(argument));
    pieces.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(pieces);
}

/** Behind the reply that begins at `from`; -1: it is not here whole. */
export function replyEnd(bytes: Buffer, from: number): number {
  const line = bytes.indexOf('\r\n', from);
  if (line < 0) return -1;
  const mark = String.fromCharCode(bytes[from]!);
  const count = Number(bytes.toString('latin1', from + 1, line));
  const end = line + 2;
  if (mark === '$' || mark === '=') {
    if (count < 0) return end;
    return bytes.length < end + count + 2 ? -1 : end + count + 2;
  }
  if (mark !== '*' && mark !== '%') return end;
  let at = end;
  for (let left = (mark === '%' ? 2 : 1) * Math.max(0, count); left > 0 && at >= 0; left--) {
    at = replyEnd(bytes, at);
  }
  return at;
}

/** A bulk string as a reply. */
export function bulk(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}
