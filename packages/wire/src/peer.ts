/**
 * The peer protocol: the fourteen messages of core and the replica's Meet as tuples [type, from, to, term, ...fields], one in each frame of
 * kind `peer`, after the handshake (handshake.ts). Field by field in README.md.
 *
 * Kept: whatever the bytes, a decoded message is well-typed and possible: safe integers, ids > 0, entries contiguous from prevLogIndex + 1,
 * terms that never decrease, configurations of the right shape. What a *correct* peer would say is core's to judge, not ours.
 */
import { encodeBy, putFlag, putList, putNumber, putValue } from '@seedraft/codec';
import {
  type AppendEntries,
  type AppendEntriesReply,
  type Entry,
  type InstallSnapshot,
  InvariantError,
} from '@seedraft/core';
import type { MemberMessage } from '@seedraft/replica';
import * as field from './field.ts';
import { type Flaw, flaw } from './flaw.ts';
import {
  FRAME_KIND,
  type Frame,
  frameFlaw,
  HEADER_BYTES,
  kindOf,
  MAX_PAYLOAD_BYTES,
  sealFrame,
} from './frame.ts';
import * as shape from './shapes.ts';

/** Position in this list + 1 is the type's number on the wire: only ever append. */
export const PEER_TYPES = [
  'RequestVote',
  'RequestVoteReply',
  'PreVote',
  'PreVoteReply',
  'AppendEntries',
  'AppendEntriesReply',
  'InstallSnapshot',
  'InstallSnapshotReply',
  'TimeoutNow',
  'TimeoutNowReply',
  'ReadIndex',
  'ReadIndexReply',
  'ForwardProposal',
  'ForwardProposalReply',
  'Meet',
] as const satisfies readonly MemberMessage['type'][];

const NUMBER = Object.fromEntries(PEER_TYPES.map((type, i) => [type, i + 1])) as Readonly<
  Record<MemberMessage['type'], number>
>;

/** Ids below this take one byte; then the receiver's, third in the tuple, lies here in the frame: header, list, type, from, to. */
export const ONE_BYTE_IDS = 24;
export const TO_OFFSET = HEADER_BYTES + 3;

export type PeerDecoded = { readonly ok: true; readonly message: MemberMessage } | Flaw;

/** The whole frame of a message, header and checksum included. An InstallSnapshot must bear its bytes by now. */
export function encodePeer(message: MemberMessage): Uint8Array {
  return sealFrame(FRAME_KIND.peer, encodeBy(HEADER_BYTES, putPeer, message));
}

/** The message in exactly one whole frame. Never throws; what is not intact or not well-typed is a flaw. */
export function decodePeer(bytes: Uint8Array, maxPayload = MAX_PAYLOAD_BYTES): PeerDecoded {
  const bad = frameFlaw(bytes, maxPayload);
  if (bad !== null) return bad;
  if (kindOf(bytes) !== FRAME_KIND.peer) return wrongKind(kindOf(bytes));
  return field.readMessage(bytes, readPeer, HEADER_BYTES);
}

/** The message in a frame that a FrameDecoder gave. Its entries' bytes are views of the payload: they come and go together anyway. */
export function readPeerFrame({ kind, payload }: Frame): PeerDecoded {
  return kind === FRAME_KIND.peer ? field.readShared(payload, readPeer) : wrongKind(kind);
}

function wrongKind(kind: number): Flaw {
  return flaw('WRONG_KIND', `kind ${kind} is no peer message`);
}

// ------------------------------------------------------------------------------------------------------------------- writing

/** What members say all the time is written field by field. */
function putPeer(m: MemberMessage): void {
  if (m.type === 'AppendEntries') putAppend(m);
  else if (m.type === 'AppendEntriesReply') putAppendReply(m);
  else putValue(peerTuple(m));
}

type Frequent = AppendEntries | AppendEntriesReply;

function putBeginning(length: number, { type, from, to, term }: Frequent): void {
  putList(length);
  putNumber(type === 'AppendEntries' ? NUMBER.AppendEntries : NUMBER.AppendEntriesReply);
  putNumber(from);
  putNumber(to);
  putNumber(term);
}

