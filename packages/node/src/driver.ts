/**
 * Drives one Replica: what arrived since the last turn goes in through its doors, in one go; what it asks for goes to sockets and disk. The
 * simulator's member does the same with virtual time; no rule of Raft is here. Kept: the clock is read immediately before each step; completions of
 * the store come on turns of their own; after a throw nothing enters or leaves any more.
 */
import type { Effects, MemberId, Message } from '@seedraft/core';
import {
  type AskedRequest,
  type ClientReply,
  type MemberMessage,
  Replica,
  type ReplicaOptions,
  type Tracer,
  type Transport,
} from '@seedraft/replica';
import type { StoreEvents } from '@seedraft/store';
import type { Clock } from './clock.ts';
import type { EventLog } from './events.ts';
import { FlightRecorder } from './flight-recorder.ts';
import { describeFounding } from './founding.ts';
import { Histogram } from './histogram.ts';
import { StoreOutbox } from './store-outbox.ts';

/** Who asked for something, and what it calls it. */
export interface Asker {
  answered(tag: number, reply: ClientReply): void;
}

type MemberRole = Replica['raft']['role'];

/** What the driver tells those around it. */
export interface DriverHost {
  send(message: MemberMessage): void;
  /** Members came, went or moved. */
  onConfiguration(): void;
  /** Another leader is known, or none any more. */
  onLeader(): void;
  /** Each role it takes, also one that it has given up by the end of the turn. */
  onRole(role: MemberRole): void;
  /** The state was replaced: whoever watches it has missed changes. */
  onRestored(): void;
  /** It threw, and is dead. */
  onDeath(thrown: unknown): void;
}

type Input =
  | { readonly kind: 'receive'; readonly incarnation: string; readonly message: MemberMessage }
  | { readonly kind: 'peerDown'; readonly id: MemberId }
  | { readonly kind: 'persisted'; readonly seq: number }
  | { readonly kind: 'persistFailed'; readonly seq: number; readonly code: string }
  | { readonly kind: 'snapshotWritten'; readonly id: string; readonly offset: number }
  | { readonly kind: 'snapshotSealed'; readonly id: string }
  | {
      readonly kind: 'snapshotRead';
      readonly id: string;
      readonly offset: number;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'snapshotFailed'; readonly id: string; readonly code: string }
  | { readonly kind: 'bootstrapWritten' }
  | { readonly kind: 'bootstrapFailed'; readonly code: string };

interface Pending {
  readonly asker: Asker;
  readonly tag: number;
}

export interface DriverFigures {
  turns: number;
  steps: number;
  requests: number;
  commits: number;
  elections: number;
}

/** The store's completions, which may come before there is a driver to hear them. */
export class StoreInbox implements StoreEvents {
  #inputs: Input[] = [];
  #wake: () => void = () => {};

  onInput(wake: () => void): void {
    this.#wake = wake;
    if (this.#inputs.length > 0) wake();
  }

  take(): readonly Input[] {
    const taken = this.#inputs;
    if (taken.length > 0) this.#inputs = [];
    return taken;
  }

  durable(): void {}
  persisted(seq: number): void {
    this.#put({ kind: 'persisted', seq });
  }
  persistFailed(seq: number, code: string): void {
    this.#put({ kind: 'persistFailed', seq, code });
  }
  snapshotWritten(id: string, offset: number): void {
    this.#put({ kind: 'snapshotWritten', id, offset });
  }
  snapshotSealed(id: string): void {
    this.#put({ kind: 'snapshotSealed', id });
  }
  snapshotRead(id: string, offset: number, bytes: Uint8Array): void {
    this.#put({ kind: 'snapshotRead', id, offset, bytes });
  }
  snapshotFailed(id: string, code: string): void {
    this.#put({ kind: 'snapshotFailed', id, code });
  }
  bootstrapWritten(): void {
    this.#put({ kind: 'bootstrapWritten' });
  }
  bootstrapFailed(code: string): void {
    this.#put({ kind: 'bootstrapFailed', code });
  }

  #put(input: Input): void {
    this.#inputs.push(input);
    this.#wake();
  }
}

