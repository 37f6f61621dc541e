/**
 * One simulated member: a production Replica, a disk, a clock, a machine, and the process they live in (up, down, paused, slow, gone).
 * It is the replica's Transport and Tracer and its disk's host; it decides when an input reaches the replica, never what it does.
 * Volatile state lives in one epoch, from boot to crash: whatever an older epoch scheduled is void.
 */
import type {
  Effects,
  Entry,
  MemberId,
  Message,
  PeerMessage,
  Raft,
  SnapshotMetadata,
} from '@seedraft/core';
import type {
  AskedRequest,
  ClientReply,
  ClientRequest,
  ReadMode,
  RecoveredMember,
  Replica,
  StateMachine,
  Tracer,
  Transport,
} from '@seedraft/replica';
import { EventKind } from './choices.ts';
import type { Clock } from './clock.ts';
import type { Disk, DiskHost } from './disk/disk.ts';
import type { Flight } from './link.ts';
import { CLIENT_BASE } from './link.ts';
import type { Network } from './network.ts';
import {
  type ClientOperation,
  type Digest,
  type MemberView,
  type Micros,
  Violation,
} from './observer.ts';
import type { Stream } from './random.ts';
import { isRequest, stepsOfTurn, type Waiting } from './turn.ts';
import type { World } from './world.ts';

/** What a client sends; the reply goes back with `operation` and `attempt`. */
export interface Submission {
  readonly client: number;
  /** Null: the opening of a session. */
  readonly operation: ClientOperation | null;
  readonly attempt: number;
  readonly request: ClientRequest;
}

export interface Submitted {
  readonly submission: Submission;
  readonly reply: ClientReply;
}

/** An operator's request, asked of the member itself. */
export interface Order {
  readonly request: ClientRequest;
  readonly answer: (reply: ClientReply) => void;
}

/** A request of a client's or an operator's. */
type ClientsRequest = AskedRequest & { readonly request: ClientRequest };

/** What a member needs of the world it lives in: one with time (world.ts), or one without (schedule/). */
export type MemberWorld = Pick<
  World,
  | 'acting'
  | 'answered'
  | 'committed'
  | 'completed'
  | 'executed'
  | 'hosting'
  | 'nextRequestId'
  | 'now'
  | 'observers'
  | 'plan'
  | 'randomness'
  | 'scheduleDisk'
  | 'scheduleDrain'
  | 'scheduleTick'
  | 'stepped'
> & { readonly network: Pick<Network, 'recycle' | 'sendPeer' | 'sendReply'> };

export class SimMember implements MemberView, Transport, Tracer, DiskHost {
  readonly id: MemberId;
  readonly name: string;
  readonly time: Clock;
  readonly #world: MemberWorld;
  incarnation = '';
  disk: Disk | null = null;
  replica: Replica | null = null;
  machine: StateMachine | null = null;
  /** Its disk is lost, or was never its own again: this id will not come back. */
  gone = false;
  /** Runs under an old id over an empty disk. */
  impostor = false;
  /** What was done to this disk since it was formatted: only that can excuse a member that stops itself or calls its disk damaged. */
  diskFaults: 'none' | 'hindered' | 'damaged' = 'none';
  metDamage = false;
  boots = 0;
  /** Raised at each crash. */
  epoch = 0;
  pauses = 0;
  /** Each step takes this much longer. */
  slowness: Micros = 0;
  busyUntil: Micros = 0;
  #drainAt: Micros = Infinity;
  /** What waits because the member is paused, busy, or gathering a turn. Null: already run. */
  #inbox: (Waiting | null)[] = [];
  readonly #requests = new Map<number, Submission | Order>();
  readonly #streams = new Map<string, Stream>();

  /** See Plan.turn. */
  turn: Micros;

  // The one pending tick: at which true time, for which deadline, and which queued event is still meant.
  tickAt: Micros = Infinity;
  tickFor = Infinity;
  tickGeneration = 0;

  constructor(world: MemberWorld, id: MemberId, name: string, time: Clock) {
    this.#world = world;
    this.id = id;
    this.name = name;
    this.time = time;
    this.turn = world.plan.turn;
  }

