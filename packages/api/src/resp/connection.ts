/**
 * One connection of a Redis client. Kept: replies in the order of the commands; what a client sends ahead is bounded by the size of one request
 * and then waits in the kernel; what it does not take is bounded too, and after a while without taking anything it is cut off. Silence ends a
 * connection only before AUTH or in the midst of a command: Redis's clients keep idle connections for hours.
 */
import type { Socket } from 'node:net';
import { untilTaken } from '../room.ts';
import { Pipeline, type ReplySink } from './pipeline.ts';
import { Failure, type Reply, ReplyWriter, type RespVersion } from './reply.ts';
import { type Arguments, type Parsed, RequestParser } from './request-parser.ts';
import { type RedisServer, RedisSession } from './session.ts';

/** Commands that are carried out together. */
const MOST_TOGETHER = 512;
/** The largest list of the machine, twice for names and values, and the name. */
const MAX_ARGUMENTS = 20_001;
/** Replies are sent on when so many bytes are here. */
const SEND_BYTES = 64 * 1024;
/** What is left of a closed connection is read and dropped for this long: a reset would take the answer with it. */
const LINGER_MS = 1000;
const THROTTLE_MS = 5;

export class RedisConnection implements ReplySink {
  readonly #socket: Socket;
  readonly #session: RedisSession;
  readonly #parser: RequestParser;
  readonly #pipeline: Pipeline;
  readonly #replies = new ReplyWriter();
  #isBusy = false;
  #isDraining = false;
  #isEnding = false;
  #hasEnded = false;

  constructor(socket: Socket, id: number, server: RedisServer, onClosed: () => void) {
    const { maxRequestBytes } = server.context.limits;
    this.#socket = socket;
    this.#session = new RedisSession(id, `${socket.remoteAddress}:${socket.remotePort}`, server);
    this.#parser = new RequestParser({ maxRequestBytes, maxArguments: MAX_ARGUMENTS });
    this.#pipeline = new Pipeline(this.#session, this);
    server.sessions.add(this.#session);
    socket.on('timeout', () => this.#onSilence());
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('end', () => this.#onEnd());
    socket.on('close', () => {
      server.sessions.delete(this.#session);
      onClosed();
    });
    this.#expectMore();
  }

  /** Ends as soon as what is under way is answered. */
  drain(): void {
    this.#isDraining = true;
    if (!this.#isBusy) this.#end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  write(reply: Reply, version: RespVersion): void {
    this.#replies.write(reply, version);
  }

  get isLaden(): boolean {
    return this.#replies.length + this.#socket.writableLength >= SEND_BYTES;
  }

  async room(): Promise<boolean> {
    if (this.#replies.length >= SEND_BYTES) this.#send();
    await untilTaken(this.#socket, this.#session.server.context.limits);
    return !this.#socket.destroyed;
  }

  #onData(chunk: Buffer): void {
    if (this.#isEnding) return;
    this.#parser.append(chunk);
    if (!this.#isBusy) this.#work();
    else if (this.#parser.length > this.#session.server.context.limits.maxRequestBytes) {
      this.#socket.pause();
    }
  }

  #work(): void {
    this.#isBusy = true;
    this.#socket.setTimeout(0);
    this.#carryOut().then(
      () => this.#onDone(),
      // What no command can cause: the process lives, and whoever asked is told.
      (thrown: unknown) => this.#onBroken(thrown),
    );
  }

  /** Everything that is here whole. */
  async #carryOut(): Promise<void> {
    while (!this.#isEnding && !this.#socket.destroyed) {
      const { commands, last } = this.#parse();
      if (commands.length > 0) {
        await this.#admitted(commands.length);
        await this.#pipeline.run(commands);
      }
      if (last.at === 'flaw' && !this.#session.isOver) {
        this.write(new Failure(`ERR ${last.sentence}`), this.#session.version);
      }
      this.#send();
      if (last.at === 'flaw' || this.#session.isOver || this.#isDraining) this.#end();
      else if (last.at === 'more') return;
    }
  }

  #parse(): { readonly commands: Arguments[]; readonly last: Parsed } {
    const commands: Arguments[] = [];
    for (;;) {
      const parsed = this.#parser.next();
      if (parsed.at !== 'command') return { commands, last: parsed };
      commands.push(parsed.command);
      if (commands.length === MOST_TOGETHER) return { commands, last: parsed };
    }
  }

  /** Too many requests a second are slowed down, not refused: Redis's clients know no such refusal. */
  async #admitted(count: number): Promise<void> {
    const { gate } = this.#session.server.context;
    const address = this.#socket.remoteAddress ?? '';
    for (let admitted = 0; admitted < count && !this.#socket.destroyed; ) {
      if (gate.admit(address)) admitted++;
      else await new Promise((resolve) => setTimeout(resolve, THROTTLE_MS));
    }
  }

  #onDone(): void {
    this.#isBusy = false;
    if (this.#isEnding) return;
    if (this.#hasEnded || this.#isDraining) {
      this.#end();
      return;
    }
    this.#expectMore();
    if (this.#socket.isPaused()) this.#socket.resume();
  }

  #onBroken(thrown: unknown): void {
    this.#isBusy = false;
    this.write(new Failure(`ERR internal error: ${String(thrown)}`), this.#session.version);
    this.#send();
    this.#end();
  }

  #send(): void {
    if (this.#replies.length > 0 && !this.#socket.destroyed)
      this.#socket.write(this.#replies.take());
  }

  #expectMore(): void {
    const { firstRequest, idle } = this.#session.server.context.limits;
    const isInside = this.#parser.length > 0;
    this.#socket.setTimeout(this.#session.access === 'none' ? firstRequest : isInside ? idle : 0);
  }

  #onSilence(): void {
    if (this.#isBusy || this.#isEnding || this.#socket.writableLength > 0) this.#socket.destroy();
    else this.#end();
  }

  /** The other side sends no more; what it asked is answered. */
  #onEnd(): void {
    this.#hasEnded = true;
    if (!this.#isBusy) this.#end();
  }

  #end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#socket.end();
    this.#socket.resume();
    this.#socket.setTimeout(LINGER_MS);
  }
}
