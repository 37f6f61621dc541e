/**
 * One member of a protocol under simulation: a process (../process.ts) that boots what the user wrote, hands it inputs and carries out its
 * effects: sends, writes, replies, the next deadline. It decides nothing; what the user's code throws is a finding about it.
 */
import { EventKind } from '../choices.ts';
import type { Clock } from '../clock.ts';
import type { Flight } from '../link.ts';
import { endpointName } from '../link.ts';
import { type MemberView, type Micros, Violation } from '../observer.ts';
import { WorkloadDraw } from '../own/workload.ts';
import { Process, type ProcessWorld } from '../process.ts';
import type { Stream } from '../random.ts';
import type { Waiting } from '../turn.ts';
import { BrokenContract, checkedEffects, memberFailure } from './contract.ts';
import type {
  ProtocolEffects,
  ProtocolInput,
  ProtocolMember,
  ProtocolMessage,
  ProtocolReply,
  ProtocolRequest,
} from './protocol.ts';
import { RecordDisk } from './record-disk.ts';
import type { ProtocolWorld } from './world.ts';

/** What a client sends; the answer goes back with it. */
export interface Submission {
  readonly client: number;
  readonly operation: number;
  readonly attempt: number;
  readonly f: string;
  readonly input: unknown;
}

export interface Answered {
  readonly submission: Submission;
  readonly reply: ProtocolReply;
}

/** Its disk failed: the member stops, and is no finding. */
export class DiskFailed extends Error {
  readonly code: string;
  constructor(code: string) {
    super(`a write failed with ${code}`);
    this.name = 'DiskFailed';
    this.code = code;
  }
}

type MemberWorld = ProcessWorld &
  Pick<
    ProtocolWorld,
    | 'checked'
    | 'completed'
    | 'names'
    | 'network'
    | 'nextRequestId'
    | 'plan'
    | 'protocol'
    | 'ran'
    | 'scheduleDisk'
  >;

export class SimProtocolMember extends Process implements MemberView {
  /** What only Raft members have. */
  readonly replica = null;
  readonly raft = null;
  readonly incarnation = '';
  readonly metDamage = false;
  readonly diskFaults = 'none';
  readonly disk: RecordDisk;
  instance: ProtocolMember | null = null;
  boots = 0;
  readonly #world: MemberWorld;
  readonly #requests = new Map<number, Submission>();
  readonly #streams = new Map<string, Stream>();
  #deadline = Infinity;
  #writes = 0;

