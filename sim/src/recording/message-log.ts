/**
 * Every message of a run, from its sending to its arrival or its loss. Told by the network (or, in a schedule, by its mail) of what is sent
 * and lost; what arrives is known by the choice log, which names a message by its link and key.
 */
import type { MemberMessage } from '@seedraft/replica';
import {
  endpointName,
  type Flight,
  LINK_TYPES,
  type Link,
  type Loss,
  typeNumber,
} from '../link.ts';
import type { Submission, Submitted } from '../member.ts';
import type { NetworkTrace } from '../network.ts';
import type { ClientOperation, Micros } from '../observer.ts';
import type { Mail } from '../schedule/world.ts';
import { formatContent } from '../trace.ts';
import { runsOf } from './log-runs.ts';
import type { EventNumber, MessageFacts, RecordedMessage } from './recording.ts';

/** Where the run is. */
export interface Moment {
  readonly event: EventNumber;
  readonly now: Micros;
}

export type Told = Pick<RecordedMessage, 'detail' | 'facts'>;

/** How the messages of a kind of run are told. */
export interface Speech {
  /** By the number of the type. */
  readonly types: readonly string[];
  member(message: unknown): Told;
  client(message: unknown): Told;
}

const RAFT: Speech = {
  types: LINK_TYPES,
  member: (message) => said(message as MemberMessage),
  client: (message) => clientSaid(message as Submission | Submitted),
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Row = Mutable<RecordedMessage>;

export class MessageLog implements NetworkTrace, Mail {
  readonly rows: Row[] = [];
  readonly #moment: Moment;
  readonly #speech: Speech;
  readonly #byKey = new Map<string, Row>();

  constructor(moment: Moment, speech: Speech = RAFT) {
    this.#moment = moment;
    this.#speech = speech;
  }

  onSend(flight: Flight, arrival: Micros): void {
    this.#add(flight).arrivesAt = arrival;
  }

  onLost(flight: Flight, reason: Loss): void {
    const { from, to } = flight.link as Link;
    // What is lost at once was never sent on its way.
    const row = this.#byKey.get(keyOf(from, to, flight.key)) ?? this.#add(flight);
    row.lost = { reason, at: this.#moment.now };
  }

  onPosted(message: MemberMessage, ordinal: number): void {
    const { from, to, type } = message;
    const flight = { from, to, type: typeNumber(type), ordinal, isCopy: false };
    const key = keyOf(from, to, (flight.type << 25) | ordinal);
    this.#push(key, flight, said(message));
  }

  onDropped(message: MemberMessage, ordinal: number): void {
    const { from, to, type } = message;
    const row = this.#byKey.get(keyOf(from, to, (typeNumber(type) << 25) | ordinal));
    if (row !== undefined) row.lost = { reason: 'dropped', at: this.#moment.now };
  }

  /** An event took a message. Null: nobody was seen to send it (a client of a schedule). A second taking is that of a copy. */
  take(
    from: number,
    to: number,
    key: number,
    event: EventNumber,
    at: Micros,
  ): RecordedMessage | null {
    const row = this.#byKey.get(keyOf(from, to, key));
    if (row === undefined) return null;
    if (row.deliveredAt === null) {
      row.deliveredAt = event;
      row.arrivesAt ??= at;
      return row;
    }
    const copy = { ...row, id: this.rows.length, isCopy: true, arrivesAt: at, deliveredAt: event };
    this.rows.push(copy);
    return copy;
  }

  #add(flight: Flight): Row {
    const { from, to, isClient } = flight.link as Link;
    const { type, ordinal, copy } = flight;
    const { message } = flight;
    const told = isClient ? this.#speech.client(message) : this.#speech.member(message);
    return this.#push(keyOf(from, to, flight.key), { from, to, type, ordinal, isCopy: copy }, told);
  }

  #push(
    key: string,
    sent: { from: number; to: number; type: number; ordinal: number; isCopy: boolean },
    told: Told,
  ): Row {
    const row: Row = {
      id: this.rows.length,
      from: endpointName(sent.from),
      to: endpointName(sent.to),
      type: this.#speech.types[sent.type] as string,
      ordinal: sent.ordinal,
      isCopy: sent.isCopy,
      ...told,
      sentBy: this.#moment.event,
      sentAt: this.#moment.now,
      arrivesAt: null,
      deliveredAt: null,
      lost: null,
    };
    this.rows.push(row);
    this.#byKey.set(key, row);
    return row;
  }
}

function keyOf(from: number, to: number, key: number): string {
  return `${from} ${to} ${key}`;
}

function said(message: MemberMessage): Told {
  return { detail: formatContent(message), facts: factsOf(message) };
}

function factsOf(message: MemberMessage): MessageFacts {
  const { term } = message;
  switch (message.type) {
    case 'RequestVote':
    case 'PreVote':
      return { term, lastIndex: message.lastLogIndex, lastTerm: message.lastLogTerm };
    case 'RequestVoteReply':
    case 'PreVoteReply':
      return { term, granted: message.voteGranted };
    case 'AppendEntries': {
      const { prevLogIndex, prevLogTerm, entries, leaderCommit, round } = message;
      const carried = { entries: runsOf(entries), commit: leaderCommit, round };
      return { term, prevIndex: prevLogIndex, prevTerm: prevLogTerm, ...carried };
    }
    case 'AppendEntriesReply': {
      const { success, matchIndex, round } = message;
      return { term, success, matchIndex, round };
    }
    case 'InstallSnapshot':
      return { term, snapshotIndex: message.snapshot.lastIncludedIndex, round: message.round };
    case 'InstallSnapshotReply':
      return { term, success: message.installed, matchIndex: message.matchIndex };
    default:
      return { term };
  }
}

function clientSaid(message: Submission | Submitted): Told {
  if (!('submission' in message)) {
    const { operation } = message;
    return { detail: asked(operation), facts: named(message) };
  }
  const { submission, reply } = message;
  const answer =
    reply.type === 'Ok'
      ? `Ok ${clip(reply.value)} at ${reply.index}`
      : `${reply.type} ${'code' in reply ? reply.code : ''}`.trimEnd();
  return {
    detail: `${asked(submission.operation)}: ${answer}`,
    facts: named(submission),
  };
}

function asked(operation: ClientOperation | null): string {
  if (operation === null) return 'OpenSession';
  return `${operation.f} ${clip(operation.input)} (operation ${operation.id})`;
}

function named({ operation, attempt }: Submission): MessageFacts {
  return operation === null ? {} : { operation: operation.id, attempt };
}

/** What operations hold in full is cut here. */
function clip(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}
