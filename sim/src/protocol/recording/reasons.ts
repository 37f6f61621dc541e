/**
 * Why an event of a protocol's run mattered: it took or sent something about the subject of the violation, wrote after that, or was a client's
 * part in it. Where nothing is known of the subject, all that did something counts, the latest the most.
 */
import { seconds } from '../../recording/reasons.ts';
import type {
  Deed,
  EventNumber,
  RecordedEvent,
  RecordedMessage,
  RecordedOperation,
  Recording,
} from '../../recording/recording.ts';
import type { Weighed } from '../../recording/relevant-past.ts';
import { shown } from './shown.ts';
import type { Subject } from './subject.ts';

export class ProtocolReasons {
  readonly #subject: Subject;
  readonly #isKnown: boolean;
  readonly #taken = new Map<EventNumber, RecordedMessage>();
  readonly #sent = new Map<EventNumber, RecordedMessage[]>();
  /** Events whose writes matter, for when they become durable. */
  readonly #wrote = new Set<EventNumber>();
  readonly #told = new Set<number>();
  /** What has been lost before: by type and whom it was for. */
  readonly #missed = new Set<string>();

  constructor({ messages, events }: Recording, subject: Subject) {
    this.#subject = subject;
    for (const message of messages) {
      if (message.deliveredAt !== null) this.#taken.set(message.deliveredAt, message);
      const sent = this.#sent.get(message.sentBy) ?? [];
      sent.push(message);
      this.#sent.set(message.sentBy, sent);
    }
    this.#isKnown = events.some(({ number }) => this.#isAbout(this.#taken.get(number)) > 0);
  }

  /** Events must be asked about in their order. */
  of(event: RecordedEvent): Weighed | null {
    const found = [
      this.#ofTaken(event.number),
      this.#ofDurable(event),
      ...this.#ofOperations(event),
    ].filter((one) => one !== null);
    const sent = this.#ofSent(event.number);
    if (found.length === 0 && sent === null) return null;
    const all = [...found, ...this.#ofWrites(event), ...(sent === null ? [] : [sent])];
    const whys = [...new Set(all.map(({ why }) => why))];
    return { why: whys.join('; '), weight: Math.max(...all.map(({ weight }) => weight)) };
  }

  /** 2: the subject itself; 1: what stands beside it; 0: neither. */
  #isAbout(message: RecordedMessage | undefined): number {
    if (message === undefined) return 0;
    const { operation, marks = [] } = message.facts;
    if (operation !== undefined) return this.#subject.operations.has(operation) ? 2 : 0;
    return this.#subject.weigh(marks);
  }

  #ofTaken(event: EventNumber): Weighed | null {
    const message = this.#taken.get(event);
    const about = this.#isAbout(message);
    if (message === undefined || (about === 0 && this.#isKnown)) return null;
    const { from, to, type, detail, facts } = message;
    // What a client learns is told of its operation.
    if (type === 'ClientReply') return null;
    const operation = this.#subject.operations.get(facts.operation ?? 0);
    if (operation !== undefined) return { why: `${to} takes ${this.#said(operation)}`, weight: 4 };
    const content = detail === '' ? '' : ` ${clip(detail)}`;
    return { why: `${to} takes ${type}${content} of ${from}`, weight: 2 + about };
  }

  #ofDurable({ kind, where, causes }: RecordedEvent): Weighed | null {
    if (kind !== 'Persisted' || !causes.some((cause) => this.#wrote.has(cause))) return null;
    return { why: `what ${where} wrote is durable`, weight: 3 };
  }

  #ofOperations({ did, number }: RecordedEvent): Weighed[] {
    return did.flatMap((deed) => {
      const why = this.#ofOperation(deed, number);
      const isCentral = 'operation' in deed && this.#subject.central.has(deed.operation ?? 0);
      return why === null ? [] : [{ why, weight: isCentral ? 5 : 3 }];
    });
  }

  #ofOperation(deed: Deed, event: EventNumber): string | null {
    if (deed.type !== 'invoke' && deed.type !== 'complete' && deed.type !== 'answer') return null;
    const operation = this.#subject.operations.get(deed.operation);
    if (operation === undefined) return null;
    if (deed.type === 'answer') return deed.line;
    const { client, outcome, output } = operation;
    if (deed.type === 'invoke') return `${client} begins ${this.#said(operation)}`;
    const answer = this.#taken.get(event);
    const from = answer === undefined ? '' : ` from ${answer.from}`;
    const end = outcome === 'ok' ? shown(output, 60) : ENDINGS[outcome];
    return `${client} learns${from} of ${this.#said(operation)}: ${end}`;
  }

  #ofSent(event: EventNumber): Weighed | null {
    const sent = (this.#sent.get(event) ?? []).filter(
      (message) => message.facts.operation === undefined && this.#isAbout(message) > 0,
    );
    if (sent.length === 0) return null;
    const lost = sent.filter((message) => message.lost !== null && message.deliveredAt === null);
    const fresh = lost.filter(({ type, to }) => !this.#missed.has(`${type} ${to}`));
    for (const { type, to } of lost) this.#missed.add(`${type} ${to}`);
    const [first] = sent as [RecordedMessage];
    const types = new Set(sent.map(({ type }) => type));
    const parts = [...types].map((type) => {
      const targets = sent.filter((message) => message.type === type && !message.isCopy);
      return `${type} to ${targets.map(targetOf).join(', ')}`;
    });
    const about = Math.max(...sent.map((message) => this.#isAbout(message)));
    const why = `${first.from} sends ${parts.join('; ')}`;
    return { why, weight: 2 + about + (fresh.length > 0 ? 1 : 0) };
  }

  #ofWrites({ number, did }: RecordedEvent): Weighed[] {
    return did.flatMap((deed) => {
      if (deed.type !== 'write') return [];
      this.#wrote.add(number);
      return [
        { why: `${deed.line}${FATES[deed.fate ?? 'open']}`, weight: UNSAFE.has(deed.fate) ? 6 : 4 },
      ];
    });
  }

  /** In full the first time, by its number from then on. */
  #said({ id, f, input }: RecordedOperation): string {
    if (this.#told.has(id)) return `operation ${id}`;
    this.#told.add(id);
    return `operation ${id} (${f}${input === null ? '' : ` ${shown(input, 60)}`})`;
  }
}

const ENDINGS = {
  fail: 'it did not happen',
  info: 'nothing, for ever',
  open: 'nothing yet',
} as const;

const FATES = {
  durable: '',
  kept: ', which a crash kept though it was not durable yet',
  torn: ', of which a crash left a part',
  undone: ', which was lost when it went down',
  open: ', not durable yet when the run ends',
} as const;

const UNSAFE: ReadonlySet<string | null> = new Set(['torn', 'undone', null]);

const LOSSES: Readonly<Record<string, string>> = {
  dropped: 'lost on the way',
  blocked: 'lost, the way was blocked',
  evicted: 'lost, the queue was full',
  refused: 'lost, damaged and refused',
  damaged: 'lost, damaged on the way',
  down: 'lost, nobody was there',
};

function targetOf({ to, lost, deliveredAt, arrivesAt }: RecordedMessage): string {
  if (deliveredAt !== null) return to;
  if (lost !== null) return `${to} (${LOSSES[lost.reason] ?? lost.reason})`;
  return arrivesAt === null
    ? `${to} (never taken)`
    : `${to} (due at ${seconds(arrivesAt)} s, not taken yet)`;
}

function clip(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 58)}…`;
}
