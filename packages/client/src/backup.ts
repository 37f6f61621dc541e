/**
 * A backup over a connection of its own, since its bytes would stand before the answers of every other call; and outside the engine, since
 * nothing of it is sent twice, ordered, or kept: a member is asked, and either all of it comes or a new backup is begun. Who takes it sets the
 * pace: while a chunk is being stored nothing more is read from the socket, and the member waits.
 */
import type { Socket } from 'node:net';
import { crc32c } from '@seedraft/codec';
import type { BackupHeader, ReadMode } from '@seedraft/replica';
import {
  type ClientFrame,
  type EventFrame,
  encodeClient,
  FrameDecoder,
  readBackupEnd,
  readBackupHeader,
  readClientFrame,
  WIRE_VERSION,
} from '@seedraft/wire';
import { verdictOn } from './engine/index.ts';
import { SeedraftError, type SeedraftErrorCode } from './error.ts';
import { openSocket, parseAddress, type TlsOptions } from './socket.ts';

export interface BackupOptions {
  /** Client addresses, `host:port`: asked in this order until one gives a backup. */
  readonly endpoints: readonly string[];
  /** Default `linearizable`: everything acknowledged before is in it. `stale`: whatever that member has, even when nobody leads. */
  readonly mode?: ReadMode;
  /** '': any cluster. */
  readonly clusterId?: string;
  /** With the admin role, where members ask for one. */
  readonly token?: string;
  readonly tls?: TlsOptions;
  /** Until the first byte, ms. Default 10 000. */
  readonly timeout?: number;
  /** A member that sends nothing for this long is given up, ms. Default 10 000. */
  readonly silence?: number;
  readonly signal?: AbortSignal;
}

export interface Backup {
  readonly about: BackupHeader;
  /** Of whom it was got. */
  readonly address: string;
  /** To be read once; ends when all of it came and agrees with what the member counted, else throws. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Hangs up, whatever was read: until then, or the end of `chunks`, the member holds the state as it was. */
  close(): void;
}

/** What another member, or a later moment, may do better. */
class Elsewhere extends Error {}

const PAUSE_MS = 200;
/** Of a member's welcome. */
const DIAL_MS = 2000;

