/**
 * What a client is answered, and its bytes under RESP2 and RESP3. What RESP2 has no form for (maps, booleans, its several nulls) takes the form
 * that Redis gives it there.
 */

/** A line without length, such as OK. */
export class Line {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** An error: a code in capitals, then a sentence, in bytes (each a character: what a client sent may be repeated in it). Commands throw it; it never leaves the protocol as an exception. */
export class Failure extends Error {
  override readonly name = 'Failure';
}

/** Text for people: `txt` in RESP3. */
export class Verbatim {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** The null of lists: an EXEC that did nothing. */
export const NO_LIST: unique symbol = Symbol('no list');

export type Reply =
  | Line
  | Failure
  | Verbatim
  | Uint8Array
  | string
  | number
  | bigint
  | boolean
  | null
  | typeof NO_LIST
  | readonly Reply[]
  | ReadonlyMap<string, Reply>;

export type RespVersion = 2 | 3;

export const OK = new Line('OK');

/** What it takes on its way, about: a short one costs more than its characters. */
export function bytesOfReply(reply: Reply): number {
  if (typeof reply === 'string' || reply instanceof Uint8Array) return reply.length + PER_REPLY;
  if (reply instanceof Line || reply instanceof Verbatim) return reply.text.length + PER_REPLY;
  if (reply instanceof Failure) return reply.message.length + PER_REPLY;
  if (reply instanceof Map) return sumOf([...reply.keys(), ...reply.values()]);
  return Array.isArray(reply) ? sumOf(reply) : PER_REPLY;
}

const PER_REPLY = 16;

function sumOf(replies: readonly Reply[]): number {
  return replies.reduce((sum: number, reply) => sum + bytesOfReply(reply), PER_REPLY);
}

/** Collects replies until they are taken. */
export class ReplyWriter {
  #pieces: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  take(): Buffer {
    const all = Buffer.concat(this.#pieces, this.#length);
    this.#pieces = [];
    this.#length = 0;
    return all;
  }

  write(reply: Reply, version: RespVersion): void {
    if (typeof reply === 'string') this.#bulk('$', Buffer.from(reply));
    else if (reply instanceof Uint8Array) this.#bulk('$', reply);
    else if (typeof reply === 'number' || typeof reply === 'bigint') this.#line(`:${reply}`);
    else if (typeof reply === 'boolean') this.#boolean(reply, version);
    else if (reply === null) this.#line(version === 3 ? '_' : '$-1');
    else if (reply === NO_LIST) this.#line(version === 3 ? '_' : '*-1');
    else if (reply instanceof Line) this.#line(`+${onOneLine(reply.text)}`);
    else if (reply instanceof Failure)
      this.#push(Buffer.from(`-${onOneLine(reply.message)}\r\n`, 'latin1'));
    else if (reply instanceof Verbatim) this.#verbatim(reply.text, version);
    else if (reply instanceof Map) this.#map(reply, version);
    else this.#list(reply as readonly Reply[], version);
  }

  #boolean(value: boolean, version: RespVersion): void {
    this.#line(version === 3 ? `#${value ? 't' : 'f'}` : `:${Number(value)}`);
  }

  #verbatim(text: string, version: RespVersion): void {
    if (version === 3) this.#bulk('=', Buffer.from(`txt:${text}`));
    else this.#bulk('$', Buffer.from(text));
  }

  #list(replies: readonly Reply[], version: RespVersion): void {
    this.#line(`*${replies.length}`);
    for (const reply of replies) this.write(reply, version);
  }

  #map(map: ReadonlyMap<string, Reply>, version: RespVersion): void {
    this.#line(version === 3 ? `%${map.size}` : `*${2 * map.size}`);
    for (const [name, reply] of map) {
      this.write(name, version);
      this.write(reply, version);
    }
  }

  #line(text: string): void {
    this.#push(Buffer.from(`${text}\r\n`));
  }

  #bulk(mark: string, bytes: Uint8Array): void {
    this.#push(Buffer.from(`${mark}${bytes.length}\r\n`));
    this.#push(bytes);
    this.#push(END);
  }

  #push(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.#length += bytes.length;
  }
}

const END = Buffer.from('\r\n');

/** A line break would end the frame in its midst. */
function onOneLine(text: string): string {
  return text.replace(/[\r\n]/g, ' ');
}
