/**
 * One connection through a proxy. Towards the member that was dialled bytes go as the rules of the link say: at once, late, not before the
 * link is released, or never. What comes back is only the end of the introduction, and passes.
 * Kept: bytes never overtake each other, and after a lost byte nothing follows: the connection ends instead.
 */
import { connect, type Socket } from 'node:net';
import type { LinkState } from './link-rules.ts';

export interface PassageOptions {
  /** Of the member that dialled, once it has said who it is. */
  readonly incoming: Socket;
  /** What it said so far. */
  readonly heard: Buffer;
  readonly port: number;
  readonly chance: () => number;
  readonly state: () => LinkState;
  readonly watch: (listener: () => void) => () => void;
}

interface Piece {
  readonly bytes: Buffer;
  /** Not before, on `performance.now`. */
  readonly at: number;
}

/** Waiting bytes above which nothing more is read: the sender shall feel it, as it would on a real link. */
const MOST_WAITING = 1 << 20;

export class Passage {
  readonly #options: PassageOptions;
  readonly #incoming: Socket;
  readonly #outgoing: Socket;
  readonly #queue: Piece[] = [];
  readonly #unwatch: () => void;
  #waiting = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Something was lost. */
  #isDoomed = false;
  #isEnded = false;

  constructor(options: PassageOptions) {
    this.#options = options;
    this.#incoming = options.incoming;
    this.#outgoing = connect({ host: '127.0.0.1', port: options.port });
    this.#outgoing.setNoDelay(true);
    this.#outgoing.on('error', () => {});
    this.#outgoing.pipe(this.#incoming);
    this.#outgoing.once('close', () => this.#end());
    this.#outgoing.on('drain', () => this.#flush());
    this.#incoming.on('data', (bytes: Buffer) => this.#take(bytes));
    this.#incoming.once('end', () => this.#onEnd());
    this.#incoming.once('close', () => this.#onEnd());
    this.#unwatch = options.watch(() => this.#onRules());
    this.#take(options.heard);
  }

  #take(bytes: Buffer): void {
    const { lost, delay, loss } = this.#options.state();
    if (lost || this.#isDoomed) {
      this.#isDoomed = true;
      return;
    }
    if (loss > 0 && this.#options.chance() < loss) {
      this.#end();
      return;
    }
    const late = delay === 0 ? 0 : delay * (0.5 + this.#options.chance());
    const at = Math.max(performance.now() + late, this.#queue.at(-1)?.at ?? 0);
    this.#queue.push({ bytes, at });
    this.#waiting += bytes.length;
    this.#flush();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    if (this.#options.state().held) {
      this.#incoming.pause();
      return;
    }
    while (!this.#outgoing.writableNeedDrain) {
      const [first] = this.#queue;
      if (first === undefined) break;
      const left = first.at - performance.now();
      if (left > 0) {
        this.#timer = setTimeout(() => this.#flush(), Math.ceil(left));
        break;
      }
      this.#queue.shift();
      this.#waiting -= first.bytes.length;
      this.#outgoing.write(first.bytes);
    }
    if (this.#waiting >= MOST_WAITING || this.#outgoing.writableNeedDrain) this.#incoming.pause();
    else this.#incoming.resume();
    if (this.#isEnded && this.#queue.length === 0 && !this.#isDoomed) this.#outgoing.end();
  }

  /** What was under way when the sender went still arrives. */
  #onEnd(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#flush();
  }

  #onRules(): void {
    if (this.#isDoomed && !this.#options.state().lost) this.#end();
    else this.#flush();
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#unwatch();
    this.#incoming.destroy();
    this.#outgoing.destroy();
  }
}