  constructor(world: MemberWorld, id: number, name: string, time: Clock) {
    super(world, id, name, time);
    this.#world = world;
    this.disk = new RecordDisk(
      {
        after: (delay, action) => world.scheduleDisk(this, delay, action),
        draw: (purpose) => this.#draw(purpose),
        persisted: (tag) => {
          this.#writes += 1;
          world.completed(this, EventKind.Persisted, this.#writes, tag);
        },
        failed: (code) => world.completed(this, EventKind.PersistFailed, 0, code),
      },
      world.plan.disk,
    );
  }

  get isRunning(): boolean {
    return this.instance !== null;
  }
  get deadline(): number {
    return this.#deadline;
  }
  get status(): 'up' | 'down' | 'paused' {
    if (this.instance === null) return 'down';
    return this.pauses > 0 ? 'paused' : 'up';
  }

  // ----------------------------------------------------------------------------------------------------------------- life cycle

  /** From what its disk holds. The first step, `Start`, is part of it. */
  boot(): void {
    const world = this.#world;
    const { protocol, names, randomness, plan } = world;
    const { records, damaged } = this.disk.recover();
    this.boots += 1;
    this.busyUntil = world.now;
    const stream = randomness.stream('protocol.draw', this.id, this.boots);
    const draw = new WorkloadDraw(stream, 0, plan.workload);
    const ports = { name: this.name, members: names, records, damaged, draw };
    this.instance = this.#guarded(() => {
      const member = protocol.member(ports);
      if (typeof member?.step === 'function' && typeof member.state === 'function') return member;
      throw new BrokenContract('member(ports) must return an object with step(input) and state()');
    });
    this.#step({ type: 'Start', at: this.clock() });
    this.rearm();
  }

  override stopped(): void {
    super.stopped();
    this.instance = null;
    this.#requests.clear();
    this.#deadline = Infinity;
  }

  // --------------------------------------------------------------------------------------------------------------------- inputs

  protected take(kind: number, from: number, _ordinal: number, item: unknown): void {
    const at = this.clock();
    switch (kind) {
      case EventKind.Deliver: {
        const flight = item as Flight;
        const message = flight.message as ProtocolMessage;
        this.#world.network.recycle(flight);
        this.#step({ type: 'Receive', at, from: endpointName(from), message });
        return;
      }
      case EventKind.ClientRequest: {
        const flight = item as Flight;
        const submission = flight.message as Submission;
        this.#world.network.recycle(flight);
        this.#step({ type: 'Request', at, request: this.#open(submission) });
        return;
      }
      case EventKind.Persisted:
        this.#step({ type: 'Persisted', at, tag: item });
        return;
      case EventKind.PersistFailed:
        throw new DiskFailed(item as string);
      case EventKind.Tick:
        this.#deadline = Infinity;
        this.#step({ type: 'Tick', at });
        return;
      default:
        throw new Error(`no member of a protocol takes an input of kind ${kind}`);
    }
  }

  /** Members of a protocol take each request on its own. */
  protected takeTogether(inputs: readonly Waiting[]): void {
    const world = this.#world;
    for (const { kind, a, ordinal, item } of inputs) {
      world.executed(kind, a, this.id, ordinal);
      world.acting = this;
      this.take(kind, a, ordinal, item);
    }
  }

  #open(submission: Submission): ProtocolRequest {
    const id = this.#world.nextRequestId();
    this.#requests.set(id, submission);
    const { client, operation, f, input } = submission;
    return { id, operation, client: `c${client}`, f, input };
  }

  // --------------------------------------------------------------------------------------------------------------------- effects

  #step(input: ProtocolInput): void {
    const { names, protocol } = this.#world;
    const instance = this.instance as ProtocolMember;
    const effects = this.#guarded(() =>
      checkedEffects(instance.step(Object.freeze(input)), names, protocol.messages),
    );
    this.#world.ran(this, input, effects);
    this.#carryOut(effects);
    this.#world.checked({ type: 'step', member: this.name, input, effects });
  }

  #carryOut({ deadline, persist, send, replies }: ProtocolEffects): void {
    const { network, names } = this.#world;
    if (deadline !== undefined) this.#deadline = deadline === null ? Infinity : Math.ceil(deadline);
    if (persist !== undefined) this.disk.persist(persist.records, persist.tag);
    for (const { to, message } of send ?? []) {
      network.send(this.id, names.indexOf(to) + 1, message.type, '', message);
    }
    for (const reply of replies ?? []) this.#reply(reply);
  }

  #reply(reply: ProtocolReply): void {
    const submission = this.#requests.get(reply.request);
    if (submission === undefined) {
      throw this.#finding(
        new BrokenContract(`it answered request ${reply.request}, which is not open at it`),
      );
    }
    this.#requests.delete(reply.request);
    this.#world.network.sendReply(this.id, submission.client, { submission, reply });
  }

  #guarded<T>(action: () => T): T {
    try {
      return action();
    } catch (thrown) {
      throw this.#finding(memberFailure(thrown));
    }
  }

  #finding(broken: BrokenContract): Violation {
    const found = new Violation(
      'S22',
      `${this.name} broke the contract of a member: ${broken.message}`,
    );
    found.cause = broken.cause;
    return found;
  }

  /** Uint32s for its disk, keyed by purpose. */
  #draw(purpose: string): number {
    let stream = this.#streams.get(purpose);
    if (stream === undefined) {
      stream = this.#world.randomness.stream(`disk.${purpose}`, this.id);
      this.#streams.set(purpose, stream);
    }
    return stream.uint32();
  }
}

/** When a process that stopped by itself is started again. */
export const SUPERVISION: Micros = 1_000_000;
