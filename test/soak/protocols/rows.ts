/**
 * Every protocol that members speak beside their own, as an attack sees it: how a client that means well speaks it, what is wrong in its own ways and
 * what must be answered to that. The attacks are the same for all of them; what differs is here.
 */
import type { ProtocolName } from '@seedraft/api';
import { encoded, RedisPeer } from '../../api/redis-peer.ts';
import { type HttpForms, HttpSpeaker } from './http-speaker.ts';
import { Line } from './line.ts';
import { frame, SocketSpeaker, UPGRADE } from './socket-frames.ts';
import { type Outcome, outcomeOf, type Speaker, Unanswered } from './speaker.ts';

/** Something wrong, and what it must be answered by. */
export interface Flaw {
  readonly what: string;
  readonly bytes: Uint8Array | string;
  readonly answer: RegExp;
  /** Nobody knows where the next request begins: the connection ends. */
  readonly ends: boolean;
}

export interface Row {
  readonly name: string;
  readonly protocol: ProtocolName;
  speak(port: number): Speaker;
  /** Sent when a connection begins. */
  readonly greeting: string;
  readonly flaws: readonly Flaw[];
  /** A request with so many bytes. */
  large(bytes: number): Uint8Array;
  readonly tooLarge: RegExp;
  /** Reads of `key`, all at once, for a client that takes no answers. */
  reads(key: string, count: number): Uint8Array;
  /** The answer to each of them where there is no such key, though nothing follows; null: who ends says so by a frame. */
  readonly missing: RegExp | null;
  /** A follower answers by naming the leader, whose address is given. */
  readonly redirect?: (key: string, leader: string) => { bytes: string; answer: RegExp };
}

const times = (count: number, bytes: Uint8Array | string): Uint8Array =>
  Buffer.concat(new Array<Uint8Array>(count).fill(Buffer.from(bytes)));

// ------------------------------------------------------------------------------------------------------------------ raftnode

class RaftnodeSpeaker implements Speaker {
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  async write(key: string, value: string): Promise<Outcome> {
    const answered = await this.#exchange({ type: 'put', key, value });
    if (typeof answered === 'string') return answered;
    const { success } = answered;
    return success === true ? 'done' : success === false ? 'refused' : 'unknown';
  }

  async read(key: string): Promise<string | null> {
    const answered = await this.#exchange({ type: 'get', key });
    if (typeof answered === 'string' || answered.data === null || answered.code !== undefined) {
      throw new Unanswered(JSON.stringify(answered));
    }
    return (answered.data as { value: string | null }).value;
  }

  end(): void {}

  async #exchange(request: object): Promise<Record<string, unknown> | Outcome> {
    let line: Line;
    try {
      line = await Line.open(this.#port);
    } catch (error) {
      return outcomeOf(error) === 'gone' ? 'gone' : 'refused';
    }
    line.send(JSON.stringify(request));
    await line.until(() => line.isClosed);
    line.end();
    try {
      return JSON.parse(line.said) as Record<string, unknown>;
    } catch {
      return 'unknown';
    }
  }
}

const raftnode: Row = {
  name: 'raftnode',
  protocol: 'raftnode',
  speak: (port) => new RaftnodeSpeaker(port),
  greeting: '',
  flaws: [
    { what: 'no JSON', bytes: 'nonsense\n', answer: /"code":"NOT_JSON"/, ends: true },
    {
      what: 'JSON that is none inside',
      bytes: '{"type":truth}',
      answer: /"code":"NOT_JSON"/,
      ends: true,
    },
    {
      what: 'a type that every object has',
      bytes: '{"type":"toString"}\n',
      answer: /"code":"UNKNOWN_TYPE"/,
      ends: false,
    },
    { what: 'no type', bytes: '{"key":1}\n', answer: /"code":"UNKNOWN_TYPE"/, ends: false },
    {
      what: 'a key that is none',
      bytes: '{"type":"put","key":7,"value":1}\n',
      answer: /"success":false.*"code":"BAD_REQUEST"|"code":"BAD_REQUEST".*"success":false/,
      ends: false,
    },
  ],
  large: (bytes) => Buffer.from(`{"type":"put","key":"large","value":"${'x'.repeat(bytes)}"}`),
  tooLarge: /"code":"TOO_LARGE"/,
  reads: (key, count) => times(count, `${JSON.stringify({ type: 'get', key })}\n`),
  missing: /"value":null/g,
};

// ---------------------------------------------------------------------------------------------------------------------- HTTP

