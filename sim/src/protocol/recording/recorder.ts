/**
 * Writes a run of a protocol of one's own down, in the shape in which runs of Raft are (../../recording/recording.ts): its own types of messages
 * and its own states, and nothing of terms or logs. It only looks on: the run has the hash it has without.
 */
import { decodeChoices } from '../../choices.ts';
import type { Observer, WorldView } from '../../observer.ts';
import type { Plan } from '../../plan.ts';
import { recordEvents } from '../../recording/events.ts';
import { FaultLog } from '../../recording/fault-log.ts';
import { headerOf } from '../../recording/header.ts';
import { MessageLog, type Moment, type Speech } from '../../recording/message-log.ts';
import type { RecordedMessage, RecordedOperation, Recording } from '../../recording/recording.ts';
import type { RunResult } from '../../run.ts';
import { wireOf } from '../contract.ts';
import type { Answered, SimProtocolMember, Submission } from '../member.ts';
import type { Protocol, ProtocolEffects, ProtocolEvent, ProtocolInput } from '../protocol.ts';
import type { Invocation, ProtocolWitness } from '../witness.ts';
import { ProtocolWorld } from '../world.ts';
import { ProtocolNotes } from './notes.ts';
import { contentOf, marksOf, shown } from './shown.ts';
import { ProtocolStates } from './states.ts';

interface Asked {
  readonly operation: Invocation;
  readonly events: Set<number>;
  completedAt: number | null;
}

const NO_RECORDS: ReadonlyMap<string, unknown> = new Map();

export class ProtocolRecorder implements Moment, ProtocolWitness {
  readonly #plan: Plan;
  readonly #notes: ProtocolNotes;
  readonly #faults: FaultLog;
  readonly #asked: Asked[] = [];
  #messages = new MessageLog(this);
  #states = new ProtocolStates(this, {});
  #world: ProtocolWorld | null = null;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#faults = new FaultLog(this, false);
    this.#notes = new ProtocolNotes(this, (name) => this.#member(name)?.disk.records ?? NO_RECORDS);
  }

  get event(): number {
    return (this.#world?.choices.events ?? 0) - 1;
  }
  get now(): number {
    return this.#world?.now ?? 0;
  }

  watch(world: WorldView): readonly Observer[] {
    if (!(world instanceof ProtocolWorld)) throw new Error('this plan is about a protocol');
    this.#world = world;
    this.#messages = new MessageLog(this, speechOf(world.protocol));
    this.#states = new ProtocolStates(this, world.protocol);
    world.network.trace = this.#messages;
    world.witness = this;
    return [this.#notes.observer, this.#faults, { onFault: () => this.#lookAround() }];
  }

  #member(name: string): SimProtocolMember | undefined {
    return this.#world?.members.find((member) => member.name === name);
  }

  onStep(name: string, input: ProtocolInput, effects: ProtocolEffects): void {
    const member = this.#member(name);
    if (input.type === 'Start' && member !== undefined) this.#faults.onBoot(member);
    this.#notes.onStep(name, input, effects);
    const isDisk = input.type === 'Start' || input.type === 'Persisted';
    if (member !== undefined) this.#states.look(member, isDisk);
  }

  onChecked(event: ProtocolEvent): void {
    this.#notes.onChecked(event);
    if (event.type !== 'crash') return;
    const member = this.#member(event.member);
    if (member !== undefined) this.#states.look(member, true);
  }

  /** Faults pause and resume. */
  #lookAround(): void {
    for (const member of this.#world?.members ?? []) this.#states.look(member, false);
  }

  onInvoke(operation: Invocation): void {
    this.#asked.push({ operation, events: new Set([this.event]), completedAt: null });
    this.#notes.onInvoke(operation);
  }

  onComplete(operation: Invocation): void {
    const asked = this.#asked[operation.id - 1];
    asked?.events.add(this.event);
    if (asked !== undefined) asked.completedAt = this.now;
    this.#notes.onComplete(operation);
  }

  onEnd(): void {
    this.#notes.onEnd();
  }

  recording(result: RunResult): Recording {
    const choices = decodeChoices(result.choices ?? new Int32Array(0));
    const events = recordEvents(choices, this.#messages, this.#notes);
    const messages = this.#messages.rows;
    const operations = this.#operations(messages);
    return {
      header: this.#header(result, operations),
      events,
      messages,
      states: this.#states.changes,
      faults: this.#faults.bars,
      operations,
    };
  }

  #header(result: RunResult, operations: readonly RecordedOperation[]): Recording['header'] {
    const { isOver } = this.#notes;
    const { members = [], protocol } = this.#world ?? {};
    const header = headerOf(this.#plan, result, operations, { members, isOver, liveness: null });
    // A stranger's `term 3` is no term, and his `operation 3` is one.
    const named = (header.sentence ?? '').matchAll(/\boperation ([0-9]+)/g);
    const numbers = new Set([
      ...header.about.operations,
      ...[...named].map(([, id]) => Number(id)),
    ]);
    const known = operations.filter(({ id }) => numbers.has(id)).map(({ id }) => id);
    const about = { ...header.about, terms: [], indexes: [], operations: known };
    if (protocol === undefined) return { ...header, about };
    const { name, messages } = protocol;
    const definition = result.definition ?? null;
    return { ...header, about, protocol: { name, messages, definition } };
  }

  #operations(messages: readonly RecordedMessage[]): RecordedOperation[] {
    const asked = new Map<number, string>();
    for (const { type, to, facts, sentBy, deliveredAt } of messages) {
      const events = this.#asked[(facts.operation ?? 0) - 1]?.events;
      if (events === undefined) continue;
      if (type === 'ClientRequest') {
        events.add(sentBy);
        asked.set(facts.operation ?? 0, to);
      }
      if (deliveredAt !== null) events.add(deliveredAt);
    }
    return this.#asked.map((one) => recorded(one, asked.get(one.operation.id) ?? ''));
  }
}

function recorded({ operation, events, completedAt }: Asked, member: string): RecordedOperation {
  const { id, client, f, input, output, outcome, readOnly, invokedAt } = operation;
  const isOk = outcome === 'ok';
  return {
    id,
    client,
    f,
    input: input ?? null,
    output: isOk ? (output ?? null) : null,
    outcome,
    readOnly,
    mode: readOnly ? 'read' : 'write',
    sessionId: 0,
    sequence: 0,
    invokedAt,
    completedAt,
    invoked: operation.invoked,
    returned: isOk ? operation.returned : null,
    events: [...events].sort((one, other) => one - other),
    member,
    index: 0,
  };
}

function speechOf(protocol: Protocol): Speech {
  return {
    types: wireOf(protocol).types,
    member: (message) => {
      const marks = marksOf(message);
      return { detail: contentOf(message as object), facts: marks.length === 0 ? {} : { marks } };
    },
    client: (message) => {
      const isAnswer = 'submission' in (message as object);
      const { operation, attempt, f, input } = isAnswer
        ? (message as Answered).submission
        : (message as Submission);
      const asked = `${f} ${shown(input, 80)} (operation ${operation})`;
      const detail = isAnswer ? `${asked}: ${answerOf(message as Answered)}` : asked;
      return { detail, facts: { operation, attempt } };
    },
  };
}

function answerOf({ reply }: Answered): string {
  return 'output' in reply ? shown(reply.output, 80) : `refused: ${reply.refused}`;
}
