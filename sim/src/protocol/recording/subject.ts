/**
 * What a violation of a protocol of one's own is about. Nothing is known of its fields, but its messages and operations bear marks (`tx=2`,
 * `who=guest 1`: shown.ts), and what is about the same thing bears the same one. So the marks of what broke the rule are the subject, those
 * that the rule's sentence speaks of before all others; and what stands beside the rarest of them, in a request that became a transaction.
 */
import { meantOperations } from '../../recording/meant.ts';
import type { EventNumber, RecordedOperation, Recording } from '../../recording/recording.ts';
import { marksOf } from './shown.ts';

export interface Subject {
  /** How much it matters that something bears these marks: 0, not at all; the subject itself, 2. */
  weigh(marks: readonly string[]): number;
  /** Those that it speaks of, that led to it, or that are about what stands beside it. */
  readonly operations: ReadonlyMap<number, RecordedOperation>;
  /** Of those, the ones that are more than beside it. */
  readonly central: ReadonlySet<number>;
  /** Where members that the sentence names were told of it: what happened elsewhere, and so in no past of the violation. */
  readonly events: readonly EventNumber[];
}

type Counts = ReadonlyMap<string, number>;

export function subjectOf(recording: Recording): Subject {
  const { header, messages, operations } = recording;
  const asked = new Map(operations.map((one) => [one.id, marksOfOperation(one)]));
  const bearers = [...messages.map(({ facts }) => facts.marks ?? []), ...asked.values()];
  const counts = countsOf(bearers);
  const own = telling(namedFirst(seedsOf(recording, asked), recording), counts, bearers.length);
  const beside = besides(own, bearers, counts);
  const weigh = (marks: readonly string[]): number => {
    if (marks.some((mark) => own.has(mark))) return 2;
    return marks.some((mark) => beside.has(mark)) ? 1 : 0;
  };
  const central = new Set(meantOperations(recording).map(({ id }) => id));
  for (const id of askedFor(recording, weigh)) central.add(id);
  const meant = new Map<number, RecordedOperation>();
  for (const one of operations) {
    const weight = weigh(asked.get(one.id) ?? []);
    if (weight === 2) central.add(one.id);
    if (weight > 0 || central.has(one.id)) meant.set(one.id, one);
  }
  const events = messages.flatMap(({ to, facts, deliveredAt }) => {
    const isBefore = deliveredAt !== null && deliveredAt <= (header.violation ?? 0);
    const isTold = header.about.members.includes(to) && weigh(facts.marks ?? []) === 2;
    return isBefore && isTold ? [deliveredAt] : [];
  });
  return { weigh, operations: meant, central, events };
}

/** Operations in answer to whose requests somebody spoke of the subject. */
function askedFor({ messages }: Recording, weigh: Subject['weigh']): readonly number[] {
  const requests = new Map<EventNumber, number>();
  for (const { type, facts, deliveredAt } of messages) {
    if (type !== 'ClientRequest' || facts.operation === undefined || deliveredAt === null) continue;
    requests.set(deliveredAt, facts.operation);
  }
  const about = messages.filter(({ facts }) => weigh(facts.marks ?? []) === 2);
  return about.flatMap(({ sentBy }) => requests.get(sentBy) ?? []);
}

function marksOfOperation({ input, output, id }: RecordedOperation): readonly string[] {
  return [...marksOf({ operation: id }), ...marksOf(input), ...marksOf(output)];
}

/** Of the message, the request or the answer that broke the rule, and of the operations that the sentence names. */
function seedsOf(
  recording: Recording,
  asked: ReadonlyMap<number, readonly string[]>,
): readonly string[] {
  const { header, messages, events } = recording;
  const named = meantOperations(recording).flatMap(({ id }) => asked.get(id) ?? []);
  if (header.isJudgedAtEnd) return named;
  const taken = messages.find(({ deliveredAt }) => deliveredAt === header.violation);
  const last = events.find(({ number }) => number === header.violation);
  const ended = (last?.did ?? []).flatMap((deed) =>
    deed.type === 'complete' || deed.type === 'answer' ? [deed.operation] : [],
  );
  const concerned = [taken?.facts.operation ?? 0, ...ended];
  const ofOperations = concerned.flatMap((id) => asked.get(id) ?? []);
  return [...named, ...(taken?.facts.marks ?? []), ...ofOperations];
}

/** Those whose value stands in the sentence; all, if none does. The names of members say whom it is about, not what. */
function namedFirst(marks: readonly string[], { header }: Recording): readonly string[] {
  const members = new Set(header.members.map(({ name }) => name));
  const things = marks.filter((mark) => !members.has(valueIn(mark)));
  const sentence = ` ${(header.sentence ?? '').replace(/[^\p{L}\p{N}]+/gu, ' ')} `;
  const named = things.filter((mark) =>
    sentence.includes(` ${valueIn(mark).replace(/[^\p{L}\p{N}]+/gu, ' ')} `),
  );
  return named.length > 0 ? named : things;
}

const valueIn = (mark: string): string => mark.slice(mark.indexOf('=') + 1);

function countsOf(bearers: readonly (readonly string[])[]): Counts {
  const counts = new Map<string, number>();
  for (const marks of bearers) {
    for (const mark of marks) counts.set(mark, (counts.get(mark) ?? 0) + 1);
  }
  return counts;
}

/** A mark that half of all messages bear tells nothing, unless there is no other. */
function telling(marks: readonly string[], counts: Counts, all: number): ReadonlySet<string> {
  const count = (mark: string): number => counts.get(mark) ?? 0;
  const most = Math.max(30, all / 20);
  const rare = marks.filter((mark) => count(mark) <= most);
  const [rarest] = [...marks].sort((one, other) => count(one) - count(other));
  return new Set(rare.length > 0 ? rare : rarest === undefined ? [] : [rarest]);
}

/** What stands beside the rarest of them, and about as seldom. */
function besides(
  own: ReadonlySet<string>,
  bearers: readonly (readonly string[])[],
  counts: Counts,
): ReadonlySet<string> {
  const count = (mark: string): number => counts.get(mark) ?? 0;
  // A mark that one operation alone bears, its number, stands beside nothing.
  const shared = [...own].filter((mark) => count(mark) > 1);
  const [rarest] = shared.sort((one, other) => count(one) - count(other));
  if (rarest === undefined) return new Set();
  const most = 2 * count(rarest) + 10;
  const found = bearers.filter((marks) => marks.includes(rarest)).flat();
  return new Set(found.filter((mark) => !own.has(mark) && count(mark) <= most));
}