  get raft(): Raft | null {
    return this.replica === null ? null : this.replica.raft;
  }
  get status(): 'up' | 'down' | 'paused' | 'gone' {
    if (this.replica === null) return this.gone ? 'gone' : 'down';
    return this.pauses > 0 ? 'paused' : 'up';
  }
  /** Requests it was handed since its boot and has not answered, those it has yet to look at included. */
  get unanswered(): number {
    let waiting = 0;
    for (const input of this.#inbox) if (input !== null && isRequest(input.kind)) waiting += 1;
    return this.#requests.size + waiting;
  }
  clock(): number {
    return this.time.millis(this.#world.now);
  }

  // ----------------------------------------------------------------------------------------------------------------- life cycle

  started(replica: Replica, machine: StateMachine, recovered: RecoveredMember): void {
    this.replica = replica;
    this.machine = machine;
    this.busyUntil = this.#world.now;
    for (const observer of this.#world.observers.boot) observer.onBoot(this, recovered);
    this.rearm();
  }

  /** Everything volatile is lost. */
  stopped(): void {
    this.epoch += 1;
    this.replica = null;
    this.machine = null;
    this.pauses = 0;
    this.#drainAt = Infinity;
    this.tickAt = Infinity;
    this.tickFor = Infinity;
    this.tickGeneration += 1;
    this.#requests.clear();
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const waiting of inbox) {
      if (waiting === null) continue;
      if (waiting.kind === EventKind.Deliver || waiting.kind === EventKind.ClientRequest) {
        this.#world.network.recycle(waiting.item as Flight);
      }
    }
  }

  // --------------------------------------------------------------------------------------------------------------------- inputs

  /** An input has come: now, or after what is already waiting. */
  input(kind: number, a: number, ordinal: number, item: unknown): void {
    const isFree = this.pauses === 0 && this.busyUntil <= this.#world.now && this.turn === 0;
    if (!isFree || this.#inbox.length > 0) {
      this.#inbox.push({ kind, a, ordinal, item });
      this.#scheduleDrain();
      return;
    }
    this.#perform(kind, a, ordinal, item);
  }

  /** Runs what waits, as far as the member may. */
  drain(): void {
    this.#drainAt = Infinity;
    if (this.turn > 0) this.#takeTurn();
    else this.#drainOneByOne();
  }

  #drainOneByOne(): void {
    const world = this.#world;
    let done = 0;
    const epoch = this.epoch;
    const inbox = this.#inbox;
    while (done < inbox.length && this.pauses === 0 && this.busyUntil <= world.now) {
      const { kind, a, ordinal, item } = inbox[done] as Waiting;
      inbox[done] = null;
      done += 1;
      if (done === inbox.length) this.#inbox = [];
      this.#perform(kind, a, ordinal, item);
      if (this.epoch !== epoch) return;
    }
    if (done < inbox.length) this.#inbox = inbox.slice(done);
    this.#scheduleDrain();
  }

  /** Everything that waits, in one go and in the order of a turn (turn.ts). What it makes come meanwhile belongs to the next one. */
  #takeTurn(): void {
    const world = this.#world;
    const { epoch } = this;
    const inbox = this.#inbox;
    const isFree = this.pauses === 0 && this.busyUntil <= world.now;
    const steps = isFree ? stepsOfTurn(inbox) : [];
    let done = 0;
    for (const inputs of steps) {
      if (this.pauses > 0) break;
      inbox.fill(null, done, done + inputs.length);
      done += inputs.length;
      if (done === inbox.length) this.#inbox = [];
      const { kind, a, ordinal, item } = inputs[0] as Waiting;
      if (isRequest(kind)) this.#performTogether(inputs);
      else if (kind !== EventKind.Tick) this.#perform(kind, a, ordinal, item);
      if (this.epoch !== epoch) return;
    }
    if (done < inbox.length) this.#inbox = inbox.slice(done);
    if (isFree && this.pauses === 0) this.#tickIfDue();
    this.#scheduleDrain();
  }

  #tickIfDue(): void {
    const shown = this.time.millis(this.#world.now);
    const isDue = (this.replica as Replica).deadline <= shown;
    if (isDue) this.#perform(EventKind.Tick, this.id, shown | 0, null);
    else this.arm();
  }

  /** Operators' requests that it has not begun to look at are as if they had never arrived. */
  forgetOrders(): void {
    this.#inbox = this.#inbox.filter((waiting) => waiting?.kind !== EventKind.Operator);
  }

  /** No longer paused, or no longer slow. */
  resume(): void {
    this.#drainAt = Infinity;
    this.#scheduleDrain();
  }

