/**
 * Executed events from the choice log, each with the events it directly follows from. Kept: every cause has a smaller number, and the
 * events of one member or client are a chain.
 */
import { type Choice, EventKind, eventKindName } from '../choices.ts';
import { endpointName } from '../link.ts';
import type { EventNotes } from './event-notes.ts';
import type { MessageLog } from './message-log.ts';
import type { Endpoint, EventNumber, RecordedEvent, RecordedMessage } from './recording.ts';

export const WORLD: Endpoint = 'world';

const CARRIED: ReadonlySet<number> = new Set([
  EventKind.Deliver,
  EventKind.ClientRequest,
  EventKind.ClientReply,
]);
/** What is about its first endpoint; all others are about their second. */
const FIRST: ReadonlySet<number> = new Set([
  EventKind.ClientInvoke,
  EventKind.ClientTimeout,
  EventKind.Boot,
  EventKind.Crash,
]);
const WORLDLY: ReadonlySet<number> = new Set([
  EventKind.Inject,
  EventKind.Heal,
  EventKind.Later,
  EventKind.OperatorReply,
]);

export function recordEvents(
  choices: readonly Choice[],
  messages: Pick<MessageLog, 'take'>,
  deeds: Pick<EventNotes, 'asked' | 'deeds' | 'downed' | 'inputs'>,
): RecordedEvent[] {
  /** By endpoint: its latest event, and those that took it down since. */
  const latest = new Map<Endpoint, readonly EventNumber[]>();
  return choices.map((choice, number) => {
    const { kind, time, a, b, ordinal } = choice;
    const where = whereOf(choice);
    const message = CARRIED.has(kind) ? messages.take(a, b, ordinal, number, time) : null;
    const causes = new Set(latest.get(where));
    if (message !== null) causes.add(message.sentBy);
    for (const asked of deeds.asked.get(number) ?? []) causes.add(asked);
    const outer = enclosing(choices, number);
    if (outer !== null) causes.add(outer);
    causes.delete(number);
    if (where !== WORLD) latest.set(where, [number]);
    for (const name of deeds.downed.get(number) ?? []) {
      latest.set(name, [...(latest.get(name) ?? []), number]);
    }
    return {
      number,
      time,
      where,
      kind: eventKindName(kind) as RecordedEvent['kind'],
      what: lineOf(message, deeds.inputs.get(number)) ?? `${where} ${eventKindName(kind)}`,
      causes: [...causes].sort((one, other) => one - other),
      did: deeds.deeds.get(number) ?? [],
    };
  });
}

function whereOf({ kind, a, b }: Choice): Endpoint {
  if (WORLDLY.has(kind)) return WORLD;
  const endpoint = FIRST.has(kind) ? a : b;
  return endpoint === 0 ? WORLD : endpointName(endpoint);
}

function lineOf(message: RecordedMessage | null, input: string | undefined): string | undefined {
  return message === null ? input : messageLine(message);
}

/** What an event that takes a message says. */
export function messageLine(message: RecordedMessage): string {
  const { from, to, type, ordinal, detail, isCopy } = message;
  return `${from}->${to} ${type}#${ordinal}${isCopy ? ' (copy)' : ''} ${detail}`;
}

/** Faults and operators boot members and hand them orders within an event of their own: then that event is the reason. */
function enclosing(choices: readonly Choice[], number: EventNumber): EventNumber | null {
  const { kind, time } = choices[number] as Choice;
  const isHanded =
    kind === EventKind.Boot || kind === EventKind.Operator || kind === EventKind.Campaign;
  if (!isHanded) return null;
  let before = number - 1;
  while (choices[before]?.kind === EventKind.Boot && choices[before]?.time === time) before -= 1;
  const outer = choices[before];
  if (outer === undefined || outer.time !== time) return null;
  return whereOf(outer) === WORLD ? before : null;
}
