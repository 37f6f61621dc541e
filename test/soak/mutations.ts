/**
 * Frames that nobody sends: sound ones of both protocols, and what is done to them. A mutation breaks the stream (changed, cut, joined or
 * mislabelled bytes, which the checksum or the header shows), keeps the frame sound and spoils what it says (`body`, `command`), or sends it where
 * it does not belong (`replayed`).
 *
 * Between members a sound message of a proven peer is believed, whatever it says: that is Raft, and no defence against liars. So what a proven peer
 * sends here is always in another's name, and what is left of it after a mutation is too.
 */
import { crc32c, encode } from '@seedraft/codec';
import type { PeerMessage } from '@seedraft/core';
import {
  encodeClient,
  encodeFrame,
  encodeHandshake,
  encodePeer,
  encodeProof,
  encodeRefusal,
  type Handshake,
  HEADER_BYTES,
  type RequestFrame,
  WIRE_VERSION,
} from '@seedraft/wire';
import { type Draw, one } from './draw.ts';

const MUTATIONS = [
  'replayed',
  'bits',
  'truncated',
  'spliced',
  'length',
  'version',
  'header',
  'kind',
  'noise',
  'body bits',
  'body cut',
  'body fields',
  'body counts',
  'body depth',
  'command',
] as const;
export type Mutation = (typeof MUTATIONS)[number];
const SPOILING = MUTATIONS.filter((mutation) => mutation !== 'command');

/** Mutations of what a frame says, which stays one. */
const isBody = (mutation: Mutation): boolean => mutation.startsWith('body');

export interface Shot {
  readonly mutation: Mutation;
  readonly bytes: Uint8Array;
  /** Perhaps no whole frame: only the end of the stream says that nothing follows. */
  readonly endsStream: boolean;
}

/** `frames`: sound ones to spoil. */
export function shoot(draw: Draw, frames: readonly Uint8Array[]): Shot {
  const mutation = one(draw, SPOILING);
  const frame = one(draw, frames);
  const bytes = isBody(mutation)
    ? encodeFrame(draw(8) === 0 ? draw(256) : frame[2]!, spoilBody(draw, mutation, frame))
    : spoilStream(draw, mutation, frame, one(draw, frames));
  return { mutation, bytes, endsStream: !isBody(mutation) };
}

/** A sound request whose command or query is none: the state machine's to refuse, and the connection stays. */
export function spoiltRequest(draw: Draw, requestId: number): Shot {
  const value: unknown[] = Array.from({ length: draw(7) }, () => one(draw, FIELDS));
  if (draw(4) > 0) value[0] = one(draw, ['put', 'cas', 'delete', 'get', 'scan', 'watch']);
  if (draw(4) > 0 && value.length > 0) value[1] = NAMESPACE;
  if (draw(2) > 0 && value.length > 1) value[2] = one(draw, ['k', 'l', 'm']);
  const bytes = encodeClient({ type: 'request', requestId, request: requestOf(draw, value) });
  return { mutation: 'command', bytes, endsStream: false };
}

function requestOf(draw: Draw, value: unknown[]): RequestFrame['request'] {
  const session = { sessionId: draw(3), sequence: 1 + draw(3), firstIncomplete: draw(3) };
  switch (draw(5)) {
    case 0:
      return { type: 'Query', mode: one(draw, ['linearizable', 'stale', 'lease']), query: value };
    case 1:
      return { type: 'Batch', ...session, commands: [value, value] };
    case 2:
      return { type: 'Command', ...session, command: value };
    default:
      return { type: 'Command', ...NO_SESSION, command: value };
  }
}

// ---------------------------------------------------------------------------------------------------------------- the stream

function spoilStream(draw: Draw, mutation: Mutation, frame: Uint8Array, other: Uint8Array) {
  const bytes = frame.slice();
  switch (mutation) {
    case 'replayed':
      return bytes;
    case 'bits':
      for (let flips = 1 + draw(3); flips > 0; flips--) bytes[draw(bytes.length)]! ^= 1 << draw(8);
      return bytes;
    case 'truncated':
      return bytes.subarray(0, draw(bytes.length));
    case 'spliced':
      return Buffer.concat([
        bytes.subarray(0, draw(bytes.length)),
        other.subarray(draw(other.length)),
        frame,
      ]);
    case 'length':
      return labelled(bytes, one(draw, [0, 1, 0xffff, 0x7fff_ffff, 0xffff_ffff, draw(1 << 24)]));
    case 'version':
      bytes[1] = draw(256);
      return draw(2) === 0 ? bytes : labelled(bytes, bytes.length - HEADER_BYTES);
    case 'header':
      bytes[one(draw, [0, 3])] = 1 + draw(255);
      return bytes;
    case 'kind':
      bytes[2] = draw(256);
      return labelled(bytes, bytes.length - HEADER_BYTES);
    default:
      return Uint8Array.from({ length: 1 + draw(200) }, () => draw(256));
  }
}

/** This length in the header, and the checksum that a sender who meant it would have written. */
function labelled(frame: Uint8Array, length: number): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset);
  view.setUint32(4, length);
  view.setUint32(8, crc32c(frame, crc32c(frame, 0, 0, 8), HEADER_BYTES));
  return frame;
}

// ------------------------------------------------------------------------------------------------------------------ the body

/** CBOR heads that promise what no frame can hold: strings, texts, lists and maps of up to 2^53 and more, tags, indefinite lengths. */
const HEADS = [
  [0x5a, 0xff, 0xff, 0xff, 0xff],
  [0x5b, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x7a, 0x7f, 0xff, 0xff, 0xff],
  [0x9a, 0xff, 0xff, 0xff, 0xff],
  [0x9b, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0xba, 0xff, 0xff, 0xff, 0xff],
  [0xbb, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x9f],
  [0xbf],
  [0xc2],
  [0xff],
] as const;