function putAppend(m: AppendEntries): void {
  const { prevLogIndex, entries } = m;
  putBeginning(9, m);
  putNumber(prevLogIndex);
  putNumber(m.prevLogTerm);
  putNumber(m.leaderCommit);
  putNumber(m.round);
  putList(entries.length);
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i]!;
    const { index } = entry;
    // Indexes are not sent: a message whose entries have a gap would arrive as a different one.
    if (index !== prevLogIndex + 1 + i) {
      throw new InvariantError('local', `entry ${i} after ${prevLogIndex} has index ${index}`);
    }
    shape.putEntry(entry);
  }
}

function putAppendReply(m: AppendEntriesReply): void {
  putBeginning(11, m);
  putFlag(m.success);
  putNumber(m.matchIndex);
  putNumber(m.rejectedIndex);
  putNumber(m.conflictIndex);
  putNumber(m.conflictTerm);
  putNumber(m.round);
  putNumber(m.lastIndex);
}

function peerTuple(m: Exclude<MemberMessage, Frequent>): unknown[] {
  const n = NUMBER[m.type];
  const { from, to, term } = m;
  switch (m.type) {
    case 'RequestVote':
      return [n, from, to, term, m.lastLogIndex, m.lastLogTerm, m.transfer];
    case 'PreVote':
      return [n, from, to, term, m.lastLogIndex, m.lastLogTerm];
    case 'RequestVoteReply':
    case 'PreVoteReply':
      return [n, from, to, term, m.voteGranted];
    case 'InstallSnapshot':
      return installTuple(m);
    case 'InstallSnapshotReply':
      return [n, from, to, term, m.snapshotId, m.offset, m.installed, m.matchIndex, m.round];
    case 'TimeoutNow':
      return [n, from, to, term];
    case 'TimeoutNowReply':
      return [n, from, to, term, m.reason];
    case 'ReadIndex':
      return [n, from, to, term, m.id];
    case 'ReadIndexReply':
      return [n, from, to, term, m.id, m.index, m.refusal];
    case 'ForwardProposal':
      return [n, from, to, term, m.id, m.data, m.checksum, m.hops];
    case 'ForwardProposalReply':
      return [n, from, to, term, m.id, shape.outcomeTuple(m.outcome)];
    case 'Meet':
      return [n, from, to, term, m.held, m.asks];
  }
}

function installTuple(m: InstallSnapshot): unknown[] {
  if (m.data === null) {
    throw new InvariantError('local', 'an InstallSnapshot leaves without its bytes');
  }
  const snapshot = shape.snapshotTuple(m.snapshot);
  const n = NUMBER.InstallSnapshot;
  return [n, m.from, m.to, m.term, snapshot, m.offset, m.length, m.data, m.round];
}

// ------------------------------------------------------------------------------------------------------------------- reading

/** The tuple's length for each type. */
const LENGTHS: readonly number[] = [7, 5, 6, 5, 9, 11, 9, 9, 4, 5, 5, 7, 8, 6, 6];
const NO_ENTRIES: readonly Entry[] = Object.freeze([]);

function readPeer(value: unknown): MemberMessage {
  const first = field.list(value, 'message')[0];
  const type = field.choice(field.identity(first, 'message type') - 1, PEER_TYPES, 'message type');
  const t = field.tuple(value, LENGTHS[NUMBER[type] - 1]!, type);
  const from = field.identity(t[1], 'from');
  const to = field.identity(t[2], 'to');
  const term = field.natural(t[3], 'term');
  switch (type) {
    case 'RequestVote': {
      const { index, logTerm } = position(t[4], t[5], term);
      const transfer = field.flag(t[6], 'transfer');
      return { type, from, to, term, lastLogIndex: index, lastLogTerm: logTerm, transfer };
    }
    case 'PreVote': {
      const { index, logTerm } = position(t[4], t[5], term);
      return { type, from, to, term, lastLogIndex: index, lastLogTerm: logTerm };
    }
    case 'RequestVoteReply':
    case 'PreVoteReply':
      return { type, from, to, term, voteGranted: field.flag(t[4], 'voteGranted') };
    case 'AppendEntries':
      return readAppend(t, from, to, term);
    case 'AppendEntriesReply':
      return readAppendReply(t, from, to, term);
    case 'InstallSnapshot':
      return readInstall(t, from, to, term);
    case 'InstallSnapshotReply':
      return {
        type,
        from,
        to,
        term,
        snapshotId: field.text(t[4], 'snapshotId'),
        offset: field.natural(t[5], 'offset'),
        installed: field.flag(t[6], 'installed'),
        matchIndex: field.natural(t[7], 'matchIndex'),
        round: field.natural(t[8], 'round'),
      };
    case 'TimeoutNow':
      return { type, from, to, term };
    case 'TimeoutNowReply':
      return { type, from, to, term, reason: shape.readRefusal(t[4]) };
    case 'ReadIndex':
      return { type, from, to, term, id: field.natural(t[4], 'id') };
    case 'ReadIndexReply': {
      const refusal = t[6] === null ? null : shape.readRefusal(t[6]);
      const index = field.natural(t[5], 'index');
      return { type, from, to, term, id: field.natural(t[4], 'id'), index, refusal };
    }
    case 'ForwardProposal':
      return {
        type,
        from,
        to,
        term,
        id: field.natural(t[4], 'id'),
        data: field.bytes(t[5], 'data'),
        checksum: field.uint32(t[6], 'checksum'),
        hops: field.natural(t[7], 'hops'),
      };
    case 'ForwardProposalReply': {
      const outcome = shape.readOutcome(t[5]);
      return { type, from, to, term, id: field.natural(t[4], 'id'), outcome };
    }
    case 'Meet': {
      if (term !== 0) field.refuse('a Meet has no term');
      const held = shape.readIncarnation(t[4]);
      return { type, from, to, term: 0, held, asks: field.flag(t[5], 'asks') };
    }
  }
}

