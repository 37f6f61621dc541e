/**
 * Input that no well-meaning client sends, drawn: requests of each protocol by its grammar, right and wrong in every part of it, and then broken as bytes. The same for the
 * same seed, protocol and number, so that one input can be sent again.
 */
import { expandSeed, Stream } from '@seedraft/sim';
import { CommandDraws } from '../../api/redis-commands.ts';
import { type Argument, encoded } from '../../api/redis-peer.ts';
import { frame, UPGRADE } from './socket-frames.ts';

export interface Input {
  readonly bytes: Buffer;
  /** How many bytes travel together; all of them, mostly. */
  readonly cut: number;
}

/** Choices of one input. */
class Draws {
  readonly stream: Stream;

  constructor(stream: Stream) {
    this.stream = stream;
  }

  below(n: number): number {
    return this.stream.below(n);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  /** One time in `n`. */
  rarely(n: number): boolean {
    return this.below(n) === 0;
  }

  several<T>(most: number, draw: () => T): T[] {
    return Array.from({ length: 1 + this.below(most) }, draw);
  }
}

type Grammar = (draws: Draws) => Buffer;

/** Marks that mean something to the protocol, put where they do not belong. */
type Marks = readonly (string | Uint8Array)[];

const KEYS = ['a', 'b', 'é', 'once', '$api', '__proto__', '', '..', 'x'.repeat(5000)] as const;
const WORDS = ['v', '', '0', '-1', 'é', '\ud800', '\u0000', 'true', 'x'.repeat(300)] as const;
const NUMBERS = [0, -1, 1, 8, 1.5, 1e308, 2 ** 53, -(2 ** 63), 65_536] as const;
const BIG = '123456789012345678901234567890';

// ---------------------------------------------------------------------------------------------------------------------- JSON

function json(draws: Draws, depth = 0): unknown {
  switch (draws.below(depth > 3 ? 4 : 7)) {
    case 0:
      return draws.pick(WORDS);
    case 1:
      return draws.pick(NUMBERS);
    case 2:
      return draws.pick([null, true, false]);
    case 3:
      return draws.pick(KEYS);
    case 4:
      return draws.several(4, () => json(draws, depth + 1));
    case 5:
      return Object.fromEntries(draws.several(4, () => [draws.pick(KEYS), json(draws, depth + 1)]));
    default:
      return nested(draws);
  }
}

function nested(draws: Draws): unknown {
  let value: unknown = 1;
  for (let depth = draws.pick([2, 50, 70, 1000]); depth > 0; depth--) {
    value = draws.rarely(2) ? [value] : { a: value };
  }
  return value;
}

/** JSON as text, now and then with what `JSON.stringify` never writes. */
function written(draws: Draws, value: unknown): string {
  const text = JSON.stringify(value);
  if (draws.rarely(8)) return text.replace(/\d+/, BIG);
  return draws.rarely(8) ? text.replaceAll(',', ' ,\r\n\t') : text;
}

/** The fields that belong to it, some of them wrong or not there. */
function spoilt(draws: Draws, fields: Record<string, unknown>): Record<string, unknown> {
  const all = Object.entries(fields).filter(() => !draws.rarely(6));
  const spoiltOnes = all.map(([name, value]) => [name, draws.rarely(4) ? json(draws) : value]);
  return Object.fromEntries(draws.rarely(5) ? [...spoiltOnes, [draws.pick(KEYS), 1]] : spoiltOnes);
}

const RAFTNODE_TYPES = [
  ...['put', 'get', 'delete', 'peers', 'ping', 'hll_add', 'hll_count', 'hll_merge'],
  ...['bloom_reserve', 'bloom_add', 'bloom_has', 'bloom_info', 'error', 'toString', '__proto__'],
] as const;

const raftnode: Grammar = (draws) => {
  const requests = draws.several(4, () => {
    const fields = {
      type: draws.pick(RAFTNODE_TYPES),
      key: draws.pick(KEYS),
      value: json(draws),
      namespace: draws.pick(['default', 'other', '$api', '']),
      elements: draws.several(3, () => draws.pick(WORDS)),
      sources: draws.several(3, () => draws.pick(KEYS)),
      capacity: draws.pick(NUMBERS),
      error: draws.pick([0.01, 1, -1, 'x']),
      stale: draws.pick([true, false, 1]),
    };
    return written(draws, draws.rarely(10) ? json(draws) : spoilt(draws, fields));
  });
  return Buffer.from(requests.join(draws.pick(['\n', '\r\n', '', ' ', '\n\n'])));
};

// ---------------------------------------------------------------------------------------------------------------------- HTTP

const METHODS = ['GET', 'GET', 'POST', 'POST', 'PUT', 'DELETE', 'HEAD'] as const;
const OTHER_METHODS = ['OPTIONS', 'CONNECT', 'PATCH', 'get', 'FLY', ''] as const;
const OTHER_VERSIONS = ['HTTP/1.0', 'HTTP/2.0', 'HTTP', ''] as const;
const SEGMENTS = [
  ...['a', 'b', '1', '2', '0', '-1', '99999999999', 'cas', 'node', 'nobody', '%ff', '%00', '%2f'],
  ...['..', '', 'toString', '__proto__', '%F0%9F%92%A9', 'x'.repeat(5000)],
] as const;
const HEADERS = [
  'host: x',
  'host:',
  'connection: close',
  'connection: upgrade\r\nupgrade: websocket',
  'transfer-encoding: chunked',
  'transfer-encoding: gzip, chunked',
  'content-length: 3',
  'content-length: -1',
  'content-length: 99999999999999999999',
  'expect: 100-continue',
  'expect: the impossible',
  'content-type: multipart/form-data',
  'content-type: multipart/form-data; boundary=b',
  'content-type: application/x-www-form-urlencoded',
  'authorization: Bearer ',
  'no header at all',
  'x:\u0001',
  `x: ${'x'.repeat(20_000)}`,
  ' folded',
] as const;

/** `routes`: first parts of paths that exist. `body`: one that belongs there. */
function http(routes: readonly string[], body: (draws: Draws) => string): Grammar {
  return (draws) => Buffer.concat(draws.several(4, () => httpRequest(draws, routes, body)));
}

function httpRequest(
  draws: Draws,
  routes: readonly string[],
  body: (draws: Draws) => string,
): Buffer {
  const begin = draws.rarely(15) ? draws.pick(SEGMENTS) : draws.pick(routes);
  const segments = [begin, ...draws.several(3, () => draws.pick(SEGMENTS))];
  const query = draws.pick(['', '', '', '?stale', '?value=v', '?%', '?a=b&a']);
  const path = `/${segments.slice(0, 1 + draws.below(segments.length)).join('/')}${query}`;
  const target = draws.rarely(12) ? draws.pick([`http://x${path}`, '*', path.slice(1)]) : path;
  const method = draws.pick(draws.rarely(15) ? OTHER_METHODS : METHODS);
  const first = `${method} ${target} ${draws.rarely(15) ? draws.pick(OTHER_VERSIONS) : 'HTTP/1.1'}`;
  const sent = draws.rarely(3) ? '' : body(draws);
  const headers = draws.rarely(6) ? draws.several(3, () => draws.pick(HEADERS)) : ['host: x'];
  if (draws.rarely(6)) {
    const chunk = `${draws.pick([sent.length, 3, 'ffffffffff', '-1', 'z']).toString(16)}\r\n${sent}\r\n0\r\n\r\n`;
    return Buffer.from([first, ...headers, 'transfer-encoding: chunked', '', chunk].join('\r\n'));
  }
  const length = `content-length: ${Buffer.byteLength(sent)}`;
  return Buffer.from([first, ...headers, length, '', sent].join('\r\n'));
}

const form = (draws: Draws): string =>
  draws.pick([
    `value=${draws.pick(WORDS)}`,
    `value=${draws.pick(WORDS)}&value=2`,
    'value',
    'value=%',
    '--b\r\ncontent-disposition: form-data; name="value"\r\n\r\nv\r\n--b--\r\n',
    '--b',
  ]);

const uringBody = (draws: Draws): string => {
  const fields = {
    value: json(draws),
    check: json(draws),
    store: json(draws),
    size: draws.pick(NUMBERS),
    strategy: draws.pick(['continuous', 'minimal', 'x']),
    node: draws.pick(KEYS),
    endpoints: draws.several(2, () => draws.pick(WORDS)),
  };
  return written(draws, draws.rarely(6) ? json(draws) : spoilt(draws, fields));
};

// ------------------------------------------------------------------------------------------------------------------ WebSocket

const COMMANDS = [
  ...['Get', 'Put', 'Delete', 'Cas', 'SetSize', 'GetSize', 'GetNodes', 'AddNode', 'RemoveNode'],
  ...['Add', 'Remove', 'GetNode', 'Status', 'toString', '__proto__', ''],
] as const;
const LENGTHS = [0, 1, 125, 126, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1] as const;

const socket: Grammar = (draws) => {
  const frames = draws.several(6, () => {
    const payload = draws.rarely(6) ? noise(draws) : written(draws, uringCommand(draws));
    if (!draws.rarely(4)) return frame(payload);
    const opcode = draws.pick([0, 1, 2, 3, 8, 9, 10, 15]);
    const form = { opcode, isMasked: !draws.rarely(3) };
    return frame(payload, draws.rarely(3) ? { ...form, length: draws.pick(LENGTHS) } : form);
  });
  return Buffer.concat([Buffer.from(UPGRADE), ...frames]);
};

function uringCommand(draws: Draws): unknown {
  const rid = draws.pick([1, 'x', null]);
  const fields = {
    rid,
    key: draws.pick(KEYS),
    store: json(draws),
    check: json(draws),
    size: draws.pick(NUMBERS),
    node: draws.pick(KEYS),
    id: draws.pick(NUMBERS),
  };
  const protocol = draws.pick(['KV', 'MRing', 'URing', 'Version', 'Status', 'kv', 7]);
  const cmd = { [draws.pick(COMMANDS)]: spoilt(draws, fields) };
  switch (draws.below(6)) {
    case 0:
      return { Select: spoilt(draws, { rid, protocol }) };
    case 1:
      return cmd;
    case 2: {
      const channel = draws.pick(['kv', 'mring', 'uring', 'x', null]);
      return { [draws.pick(['Subscribe', 'Unsubscribe'])]: spoilt(draws, { rid, channel }) };
    }
    case 3:
      return json(draws);
    default:
      return { As: spoilt(draws, { rid, protocol, cmd }) };
  }
}

const noise = (draws: Draws): Buffer => Buffer.from(draws.several(60, () => draws.below(256)));

// ---------------------------------------------------------------------------------------------------------------------- Redis

const REDIS_NAMES = [
  ...[
    'PING',
    'ECHO',
    'SELECT',
    'HELLO',
    'AUTH',
    'QUIT',
    'RESET',
    'READONLY',
    'READWRITE',
    'CLIENT',
  ],
  ...['INFO', 'COMMAND', 'CONFIG', 'TIME', 'DBSIZE', 'FLUSHDB', 'FLUSHALL', 'GET', 'SET', 'SETNX'],
  ...['SETEX', 'PSETEX', 'GETSET', 'GETDEL', 'MGET', 'MSET', 'INCR', 'DECR', 'INCRBY', 'DECRBY'],
  ...['APPEND', 'STRLEN', 'DEL', 'UNLINK', 'EXISTS', 'TOUCH', 'EXPIRE', 'PEXPIRE', 'EXPIREAT'],
  ...['PEXPIREAT', 'TTL', 'PTTL', 'PERSIST', 'TYPE', 'SCAN', 'KEYS', 'MULTI', 'EXEC', 'DISCARD'],
  ...['WATCH', 'UNWATCH', 'PFADD', 'PFCOUNT', 'PFMERGE', 'BF.RESERVE', 'BF.ADD', 'BF.MADD'],
  ...['BF.EXISTS', 'BF.MEXISTS', 'BF.CARD', 'BF.INFO'],
] as const;

/** Any command, with arguments that are mostly not its own. */
const redis: Grammar = (draws) => {
  const commands = new CommandDraws(draws.stream);
  const all = draws.several(8, () => {
    const { args } = commands.next();
    const others: readonly Argument[] = [draws.pick(REDIS_NAMES), ...args.slice(draws.below(2))];
    return encoded(draws.rarely(3) ? args : others);
  });
  return Buffer.concat(all);
};

// ------------------------------------------------------------------------------------------------------------------- breaking

const GRAMMARS: Readonly<Record<string, { readonly grammar: Grammar; readonly marks: Marks }>> = {
  raftnode: {
    grammar: raftnode,
    marks: ['{', '}', '[', '"', '\\', ',', ':', '\n', '\0', '{"a":', '\\ud800', BIG, ']{'],
  },
  distraft: {
    grammar: http(['a', 'b', 'é', 'stop', 'start', ''], form),
    marks: ['\r\n', '\n', '\r', ' ', ':', '%', '?', '\0', '\r\n\r\n', 'HTTP/1.1', '0\r\n\r\n'],
  },
  uring: {
    grammar: http(['kv', 'data', 'mring', 'node', 'uring', 'status', 'version', 'x'], uringBody),
    marks: ['\r\n', '\n', '{', '"', ':', '%', '/', '\0', '\r\n\r\n', 'HTTP/1.1', BIG],
  },
  'uring socket': {
    grammar: socket,
    marks: ['{', '"', '\r\n', '\0', Uint8Array.of(0x81), Uint8Array.of(0x88, 0x80, 0, 0, 0, 0)],
  },
  raftify: {
    grammar: http(
      [
        'store',
        'leader',
        'size',
        'peers',
        'snapshot',
        'transfer_leader',
        'demote',
        'campaign',
        'x',
      ],
      (draws) => draws.pick(WORDS),
    ),
    marks: ['\r\n', '\n', '\r', ' ', ':', '%', '/', '\0', '\r\n\r\n', 'HTTP/1.1'],
  },
  redis: {
    grammar: redis,
    marks: ['*', '$', '\r', '\n', '\r\n', '-1', '0', '99999999999', '*0\r\n', '$-1\r\n', '"', '\0'],
  },
};
const NAMES = Object.keys(GRAMMARS);

/** `name`: of the row. */
export function inputOf(seed: string, name: string, number: number): Input {
  const { grammar, marks } = GRAMMARS[name]!;
  const draws = new Draws(new Stream(expandSeed(seed), 2, number, NAMES.indexOf(name)));
  let bytes = draws.rarely(20) ? noise(draws) : grammar(draws);
  for (let left = draws.rarely(2) ? 0 : draws.below(4); left > 0; left--)
    bytes = broken(bytes, draws, marks);
  // Byte by byte it takes long, so only what is short, and seldom.
  const cut = draws.rarely(10) && bytes.length < 500 ? 1 + draws.below(7) : bytes.length;
  return { bytes, cut: Math.max(1, cut) };
}

function broken(bytes: Buffer, draws: Draws, marks: Marks): Buffer {
  const at = draws.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + draws.below(10));
  const [before, cut, after] = [
    bytes.subarray(0, at),
    bytes.subarray(at, end),
    bytes.subarray(end),
  ];
  switch (draws.below(6)) {
    case 0:
      return before;
    case 1:
      return Buffer.concat([before, after]);
    case 2:
      return Buffer.concat([before, cut, cut, after]);
    case 3:
      return Buffer.concat([before, Buffer.from(cut.map(() => draws.below(256))), after]);
    case 4: {
      const from = draws.below(bytes.length + 1);
      return Buffer.concat([before, bytes.subarray(from, from + draws.below(200)), after]);
    }
    default:
      return Buffer.concat([before, Buffer.from(draws.pick(marks)), after]);
  }
}
