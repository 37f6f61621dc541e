/**
 * The native client protocol: hello and welcome, then requests and replies matched by request ids, in any order, held back by credits.
 * Everything a client library in another language needs is in README.md; this file is only its encoding.
 *
 * Kept: a decoded message is well-typed whatever the bytes; command, query and result values stay opaque (the state machine judges them).
 */
import { encodeAfter } from '@seedraft/codec';
import type { Index, MemberId } from '@seedraft/core';
import type { ClientRefusalCode, ClientReply, ClientRequest, ReadMode } from '@seedraft/replica';
import * as field from './field.ts';
import { type Flaw, flaw } from './flaw.ts';
import { FRAME_KIND, type Frame, HEADER_BYTES, sealFrame } from './frame.ts';
import * as shape from './shapes.ts';

/** Client to member, first. `clusterId` may be empty: any cluster. `token` empty: none. */
export interface Hello {
  readonly type: 'hello';
  readonly version: number;
  readonly clusterId: string;
  /** For the member's logs. */
  readonly client: string;
  /** Who the client is, where members ask for that: a secret they gave it. */
  readonly token: string;
}
/** Member to client, first. `leader` 0: unknown. `credits`: requests the client may have open. */
export interface Welcome {
  readonly type: 'welcome';
  readonly version: number;
  readonly clusterId: string;
  readonly id: MemberId;
  readonly leader: MemberId;
  readonly leaderAddress: string;
  readonly credits: number;
}
/** Answered by the member asked, from what it is and has by itself; never replicated, never redirected. */
export type NodeRequest =
  /** Events for what `query` names (the state machine says what that may be), until the reply that ends it. */
  | { readonly type: 'Watch'; readonly query: unknown }
  /** A MemberStatus. */
  | { readonly type: 'Status' }
  /** The whole replicated state, as events: a BackupHeader, then its bytes. `mode`: how new it must be, as for a read. */
  | { readonly type: 'Backup'; readonly mode: ReadMode }
  /** A list of core's Entry, committed or not, from one index to another (both included) as far as they are in the log, and as many as one answer takes. For looking, not for following. */
  | { readonly type: 'Entries'; readonly from: Index; readonly to: Index };

/** `requestId` > 0, chosen by the client, unique among its open requests on this connection. */
export interface RequestFrame {
  readonly type: 'request';
  readonly requestId: number;
  readonly request: ClientRequest | NodeRequest;
}
/** Ends the request and gives its credit back. `reason` and `leaderAddress` are for a Refused; empty otherwise. */
export interface ReplyFrame {
  readonly type: 'reply';
  readonly requestId: number;
  readonly reply: ClientReply;
  readonly reason: string;
  readonly leaderAddress: string;
}
/**
 * Member to client, for the open request `requestId`. Of a watch: `value` came about by the entry at `index`; the first event bears the value
 * null: every change by an entry after its `index` is told. Indexes never decrease. Of a backup: the next part of it, `index` that of the state.
 */
export interface EventFrame {
  readonly type: 'event';
  readonly requestId: number;
  readonly index: Index;
  readonly value: unknown;
}
/** Client to member: end this watch. Its reply comes all the same. Of no effect on anything else. */
export interface Cancel {
  readonly type: 'cancel';
  readonly requestId: number;
}
/** Member to client: this many more (or, negative, fewer) requests may be open from now on. */
export interface Credit {
  readonly type: 'credit';
  readonly change: number;
}
/** Last frame before the sender closes, with why. Open requests end as unknown. */
export interface Goodbye {
  readonly type: 'goodbye';
  readonly code: string;
  readonly reason: string;
}

/**
 * Member to client, unasked, after the welcome: who leads, and where clients are served, whenever this member learns that either is another.
 * `leader` 0: nobody it knows of.
 */
export interface ClusterNews {
  readonly type: 'cluster';
  readonly leader: MemberId;
  readonly leaderAddress: string;
  /** Of the members of the latest configuration; those that serve no clients are not named. */
  readonly addresses: readonly string[];
}

export type ClientFrame =
  | Hello
  | Welcome
  | RequestFrame
  | ReplyFrame
  | Credit
  | Goodbye
  | EventFrame
  | Cancel
  | ClusterNews;

const REQUESTS = [
  'OpenSession',
  'CloseSession',
  'Command',
  'Batch',
  'Query',
  'ChangeMembership',
  'TransferLeadership',
  'Snapshot',
  'Watch',
  'Status',
  'Backup',
  'Entries',
] as const satisfies readonly RequestFrame['request']['type'][];
const REPLIES = ['Ok', 'Refused', 'Unknown'] as const satisfies readonly ClientReply['type'][];
const READ_MODES = ['linearizable', 'lease', 'stale'] as const;
const CHANGE_MODES = ['single', 'joint', 'explicit'] as const;

