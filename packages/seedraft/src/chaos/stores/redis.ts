/**
 * Redis's protocol (RESP2), on a connection that is kept while it answers. A swap is what Redis's clients do for one: SET NX where there must be nothing,
 * else WATCH, GET and a transaction, which is not carried out if the key was touched meanwhile.
 */
import type { Socket } from 'node:net';
import { anyOf, NotDone, type OpenStore, type Store, StrangeAnswer } from '../store.ts';
import { dial, within } from './dial.ts';

/** Null: nil. */
type Reply = string | number | null | RedisError | readonly Reply[];

class RedisError {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

/** Then another member is asked. */
const MOST_ON_ONE = 20;

export const openRedis: OpenStore = async (endpoints, patience) => {
  return new RedisStore(endpoints, patience);
};

class RedisStore implements Store {
  readonly #endpoints: () => readonly string[];
  readonly #patience: number;
  #connection: Connection | null = null;
  #asked = 0;

  constructor(endpoints: () => readonly string[], patience: number) {
    this.#endpoints = endpoints;
    this.#patience = patience;
  }

  async get(key: string): Promise<string | null> {
    return text('GET', await this.#ask('GET', key));
  }

  async put(key: string, value: string): Promise<void> {
    exactly('SET', await this.#ask('SET', key, value), 'OK');
  }

  async cas(key: string, expected: string | null, value: string): Promise<boolean> {
    if (expected === null) {
      const said = await this.#ask('SET', key, value, 'NX');
      return said === null ? false : exactly('SET NX', said, 'OK') === 'OK';
    }
    const before = await this.#watched(key);
    if (before !== expected) {
      // What is lost here changes nothing about the answer, and the next command says so.
      await this.#ask('UNWATCH').catch(() => {});
      return false;
    }
    const [, , done] = await this.#askAll([['MULTI'], ['SET', key, value], ['EXEC']]);
    if (done instanceof RedisError) throw failureOf('EXEC', done);
    if (done === null) throw new NotDone('not applied', 'the key was touched meanwhile');
    if (Array.isArray(done) && done[0] === 'OK') return true;
    throw new StrangeAnswer('redis', 'EXEC', JSON.stringify(done));
  }

  async delete(key: string): Promise<boolean> {
    const removed = await this.#ask('DEL', key);
    if (removed === 0 || removed === 1) return removed === 1;
    throw new StrangeAnswer('redis', 'DEL', JSON.stringify(removed));
  }

  async close(): Promise<void> {
    this.#drop();
  }

  /** Nothing was written yet, whatever goes wrong. */
  async #watched(key: string): Promise<string | null> {
    try {
      const [watched, value] = await this.#askAll([
        ['WATCH', key],
        ['GET', key],
      ]);
      exactly('WATCH', refusing('WATCH', watched!), 'OK');
      return text('GET', refusing('GET', value!));
    } catch (error) {
      if (!(error instanceof NotDone) || error instanceof StrangeAnswer) throw error;
      this.#drop();
      throw new NotDone('not applied', error.message, error.isSilence);
    }
  }

  async #ask(...words: string[]): Promise<Exclude<Reply, RedisError>> {
    const [reply] = await this.#askAll([words]);
    return refusing(words[0]!, reply!);
  }

  /** In one write. A connection on which anything was lost is asked nothing more. */
  async #askAll(commands: readonly (readonly string[])[]): Promise<Reply[]> {
    const isWatching = commands[0]![0] === 'MULTI' || commands[0]![0] === 'UNWATCH';
    const connection = isWatching ? this.#watchingOne() : await this.#anyOne();
    try {
      return await within(this.#patience, connection.socket, connection.ask(commands));
    } catch (error) {
      this.#drop();
      throw error;
    }
  }

  async #anyOne(): Promise<Connection> {
    this.#asked += 1;
    const isOver = this.#asked % MOST_ON_ONE === 0 || this.#connection?.socket.destroyed === true;
    if (isOver) this.#drop();
    this.#connection ??= new Connection(await dial(anyOf(this.#endpoints), this.#patience));
    return this.#connection;
  }

  /** On any other connection nothing is watched. */
  #watchingOne(): Connection {
    if (this.#connection?.socket.destroyed === false) return this.#connection;
    throw new NotDone('not applied', 'the connection ended before the transaction');
  }

  #drop(): void {
    this.#connection?.socket.destroy();
    this.#connection = null;
  }
}

