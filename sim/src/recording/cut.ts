/**
 * A recording of a long run, cut to what is looked at: a range of events, and of all before it only what the violation follows from in
 * a way that mattered. Nothing is made up: the header says how much is not there, causes that are not there are replaced by the nearest
 * ones that are, and changes of left-out events are told with the next event that is kept, so that `stateAt` is exact at every kept one.
 */
import { ownPatch } from './own-state.ts';
import type {
  EventNumber,
  LeftOut,
  OwnState,
  RecordedEvent,
  Recording,
  StateChange,
} from './recording.ts';
import { relevantPast } from './relevant-past.ts';
import { changed, UNBORN } from './state-at.ts';
import { thinned } from './thinned.ts';

export type Range =
  | { readonly from: EventNumber; readonly to: EventNumber }
  /** The last so many events. */
  | { readonly last: number };

/** Unchanged when the range covers it. `recording` must be a whole one. */
export function cutRecording(recording: Recording, range: Range): Recording {
  const { events, messages, operations, header } = recording;
  if (header.leftOut !== null) throw new Error('this recording has been cut already');
  const [from, to] =
    'last' in range
      ? [Math.max(0, events.length - range.last), events.length]
      : [Math.max(0, range.from), Math.min(events.length, range.to)];
  if (from === 0 && to === events.length) return recording;
  const past = relevantPast(recording).steps.map(({ event }) => event);
  const outside = new Set(past.filter((event) => event < from || event >= to));
  const isKept = (event: EventNumber): boolean =>
    (event >= from && event < to) || outside.has(event);
  const keptMessages = messages.filter(
    ({ sentBy, deliveredAt }) => isKept(sentBy) || (deliveredAt !== null && isKept(deliveredAt)),
  );
  const keptOperations = operations.filter(({ events: own }) => own.some(isKept));
  const keptEvents = thinned(events, isKept);
  const leftOut: LeftOut = {
    from,
    to,
    kept: outside.size,
    events: events.length - keptEvents.length,
    messages: messages.length - keptMessages.length,
    operations: operations.length - keptOperations.length,
  };
  return {
    header: { ...header, leftOut },
    events: keptEvents,
    messages: keptMessages,
    states: folded(recording.states, keptEvents),
    faults: recording.faults,
    operations: keptOperations,
  };
}

/** Every change, at the first kept event that is not before it; what comes after the last one is dropped. */
function folded(
  states: readonly StateChange[],
  kept: readonly RecordedEvent[],
): readonly StateChange[] {
  const result: StateChange[] = [];
  const now = new Map<string, { state: typeof UNBORN; isNew: boolean }>();
  /** What has been told of what members of a protocol show. */
  const told = new Map<string, OwnState | undefined>();
  let at = 0;
  for (const { number } of kept) {
    for (let change = states[at]; change !== undefined && change.event <= number; ) {
      const { member, set, event } = change;
      const known = now.get(member)?.state ?? UNBORN;
      const isNew = event < number || now.get(member)?.isNew === true;
      const state = changed(known, set);
      now.set(member, { state, isNew });
      if (!isNew) {
        result.push(change);
        told.set(member, state.own);
      }
      at += 1;
      change = states[at];
    }
    for (const [member, { state, isNew }] of now) {
      if (!isNew) continue;
      const { log, own, ...fields } = state;
      const patch = ownPatch(told.get(member), own);
      const whole = {
        ...fields,
        log: { from: 0, runs: log },
        ...(patch !== null && { own: patch }),
      };
      result.push({ event: number, member, set: whole });
      told.set(member, own);
      now.set(member, { state, isNew: false });
    }
  }
  return result;
}