  #scheduleDrain(): void {
    if (this.pauses > 0 || this.#inbox.length === 0) return;
    // A turn that has begun to gather ends when it was to end.
    if (this.turn > 0 && this.#drainAt !== Infinity) return;
    const at = Math.max(this.busyUntil, this.#world.now + this.#gathering());
    if (this.#drainAt <= at) return;
    this.#drainAt = at;
    this.#world.scheduleDrain(this, at);
  }

  /** How long the next turn gathers. */
  #gathering(): Micros {
    if (this.turn === 0) return 0;
    return this.#world.randomness.stream('member.turn', this.id).between(0, this.turn);
  }

  #perform(kind: number, a: number, ordinal: number, item: unknown): void {
    const replica = this.replica as Replica;
    const world = this.#world;
    world.executed(kind, a, this.id, ordinal);
    world.acting = this;
    const at = this.time.millis(world.now);
    if (kind === EventKind.Deliver) {
      const flight = item as Flight;
      const message = flight.message as PeerMessage;
      const { incarnation } = flight;
      world.network.recycle(flight);
      replica.receive(at, incarnation, message);
    } else if (kind === EventKind.Tick) {
      replica.tick(at);
    } else if (kind === EventKind.Persisted) {
      replica.persisted(at, ordinal);
    } else {
      this.#performRare(replica, at, kind, ordinal, item);
    }
    this.#performed();
  }

  /** Requests of one turn: each is an event, and together they are one step. */
  #performTogether(inputs: readonly Waiting[]): void {
    const world = this.#world;
    const asked: ClientsRequest[] = [];
    for (const { kind, a, ordinal, item } of inputs) {
      world.executed(kind, a, this.id, ordinal);
      asked.push(this.#open(this.#askedBy(kind, item)));
    }
    const requests = asked.map(({ request }) => request);
    for (const observer of world.observers.requests) observer.onRequests(this, requests);
    world.acting = this;
    (this.replica as Replica).requestAll(this.time.millis(world.now), asked);
    this.#performed();
  }

  /** In a turn several steps follow each other at once, and a slow member pays for each of them. */
  #performed(): void {
    const world = this.#world;
    world.acting = null;
    if (this.slowness > 0) {
      this.busyUntil = Math.max(this.busyUntil, world.now) + this.slowness;
    }
    this.arm();
    world.stepped();
  }