/** Asked one thing at a time. */
class Connection {
  readonly socket: Socket;
  #held = Buffer.alloc(0);
  #onBytes: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#held = Buffer.concat([this.#held, chunk]);
      this.#onBytes();
    });
    socket.once('close', () => this.#onBytes());
  }

  ask(commands: readonly (readonly string[])[]): Promise<Reply[]> {
    return new Promise((resolve, reject) => {
      const replies: Reply[] = [];
      this.#onBytes = () => {
        try {
          for (let next = this.#take(); next !== undefined; next = this.#take()) replies.push(next);
        } catch (strange) {
          reject(strange);
        }
        if (replies.length === commands.length) resolve(replies);
        else if (this.socket.destroyed) {
          reject(new NotDone('unknown', 'the connection ended before the answer'));
        }
      };
      this.socket.write(commands.map(encoded).join(''));
      this.#onBytes();
    });
  }

  /** Undefined: it is not here whole. */
  #take(): Reply | undefined {
    const read = readReply(this.#held, 0);
    if (read === null) return undefined;
    this.#held = this.#held.subarray(read.end);
    return read.reply;
  }
}

function encoded(words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join('')}`;
}

/** Null: it is not here whole. */
function readReply(bytes: Buffer, from: number): { reply: Reply; end: number } | null {
  const lineEnd = bytes.indexOf('\r\n', from);
  if (lineEnd < 0) return null;
  const line = bytes.toString('utf8', from + 1, lineEnd);
  const end = lineEnd + 2;
  switch (String.fromCharCode(bytes[from]!)) {
    case '+':
      return { reply: line, end };
    case '-':
      return { reply: new RedisError(line), end };
    case ':':
      return { reply: Number(line), end };
    case '$': {
      if (line === '-1') return { reply: null, end };
      const after = end + Number(line);
      return bytes.length < after + 2
        ? null
        : { reply: bytes.toString('utf8', end, after), end: after + 2 };
    }
    case '*':
      return line === '-1' ? { reply: null, end } : readList(bytes, end, Number(line));
    default:
      throw new StrangeAnswer('redis', 'a command', bytes.toString('latin1', from, lineEnd));
  }
}

function readList(bytes: Buffer, from: number, count: number): ReturnType<typeof readReply> {
  const list: Reply[] = [];
  let end = from;
  while (list.length < count) {
    const read = readReply(bytes, end);
    if (read === null) return null;
    list.push(read.reply);
    end = read.end;
  }
  return { reply: list, end };
}

function refusing(command: string, reply: Reply): Exclude<Reply, RedisError> {
  if (reply instanceof RedisError) throw failureOf(command, reply);
  return reply;
}

function failureOf(command: string, { message }: RedisError): NotDone {
  if (message.startsWith('UNKNOWN ')) return new NotDone('unknown', message);
  if (/^(CLUSTERDOWN|TRYAGAIN|EXECABORT) /.test(message))
    return new NotDone('not applied', message);
  return new StrangeAnswer('redis', command, message);
}

function text(command: string, reply: Exclude<Reply, RedisError>): string | null {
  if (reply === null || typeof reply === 'string') return reply;
  throw new StrangeAnswer('redis', command, JSON.stringify(reply));
}

function exactly(command: string, reply: Exclude<Reply, RedisError>, wanted: string): string {
  if (reply === wanted) return wanted;
  throw new StrangeAnswer('redis', command, JSON.stringify(reply));
}
