/**
 * Stands before the port that one member listens on for the others, at the address that this member advertises, and lets each connection
 * pass as the rules of its link say. Who dialled it reads from the introduction with which every connection between members begins
 * (wire's README): a configuration holds one address of a member for all others, so an address for each source cannot be told, and a joiner's
 * id is not known before it dials. It follows that members under chaos speak without TLS.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { MemberId } from '@seedraft/core';
import { FrameDecoder, readHandshakeFrame } from '@seedraft/wire';
import type { LinkRules } from './link-rules.ts';
import { Passage } from './passage.ts';

const HOST = '127.0.0.1';

export class MemberProxy {
  /** Of the member behind it; 0 until a joiner has one. */
  id: MemberId;
  readonly #rules: LinkRules;
  readonly #chance: () => number;
  readonly #target: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** `chance`: in [0, 1), what losses and delays are drawn from. `target`: the port behind it. */
  constructor(id: MemberId, target: number, rules: LinkRules, chance: () => number) {
    this.id = id;
    this.#target = target;
    this.#rules = rules;
    this.#chance = chance;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  /** Returns the address to advertise. */
  async listen(): Promise<string> {
    this.#server.listen(0, HOST);
    await once(this.#server, 'listening');
    return `${HOST}:${(this.#server.address() as { port: number }).port}`;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.#sockets.delete(socket));
    socket.setNoDelay(true);
    const decoder = new FrameDecoder();
    const heard: Buffer[] = [];
    const introduce = (chunk: Buffer): void => {
      heard.push(chunk);
      const { frames, flaw } = decoder.push(chunk);
      const [first] = frames;
      if (first === undefined && flaw === null) return;
      socket.off('data', introduce);
      const handshake = first === undefined ? null : readHandshakeFrame(first);
      if (handshake === null || !handshake.ok) {
        socket.destroy();
        return;
      }
      const source = handshake.message.id;
      new Passage({
        incoming: socket,
        heard: Buffer.concat(heard),
        port: this.#target,
        chance: this.#chance,
        state: () => this.#rules.stateOf(source, this.id),
        watch: (listener) => this.#rules.watch(listener),
      });
    };
    socket.on('data', introduce);
  }
}
