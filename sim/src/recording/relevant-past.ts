/**
 * The causal past of a violation, thinned to what mattered, each step with its reason: the elections, votes and terms it speaks of, the way
 * of the entries it names (written, acknowledged, committed, dropped), the operations it names, and, in between, who went down and which
 * faults hit those members. Heartbeats, timers and writes that changed none of this drop out.
 *
 * What a sentence speaks of need not have happened before it in the causal sense (a write that another leader committed, which a stale read
 * missed): such events are starting points too, beside the violation itself.
 */

import { ProtocolReasons } from '../protocol/recording/reasons.ts';
import { subjectOf } from '../protocol/recording/subject.ts';
import { causalPast, numbered } from './causal-past.ts';
import { contextOf } from './context.ts';
import { meantOperations } from './meant.ts';
import { covers, Reasons } from './reasons.ts';
import type { EventNumber, RecordedEvent, Recording } from './recording.ts';

export interface RelevantStep {
  readonly event: EventNumber;
  /** Why it mattered, in words that stand alone. */
  readonly why: string;
  /** The more, the more it mattered; the violation's is Infinity. */
  readonly weight: number;
}

export interface RelevantPast {
  /** Ascending by event; the last one is the violation. */
  readonly steps: readonly RelevantStep[];
  /** Further steps, earlier or of less weight, that were left out beyond `limit`. */
  readonly leftOut: number;
}

/** A reason, not yet at its event. */
export type Weighed = Omit<RelevantStep, 'event'>;

/** What people read to the end. */
const LIMIT = 40;

/** Empty for a run that broke no rule. `limit`: steps at most. */
export function relevantPast(recording: Recording, limit: number = LIMIT): RelevantPast {
  const { violation } = recording.header;
  if (violation === null) return { steps: [], leftOut: 0 };
  const isRaft = recording.header.protocol === undefined;
  const subject = isRaft ? null : subjectOf(recording);
  const starts = [...startsOf(recording), ...(subject?.events ?? [])];
  const past = new Set(causalPast(recording, ...starts));
  const events = recording.events.filter(({ number }) => past.has(number));
  const reasons =
    subject === null ? new Reasons(recording, events) : new ProtocolReasons(recording, subject);
  const weighed = new Map<EventNumber, Weighed>();
  for (const event of events) {
    const found = reasons.of(event);
    if (found !== null) weighed.set(event.number, found);
  }
  const last = numbered(recording.events).get(violation);
  if (last !== undefined) weighed.set(violation, finale(recording, last, weighed.get(violation)));
  for (const [event, found] of contextOf(recording, [...weighed.keys()])) {
    const known = weighed.get(event);
    if (known === undefined) weighed.set(event, found);
  }
  return heaviest(weighed, limit);
}

function finale({ header }: Recording, event: RecordedEvent, known: Weighed | undefined): Weighed {
  const said = header.isJudgedAtEnd ? 'the last event; judged after it' : 'here the rule is broken';
  const also = known === undefined || header.isJudgedAtEnd ? '' : `: ${known.why}`;
  return { why: event.number === header.violation ? `${said}${also}` : said, weight: Infinity };
}

/** The violation, and what its sentence speaks of. */
export function startsOf(recording: Recording): readonly EventNumber[] {
  const { header, events } = recording;
  const { about, violation, isJudgedAtEnd } = header;
  const starts = new Set<EventNumber>();
  if (violation !== null && !isJudgedAtEnd) starts.add(violation);
  for (const { events: own } of meantOperations(recording)) {
    for (const event of own) starts.add(event);
  }
  const committed = new Set<number>();
  for (const { number, did } of events) {
    for (const deed of did) {
      if (deed.type === 'role') {
        if (deed.role === 'leader' && about.terms.includes(deed.term)) starts.add(number);
      } else if (deed.type === 'commit') {
        for (const index of about.indexes) {
          if (committed.has(index) || !covers(deed.entries, index)) continue;
          committed.add(index);
          starts.add(number);
        }
      }
    }
  }
  return starts.size > 0 ? [...starts] : lastOfEach(events);
}

/** Nothing in particular is named (a demand of liveness): all that everybody did last. */
function lastOfEach(events: readonly RecordedEvent[]): readonly EventNumber[] {
  const last = new Map<string, EventNumber>();
  for (const { number, where } of events) if (where !== 'world') last.set(where, number);
  return [...last.values()];
}

/** Of too many, the light ones go first, and of those the earliest. */
function heaviest(weighed: ReadonlyMap<EventNumber, Weighed>, limit: number): RelevantPast {
  const ordered = [...weighed].sort(
    ([one, { weight: left }], [other, { weight: right }]) =>
      (left === right ? 0 : right - left) || other - one,
  );
  const kept = ordered.slice(0, limit).sort(([one], [other]) => one - other);
  const steps = kept.map(([event, { why, weight }]) => ({ event, why, weight }));
  return { steps, leftOut: ordered.length - kept.length };
}