const NO_SESSION = { sessionId: 0, sequence: 0, firstIncomplete: 0 } as const;

const FIELDS: readonly unknown[] = [
  -1,
  0,
  2 ** 53 - 1,
  1.5,
  true,
  null,
  '',
  'x'.repeat(4000),
  '__proto__',
  [],
  [[], [[]]],
  {},
  new Uint8Array(0),
  new Uint8Array(70_000),
];

function spoilBody(draw: Draw, mutation: Mutation, frame: Uint8Array): Uint8Array {
  const body = frame.slice(HEADER_BYTES);
  const at = draw(Math.max(1, body.length));
  switch (mutation) {
    case 'body bits':
      for (let flips = 1 + draw(3); flips > 0 && body.length > 0; flips--) {
        body[draw(body.length)]! ^= 1 << draw(8);
      }
      return body;
    case 'body cut':
      return draw(2) === 0 ? body.subarray(0, at) : Buffer.concat([body, body.subarray(at)]);
    case 'body counts':
      return Buffer.concat([
        body.subarray(0, at),
        Uint8Array.from(one(draw, HEADS)),
        body.subarray(at),
      ]);
    case 'body depth':
      return new Uint8Array(1 + draw(40_000)).fill(one(draw, [0x81, 0x82, 0xa1]));
    default:
      return encode(
        Array.from({ length: draw(9) }, () => (draw(2) === 0 ? draw(12) : one(draw, FIELDS))),
      );
  }
}

// -------------------------------------------------------------------------------------------------------------- sound frames

/** Where the mutated commands of clients write, if they do. */
export const NAMESPACE = 'spoilt';

/** Of a client that was welcomed. */
export function clientFrames(): Uint8Array[] {
  const member = {
    id: 77,
    incarnation: '',
    name: 'x',
    peerAddress: '127.0.0.1:1',
    clientAddress: '127.0.0.1:1',
    role: 'learner',
    priority: 0,
  } as const;
  const requests: RequestFrame['request'][] = [
    { type: 'Command', ...NO_SESSION, command: ['put', NAMESPACE, 'k', 'v'] },
    { type: 'Command', ...NO_SESSION, command: ['cas', NAMESPACE, 'k', ['absent'], [1, 2]] },
    { type: 'Command', ...NO_SESSION, command: ['delete', NAMESPACE, 'k'] },
    { type: 'Batch', ...NO_SESSION, commands: [['put', NAMESPACE, 'k', null]] },
    { type: 'Query', mode: 'stale', query: ['get', NAMESPACE, 'k'] },
    { type: 'Query', mode: 'linearizable', query: ['scan', NAMESPACE, '', 10, null] },
    { type: 'CloseSession', sessionId: 3 },
    { type: 'Watch', query: ['watch', NAMESPACE, ''] },
    { type: 'Status' },
    { type: 'Entries', from: 1, to: 9 },
    { type: 'Snapshot' },
    { type: 'TransferLeadership', target: 2 },
    { type: 'ChangeMembership', changes: [{ type: 'add', member }], mode: 'single' },
  ];
  return [
    ...requests.map((request) => encodeClient({ type: 'request', requestId: 9, request })),
    encodeClient({ type: 'cancel', requestId: 9 }),
    encodeClient({ type: 'credit', change: 5 }),
  ];
}

/** Of a client that introduces itself. */
export function helloFrames(clusterId: string, token: string): Uint8Array[] {
  const hello = { type: 'hello', version: WIRE_VERSION, clusterId, client: 'shot', token } as const;
  return [
    encodeClient(hello),
    encodeClient({ ...hello, token: '' }),
    encodeClient({ ...hello, clusterId: 'another' }),
    encodeClient({ ...hello, version: 2 }),
    encodeClient({ type: 'goodbye', code: 'X', reason: 'none' }),
    ...clientFrames(),
  ];
}

/** Of a member that introduces itself. `replayed`: what another connection's dialler proved itself with. */
export function introductionFrames(own: Handshake, replayed: readonly Uint8Array[]): Uint8Array[] {
  return [
    encodeHandshake(own),
    encodeHandshake({ ...own, version: 2 }),
    encodeHandshake({ ...own, clusterId: 'another' }),
    encodeHandshake({ ...own, authentication: 'open', nonce: new Uint8Array(0) }),
    encodeProof(new Uint8Array(32)),
    encodeRefusal({ code: 'MEMBER_WIPED', sentence: 'you are gone' }),
    Buffer.concat(replayed),
    ...peerFrames(own.id, 1),
  ];
}

/** Messages from `from` to `to`. */
export function peerFrames(from: number, to: number): Uint8Array[] {
  const entry = {
    index: 1,
    term: 1,
    kind: 'command',
    data: new Uint8Array(40),
    checksum: 0,
    configuration: null,
  } as const;
  const head = { from, to, term: 1 } as const;
  const messages: PeerMessage[] = [
    { type: 'RequestVote', ...head, lastLogIndex: 9, lastLogTerm: 1, transfer: true },
    { type: 'PreVoteReply', ...head, voteGranted: true },
    {
      type: 'AppendEntries',
      ...head,
      prevLogIndex: 0,
      prevLogTerm: 0,
      leaderCommit: 1,
      round: 1,
      entries: [entry],
    },
    { type: 'ReadIndex', ...head, id: 4 },
    { type: 'TimeoutNow', ...head },
  ];
  return messages.map(encodePeer);
}
