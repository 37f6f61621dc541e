/**
 * A run as it is drawn, before anything has a place on a screen: lanes, bands of role and term, what is of interest, the past of the
 * violation. Events are named by their position in the recording, which is their number only while nothing was left out.
 */
import {
  causalPast,
  type Deed,
  type EventNumber,
  type MemberState,
  type RecordedEvent,
  type RecordedMessage,
  type RecordedOperation,
} from '@seedraft/sim';
import type { ReportedRun } from '../report.ts';
import { StateTimeline } from './state-timeline.ts';

/** A position in `RunModel.events`. */
export type Position = number;

export interface Lane {
  readonly name: string;
  readonly kind: 'member' | 'client';
}

/** A stretch of one member's life, [from, to). */
export interface Band {
  readonly from: Position;
  readonly to: Position;
  readonly term: number;
  readonly role: MemberState['role'];
  readonly status: MemberState['status'];
}

export interface RunModel {
  readonly run: ReportedRun;
  readonly events: readonly RecordedEvent[];
  readonly lanes: readonly Lane[];
  readonly bands: ReadonlyMap<string, readonly Band[]>;
  readonly timeline: StateTimeline;
  readonly operations: ReadonlyMap<number, RecordedOperation>;
  /** By the event that sent them. */
  readonly sent: ReadonlyMap<EventNumber, readonly RecordedMessage[]>;
  /** Where the rule was broken, or the last event if the end was judged; null: nothing was broken. */
  readonly violation: Position | null;
  /** The violation and all that it follows from. */
  readonly past: ReadonlySet<Position>;
  /** What mattered, by position. */
  readonly steps: ReadonlyMap<Position, string>;
  /** Where roles, terms, members, faults or logs changed course. */
  readonly interesting: ReadonlySet<Position>;
  /** Of an event's number; null: it was left out. */
  positionOf(event: EventNumber): Position | null;
  /** Of the first event at this time or later; the number of events if there is none. */
  positionAt(micros: number): Position;
}

export function modelOf(run: ReportedRun): RunModel {
  const { header, events, messages, operations } = run.recording;
  const positions = new Map(events.map(({ number }, position) => [number, position]));
  const positionOf = (event: EventNumber): Position | null => positions.get(event) ?? null;
  const positionAt = (micros: number): Position => firstAt(events, micros);
  const steps = new Map<Position, string>();
  for (const { event, why } of run.steps) {
    const position = positionOf(event);
    if (position !== null) steps.set(position, why);
  }
  const violation = header.violation === null ? null : positionOf(header.violation);
  const starts = run.steps.map(({ event }) => event);
  if (header.violation !== null && !header.isJudgedAtEnd) starts.push(header.violation);
  const past = new Set(
    causalPast(run.recording, ...starts).flatMap((event) => positionOf(event) ?? []),
  );
  const interesting = events.flatMap(({ did }, n) => (did.some(isInteresting) ? [n] : []));
  return {
    run,
    events,
    lanes: lanesOf(run),
    bands: bandsOf(run, positionOf),
    timeline: new StateTimeline(run.recording),
    operations: new Map(operations.map((operation) => [operation.id, operation])),
    sent: bySender(messages),
    violation,
    past,
    steps,
    interesting: new Set(violation === null ? interesting : [...interesting, violation]),
    positionOf,
    positionAt,
  };
}

function bySender(messages: readonly RecordedMessage[]): RunModel['sent'] {
  const sent = new Map<EventNumber, RecordedMessage[]>();
  for (const message of messages) {
    const own = sent.get(message.sentBy);
    if (own === undefined) sent.set(message.sentBy, [message]);
    else own.push(message);
  }
  return sent;
}

/** Members by id, then whichever clients are heard of, by number. */
function lanesOf({ recording }: ReportedRun): Lane[] {
  const { header, events, messages, operations } = recording;
  const known = new Set(header.members.map(({ name }) => name));
  const clients = new Set<string>();
  const hear = (name: string): void => {
    if (name !== 'world' && !known.has(name)) clients.add(name);
  };
  for (const { where } of events) hear(where);
  for (const { client } of operations) hear(client);
  for (const { from, to } of messages) {
    hear(from);
    hear(to);
  }
  const numberOf = (name: string): number => Number(name.slice(1)) || 0;
  const ordered = [...clients].sort((one, other) => numberOf(one) - numberOf(other));
  return [
    ...header.members.map(({ name }): Lane => ({ name, kind: 'member' })),
    ...ordered.map((name): Lane => ({ name, kind: 'client' })),
  ];
}

function bandsOf(
  { recording }: ReportedRun,
  positionOf: RunModel['positionOf'],
): ReadonlyMap<string, readonly Band[]> {
  const bands = new Map<string, Band[]>();
  const now = new Map<string, Pick<MemberState, 'term' | 'role' | 'status'>>();
  for (const { event, member, set } of recording.states) {
    const before = now.get(member);
    const { term = before?.term ?? 0, role = before?.role ?? 'follower' } = set;
    const { status = before?.status ?? 'down' } = set;
    const isSame = before?.term === term && before.role === role && before.status === status;
    now.set(member, { term, role, status });
    // A cut recording begins with the states at its first event.
    const from = positionOf(event) ?? 0;
    const own = bands.get(member) ?? [];
    bands.set(member, own);
    const last = own.at(-1);
    if (isSame) continue;
    if (last !== undefined && last.from === from) own.pop();
    else if (last !== undefined) own[own.length - 1] = { ...last, to: from };
    own.push({ from, to: recording.events.length, term, role, status });
  }
  return bands;
}

function firstAt(events: readonly RecordedEvent[], micros: number): Position {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((events[middle]?.time ?? 0) < micros) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isInteresting(deed: Deed): boolean {
  switch (deed.type) {
    case 'role':
    case 'term':
    case 'boot':
    case 'start':
    case 'down':
    case 'wiped':
    case 'fault':
    case 'restore':
    case 'configuration':
      return true;
    case 'persist':
      return deed.truncateFrom > 0;
    case 'write':
      return deed.fate === 'undone' || deed.fate === 'torn';
    default:
      return false;
  }
}