  #performRare(replica: Replica, at: number, kind: number, ordinal: number, item: unknown): void {
    switch (kind) {
      case EventKind.PersistFailed:
        replica.persistFailed(at, ordinal, item as string);
        return;
      case EventKind.SnapshotWritten:
        replica.snapshotWritten(at, item as string, ordinal);
        return;
      case EventKind.SnapshotSealed:
        replica.snapshotSealed(at, item as string);
        return;
      case EventKind.SnapshotRead: {
        const { id, bytes } = item as { id: string; bytes: Uint8Array };
        replica.snapshotRead(at, id, ordinal, bytes);
        return;
      }
      case EventKind.SnapshotFailed: {
        const { id, code } = item as { id: string; code: string };
        replica.snapshotFailed(at, id, code);
        return;
      }
      case EventKind.ClientRequest:
      case EventKind.Operator: {
        const { requestId, request } = this.#open(this.#askedBy(kind, item));
        replica.request(at, requestId, request);
        return;
      }
      case EventKind.Campaign:
        replica.campaign(at);
        return;
      default:
        throw new Error(`no member takes an input of kind ${kind}`);
    }
  }

  #askedBy(kind: number, item: unknown): Submission | Order {
    if (kind === EventKind.Operator) return item as Order;
    const flight = item as Flight;
    const submission = flight.message as Submission;
    this.#world.network.recycle(flight);
    return submission;
  }

  #open(asked: Submission | Order): ClientsRequest {
    const requestId = this.#world.nextRequestId();
    this.#requests.set(requestId, asked);
    return { requestId, request: asked.request };
  }

  // ---------------------------------------------------------------------------------------------------------------------- ticks

  /** After each step: sees to it that a tick comes by the replica's deadline. Later deadlines wait for the pending tick to re-check. */
  arm(): void {
    const replica = this.replica;
    if (replica === null) return;
    const deadline = replica.deadline;
    if (deadline >= this.tickFor) return;
    const at = this.time.reaches(this.#world.now, deadline);
    if (at === Infinity) return;
    this.tickFor = deadline;
    if (at >= this.tickAt) return;
    this.tickAt = at;
    this.tickGeneration += 1;
    this.#world.scheduleTick(this, at);
  }

  /** The clock was tampered with: what was computed from it is void. */
  rearm(): void {
    this.tickAt = Infinity;
    this.tickFor = Infinity;
    this.tickGeneration += 1;
    this.arm();
  }

  /** A pending tick came up. */
  tick(generation: number): void {
    if (generation !== this.tickGeneration || this.replica === null) return;
    this.tickAt = Infinity;
    this.tickFor = Infinity;
    const shown = this.time.millis(this.#world.now);
    if (shown < this.replica.deadline) this.arm();
    else this.input(EventKind.Tick, this.id, shown | 0, null);
  }

  // ------------------------------------------------------------------------------------------------------------ Transport, Tracer

  // What runs here is the simulator's own: `hosting` says whose failure a throw is.

  send(message: PeerMessage): void {
    this.#world.hosting += 1;
    this.#world.network.sendPeer(this.id, this.incarnation, message);
    this.#world.hosting -= 1;
  }

  reply(requestId: number, reply: ClientReply): void {
    const asked = this.#requests.get(requestId);
    if (asked === undefined) {
      throw new Violation('S22', `${this.name} answers request ${requestId}, which is not open`);
    }
    this.#world.hosting += 1;
    this.#requests.delete(requestId);
    if ('client' in asked) {
      this.#world.network.sendReply(this.id, asked.client, { submission: asked, reply });
    } else {
      this.#world.answered(asked, reply);
    }
    this.#world.hosting -= 1;
  }

  onStep(message: Message, effects: Effects): void {
    this.#world.hosting += 1;
    if (effects.commits.length > 0) this.#world.committed(effects.commits);
    const watching = this.#world.observers.step;
    for (let n = 0; n < watching.length; n += 1) watching[n]?.onStep(this, message, effects);
    this.#world.hosting -= 1;
  }

  onApply(entry: Entry, result: unknown, digest: Digest): void {
    this.#world.hosting += 1;
    const watching = this.#world.observers.apply;
    for (let n = 0; n < watching.length; n += 1) watching[n]?.onApply(this, entry, result, digest);
    this.#world.hosting -= 1;
  }

  onRestore(snapshot: SnapshotMetadata, digest: Digest): void {
    this.#world.hosting += 1;
    for (const observer of this.#world.observers.restore) {
      observer.onRestore(this, snapshot, digest);
    }
    this.#world.hosting -= 1;
  }

  onRead(requestId: number, mode: ReadMode, readIndex: number, appliedIndex: number): void {
    this.#world.hosting += 1;
    const asked = this.#requests.get(requestId);
    const operation = asked !== undefined && 'client' in asked ? asked.operation : null;
    for (const observer of this.#world.observers.read) {
      observer.onRead(this, operation, mode, readIndex, appliedIndex);
    }
    this.#world.hosting -= 1;
  }

  onSession(
    sessionId: number,
    sequence: number,
    kind: 'executed' | 'duplicate' | 'expired',
    index: number,
  ): void {
    this.#world.hosting += 1;
    for (const observer of this.#world.observers.session) {
      observer.onSession(this, sessionId, sequence, kind, index);
    }
    this.#world.hosting -= 1;
  }

  // ------------------------------------------------------------------------------------------------------------------- DiskHost

  after(delay: Micros, action: () => void): void {
    this.#world.scheduleDisk(this, delay, action);
  }
  draw(purpose: string): number {
    let stream = this.#streams.get(purpose);
    if (stream === undefined) {
      stream = this.#world.randomness.stream(`disk.${purpose}`, this.id);
      this.#streams.set(purpose, stream);
    }
    return stream.uint32();
  }
  persisted(seq: number): void {
    this.#world.completed(this, EventKind.Persisted, seq, null);
  }
  persistFailed(seq: number, code: string): void {
    this.#world.completed(this, EventKind.PersistFailed, seq, code);
  }
  snapshotWritten(id: string, offset: number): void {
    this.#world.completed(this, EventKind.SnapshotWritten, offset, id);
  }
  snapshotSealed(id: string): void {
    this.#world.completed(this, EventKind.SnapshotSealed, 0, id);
  }
  snapshotRead(id: string, offset: number, bytes: Uint8Array): void {
    this.#world.completed(this, EventKind.SnapshotRead, offset, { id, bytes });
  }
  snapshotFailed(id: string, code: string): void {
    this.#world.completed(this, EventKind.SnapshotFailed, 0, { id, code });
  }
  durable(seq: number): void {
    for (const observer of this.#world.observers.durable) observer.onDurable(this, seq);
  }
}

/** An endpoint as people read it: n1, or c0 for a client. */
export function endpointName(endpoint: number): string {
  return endpoint >= CLIENT_BASE ? `c${endpoint - CLIENT_BASE}` : `n${endpoint}`;
}