export type DriverOptions = Omit<ReplicaOptions, 'at' | 'transport' | 'tracer'> & {
  readonly clock: Clock;
  readonly inbox: StoreInbox;
  readonly host: DriverHost;
  readonly log: EventLog;
  /** Asks for a turn. */
  readonly wake: () => void;
};

export class Driver implements Transport, Tracer {
  readonly replica: Replica;
  readonly recorder = new FlightRecorder();
  readonly figures: DriverFigures = { turns: 0, steps: 0, requests: 0, commits: 0, elections: 0 };
  /** From the order to the durable write, and what a turn takes. */
  readonly persistTimes = new Histogram();
  readonly turnTimes = new Histogram();
  readonly #clock: Clock;
  readonly #inbox: StoreInbox;
  readonly #disk: StoreOutbox;
  readonly #host: DriverHost;
  readonly #log: EventLog;
  readonly #wake: () => void;
  readonly #pending = new Map<number, Pending>();
  readonly #issued: { readonly seq: number; readonly at: number }[] = [];
  #messages: Input[] = [];
  #requests: AskedRequest[] = [];
  #lastRequest = 0;
  #leader: MemberId = 0;
  /** As last told; null: over, or there was none. */
  #founding: string | null = null;
  #isConfigurationNew = true;
  #isConfigurationCommitted = false;
  #isStopped = false;
  #turnBegan = 0;

  constructor(options: DriverOptions) {
    const { clock, inbox, host, log, wake } = options;
    this.#clock = clock;
    this.#inbox = inbox;
    this.#host = host;
    this.#log = log;
    this.#wake = wake;
    this.#disk = new StoreOutbox(options.store);
    this.replica = new Replica({
      ...options,
      at: clock.now(),
      transport: this,
      store: this.#disk,
      tracer: this,
    });
    inbox.onInput(wake);
    wake();
  }

  get openRequests(): number {
    return this.#pending.size;
  }

  // -------------------------------------------------------------------------------------------------------------- what arrives

  receive(incarnation: string, message: MemberMessage): void {
    this.#messages.push({ kind: 'receive', incarnation, message });
    this.#wake();
  }

  /** A peer's process is gone, as far as its socket tells. */
  peerDown(id: MemberId): void {
    this.#messages.push({ kind: 'peerDown', id });
    this.#wake();
  }

  /** Ends with one `asker.answered(tag, …)`, unless the member stops before. */
  request(request: AskedRequest['request'], asker: Asker, tag: number): void {
    const requestId = ++this.#lastRequest;
    this.#pending.set(requestId, { asker, tag });
    this.#requests.push({ requestId, request });
    this.#wake();
  }

