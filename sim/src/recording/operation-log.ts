/** What clients asked and were told, with the events of each operation. */

import { CLIENT_BASE, endpointName } from '../link.ts';
import type { ClientOperation, Observer } from '../observer.ts';
import type { Moment } from './message-log.ts';
import type { EventNumber, RecordedMessage, RecordedOperation } from './recording.ts';

interface Asked {
  readonly operation: ClientOperation;
  readonly events: Set<EventNumber>;
  readonly invoked: number;
  returned: number | null;
}

type Invoked = (event: EventNumber, operation: ClientOperation) => void;

export class OperationLog implements Observer {
  readonly #moment: Moment;
  readonly #asked: Asked[] = [];
  /** In a schedule an operation is invoked just before the event in which a member takes it. */
  readonly #isSchedule: boolean;
  readonly #invoked: Invoked;
  /** Invocations and answers so far. */
  #places = 0;

  constructor(moment: Moment, isSchedule: boolean, invoked: Invoked) {
    this.#moment = moment;
    this.#isSchedule = isSchedule;
    this.#invoked = invoked;
  }

  onInvoke(operation: ClientOperation): void {
    const event = this.#moment.event + (this.#isSchedule ? 1 : 0);
    const events = new Set([event]);
    this.#asked.push({ operation, events, invoked: this.#places, returned: null });
    this.#places += 1;
    this.#invoked(event, operation);
  }

  onComplete(operation: ClientOperation): void {
    const asked = this.#asked[operation.id - 1];
    if (asked === undefined) return;
    asked.events.add(this.#moment.event);
    if (operation.outcome !== 'ok') return;
    asked.returned = this.#places;
    this.#places += 1;
  }

  /** `messages`: all of the run, as they came to their ends. */
  operations(messages: readonly RecordedMessage[]): RecordedOperation[] {
    for (const { type, facts, sentBy, deliveredAt } of messages) {
      const events = this.#asked[(facts.operation ?? 0) - 1]?.events;
      if (events === undefined) continue;
      if (type === 'ClientRequest') events.add(sentBy);
      if (deliveredAt !== null) events.add(deliveredAt);
    }
    return this.#asked.map(recorded);
  }
}

function recorded({ operation, events, invoked, returned }: Asked): RecordedOperation {
  const { id, f, input, outcome, readOnly, mode, sessionId, sequence, invokedAt } = operation;
  return {
    id,
    client: endpointName(CLIENT_BASE + operation.client),
    f,
    input: input ?? null,
    output: outcome === 'ok' ? (operation.output ?? null) : null,
    outcome,
    readOnly,
    mode,
    sessionId,
    sequence,
    invokedAt,
    completedAt: operation.completedAt === Infinity ? null : operation.completedAt,
    invoked,
    returned,
    events: [...events].sort((a, b) => a - b),
    member: endpointName(operation.member),
    index: operation.index,
  };
}