type ClientOnly = Exclude<ClientRefusalCode, import('@seedraft/core').RefusalCode>;
const CLIENT_REFUSALS: Readonly<Record<ClientOnly, true>> = {
  SESSION_EXPIRED: true,
  STALE_SEQUENCE: true,
  BAD_REQUEST: true,
  STATE_LIMIT: true,
  MACHINE_ERROR: true,
  MEMBER_DAMAGED: true,
  OVERLOADED: true,
  WATCH_LOST: true,
  UNAUTHORIZED: true,
};

/**
 * The whole frame of a client message. Throws CodecError when a command, query or result lies outside the data model: a caller's value,
 * to be refused where it came from.
 */
export function encodeClient(message: ClientFrame): Uint8Array {
  return sealFrame(FRAME_KIND[message.type], encodeAfter(HEADER_BYTES, clientTuple(message)));
}

/** The message in a frame that a FrameDecoder gave. Never throws. */
export function readClientFrame(
  frame: Frame,
): { readonly ok: true; readonly message: ClientFrame } | Flaw {
  const read = READERS[frame.kind];
  if (read === undefined) return flaw('WRONG_KIND', `kind ${frame.kind} is no client message`);
  // A member encodes what it keeps of a request anew; what a client is answered may be kept, and must not keep the whole payload.
  if (frame.kind === FRAME_KIND.request) return field.readShared(frame.payload, read);
  return field.readMessage(frame.payload, read);
}

// ------------------------------------------------------------------------------------------------------------------- writing

function clientTuple(m: ClientFrame): unknown[] {
  switch (m.type) {
    case 'hello':
      return [m.version, m.clusterId, m.client, m.token];
    case 'welcome':
      return [m.version, m.clusterId, m.id, m.leader, m.leaderAddress, m.credits];
    case 'request':
      return requestTuple(m.requestId, m.request);
    case 'reply':
      return replyTuple(m);
    case 'credit':
      return [m.change];
    case 'goodbye':
      return [m.code, m.reason];
    case 'event':
      return [m.requestId, m.index, m.value];
    case 'cancel':
      return [m.requestId];
    case 'cluster':
      return [m.leader, m.leaderAddress, m.addresses];
  }
}

/** One array and no second for each: a busy member makes two hundred thousand of these a second. */
function requestTuple(id: number, request: RequestFrame['request']): unknown[] {
  const n = REQUESTS.indexOf(request.type);
  switch (request.type) {
    case 'OpenSession':
      return [id, n, request.timeout];
    case 'CloseSession':
      return [id, n, request.sessionId];
    case 'Command': {
      const { sessionId, sequence, firstIncomplete, command } = request;
      return [id, n, sessionId, sequence, firstIncomplete, command];
    }
    case 'Batch': {
      const { sessionId, sequence, firstIncomplete, commands } = request;
      return [id, n, sessionId, sequence, firstIncomplete, commands];
    }
    case 'Query':
      return [id, n, READ_MODES.indexOf(request.mode), request.query];
    case 'ChangeMembership':
      return [id, n, CHANGE_MODES.indexOf(request.mode), request.changes.map(shape.changeTuple)];
    case 'TransferLeadership':
      return [id, n, request.target];
    case 'Watch':
      return [id, n, request.query];
    case 'Backup':
      return [id, n, READ_MODES.indexOf(request.mode)];
    case 'Entries':
      return [id, n, request.from, request.to];
    case 'Snapshot':
    case 'Status':
      return [id, n];
  }
}

function replyTuple({ requestId: id, reply, reason, leaderAddress }: ReplyFrame): unknown[] {
  const n = REPLIES.indexOf(reply.type);
  switch (reply.type) {
    case 'Ok':
      return [id, n, reply.index, reply.value];
    case 'Refused':
      return [id, n, reply.code, reason, reply.leader, leaderAddress];
    case 'Unknown':
      return [id, n, reply.index, reply.term];
  }
}

// ------------------------------------------------------------------------------------------------------------------- reading