const NOT_HTTP: readonly Flaw[] = [
  { what: 'no HTTP', bytes: 'nonsense\r\n\r\n', answer: /^HTTP\/1\.1 400 /, ends: true },
  {
    what: 'a path that is no UTF-8',
    bytes: 'GET /%ff HTTP/1.1\r\nhost: x\r\n\r\n',
    answer: /^HTTP\/1\.1 400 .*BAD_PATH/s,
    ends: false,
  },
  {
    what: 'two lengths',
    bytes: 'POST /k HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nvalue',
    answer: /^HTTP\/1\.1 400 /,
    ends: true,
  },
  {
    what: 'another protocol',
    bytes:
      'GET /elsewhere HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nmore',
    answer: /^HTTP\/1\.1 40\d /,
    ends: true,
  },
  {
    what: 'endless headers',
    bytes: `GET / HTTP/1.1\r\nx: ${'x'.repeat(40_000)}`,
    answer: /^HTTP\/1\.1 431 /,
    ends: true,
  },
];

function httpRequest(method: string, path: string, body = ''): string {
  const head = `${method} ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}`;
  return `${head}\r\n\r\n${body}`;
}

interface HttpParts {
  readonly name: ProtocolName;
  readonly forms: HttpForms;
  readonly flaws?: readonly Flaw[];
  large(value: string): string;
  readonly missing: RegExp;
  readonly redirect?: Row['redirect'];
}

function overHttp({ name, forms, flaws = [], large, missing, redirect }: HttpParts): Row {
  return {
    name,
    protocol: name,
    speak: (port) => new HttpSpeaker(port, forms),
    greeting: '',
    flaws: [...NOT_HTTP, ...flaws],
    large: (bytes) => Buffer.from(large('x'.repeat(bytes))),
    tooLarge: /^HTTP\/1\.1 413 .*TOO_LARGE/s,
    reads: (key, count) => times(count, httpRequest('GET', forms.read(key).path)),
    missing,
    ...(redirect && { redirect }),
  };
}

const distraft = overHttp({
  name: 'distraft',
  forms: {
    write: (key, value) => ({
      method: 'POST',
      path: `/${key}`,
      type: 'application/x-www-form-urlencoded',
      body: `value=${value}`,
    }),
    read: (key) => ({ method: 'GET', path: `/${key}` }),
    valueIn: ({ status, body }) =>
      status === 200 ? (JSON.parse(body) as { value: string | null }).value : undefined,
  },
  flaws: [
    {
      what: 'no value',
      bytes: httpRequest('POST', '/k', 'nothing'),
      answer: /^HTTP\/1\.1 503 .*"empty key or value"/s,
      ends: false,
    },
    {
      what: 'an unknown method',
      bytes: httpRequest('PUT', '/k'),
      answer: /^HTTP\/1\.1 405 /,
      ends: false,
    },
  ],
  large: (value) => httpRequest('POST', '/large', `value=${value}`),
  // At a follower, which sends it on.
  missing: /HTTP\/1\.1 302 /g,
  redirect: (key, leader) => ({
    bytes: httpRequest('POST', `/${key}`, 'value=v'),
    answer: new RegExp(`^HTTP/1\\.1 307 .*location: http://${leader}/${key}\\r\\n`, 'is'),
  }),
});

const uring = overHttp({
  name: 'uring',
  forms: {
    write: (key, value) => ({
      method: 'POST',
      path: `/kv/${key}`,
      type: 'applicaiton/json',
      body: JSON.stringify({ value }),
    }),
    read: (key) => ({ method: 'GET', path: `/kv/${key}` }),
    valueIn: ({ status, body }) => {
      if (status === 404) return null;
      return status === 200 ? (JSON.parse(body) as string) : undefined;
    },
  },
  flaws: [
    {
      what: 'no JSON',
      bytes: httpRequest('POST', '/kv/k', 'nonsense'),
      answer: /^HTTP\/1\.1 400 .*NOT_JSON/s,
      ends: false,
    },
    {
      what: 'a route that every object has',
      bytes: httpRequest('GET', '/__proto__/toString'),
      answer: /^HTTP\/1\.1 404 /,
      ends: false,
    },
    {
      what: 'an unknown route',
      bytes: httpRequest('GET', '/nowhere/at/all/there'),
      answer: /^HTTP\/1\.1 404 /,
      ends: false,
    },
  ],
  large: (value) => httpRequest('POST', '/kv/large', JSON.stringify({ value })),
  missing: /HTTP\/1\.1 404 /g,
});

