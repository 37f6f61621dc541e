/** Fewer events with the same order: a cause that is left out is replaced by the nearest of its own causes that are kept. */
import type { EventNumber, RecordedEvent } from './recording.ts';

/** `events`: ascending. Those kept, with causes among themselves; as before in all else. */
export function thinned(
  events: readonly RecordedEvent[],
  isKept: (event: EventNumber) => boolean,
): readonly RecordedEvent[] {
  /** Of an event that is left out: the kept ones it follows from. */
  const stands = new Map<EventNumber, readonly EventNumber[]>();
  const kept: RecordedEvent[] = [];
  for (const event of events) {
    const causes = new Set<EventNumber>();
    for (const cause of event.causes) {
      for (const one of stands.get(cause) ?? [cause]) causes.add(one);
    }
    const sorted = [...causes].sort((one, other) => one - other);
    if (isKept(event.number)) kept.push({ ...event, causes: sorted });
    else stands.set(event.number, sorted);
  }
  return kept;
}