  /** Everything that arrived, then the requests together, then the tick if it is due. What it sends and writes leaves after it. */
  turn(): void {
    if (this.#isStopped) return;
    this.#turnBegan = performance.now();
    this.figures.turns += 1;
    try {
      this.#carryOut(this.#inbox.take());
      const messages = this.#messages;
      this.#messages = [];
      this.#carryOut(messages);
      this.#ask();
      if (this.replica.deadline <= this.#clock.now()) this.replica.tick(this.#clock.now());
      this.#noteFounding();
      this.#noteConfiguration();
      this.#noteLeader();
      this.#clock.arm(this.replica.deadline);
    } catch (thrown) {
      this.#die(thrown);
    }
  }

  /** The messages of the turn are on their way: now the disk. */
  endTurn(): void {
    if (this.#isStopped) return;
    try {
      this.#disk.flush();
    } catch (thrown) {
      this.#die(thrown);
    }
    this.turnTimes.add(performance.now() - this.#turnBegan);
  }

  #die(thrown: unknown): void {
    this.#isStopped = true;
    this.#host.onDeath(thrown);
  }

  /** Nothing enters the replica from now on. */
  stop(): void {
    this.#isStopped = true;
    this.#clock.stop();
  }

  /** Told when another is in force, and again when that one is committed: only then is who was removed really gone. */
  #noteConfiguration(): void {
    const { commitIndex, configurationIndex } = this.replica.raft;
    const isCommitted = commitIndex >= configurationIndex;
    if (!this.#isConfigurationNew && isCommitted === this.#isConfigurationCommitted) return;
    this.#isConfigurationNew = false;
    this.#isConfigurationCommitted = isCommitted;
    this.#host.onConfiguration();
  }

  /** Told whenever there is something new about it, and when it is over. */
  #noteFounding(): void {
    const { founding, raft } = this.replica;
    if (founding === null && this.#founding === null) return;
    const sentence = describeFounding(founding, raft.configuration);
    if (sentence === this.#founding) return;
    this.#founding = sentence;
    this.#log(sentence === null ? { type: 'Founded' } : { type: 'Founding', sentence });
  }

  #noteLeader(): void {
    const { leader } = this.replica.raft;
    if (leader === this.#leader) return;
    this.#leader = leader;
    this.#host.onLeader();
  }

  #ask(): void {
    if (this.#requests.length === 0) return;
    const requests = this.#requests;
    this.#requests = [];
    this.figures.requests += requests.length;
    this.replica.requestAll(this.#clock.now(), requests);
  }

  #carryOut(inputs: readonly Input[]): void {
    for (const input of inputs) {
      const at = this.#clock.now();
      switch (input.kind) {
        case 'receive':
          this.replica.receive(at, input.incarnation, input.message);
          break;
        case 'peerDown':
          this.replica.peerDown(at, input.id);
          break;
        case 'persisted':
          this.#notePersisted(input.seq);
          this.replica.persisted(at, input.seq);
          break;
        case 'persistFailed':
          this.replica.persistFailed(at, input.seq, input.code);
          break;
        case 'snapshotWritten':
          this.replica.snapshotWritten(at, input.id, input.offset);
          break;
        case 'snapshotSealed':
          this.replica.snapshotSealed(at, input.id);
          break;
        case 'snapshotRead':
          this.replica.snapshotRead(at, input.id, input.offset, input.bytes);
          break;
        case 'snapshotFailed':
          this.replica.snapshotFailed(at, input.id, input.code);
          break;
        case 'bootstrapWritten':
          this.replica.bootstrapWritten(at);
          break;
        case 'bootstrapFailed':
          this.replica.bootstrapFailed(at, input.code);
          break;
      }
    }
  }

  #notePersisted(seq: number): void {
    const issued = this.#issued;
    let done = 0;
    while (done < issued.length && issued[done]!.seq <= seq) {
      this.persistTimes.add(performance.now() - issued[done]!.at);
      done += 1;
    }
    issued.splice(0, done);
  }

  // --------------------------------------------------------------------------------------------------------- Transport, Tracer

  send(message: MemberMessage): void {
    this.#host.send(message);
  }

  reply(requestId: number, reply: ClientReply): void {
    const { asker, tag } = this.#pending.get(requestId)!;
    this.#pending.delete(requestId);
    asker.answered(tag, reply);
  }

  onStep(message: Message, effects: Effects): void {
    this.figures.steps += 1;
    this.figures.commits += effects.commits.length;
    this.recorder.note(message, effects);
    if (effects.persist !== null) {
      this.#issued.push({ seq: effects.persist.seq, at: performance.now() });
    }
    for (const event of effects.events) {
      if (event.type === 'BecameRole') {
        if (event.role === 'candidate') this.figures.elections += 1;
        this.#host.onRole(event.role);
      }
      if (event.type === 'ConfigurationInForce') this.#isConfigurationNew = true;
      this.#log({ type: 'Raft', event });
    }
  }

  onRestore(): void {
    this.#isConfigurationNew = true;
    this.#host.onRestored();
  }

  /** Where clients are served. */
  clientAddresses(): string[] {
    const { members } = this.replica.raft.configuration;
    return members.map(({ clientAddress }) => clientAddress).filter((address) => address !== '');
  }

  /** Where a member serves clients; '': unknown. */
  clientAddressOf(id: MemberId): string {
    if (id === 0) return '';
    const { members } = this.replica.raft.configuration;
    return members.find((member) => member.id === id)?.clientAddress ?? '';
  }
}
