/**
 * One connection of a raftnode client. Two ways of speaking, told apart by what follows an object: nothing, and the connection ends with the
 * answer, as raftnode's does; or a newline, and it stays open, each answer on a line of its own, in order. Kept: one request of a connection is
 * worked on at a time, and no more than one is read ahead of it; what is no JSON object ends the connection, for nobody knows where the next begins.
 */
import type { Socket } from 'node:net';
import type { KvValue } from '@seedraft/kv';
import { HeldBytes } from '../held-bytes.ts';
import { type ParsedJson, parseJsonBytes } from '../json-value.ts';
import type { ApiContext } from '../protocol.ts';
import { untilTaken } from '../room.ts';
import { JsonScanner } from './json-scanner.ts';
import { type Answer, answer, errorAnswer, unreadable } from './requests.ts';

/** What is left of a closed connection is read and dropped for this long: a reset would take the answer with it. */
const LINGER_MS = 1000;
const NEWLINE = 0x0a;

export class RaftnodeConnection {
  readonly #socket: Socket;
  readonly #context: ApiContext;
  readonly #scanner = new JsonScanner();
  readonly #unread = new HeldBytes();
  /** Of #unread, scanned already. */
  #scanned = 0;
  #isBusy = false;
  #isByLines = false;
  #isDraining = false;
  #isEnding = false;
  #hasEnded = false;

  constructor(socket: Socket, context: ApiContext, onClosed: () => void) {
    this.#socket = socket;
    this.#context = context;
    const { firstRequest } = context.limits;
    socket.setTimeout(firstRequest, () => this.#onSilence());
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('end', () => this.#onEnd());
    socket.on('close', onClosed);
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Ends as soon as the request under way is answered. */
  drain(): void {
    this.#isDraining = true;
    if (!this.#isBusy) this.#end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    if (this.#isEnding) return;
    this.#unread.append(chunk);
    if (this.#isBusy) this.#holdBack();
    else this.#next();
  }

  /** What was sent ahead waits in the kernel. */
  #holdBack(): void {
    if (this.#unread.length > this.#context.limits.maxRequestBytes) this.#socket.pause();
  }

  /** Works on the next object, if it is here whole. */
  #next(): void {
    const scanned = this.#scanner.scan(this.#unread.view, this.#scanned);
    if (scanned.at === 'flaw') {
      this.#refuse('NOT_JSON', 'A request is one JSON object.');
      return;
    }
    const { maxRequestBytes } = this.#context.limits;
    const length = scanned.at === 'end' ? scanned.end : this.#unread.length;
    if (length > maxRequestBytes) {
      this.#refuse('TOO_LARGE', `A request has at most ${maxRequestBytes} bytes.`);
      return;
    }
    if (scanned.at === 'more') {
      this.#scanned = this.#unread.length;
      if (this.#scanner.isBetween) this.#forget(this.#unread.length);
      if (this.#hasEnded) this.#onTruncated();
      return;
    }
    const parsed = parseJsonBytes(this.#unread.view.subarray(0, length));
    this.#forget(length);
    this.#isBusy = true;
    this.#answer(parsed).then(
      (answered) => this.#onAnswered(answered),
      // What no request can cause: the process lives, and whoever asked is told.
      (thrown: unknown) => this.#onAnswered(errorAnswer('error', 'INTERNAL', String(thrown))),
    );
  }

  #forget(length: number): void {
    this.#unread.drop(length);
    this.#scanned = 0;
  }

  async #answer(parsed: ParsedJson): Promise<Answer> {
    if (!parsed.ok) {
      // Without its newline an answer could overtake the newline that says how to end.
      await new Promise((resolve) => setImmediate(resolve));
      return unreadable(parsed);
    }
    if (!this.#context.gate.admit(this.#socket.remoteAddress ?? '')) {
      return errorAnswer('error', 'OVERLOADED', 'Too many requests a second: slow down.');
    }
    const [answered] = await Promise.all([
      answer(parsed.value as { readonly [name: string]: KvValue }, this.#context),
      new Promise((resolve) => setImmediate(resolve)),
    ]);
    return answered;
  }

  #onAnswered(answered: Answer): void {
    this.#isBusy = false;
    this.#isByLines ||= this.#isLineHere();
    const isLast = !this.#isByLines || this.#isDraining || answered.code === 'NOT_JSON';
    this.#send(answered);
    if (isLast) {
      this.#end();
      return;
    }
    this.#isBusy = true;
    void untilTaken(this.#socket, this.#context.limits).then(() => this.#onTaken());
  }

  /** Whoever takes no answers gets no further ones. */
  #onTaken(): void {
    this.#isBusy = false;
    if (this.#isEnding) return;
    if (this.#isDraining || this.#socket.destroyed) this.#end();
    else this.#goOn();
  }

  #goOn(): void {
    const { idle, stall } = this.#context.limits;
    this.#socket.setTimeout(this.#socket.writableLength > 0 ? stall : idle);
    if (this.#socket.isPaused()) this.#socket.resume();
    this.#next();
  }

  /** Whether a newline followed the object that was just answered. */
  #isLineHere(): boolean {
    for (const byte of this.#unread.view) {
      if (byte === NEWLINE) return true;
      if (byte !== 0x0d && byte !== 0x20) return false;
    }
    return false;
  }

  #send(answered: Answer): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(`${JSON.stringify(answered)}${this.#isByLines ? '\n' : ''}`);
  }

  #onSilence(): void {
    // A request under way is answered within its own bound; a client that takes nothing is not waited for.
    if (this.#isBusy && this.#socket.writableLength === 0) return;
    if (this.#isEnding || this.#socket.writableLength > 0) this.#socket.destroy();
    else if (this.#unread.length > 0) {
      this.#refuse('TIMEOUT', 'The rest of the request did not come.');
    } else this.#end();
  }

  /** The other side sends no more; what it asked is answered. */
  #onEnd(): void {
    this.#hasEnded = true;
    if (!this.#isBusy) this.#onTruncated();
  }

  #onTruncated(): void {
    if (this.#isEnding) return;
    if (this.#unread.length > 0) this.#refuse('NOT_JSON', 'The request ends in its midst.');
    else this.#end();
  }

  #refuse(code: string, sentence: string): void {
    this.#send(errorAnswer('error', code, sentence));
    this.#end();
  }

  #end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#unread.drop(this.#unread.length);
    this.#socket.end();
    this.#socket.resume();
    this.#socket.setTimeout(LINGER_MS, () => this.#socket.destroy());
  }
}
