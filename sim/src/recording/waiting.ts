/**
 * Who waited for what when a demand of liveness was not met: where each member of the core stood, who was left outside, and every request
 * that a member took since its last start and never answered.
 */
import { lastIn } from './log-runs.ts';
import type { EventNumber, MessageFacts, RecordedOperation, Recording } from './recording.ts';
import { stateAt, UNBORN } from './state-at.ts';

export interface Waiting {
  /** A member. */
  readonly who: string;
  readonly what: string;
  /** Since this event; null: it is how it stood at the end. */
  readonly event: EventNumber | null;
}

/** A request that was taken and not answered. */
export interface Owed {
  readonly member: string;
  readonly operation: RecordedOperation;
  readonly event: EventNumber;
}

/** Empty unless the run came to its liveness phase. */
export function whoWaits(recording: Recording): readonly Waiting[] {
  const { liveness, members, protocol } = recording.header;
  if (protocol !== undefined) return whoWaitsOfOwn(recording);
  if (liveness === null) return [];
  const states = stateAt(recording, Infinity);
  const standing = members.map(({ name }): Waiting => {
    const state = states.get(name);
    const isCore = liveness.core.includes(name);
    if (state === undefined || state.status === 'down' || state.status === 'gone') {
      return { who: name, what: state?.status ?? 'down', event: null };
    }
    const { role, term, leader, commitIndex, lastApplied, log } = state;
    const last = lastIn(log);
    const follows = role === 'leader' ? '' : `, follows ${leader ?? 'nobody'}`;
    const what = `${role} in term ${term}${follows}, log to ${last.index}@${last.term}, commit ${commitIndex}, applied ${lastApplied}`;
    return { who: name, what: isCore ? what : `outside of the core: ${what}`, event: null };
  });
  const owed = owedRequests(recording).map(({ member, operation, event }): Waiting => {
    const { id, client, f } = operation;
    return { who: member, what: `has not answered operation ${id} (${f}) of ${client}`, event };
  });
  return [...standing, ...owed];
}

/** Of a protocol of one's own: what each member showed at the end, and what clients were still waiting for. */
function whoWaitsOfOwn({ header, states: changes, operations }: Recording): readonly Waiting[] {
  const states = stateAt({ states: changes }, Infinity);
  const standing = header.members.map(({ name }): Waiting => {
    const { status, own } = states.get(name) ?? UNBORN;
    const fields = Object.entries(own?.fields ?? {}).map(([field, text]) => `${field} ${text}`);
    return { who: name, what: [status, ...fields].join(', '), event: null };
  });
  const open = operations.filter(({ outcome }) => outcome === 'open');
  const owed = open.map(({ id, client, f, member, events }): Waiting => {
    const what = `waits for operation ${id} (${f}), last asked of ${member}`;
    return { who: client, what, event: events[0] ?? null };
  });
  return [...standing, ...owed];
}

/** By members of the core, who alone must answer. */
export function owedRequests({ header, events, messages, operations }: Recording): readonly Owed[] {
  const core = new Set(header.liveness?.core);
  const started = new Map<string, EventNumber>();
  for (const { number, did } of events) {
    for (const { type, member } of did) {
      if (type === 'boot' && member !== null) started.set(member, number);
    }
  }
  const owed = new Map<string, EventNumber[]>();
  const of = (member: string, { operation, attempt }: MessageFacts): EventNumber[] => {
    const key = `${member} ${operation} ${attempt}`;
    const open = owed.get(key) ?? [];
    owed.set(key, open);
    return open;
  };
  for (const { type, to, facts, deliveredAt } of messages) {
    if (type !== 'ClientRequest' || facts.operation === undefined || deliveredAt === null) continue;
    if (deliveredAt > (started.get(to) ?? 0)) of(to, facts).push(deliveredAt);
  }
  for (const { type, from, facts, sentBy } of messages) {
    if (type !== 'ClientReply' || facts.operation === undefined) continue;
    if (sentBy > (started.get(from) ?? 0)) of(from, facts).shift();
  }
  const byId = new Map(operations.map((operation) => [operation.id, operation]));
  const found: Owed[] = [];
  for (const [key, open] of owed) {
    const [member = '', id] = key.split(' ');
    const operation = byId.get(Number(id));
    if (operation === undefined || !core.has(member)) continue;
    for (const event of open) found.push({ member, operation, event });
  }
  return found.sort((one, other) => one.event - other.event);
}
