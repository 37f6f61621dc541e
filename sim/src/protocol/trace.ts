/**
 * What happened in a run of a protocol, in lines for people: `n1 <- n2 Write {"key":"k0"} at=1200`, and below it what left the member.
 * Written only when asked for, between two event numbers.
 */
import { endpointName, type Flight, type Link, type Loss } from '../link.ts';
import type { NetworkTrace } from '../network.ts';
import type { Observer } from '../observer.ts';
import { seconds, type TraceRange } from '../trace.ts';
import type { ProtocolEffects, ProtocolInput, ProtocolOutcome } from './protocol.ts';
import type { ProtocolWitness } from './witness.ts';
import type { ProtocolWorld } from './world.ts';

export class ProtocolTrace implements NetworkTrace, ProtocolWitness {
  readonly lines: string[] = [];
  /** Hears of faults and crashes. */
  readonly observer: Observer = {
    onCrash: (member) => this.#when(`${member.name} is down`),
    onFault: (fault, phase, sentence) => this.#when(`${phase} ${fault}: ${sentence}`),
  };
  readonly #world: Pick<ProtocolWorld, 'choices' | 'network' | 'now'>;
  readonly #range: TraceRange;

  constructor(world: Pick<ProtocolWorld, 'choices' | 'network' | 'now'>, range: TraceRange) {
    this.#world = world;
    this.#range = range;
  }

  get #on(): boolean {
    const { events } = this.#world.choices;
    return events > this.#range.from && events <= this.#range.to;
  }
  #when(text: string): void {
    if (this.#on) this.#say(text);
  }
  #say(text: string): void {
    this.lines.push(`#${this.#world.choices.events - 1} t=${seconds(this.#world.now)} ${text}`);
  }

  onStep(
    member: string,
    input: ProtocolInput,
    { persist, replies, deadline }: ProtocolEffects,
  ): void {
    if (!this.#on) return;
    this.#say(`${member} ${formatInput(input)} at=${input.at}`);
    if (persist !== undefined) {
      const tag = persist.tag === undefined ? '' : ` tag=${text(persist.tag)}`;
      this.#say(`  ${member} persists ${text(persist.records)}${tag}`);
    }
    for (const reply of replies ?? []) {
      const what = 'output' in reply ? text(reply.output) : `refused: ${reply.refused}`;
      this.#say(`  ${member} answers request ${reply.request}: ${what}`);
    }
    if (deadline !== undefined) this.#say(`  ${member} deadline=${deadline ?? 'none'}`);
  }
  onInvoke(operation: ProtocolOutcome): void {
    this.#when(`${formatOperation(operation)} invoked`);
  }
  onComplete(operation: ProtocolOutcome): void {
    if (!this.#on) return;
    const { outcome, output } = operation;
    const answer = outcome === 'ok' ? ` = ${text(output)}` : '';
    this.#say(`${formatOperation(operation)} ${outcome}${answer}`);
  }
  onSend(flight: Flight, arrival: number): void {
    if (this.#on) this.#say(`  ${this.#flight(flight)} arrives t=${seconds(arrival)}`);
  }
  onLost(flight: Flight, loss: Loss): void {
    if (this.#on) this.#say(`  ${this.#flight(flight)} is lost: ${loss}`);
  }

  #flight(flight: Flight): string {
    const { from, to } = flight.link as Link;
    const copy = flight.copy ? ' (copy)' : '';
    const type = this.#world.network.typeOf(flight);
    return `${endpointName(from)}->${endpointName(to)} ${type}#${flight.ordinal}${copy}`;
  }
}

export function formatInput(input: ProtocolInput): string {
  switch (input.type) {
    case 'Receive':
      return `<- ${input.from} ${text(input.message)}`;
    case 'Request':
      return `<- ${input.request.client} ${input.request.f} ${text(input.request.input)} (request ${input.request.id}, operation ${input.request.operation})`;
    case 'Persisted':
      return `Persisted tag=${text(input.tag)}`;
    default:
      return input.type;
  }
}

export function formatOperation({ client, f, input, id }: ProtocolOutcome): string {
  return `${client} ${f} ${text(input)} (operation ${id})`;
}

function text(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}
