/**
 * One simulated member of a Raft cluster: a process (process.ts: inbox, ticks, pauses) that runs a production Replica over a disk and a
 * machine. It is the replica's Transport and Tracer and its disk's host; it hands inputs to the replica and decides nothing.
 */
import type { Effects, Entry, MemberId, Message, Raft, SnapshotMetadata } from '@seedraft/core';
import type {
  AskedRequest,
  ClientReply,
  ClientRequest,
  MemberMessage,
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
import type { Network } from './network.ts';
import {
  type ClientOperation,
  type Digest,
  type MemberView,
  type Micros,
  Violation,
} from './observer.ts';
import { Process, type ProcessWorld } from './process.ts';
import type { Stream } from './random.ts';
import type { Waiting } from './turn.ts';
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
export type MemberWorld = ProcessWorld &
  Pick<
    World,
    | 'answered'
    | 'committed'
    | 'completed'
    | 'hosting'
    | 'nextRequestId'
    | 'observers'
    | 'plan'
    | 'scheduleDisk'
  > & { readonly network: Pick<Network, 'sendPeer' | 'sendReply'> };

export class SimMember extends Process implements MemberView, Transport, Tracer, DiskHost {
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
  readonly #requests = new Map<number, Submission | Order>();
  readonly #streams = new Map<string, Stream>();

  constructor(world: MemberWorld, id: MemberId, name: string, time: Clock) {
    super(world, id, name, time);
    this.#world = world;
  }

  get raft(): Raft | null {
    return this.replica === null ? null : this.replica.raft;
  }
  get status(): 'up' | 'down' | 'paused' | 'gone' {
    if (this.replica === null) return this.gone ? 'gone' : 'down';
    return this.pauses > 0 ? 'paused' : 'up';
  }
  get isRunning(): boolean {
    return this.replica !== null;
  }
  get deadline(): number {
    return (this.replica as Replica).deadline;
  }
  /** Requests it was handed since its boot and has not answered, those it has yet to look at included. */
  get unanswered(): number {
    return this.#requests.size + this.waitingRequests;
  }

  // ----------------------------------------------------------------------------------------------------------------- life cycle

  started(replica: Replica, machine: StateMachine, recovered: RecoveredMember): void {
    this.replica = replica;
    this.machine = machine;
    this.busyUntil = this.#world.now;
    for (const observer of this.#world.observers.boot) observer.onBoot(this, recovered);
    this.rearm();
  }

  override stopped(): void {
    super.stopped();
    this.replica = null;
    this.machine = null;
    this.#requests.clear();
  }

  // --------------------------------------------------------------------------------------------------------------------- inputs

  /** Operators' requests that it has not begun to look at are as if they had never arrived. */
  forgetOrders(): void {
    this.forget(EventKind.Operator);
  }

  protected take(kind: number, _from: number, ordinal: number, item: unknown): void {
    const replica = this.replica as Replica;
    const world = this.#world;
    const at = this.time.millis(world.now);
    if (kind === EventKind.Deliver) {
      const flight = item as Flight;
      const message = flight.message as MemberMessage;
      const { incarnation } = flight;
      world.network.recycle(flight);
      replica.receive(at, incarnation, message);
    } else if (kind === EventKind.Tick) {
      replica.tick(at);
    } else if (kind === EventKind.Persisted) {
      replica.persisted(at, ordinal);
    } else {
      this.#takeRare(replica, at, kind, ordinal, item);
    }
  }

  protected takeTogether(inputs: readonly Waiting[]): void {
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
  }

  #takeRare(replica: Replica, at: number, kind: number, ordinal: number, item: unknown): void {
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
      case EventKind.BootstrapWritten:
        replica.bootstrapWritten(at);
        return;
      case EventKind.BootstrapFailed:
        replica.bootstrapFailed(at, item as string);
        return;
      case EventKind.ClientRequest:
      case EventKind.Operator: {
        const { requestId, request } = this.#open(this.#askedBy(kind, item));
        replica.request(at, requestId, request);
        return;
      }
      case EventKind.Campaign:
        replica.campaign(at);
        return;
      case EventKind.PeerDown:
        replica.peerDown(at, ordinal);
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
    if (!('client' in asked)) {
      for (const observer of this.#world.observers.order) observer.onOrder(this, asked.request);
    }
    return { requestId, request: asked.request };
  }

  // ------------------------------------------------------------------------------------------------------------ Transport, Tracer

  // What runs here is the simulator's own: `hosting` says whose failure a throw is.

  send(message: MemberMessage): void {
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
  bootstrapWritten(): void {
    this.#world.completed(this, EventKind.BootstrapWritten, 0, null);
  }
  bootstrapFailed(code: string): void {
    this.#world.completed(this, EventKind.BootstrapFailed, 0, code);
  }
  durable(seq: number): void {
    for (const observer of this.#world.observers.durable) observer.onDurable(this, seq);
  }
}
