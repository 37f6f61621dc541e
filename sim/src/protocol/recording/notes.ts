/**
 * What came of each event of a protocol's run: boots and crashes, writes and what became of them, answers, operations, faults. A write that was
 * under way when its member went down is looked for on the disk: a crash keeps it, drops it, or leaves a part.
 */
import { encode } from '@seedraft/codec';
import type { Observer } from '../../observer.ts';
import { EventNotes } from '../../recording/event-notes.ts';
import type { Moment } from '../../recording/message-log.ts';
import type { Deed, EventNumber } from '../../recording/recording.ts';
import type { ProtocolEffects, ProtocolEvent, ProtocolInput } from '../protocol.ts';
import { formatInput, formatOperation } from '../trace.ts';
import type { Invocation, ProtocolWitness } from '../witness.ts';
import { shown } from './shown.ts';

type WriteDeed = Extract<Deed, { type: 'write' }>;
type Writing = { -readonly [K in keyof WriteDeed]: WriteDeed[K] };

interface UnderWay {
  readonly event: EventNumber;
  readonly deed: Writing;
  readonly records: Readonly<Record<string, unknown>>;
}

export class ProtocolNotes extends EventNotes implements ProtocolWitness {
  /** Hears of crashes and faults. */
  readonly observer: Observer = {
    onCrash: ({ name }) => this.#crashed(name),
    onFault: (fault, phase, sentence) => this.#fault(fault, phase, sentence),
    onFollowUp: (of) => this.onFollowUp(of),
  };
  /** By member: what its disk has not reported yet, in order. */
  readonly #writes = new Map<string, UnderWay[]>();
  /** By request: the operation it is for. */
  readonly #requests = new Map<number, number>();
  /** By member that has just gone down: what was under way. */
  readonly #fallen = new Map<string, UnderWay[]>();
  readonly #recordsOf: (member: string) => ReadonlyMap<string, unknown>;

  /** `recordsOf`: what is durable at a member now. */
  constructor(moment: Moment, recordsOf: (member: string) => ReadonlyMap<string, unknown>) {
    super(moment);
    this.#recordsOf = recordsOf;
  }

  onStep(member: string, input: ProtocolInput, effects: ProtocolEffects): void {
    this.input(`${member} ${formatInput(input)}`);
    if (input.type === 'Start') {
      this.did({ type: 'start', member, line: `${member} starts from its disk` });
    } else if (input.type === 'Request') {
      this.#requests.set(input.request.id, input.request.operation);
    } else if (input.type === 'Persisted') this.#durable(member);
    const { persist, replies = [] } = effects;
    if (persist !== undefined) this.#writing(member, persist.records);
    for (const reply of replies) {
      const operation = this.#requests.get(reply.request) ?? 0;
      const what = 'output' in reply ? shown(reply.output, 100) : `refused: ${reply.refused}`;
      const line = `${member} answers operation ${operation}: ${what}`;
      this.did({ type: 'answer', member, line, operation });
    }
  }

  #writing(member: string, records: UnderWay['records']): void {
    const line = `${member} begins to write ${shown(records, 200)}`;
    const deed: Writing = { type: 'write', member, line, fate: null };
    this.did(deed);
    const writes = this.#writes.get(member) ?? [];
    this.#writes.set(member, [...writes, { event: this.moment.event, deed, records }]);
  }

  /** Writes become durable in the order in which they were begun. */
  #durable(member: string): void {
    const [first, ...others] = this.#writes.get(member) ?? [];
    if (first === undefined) return;
    first.deed.fate = 'durable';
    this.follows(first.event);
    this.#writes.set(member, others);
  }

  #crashed(name: string): void {
    this.downs(name);
    this.#fallen.set(name, this.#writes.get(name) ?? []);
    this.#writes.delete(name);
  }

  /** A crash has dealt with the disk. */
  onChecked(event: ProtocolEvent): void {
    if (event.type === 'crash') this.#settle(event.member);
  }

  #settle(name: string): void {
    const durable = this.#recordsOf(name);
    const writes = this.#fallen.get(name) ?? [];
    this.#fallen.delete(name);
    for (const { deed, records } of writes) {
      const keys = Object.keys(records);
      const there = keys.filter((key) => isWritten(records[key], durable.get(key)));
      deed.fate = there.length === 0 ? 'undone' : there.length < keys.length ? 'torn' : 'kept';
    }
  }

  onInvoke(operation: Invocation): void {
    const line = `${formatOperation(operation)} invoked`;
    this.input(`${operation.client} asks ${formatOperation(operation).replace(/^\S+ /, '')}`);
    this.did({ type: 'invoke', member: null, line: clip(line), operation: operation.id });
  }

  onComplete(operation: Invocation): void {
    const { outcome, output, client, id } = operation;
    const answer = outcome === 'ok' ? ` = ${shown(output, 100)}` : '';
    const line = clip(`${formatOperation(operation)} ${outcome}${answer}`);
    this.did({ type: 'complete', member: null, line, operation: id });
    this.input(outcome === 'ok' ? `${client} has its answer` : `${client} gives up`);
  }

  #fault(fault: string, phase: 'inject' | 'heal', sentence: string): void {
    this.input(sentence);
    this.did({ type: 'fault', member: null, line: sentence, fault, phase });
  }
}

function isWritten(wanted: unknown, found: unknown): boolean {
  if (wanted === null) return found === undefined;
  if (found === undefined) return false;
  const [one, other] = [encode(wanted), encode(found)];
  return one.length === other.length && one.every((byte, n) => byte === other[n]);
}

function clip(line: string): string {
  return line.length <= 200 ? line : `${line.slice(0, 197)}...`;
}
