/**
 * Stands before the port that a member listens on for the others and notes when each message passes, by its sender: what a follower's election timer
 * sees of its leader, and not what the leader believes to have sent.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

const HEADER_BYTES = 12;
const PEER_FRAME = 2;
const APPEND_ENTRIES = 5;

/** An AppendEntries of member `from` begins to arrive, with entries or as a heartbeat. */
type OnAppend = (from: number, at: number) => void;

export class Wiretap {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(port: number, onAppend: OnAppend) {
    this.#server = createServer((incoming) => {
      const outgoing = connect({ host: '127.0.0.1', port });
      const scanner = new Scanner(onAppend);
      incoming.on('data', (chunk: Buffer) => scanner.push(chunk));
      for (const [from, to] of [
        [incoming, outgoing],
        [outgoing, incoming],
      ] as const) {
        this.#sockets.add(from);
        from.setNoDelay(true);
        from.pipe(to);
        from.on('error', () => {});
        from.on('close', () => {
          this.#sockets.delete(from);
          to.destroy();
        });
      }
    });
  }

  /** Resolves with the address to advertise. */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

/** Frames by their headers alone: checksums are the members' concern. Type and sender are small integers, a byte or three of CBOR each. */
class Scanner {
  readonly #onAppend: OnAppend;
  /** The first bytes of the frame that is arriving, and how many of it are still to come. */
  readonly #start = Buffer.alloc(HEADER_BYTES + 3);
  #held = 0;
  #rest = 0;

  constructor(onAppend: OnAppend) {
    this.#onAppend = onAppend;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#rest > 0) {
        const passed = Math.min(this.#rest, chunk.length - at);
        this.#rest -= passed;
        at += passed;
        continue;
      }
      const taken = chunk.copy(this.#start, this.#held, at);
      this.#held += taken;
      at += taken;
      if (this.#held < this.#start.length) return;
      // Every payload between members has more than three bytes.
      this.#rest = this.#start.readUInt32BE(4) - 3;
      this.#held = 0;
      this.#note();
    }
  }

  #note(): void {
    const [type, from] = this.#start.subarray(HEADER_BYTES + 1);
    if (this.#start[2] !== PEER_FRAME || type !== APPEND_ENTRIES) return;
    this.#onAppend(from!, performance.now());
  }
}
