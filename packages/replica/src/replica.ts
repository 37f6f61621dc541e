/**
 * One member without I/O: the core, the replicated state, and the one loop between them that carries a step out: persist, send, answer,
 * apply. The simulator and the real node run this very loop; they differ in what they plug into the four ports.
 *
 * Every door puts one input into the loop. An input that arrives while another is carried out (a port that answers at once, a client
 * that asks again from within its reply) waits for its turn, so nothing here is ever re-entered. After a throw the member is dead.
 */
import {
  type Effects,
  type Entry,
  InvariantError,
  type MemberId,
  type Message,
  type PeerMessage,
  type Persist,
  Raft,
  type RaftConfig,
  type Reply,
  type Tick,
} from '@seedraft/core';
import { Chores } from './chores.ts';
import { type ClientLimits, Clients } from './clients.ts';
import { ClusterTime } from './cluster-time.ts';
import { Founding, type FoundingStatus } from './founding.ts';
import { type Input, Member } from './member.ts';
import type { SnapshotPolicy } from './own-snapshots.ts';
import type {
  MemberMessage,
  RecoveredMember,
  StateMachine,
  Store,
  Tracer,
  Transport,
} from './ports.ts';
import type { AskedRequest, ClientRequest } from './request.ts';
import { Snapshots } from './snapshots.ts';
import { ReplicatedState } from './state.ts';
import { stoppedBefore, writeFailed } from './stopped.ts';

export interface ReplicaOptions extends ClientLimits {
  readonly id: MemberId;
  readonly raft: RaftConfig;
  readonly snapshot: SnapshotPolicy;
  readonly recovered: RecoveredMember;
  /** Four 32-bit words, new at each boot: the core draws from them, and snapshots are named after them. */
  readonly seed: readonly [number, number, number, number];
  readonly at: number;
  readonly machine: StateMachine;
  readonly transport: Transport;
  readonly store: Store;
  readonly tracer?: Tracer;
}

export class Replica {
  readonly raft: Raft;
  readonly id: MemberId;
  readonly #member: Member;
  readonly #state: ReplicatedState;
  readonly #clients: Clients;
  readonly #snapshots: Snapshots;
  readonly #founding: Founding;
  readonly #chores: Chores;
  readonly #transport: Transport;
  readonly #tracer: Tracer | undefined;
  /** Committed entries that wait for the state to be ready. */
  #waiting: Entry[] = [];
  #busy = false;
  #death: unknown = null;

  /** Starts at once: if there is a base snapshot, its first bytes are asked for. No port may call a door before this returns. */
  constructor(options: ReplicaOptions) {
    const { id, raft: config, recovered, seed, at, machine, transport, store, tracer } = options;
    const { core } = recovered;
    const time = new ClusterTime(at);
    this.id = id;
    this.raft = new Raft({ id, config, recovered: core, seed, at });
    this.#transport = transport;
    this.#tracer = tracer;
    this.#state = new ReplicatedState(machine, time, core.configuration, tracer);
    this.#member = new Member(this.raft, config, this.#state, transport, store, tracer, at);
    const boot = `${id}-${seed.map((word) => (word >>> 0).toString(16)).join('-')}`;
    this.#snapshots = new Snapshots(this.#member, options.snapshot, boot, core.snapshot);
    this.#clients = new Clients(this.#member, this.#snapshots, options);
    this.#founding = new Founding(id, recovered, config.heartbeatInterval, at, this.#member);
    const { incarnation } = recovered;
    this.#chores = new Chores(this.#member, this.#snapshots, this.#founding, incarnation);
  }

  /** Applied to the machine. */
  get appliedIndex(): number {
    return this.#state.index;
  }

  /** Cluster time in ms at appliedIndex. */
  get clusterTime(): number {
    return this.#state.time.now;
  }

  /** Peer messages refused because they came with another incarnation than the one bound to their sender (MEMBER_WIPED). */
  get refusedMessages(): number {
    return this.#chores.incarnations.refused;
  }

  /** Set while this first member may not promise anything yet (founding.ts). */
  get founding(): FoundingStatus | null {
    return this.#founding.status;
  }