const raftify = overHttp({
  name: 'raftify',
  forms: {
    write: (key, value) => ({ method: 'PUT', path: `/store/${key}/${value}` }),
    read: (key) => ({ method: 'GET', path: `/store/${key}` }),
    valueIn: ({ status, body }) => {
      if (status === 200) return body;
      return body.startsWith('MISSING') ? null : undefined;
    },
  },
  flaws: [
    {
      what: 'a route that every object has',
      bytes: httpRequest('GET', '/__proto__/toString'),
      answer: /^HTTP\/1\.1 404 /,
      ends: false,
    },
    {
      what: 'a member that is none',
      bytes: httpRequest('POST', '/transfer_leader/nobody'),
      answer: /^HTTP\/1\.1 400 .*BAD_REQUEST/s,
      ends: false,
    },
  ],
  large: (value) => httpRequest('PUT', '/store/large/v', value),
  missing: /HTTP\/1\.1 400 /g,
});

/** The frame that ends a WebSocket for this reason. */
const closedBy = (code: number): RegExp =>
  new RegExp(String.fromCharCode(0x88, 2, code >> 8, code & 255));

const socket: Row = {
  name: 'uring socket',
  protocol: 'uring',
  speak: (port) => new SocketSpeaker(port),
  greeting: UPGRADE,
  flaws: [
    { what: 'no JSON', bytes: frame('nonsense'), answer: /"code":400/, ends: false },
    { what: 'no command', bytes: frame('[1]'), answer: /"code":400/, ends: false },
    {
      what: 'a command that every object has',
      bytes: frame('{"As":{"rid":1,"protocol":"KV","cmd":{"toString":{}}}}'),
      answer: /"code":400/,
      ends: false,
    },
    {
      what: 'a frame without mask',
      bytes: frame('{}', { isMasked: false }),
      answer: closedBy(1002),
      ends: true,
    },
    {
      what: 'an unknown frame',
      bytes: frame('', { opcode: 5 }),
      answer: closedBy(1002),
      ends: true,
    },
    {
      what: 'a text that is no UTF-8',
      bytes: frame(Uint8Array.of(0xff, 0xfe)),
      answer: closedBy(1007),
      ends: true,
    },
  ],
  large: (bytes) => frame('x'.repeat(bytes)),
  tooLarge: closedBy(1009),
  reads: (key, count) =>
    times(count, frame(JSON.stringify({ As: { protocol: 'KV', cmd: { Get: { rid: 1, key } } } }))),
  missing: null,
};

// --------------------------------------------------------------------------------------------------------------------- Redis

class RedisSpeaker implements Speaker {
  readonly #port: number;
  #peer: RedisPeer | null = null;

  constructor(port: number) {
    this.#port = port;
  }

  async write(key: string, value: string): Promise<Outcome> {
    try {
      const reply = await this.#ask('SET', key, value);
      if (reply === '+OK\r\n') return 'done';
      return reply === 'closed' || reply.startsWith('-UNKNOWN') ? 'unknown' : 'refused';
    } catch (error) {
      return outcomeOf(error) === 'gone' ? 'gone' : 'refused';
    }
  }

  async read(key: string): Promise<string | null> {
    const reply = await this.#ask('GET', key);
    if (reply === '$-1\r\n') return null;
    const value = /^\$\d+\r\n(.*)\r\n$/s.exec(reply);
    if (value === null) throw new Unanswered(reply);
    return value[1]!;
  }

  end(): void {
    this.#peer?.end();
  }

  async #ask(...args: string[]): Promise<string> {
    if (this.#peer === null || this.#peer.isClosed) {
      this.#peer = await RedisPeer.connect({ port: this.#port });
    }
    return await this.#peer.ask(...args);
  }
}

const redis: Row = {
  name: 'redis',
  protocol: 'redis',
  speak: (port) => new RedisSpeaker(port),
  greeting: '',
  flaws: [
    {
      what: 'a count that is none',
      bytes: '*x\r\n',
      answer: /^-ERR Protocol error: invalid multibulk length\r\n/,
      ends: true,
    },
    {
      what: 'no bulk string',
      bytes: '*1\r\n:1\r\n',
      answer: /^-ERR Protocol error: expected '\$', got ':'\r\n/,
      ends: true,
    },
    {
      what: 'an unknown command',
      bytes: 'FLY high\r\n',
      answer: /^-ERR unknown command/,
      ends: false,
    },
    {
      what: 'too few arguments',
      bytes: encoded(['SET', 'k']),
      answer: /^-ERR wrong number of arguments for 'set' command\r\n/,
      ends: false,
    },
  ],
  large: (bytes) => encoded(['SET', 'large', Buffer.alloc(bytes, 'x')]),
  tooLarge: /^-ERR Protocol error: invalid bulk length\r\n/,
  reads: (key, count) => times(count, encoded(['GET', key])),
  missing: /\$-1\r\n/g,
};

export const ROWS: readonly Row[] = [raftnode, distraft, uring, socket, raftify, redis];
