/** What clients asked and were told, with the events of each operation. */

import { CLIENT_BASE, endpointName } from '../link.ts';
import type { ClientOperation, Observer } from '../observer.ts';
import type { Moment } from './message-log.ts';
import type { EventNumber, RecordedMessage, RecordedOperation } from './recording.ts';

interface Asked {
  readonly operation: ClientOperation;
  readonly events: Set<EventNumber>;
}

type Invoked = (event: EventNumber, operation: ClientOperation) => void;

export class OperationLog implements Observer {
  readonly #moment: Moment;
  readonly #asked: Asked[] = [];
  /** In a schedule an operation is invoked just before the event in which a member takes it. */
  readonly #isSchedule: boolean;
  readonly #invoked: Invoked;

  constructor(moment: Moment, isSchedule: boolean, invoked: Invoked) {
    this.#moment = moment;
    this.#isSchedule = isSchedule;
    this.#invoked = invoked;
  }

  onInvoke(operation: ClientOperation): void {
    const event = this.#moment.event + (this.#isSchedule ? 1 : 0);
    this.#asked.push({ operation, events: new Set([event]) });
    this.#invoked(event, operation);
  }

  onComplete(operation: ClientOperation): void {
    this.#asked[operation.id - 1]?.events.add(this.#moment.event);
  }

  /** `messages`: all of the run, as they came to their ends. */
  operations(messages: readonly RecordedMessage[]): RecordedOperation[] {
    for (const { type, facts, sentBy, deliveredAt } of messages) {
      const events = this.#asked[(facts.operation ?? 0) - 1]?.events;
      if (events === undefined) continue;
      if (type === 'ClientRequest') events.add(sentBy);
      if (deliveredAt !== null) events.add(deliveredAt);
    }
    return this.#asked.map(({ operation, events }) => recorded(operation, events));
  }
}

function recorded(operation: ClientOperation, events: ReadonlySet<EventNumber>): RecordedOperation {
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
    events: [...events].sort((a, b) => a - b),
    member: endpointName(operation.member),
    index: operation.index,
  };
}