const READERS: Readonly<Record<number, (value: unknown) => ClientFrame>> = {
  [FRAME_KIND.hello]: (value) => {
    const t = field.tuple(value, 4, 'hello');
    return {
      type: 'hello',
      version: field.identity(t[0], 'version'),
      clusterId: field.text(t[1], 'clusterId'),
      client: field.text(t[2], 'client'),
      token: field.text(t[3], 'token'),
    };
  },
  [FRAME_KIND.welcome]: (value) => {
    const t = field.tuple(value, 6, 'welcome');
    return {
      type: 'welcome',
      version: field.identity(t[0], 'version'),
      clusterId: field.text(t[1], 'clusterId'),
      id: field.identity(t[2], 'id'),
      leader: field.natural(t[3], 'leader'),
      leaderAddress: field.text(t[4], 'leaderAddress'),
      credits: field.natural(t[5], 'credits'),
    };
  },
  [FRAME_KIND.request]: (value) => {
    const t = field.list(value, 'request');
    return {
      type: 'request',
      requestId: field.identity(t[0], 'requestId'),
      request: readRequest(t),
    };
  },
  [FRAME_KIND.reply]: (value) => readReply(field.list(value, 'reply')),
  [FRAME_KIND.credit]: (value) => {
    const [change] = field.tuple(value, 1, 'credit');
    return { type: 'credit', change: field.integer(change, Number.MIN_SAFE_INTEGER, 'change') };
  },
  [FRAME_KIND.goodbye]: (value) => {
    const t = field.tuple(value, 2, 'goodbye');
    return { type: 'goodbye', code: field.text(t[0], 'code'), reason: field.text(t[1], 'reason') };
  },
  [FRAME_KIND.event]: (value) => {
    const t = field.tuple(value, 3, 'event');
    return {
      type: 'event',
      requestId: field.identity(t[0], 'requestId'),
      index: field.natural(t[1], 'index'),
      value: t[2],
    };
  },
  [FRAME_KIND.cancel]: (value) => {
    const [requestId] = field.tuple(value, 1, 'cancel');
    return { type: 'cancel', requestId: field.identity(requestId, 'requestId') };
  },
  [FRAME_KIND.cluster]: (value) => {
    const t = field.tuple(value, 3, 'cluster');
    return {
      type: 'cluster',
      leader: field.natural(t[0], 'leader'),
      leaderAddress: field.text(t[1], 'leaderAddress'),
      addresses: field.list(t[2], 'addresses').map((one) => field.text(one, 'address')),
    };
  },
};

const REQUEST_LENGTHS: readonly number[] = [3, 3, 6, 6, 4, 4, 3, 2, 3, 2, 3, 4];

function readRequest(value: readonly unknown[]): RequestFrame['request'] {
  const type = field.choice(value[1], REQUESTS, 'request type');
  const t = field.tuple(value, REQUEST_LENGTHS[REQUESTS.indexOf(type)]!, type);
  switch (type) {
    case 'OpenSession':
      return { type, timeout: field.identity(t[2], 'timeout') };
    case 'CloseSession':
      return { type, sessionId: field.identity(t[2], 'sessionId') };
    case 'Command':
      return { type, ...readSession(t), command: t[5] };
    case 'Batch':
      return { type, ...readSession(t), commands: field.list(t[5], 'commands') };
    case 'Query':
      return { type, mode: field.choice(t[2], READ_MODES, 'read mode'), query: t[3] };
    case 'ChangeMembership': {
      const mode = field.choice(t[2], CHANGE_MODES, 'change mode');
      return { type, changes: field.list(t[3], 'changes').map(shape.readChange), mode };
    }
    case 'TransferLeadership':
      return { type, target: field.natural(t[2], 'target') };
    case 'Watch':
      return { type, query: t[2] };
    case 'Backup':
      return { type, mode: field.choice(t[2], READ_MODES, 'read mode') };
    case 'Entries':
      return { type, from: field.natural(t[2], 'from'), to: field.natural(t[3], 'to') };
    case 'Snapshot':
    case 'Status':
      return { type };
  }
}

/** Outside a session all three are 0; inside, sequences count from 1. */
function readSession(t: readonly unknown[]) {
  const sessionId = field.natural(t[2], 'sessionId');
  const sequence = field.integer(t[3], sessionId === 0 ? 0 : 1, 'sequence');
  return { sessionId, sequence, firstIncomplete: field.natural(t[4], 'firstIncomplete') };
}

function readReply(value: readonly unknown[]): ReplyFrame {
  const requestId = field.identity(value[0], 'requestId');
  const type = field.choice(value[1], REPLIES, 'reply type');
  const t = field.tuple(value, type === 'Refused' ? 6 : 4, type);
  if (type === 'Ok') {
    const index = field.natural(t[2], 'index');
    const reply = { type, index, value: t[3] } as const;
    return { type: 'reply', requestId, reply, reason: '', leaderAddress: '' };
  }
  if (type === 'Unknown') {
    const index = field.natural(t[2], 'index');
    const reply = { type, index, term: field.natural(t[3], 'term') } as const;
    return { type: 'reply', requestId, reply, reason: '', leaderAddress: '' };
  }
  const code = field.text(t[2], 'refusal');
  if (!isClientRefusal(code)) field.refuse('refusal is no known code');
  const reason = field.text(t[3], 'reason');
  const reply = { type, code, leader: field.natural(t[4], 'leader') } as const;
  const leaderAddress = field.text(t[5], 'leaderAddress');
  return { type: 'reply', requestId, reply, reason, leaderAddress };
}

function isClientRefusal(code: string): code is ClientRefusalCode {
  return shape.isRefusal(code) || Object.hasOwn(CLIENT_REFUSALS, code);
}
