/**
 * What an event follows from: Lamport's happened-before, along messages, along what was asked for and completed, and along each member's
 * and client's own events. Faults and operators are outside of it but for what they do to members.
 */
import type { EventNumber, RecordedEvent, Recording } from './recording.ts';

/** The causal past of these events, themselves included: ascending, and closed under causes (as far as the recording goes). */
export function causalPast(
  recording: Pick<Recording, 'events'>,
  ...events: readonly EventNumber[]
): readonly EventNumber[] {
  const byNumber = numbered(recording.events);
  const past = new Set<EventNumber>();
  const open = events.filter((event) => byNumber.has(event));
  for (let event = open.pop(); event !== undefined; event = open.pop()) {
    if (past.has(event)) continue;
    past.add(event);
    for (const cause of byNumber.get(event)?.causes ?? []) {
      if (!past.has(cause) && byNumber.has(cause)) open.push(cause);
    }
  }
  return [...past].sort((one, other) => one - other);
}

/** Numbers are positions only while nothing was left out. */
export function numbered(
  events: readonly RecordedEvent[],
): ReadonlyMap<EventNumber, RecordedEvent> {
  return new Map(events.map((event) => [event.number, event]));
}
