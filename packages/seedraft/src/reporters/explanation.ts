/**
 * An explanation of a failed run: what happened in plain English, the rule that was broken, and the steps that led there, each with the
 * reason why it mattered. The steps are the simulator's (relevantPast); here they are put into words and columns.
 */
import {
  causalPast,
  type RecordedEvent,
  type Recording,
  type RelevantPast,
  relevantPast,
  thinned,
  type Waiting,
  whoWaits,
} from '@seedraft/sim';
import pc from 'picocolors';
import { harmless, harmlessLine } from '../harmless.ts';
import { recordedRule } from '../rules.ts';
import { table } from './table.ts';

export interface Explanation {
  readonly recording: Recording;
  readonly past: RelevantPast;
  /** What is shown: the relevant events, or all that the violation follows from. */
  readonly events: readonly RecordedEvent[];
  readonly whys: ReadonlyMap<number, string>;
  readonly waiting: readonly Waiting[];
}

/** `all`: the whole causal past, of the relevant events that lie outside of it too. */
export function explain(recording: Recording, all: boolean): Explanation {
  const past = relevantPast(recording);
  const whys = new Map(past.steps.map(({ event, why }) => [event, why]));
  const shown = new Set(all ? causalPast(recording, ...whys.keys()) : whys.keys());
  const events = thinned(recording.events, (event) => shown.has(event));
  const waiting = recording.header.verdict === 'liveness' ? whoWaits(recording) : [];
  return { recording, past, events, whys, waiting };
}

/** A run that broke no rule has no past to explain; its log may still be wanted. */
export function wholeRun(recording: Recording): Explanation {
  const past = { steps: [], leftOut: 0 };
  return { recording, past, events: recording.events, whys: new Map(), waiting: [] };
}

const seconds = (micros: number): string => (micros / 1e6).toFixed(3);

/** The rule, one paragraph, who waited, the steps. */
export function explanationText(explanation: Explanation): string {
  const { recording, past, waiting } = explanation;
  const { scenario, seed, rule } = recording.header;
  const definition = recordedRule(recording.header);
  const heading = pc.red(pc.bold(harmlessLine(`${rule}: ${scenario}, seed ${seed}`)));
  const lines = [heading, ...wrapped(harmless(paragraph(explanation)), WIDTH)];
  if (definition !== undefined) {
    const { name, definition: text } = definition;
    const title = harmlessLine(`${rule} ${name}`.trimEnd());
    lines.push('', pc.bold(`${title}:`), ...wrapped(harmless(text), WIDTH));
  }
  if (waiting.length > 0) lines.push('', pc.bold('Where everybody stood:'), waitingTable(waiting));
  lines.push('', pc.bold('How it came about:'), stepTable(explanation));
  if (past.leftOut > 0) lines.push('', `${past.leftOut} steps of less weight are not shown.`);
  return lines.join('\n');
}

function waitingTable(waiting: readonly Waiting[]): string {
  const rows = waiting.map(({ who, what, event }) => [
    harmlessLine(who),
    event === null ? '' : `since #${event}`,
    harmlessLine(what),
  ]);
  return table(['who', '', 'what'], rows);
}

function stepTable({ events, whys }: Explanation): string {
  const rows = events.flatMap(({ number, time, where, what }) => {
    const [first = '', ...more] = wrapped(harmlessLine(whys.get(number) ?? ''), WHY);
    const row = [`#${number}`, seconds(time), where, clip(harmlessLine(what), WHAT), first];
    return [row, ...more.map((line) => ['', '', '', '', line])];
  });
  return table(['event', 't (s)', 'who', 'what came in', 'why it mattered'], rows);
}

const WIDTH = 100;
const WHAT = 44;
const WHY = 64;

/** Lines of at most `width` columns, broken between words; a longer word stands alone. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}

function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** The heaviest steps as sentences; more are a list, not a paragraph. */
const SENTENCES = 8;

/** In words: the cluster, what mattered most, what was seen. */
export function paragraph({ recording }: Pick<Explanation, 'recording'>): string {
  const { header, events } = recording;
  const { members, clients, isSchedule, isJudgedAtEnd, violation } = header;
  const times = new Map(events.map(({ number, time }) => [number, time]));
  const moment = (event: number): string =>
    isSchedule ? `In event ${event}` : `At ${seconds(times.get(event) ?? 0)} s`;
  const asking = clients > 0 ? ` and ${count(clients, 'client')}` : '';
  const sentences = [`${count(members.length, 'member')}${isSchedule ? '' : asking}.`];
  for (const { event, why } of relevantPast(recording, SENTENCES).steps) {
    if (event !== violation) sentences.push(`${moment(event)} ${why}.`);
  }
  const end = isJudgedAtEnd
    ? `At the end it shows: ${withoutStates(header.sentence ?? '')}`
    : `${moment(violation ?? 0)} ${header.sentence}: that breaks ${header.rule}.`;
  return [...sentences, end].join(' ');
}

/** A demand of liveness names everybody's state, which has a table here. */
function withoutStates(sentence: string): string {
  return sentence.replace(/ \(at [0-9.]+ s: [^()]*\)$/, '.');
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

/** The same as one object. */
export function explanationJson(explanation: Explanation): Record<string, unknown> {
  const { recording, past, events, whys, waiting } = explanation;
  const { scenario, seed, verdict, rule, sentence, violation, about, hash } = recording.header;
  const definition = recordedRule(recording.header);
  return {
    scenario,
    seed,
    verdict,
    rule,
    name: definition?.name ?? null,
    definition: definition?.definition ?? null,
    sentence,
    hash,
    events: recording.header.eventCount,
    violation,
    about,
    paragraph: paragraph(explanation),
    waiting,
    steps: events.map((event) => stepJson(event, whys)),
    leftOut: past.leftOut,
  };
}

/** One line an event. */
export function explanationNdjson({ events, whys }: Explanation): string {
  return events.map((event) => JSON.stringify(stepJson(event, whys))).join('\n');
}

function stepJson(
  { number, time, where, kind, what, causes, did }: RecordedEvent,
  whys: ReadonlyMap<number, string>,
): Record<string, unknown> {
  const why = whys.get(number) ?? null;
  return {
    event: number,
    time,
    who: where,
    kind,
    what,
    why,
    causes,
    did: did.map(({ line }) => line),
  };
}