/** Rejects with a SeedraftError: the code of who refused, or TIMEOUT, CONNECTION_LOST, BAD_REPLY, ABORTED. */
export async function openBackup(options: BackupOptions): Promise<Backup> {
  const until = performance.now() + (options.timeout ?? 10_000);
  for (const endpoint of options.endpoints) {
    if (parseAddress(endpoint) === null) {
      throw new TypeError(`${endpoint} is no address: write host:port`);
    }
  }
  for (let reason = 'no endpoint is known'; ; ) {
    for (const address of options.endpoints) {
      const left = until - performance.now();
      if (left <= 0)
        throw failure('TIMEOUT', `no member gave a backup in time; the last: ${reason}`);
      try {
        return await new BackupConnection(address, options).begin(left);
      } catch (error) {
        if (!(error instanceof Elsewhere)) throw error;
        reason = `${address}: ${error.message}`;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

class BackupConnection {
  readonly #address: string;
  readonly #options: BackupOptions;
  readonly #socket: Socket;
  readonly #bytes: AsyncIterator<Uint8Array>;
  readonly #decoder = new FrameDecoder();
  #frames: ClientFrame[] = [];

  constructor(address: string, options: BackupOptions) {
    const { signal } = options;
    this.#address = address;
    this.#options = options;
    this.#socket = openSocket(address, options.tls ?? null);
    this.#bytes = this.#socket[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    const abort = (): void => void this.#socket.destroy(failure('ABORTED', 'it was interrupted'));
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
    this.#socket.once('close', () => signal?.removeEventListener('abort', abort));
  }

  /** Throws Elsewhere when it is worth asking another member. */
  async begin(within: number): Promise<Backup> {
    const { clusterId = '', token = '', mode = 'linearizable' } = this.#options;
    const client = 'seedraft backup';
    try {
      this.#send({ type: 'hello', version: WIRE_VERSION, clusterId, client, token });
      const welcome = await this.#next(Math.min(within, DIAL_MS));
      if (welcome.type !== 'welcome') throw outOfTurn(welcome);
      this.#send({ type: 'request', requestId: 1, request: { type: 'Backup', mode } });
      const first = await this.#next(within);
      if (first.type !== 'event') throw outOfTurn(first);
      const header = readBackupHeader(first.value);
      if (!header.ok) throw failure('BAD_REPLY', header.reason);
      const [about, address] = [header.message, this.#address];
      const close = (): void => void this.#socket.destroy();
      return { about, address, chunks: this.#chunks(), close };
    } catch (error) {
      this.#socket.destroy();
      if (error instanceof SeedraftError || error instanceof Elsewhere) throw error;
      throw new Elsewhere((error as Error).message);
    }
  }

  async *#chunks(): AsyncGenerator<Uint8Array, void> {
    const silence = this.#options.silence ?? 10_000;
    let size = 0;
    let checksum = 0;
    try {
      for (;;) {
        const frame = await this.#next(silence);
        if (frame.type === 'reply') {
          if (frame.reply.type !== 'Ok') throw outOfTurn(frame);
          assertWhole(frame.reply.value, size, checksum);
          return;
        }
        const chunk = chunkOf(frame);
        size += chunk.length;
        checksum = crc32c(chunk, checksum);
        yield chunk;
      }
    } catch (error) {
      if (error instanceof SeedraftError) throw error;
      const { message } = error as Error;
      const reason = `${this.#address}, after ${size} bytes: ${message}. Begin a new backup.`;
      throw failure('CONNECTION_LOST', reason);
    } finally {
      this.#socket.destroy();
    }
  }

  #send(frame: ClientFrame): void {
    this.#socket.write(encodeClient(frame));
  }

  /** Nothing is read from the socket but while somebody waits here. */
  async #next(patience: number): Promise<ClientFrame> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame?.type === 'goodbye') throw goodbye(frame.code, frame.reason);
      if (frame !== undefined && frame.type !== 'credit') return frame;
      if (frame === undefined) await this.#read(patience);
    }
  }

  async #read(patience: number): Promise<void> {
    const timer = setTimeout(
      () => this.#socket.destroy(new Error('the member does not answer')),
      patience,
    );
    try {
      const { done, value } = await this.#bytes.next();
      if (done) throw new Error('the member closed the connection');
      const { frames, flaw } = this.#decoder.push(value);
      for (const frame of frames) {
        const read = readClientFrame(frame);
        if (!read.ok) throw failure('BAD_REPLY', read.reason);
        // News of the cluster come when they will, and mean nothing to a backup.
        if (read.message.type !== 'cluster') this.#frames.push(read.message);
      }
      if (flaw !== null) throw failure('BAD_REPLY', flaw.reason);
    } finally {
      clearTimeout(timer);
    }
  }
}

function chunkOf(frame: ClientFrame): Uint8Array {
  const value = (frame as Partial<EventFrame>).value;
  if (frame.type === 'event' && value instanceof Uint8Array) return value;
  throw outOfTurn(frame);
}

function assertWhole(value: unknown, size: number, checksum: number): void {
  const end = readBackupEnd(value);
  if (!end.ok) throw failure('BAD_REPLY', end.reason);
  if (end.message.size === size && end.message.checksum === checksum) return;
  throw failure('BAD_REPLY', 'the bytes that came are not those that were sent. Try again.');
}

/** A frame that is not what is waited for: a refusal, or nonsense. */
function outOfTurn(frame: ClientFrame): Error {
  if (frame.type !== 'reply' || frame.reply.type !== 'Refused') {
    return failure('BAD_REPLY', `a ${frame.type} came out of turn`);
  }
  const { code } = frame.reply;
  const verdict = verdictOn(code);
  const reason = `${code}: ${frame.reason}`;
  return verdict === 'elsewhere' || verdict === 'later'
    ? new Elsewhere(reason)
    : failure(code, frame.reason);
}

function goodbye(code: string, reason: string): Error {
  const isFinal = code === 'UNAUTHORIZED' || code === 'WRONG_CLUSTER' || code === 'VERSION';
  return isFinal ? failure(code, reason) : new Elsewhere(`${code}: ${reason}`);
}

function failure(code: SeedraftErrorCode, reason: string): SeedraftError {
  return new SeedraftError(code, `${code}: ${reason}`, 'not applied');
}
