/**
 * What went on around the steps that mattered: who went down, came back or led meanwhile, and the faults that hit those who took part. None of it need be in the
 * causal past: a fault acts by what does not arrive.
 */

import { seconds } from './reasons.ts';
import type { EventNumber, FaultBar, RecordedEvent, Recording } from './recording.ts';
import type { Weighed } from './relevant-past.ts';

/** `steps`: the events that mattered, with the violation among them. */
export function contextOf(
  recording: Recording,
  steps: readonly EventNumber[],
): ReadonlyMap<EventNumber, Weighed> {
  const { header, events, faults } = recording;
  const end = header.violation ?? Infinity;
  const mattered = new Set(steps);
  const before = events.filter(({ number }) => mattered.has(number) && number < end);
  const since = before.reduce((least, { number }) => Math.min(least, number), end);
  const involved = new Set([...header.about.members, ...before.map(({ where }) => where)]);
  const found = new Map<EventNumber, Weighed>();
  for (const event of events) {
    if (event.number > end) break;
    if (event.number < since) continue;
    const why = livesIn(event, involved);
    if (why !== null) found.set(event.number, why);
  }
  for (const bar of faults) {
    const isOver = (bar.healedBy ?? Infinity) < since;
    if (bar.event > end || isOver || !touches(bar, involved)) continue;
    // What ended at once and long ago left its mark in the states; a crash that is yet to come is told when it comes.
    const isDamage = DAMAGE.has(bar.name);
    if (bar.to === null && bar.event < since && !LASTING.has(bar.name) && !isDamage) continue;
    if (bar.name === 'crash' && / will crash /.test(bar.sentence)) continue;
    const weight = isDamage && touches(bar, new Set(header.about.members)) ? 6 : 3;
    if (isDamage || !found.has(bar.event)) found.set(bar.event, { why: sentenceOf(bar), weight });
  }
  return found;
}

function livesIn(event: RecordedEvent, involved: ReadonlySet<string>): Weighed | null {
  const whys: string[] = [];
  for (const deed of event.did) {
    const { member, type } = deed;
    if (member === null || !involved.has(member)) continue;
    if (type === 'down') whys.push(`${member} goes down: what it had in memory alone is lost`);
    else if (type === 'wiped') whys.push(`${member} loses its disk`);
    else if (type === 'boot' && event.number > 0 && event.time > 0) {
      const vote = deed.votedFor === null ? 'no vote' : `its vote for ${deed.votedFor}`;
      whys.push(`${member} starts from its disk in term ${deed.term}, with ${vote}`);
    } else if (type === 'start' && event.number > 0 && event.time > 0) {
      whys.push(`${member} starts from its disk`);
    } else if (type === 'role' && deed.role === 'leader') {
      whys.push(`${member} becomes leader of term ${deed.term}`);
    }
  }
  return whys.length === 0 ? null : { why: whys.join('; '), weight: 4 };
}

/** Faults of the whole network or of clients name nobody. */
function touches({ members }: FaultBar, involved: ReadonlySet<string>): boolean {
  return members.length === 0 || members.some((name) => involved.has(name));
}

/** What goes on until somebody ends it. */
const LASTING: ReadonlySet<string> = new Set([
  'partition',
  'network',
  'clog',
  'swizzle',
  'slow',
  'pause',
  'clients-cut',
  'clock-drift',
  'clock-freeze',
  'disk-full',
  'disk-slow',
]);

/** Bytes stay damaged, and no state shows it. */
const DAMAGE: ReadonlySet<string> = new Set([
  'bit-rot',
  'misdirected-write',
  'stale-read',
  'short-read',
  'fsync-failure',
]);

function sentenceOf({ name, sentence, to }: FaultBar): string {
  return to === null ? `${name}: ${sentence}` : `${name}: ${sentence}, until t=${seconds(to)} s`;
}
