/** Stands in front of a port and forwards, until it is told to hold or to cut what passes. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export class TcpProxy {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #isHolding = false;
  #isCut = false;
  port = 0;

  constructor(target: () => number) {
    this.#server = createServer((incoming) => {
      if (this.#isCut) {
        incoming.destroy();
        return;
      }
      const outgoing = connect({ host: '127.0.0.1', port: target() });
      const pair = [incoming, outgoing] as const;
      this.#pairs.add(pair);
      for (const [from, to] of [pair, [outgoing, incoming]] as const) {
        from.setNoDelay(true);
        from.pipe(to);
        from.on('error', () => {});
        from.on('close', () => {
          to.destroy();
          this.#pairs.delete(pair);
        });
      }
      if (this.#isHolding) this.#hold(incoming, outgoing);
    });
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as { port: number }).port;
  }

  /** Nothing more is read from those who dialled: their bytes pile up where they are. */
  hold(): void {
    this.#isHolding = true;
    for (const [incoming, outgoing] of this.#pairs) this.#hold(incoming, outgoing);
  }

  pass(): void {
    this.#isHolding = false;
    for (const [incoming, outgoing] of this.#pairs) incoming.pipe(outgoing);
  }

  cut(): void {
    this.#isCut = true;
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  join(): void {
    this.#isCut = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #hold(incoming: Socket, outgoing: Socket): void {
    incoming.unpipe(outgoing);
    incoming.pause();
  }
}