  /** When it next wants `tick`, on its own clock in ms; Infinity: never. */
  get deadline(): number {
    if (this.#founding.isUnderWay) return this.#founding.dueAt;
    return Math.min(this.raft.deadline, this.#chores.dueAt);
  }

  /** Over machine, sessions and cluster time, at appliedIndex. */
  digest(): { readonly hi: number; readonly lo: number } {
    return this.#state.digest();
  }

  // ----------------------------------------------------------------------------------------------------------------- the doors

  /** A peer's message, with the incarnation its connection proved; refused and counted when it is not the one bound to that id. */
  receive(at: number, incarnation: string, message: MemberMessage): void {
    if (message.type === 'Meet') {
      this.#enter({ type: 'Met', at, incarnation, meet: message });
      return;
    }
    // Whoever is founded already goes on without it.
    if (this.#founding.isUnderWay) return;
    const { incarnations } = this.#chores;
    if (!incarnations.admit(message, incarnation, this.raft.configuration)) return;
    this.#enter({ type: 'Receive', at, rpc: message });
  }

  tick(at: number): void {
    this.#enter({ type: 'Tick', at });
  }

  /** An operator's order to start an election now. */
  campaign(at: number): void {
    if (this.#founding.isUnderWay) return;
    this.#enter({ type: 'Campaign', at });
  }

  /** The process of member `id` seems to be gone (core's `PeerDown` says what counts as evidence). */
  peerDown(at: number, id: MemberId): void {
    if (this.#founding.isUnderWay) return;
    this.#enter({ type: 'PeerDown', at, id });
  }

  /** Ends with exactly one `transport.reply(requestId, …)`. */
  request(at: number, requestId: number, request: ClientRequest): void {
    this.#enter({ type: 'Request', at, asked: [{ requestId, request }] });
  }

  /** Requests that came together: as one after the other, but their commands share one step, and with it one write and one message to each follower. */
  requestAll(at: number, asked: readonly AskedRequest[]): void {
    this.#enter({ type: 'Request', at, asked });
  }

  persisted(at: number, seq: number): void {
    this.#enter({ type: 'Persisted', at, seq });
  }

  /** `NO_SPACE`: writes are refused until there is room again. Any other code throws MemberStopped. */
  persistFailed(at: number, seq: number, code: string): void {
    this.#enter({ type: 'PersistFailed', at, seq, code });
  }

  snapshotWritten(at: number, id: string, offset: number): void {
    this.#enter({ type: 'SnapshotWritten', at, id, offset });
  }

  snapshotSealed(at: number, id: string): void {
    this.#enter({ type: 'SnapshotSealed', at, id });
  }

  snapshotRead(at: number, id: string, offset: number, bytes: Uint8Array): void {
    this.#enter({ type: 'SnapshotRead', at, id, offset, bytes });
  }

  /** A write that failed for a reason beyond this snapshot (see `Store.writeSnapshot`) throws MemberStopped. */
  snapshotFailed(at: number, id: string, code: string): void {
    this.#enter({ type: 'SnapshotFailed', at, id, code });
  }

  bootstrapWritten(at: number): void {
    this.#enter({ type: 'BootstrapWritten', at });
  }

  /** Any code but NO_SPACE throws MemberStopped. */
  bootstrapFailed(at: number, code: string): void {
    this.#enter({ type: 'BootstrapFailed', at, code });
  }

  // ------------------------------------------------------------------------------------------------------------------ the loop

  #enter(input: Input): void {
    const { inbox } = this.#member;
    if (this.#busy) {
      if (this.#death !== null) throw stoppedBefore(this.id, this.#death);
      inbox.push(input);
      return;
    }
    this.#busy = true;
    try {
      this.#handle(input);
      if (inbox.length > 0) {
        for (let i = 0; i < inbox.length; i++) this.#handle(inbox[i]!);
        // Setting a length is a call into the engine, and this is every step that applies.
        while (inbox.length > 0) inbox.pop();
      }
    } catch (thrown) {
      this.#death = thrown;
      throw thrown;
    }
    this.#busy = false;
  }

  #handle(input: Input): void {
    if (input.at > this.#member.now) this.#member.now = input.at;
    switch (input.type) {
      case 'Request':
        this.#clients.ask(input.at, input.asked);
        break;
      case 'SnapshotWritten':
        this.#snapshots.written(input.id, input.offset);
        break;
      case 'SnapshotSealed':
        this.#onSealed(input.id);
        break;
      case 'SnapshotRead':
        this.#onRead(input.id, input.offset, input.bytes);
        break;
      case 'SnapshotFailed':
        this.#onFailed(input.id, input.code);
        break;
      case 'PersistFailed':
        if (input.code !== 'NO_SPACE') throw writeFailed(this.id, input.code);
        this.#chores.writes.failed(input.at);
        this.#step(input);
        break;
      case 'Persisted':
        this.#chores.writes.done(input.seq);
        this.#step(input);
        this.#snapshots.persisted(input.seq);
        break;
      case 'SnapshotStored':
        this.#step(input);
        if (input.complete) this.#snapshots.received();
        break;
      case 'Tick':
        this.#tick(input);
        break;
      case 'Met':
        this.#founding.receive(input.incarnation, input.meet);
        break;
      case 'BootstrapWritten':
        this.#founding.written();
        break;
      case 'BootstrapFailed':
        if (input.code !== 'NO_SPACE') throw writeFailed(this.id, input.code);
        this.#founding.refused();
        break;
      default:
        this.#step(input);
    }
  }

  #tick(input: Tick): void {
    if (this.#founding.isUnderWay) {
      if (this.#founding.dueAt <= input.at) this.#founding.introduce(input.at);
      return;
    }
    this.#step(input);
    this.#chores.doDue(input.at);
  }

  /** One step of the core, carried out. Replies before commits: a committed reply names the index whose result it waits for. */
  #step(message: Message): void {
    const effects = this.raft.step(message);
    const { persist, messages, snapshotChunk, replies, commits, events } = effects;
    this.#tracer?.onStep?.(message, effects);
    if (persist !== null) this.#persist(persist);
    for (let i = 0; i < messages.length; i++) this.#send(messages[i]!);
    if (snapshotChunk !== null) this.#snapshots.store(snapshotChunk);
    for (let i = 0; i < replies.length; i++) this.#onReply(replies[i]!);
    if (commits.length > 0) this.#commit(commits);
    if (events.length > 0) this.#onEvents(events);
    if (this.raft.leader === 0) this.#clients.forsake();
  }

  #persist(write: Persist): void {
    if (write.snapshot !== null && this.#snapshots.install(write.seq, write.snapshot)) {
      this.#clients.onSnapshotFailed('NOT_READY');
    }
    this.#chores.writes.issue(write);
  }

  #send(message: PeerMessage): void {
    if (message.type === 'InstallSnapshot') this.#snapshots.send(message);
    else this.#transport.send(message);
  }

  #onReply(reply: Reply): void {
    if (!this.#chores.ended(reply.id)) this.#clients.onReply(reply);
  }

  #commit(entries: readonly Entry[]): void {
    if (this.#snapshots.isReady) this.#apply(entries);
    else for (const entry of entries) this.#waiting.push(entry);
  }

  /** Figure 2, All Servers: if commitIndex > lastApplied, apply. In log order, each once, then whoever waited is answered. */
  #apply(entries: readonly Entry[]): void {
    const state = this.#state;
    const leading = this.raft.role === 'leader';
    for (const entry of entries) {
      // Committed before a snapshot came that stands for it too.
      if (entry.index <= state.index) continue;
      if (entry.index !== state.index + 1) throw gap(state.index, entry.index);
      const outcome = state.apply(entry, this.#member.now, leading);
      const traced = outcome.refused === null ? outcome.value : outcome;
      this.#tracer?.onApply?.(entry, traced, state.digest());
      this.#snapshots.noteApplied(entry.data.length);
      this.#clients.onApplied(entry, outcome);
    }
    this.#onStateChanged();
  }

  #onStateChanged(): void {
    this.#chores.onStateChanged();
    this.#clients.serveReads();
    this.#member.put({ type: 'Applied', at: this.#member.now, index: this.#state.index });
    this.#snapshots.takeIfDue();
  }

  #onEvents(events: Effects['events']): void {
    for (const event of events) {
      if (event.type === 'SnapshotNeeded') this.#snapshots.want();
      else if (event.type === 'BecameRole' || event.type === 'ConfigurationInForce') {
        this.#chores.incarnations.reconsider();
      }
    }
  }

  #onSealed(id: string): void {
    const snapshot = this.#snapshots.sealed(id);
    if (snapshot !== null) this.#clients.onSnapshotTaken(snapshot);
  }

  #onRead(id: string, offset: number, bytes: Uint8Array): void {
    if (!this.#snapshots.read(id, offset, bytes)) return;
    this.#clients.onRestored();
    this.#onStateChanged();
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#commit(waiting);
  }

  #onFailed(id: string, code: string): void {
    if (!this.#snapshots.failed(id, code)) return;
    this.#clients.onSnapshotFailed(code === 'NO_SPACE' ? 'NO_SPACE' : 'NOT_READY');
  }
}

function gap(applied: number, index: number): InvariantError {
  return new InvariantError('S5', `entry ${index} was handed over to apply after entry ${applied}`);
}