/** A place in a log: index 0 has term 0 and no other does; no log holds a term beyond the message's. */
function position(index: unknown, logTerm: unknown, term: number) {
  const place = {
    index: field.natural(index, 'log index'),
    logTerm: field.natural(logTerm, 'log term'),
  };
  if ((place.index === 0) !== (place.logTerm === 0)) field.refuse('a log place that cannot be');
  if (place.logTerm > term) field.refuse('a log term beyond the term of its message');
  return place;
}

function readAppend(t: readonly unknown[], from: number, to: number, term: number): AppendEntries {
  const { index: prevLogIndex, logTerm: prevLogTerm } = position(t[4], t[5], term);
  const tuples = field.list(t[8], 'entries');
  return {
    type: 'AppendEntries',
    from,
    to,
    term,
    prevLogIndex,
    prevLogTerm,
    entries:
      tuples.length === 0 ? NO_ENTRIES : readEntries(tuples, prevLogIndex, prevLogTerm, term),
    leaderCommit: field.natural(t[6], 'leaderCommit'),
    round: field.natural(t[7], 'round'),
  };
}

function readEntries(
  tuples: readonly unknown[],
  prevLogIndex: number,
  prevLogTerm: number,
  term: number,
): Entry[] {
  if (!Number.isSafeInteger(prevLogIndex + tuples.length)) field.refuse('indexes beyond 2^53 - 1');
  let previous = prevLogTerm;
  return tuples.map((value, i) => {
    const entry = shape.readEntry(value, prevLogIndex + 1 + i);
    if (entry.term < previous) field.refuse('the terms of entries decrease');
    if (entry.term > term) field.refuse('an entry of a term beyond that of its message');
    previous = entry.term;
    return entry;
  });
}

function readAppendReply(
  t: readonly unknown[],
  from: number,
  to: number,
  term: number,
): MemberMessage {
  return {
    type: 'AppendEntriesReply',
    from,
    to,
    term,
    success: field.flag(t[4], 'success'),
    matchIndex: field.natural(t[5], 'matchIndex'),
    rejectedIndex: field.natural(t[6], 'rejectedIndex'),
    conflictIndex: field.natural(t[7], 'conflictIndex'),
    conflictTerm: field.natural(t[8], 'conflictTerm'),
    round: field.natural(t[9], 'round'),
    lastIndex: field.natural(t[10], 'lastIndex'),
  };
}

function readInstall(
  t: readonly unknown[],
  from: number,
  to: number,
  term: number,
): InstallSnapshot {
  const snapshot = shape.readSnapshot(t[4]);
  const offset = field.natural(t[5], 'offset');
  const length = field.natural(t[6], 'length');
  const data = field.bytes(t[7], 'snapshot bytes');
  if (data.length > length) field.refuse('more snapshot bytes than announced');
  if (offset + data.length > snapshot.size) field.refuse('bytes beyond the end of the snapshot');
  const round = field.natural(t[8], 'round');
  return { type: 'InstallSnapshot', from, to, term, snapshot, offset, length, data, round };
}
