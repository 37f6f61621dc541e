/**
 * A member as a process has one: started, running, stopped. Here the parts are put together; what each decides is in its own file. Kept: a member
 * that cannot go on ends loudly and leaves its data as it was; a stop takes at most `limits.stop`, whatever hangs.
 */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { MemberId } from '@seedraft/core';
import type { ClientReply, ClientRequest, StateMachine } from '@seedraft/replica';
import type { MemberStatus, PeerRefusal } from '@seedraft/wire';
import { formatAddress } from './address.ts';
import { askMember } from './ask-member.ts';
import { Tokens } from './client-roles.ts';
import { Clients, type Notify } from './clients.ts';
import { Clock } from './clock.ts';
import { type Ending, endingOf, writeReport } from './death.ts';
import { Driver, StoreInbox } from './driver.ts';
import { type EventLog, eventLog } from './events.ts';
import { type Listener, listen, type SocketFigures, type TlsMaterial } from './frame-socket.ts';
import { becomeVoter, type Joining } from './join.ts';
import { levelStorage } from './level-storage.ts';
import { openMember } from './open-member.ts';
import { type NodeOptions, type Settings, type Start, settle } from './options.ts';
import { Prover } from './peer-handshake.ts';
import { Peers } from './peers.ts';
import { metricsOf, type NodeMetrics, statusOf } from './status.ts';
import type { OpenedStorage, Storage, StorageRefusal } from './storage.ts';
import { Turn } from './turn.ts';

export interface RunningNode {
  readonly id: MemberId;
  readonly clusterId: string;
  /** What is listened on, `host:port`; clientAddress is '' without a client port. */
  readonly peerAddress: string;
  readonly clientAddress: string;
  status(): MemberStatus;
  /** As a client of this very member. Unknown when it stops before there is an answer. */
  request(request: ClientRequest): Promise<ClientReply>;
  /** `onLost`: changes were missed, or the member stopped; nothing follows. Null: the machine knows no such watch. */
  watch(query: unknown, notify: Notify, onLost: () => void): (() => void) | null;
  metrics(): Promise<NodeMetrics>;
  /** New certificates, for connections from now on. */
  reloadTls(material: { readonly peers?: TlsMaterial; readonly clients?: TlsMaterial }): void;
  /** Hands leadership over, lets clients finish, closes: within `limits.stop`. */
  stop(): Promise<void>;
  /** Resolves when it has stopped, by itself or by `stop` (code STOPPED). */
  readonly stopped: Promise<Ending>;
}

export type Starting =
  | { readonly ok: true; readonly node: RunningNode }
  | { readonly ok: false; readonly code: string; readonly sentence: string };

export async function startNode(options: NodeOptions): Promise<Starting> {
  const settings = settle(options);
  if (Array.isArray(settings)) {
    return { ok: false, code: 'INVALID_OPTIONS', sentence: settings.join(' ') };
  }
  try {
    const starting = new StartingNode(options, settings as Settings);
    const failure = await starting.run();
    return failure === null
      ? { ok: true, node: starting.node as RunningNode }
      : { ok: false, code: failure.code, sentence: failure.sentence };
  } catch (thrown) {
    return { ok: false, ...endingOf(thrown) };
  }
}

function noFigures(): SocketFigures {
  return { bytesReceived: 0, bytesSent: 0, framesReceived: 0, framesSent: 0, writes: 0 };
}

/** What lives as long as the node, and is there before it is a member. */
class Shared {
  readonly options: NodeOptions;
  readonly settings: Settings;
  readonly log: EventLog;
  readonly storage: Storage;
  readonly inbox = new StoreInbox();
  readonly peerSockets = noFigures();
  readonly clientSockets = noFigures();
  /** Set once the member runs. */
  driver: Driver | null = null;
  readonly turn = new Turn(() => this.driver?.turn());
  readonly clock = new Clock(() => this.turn.request());
  peerListener: Listener | null = null;
  clientListener: Listener | null = null;
  onPeer: (socket: Socket) => void = (socket) => socket.destroy();
  onClient: (socket: Socket) => void = (socket) => socket.destroy();

  constructor(options: NodeOptions, settings: Settings) {
    this.options = options;
    this.settings = settings;
    this.log = eventLog(options.log);
    this.storage =
      options.storage ?? levelStorage(options.directory, options.durability ?? 'default');
  }

  get peerAddress(): string {
    const { options, peerListener } = this;
    return options.advertise?.peer ?? formatAddress(peerListener?.address ?? options.peerListen);
  }

  get clientAddress(): string {
    const { options, clientListener } = this;
    if (options.clientListen === null) return '';
    return (
      options.advertise?.client ?? formatAddress(clientListener?.address ?? options.clientListen)
    );
  }

  socketContext(figures: SocketFigures) {
    return { turn: this.turn, clock: this.clock, figures };
  }

  /** Both ports, once. Connections are turned away until the member runs. */
  async listen(): Promise<StorageRefusal | null> {
    if (this.peerListener !== null) return null;
    const { options, settings } = this;
    const { limits, peerSecurity, clientSecurity } = settings;
    const peerTls = peerSecurity.kind === 'tls' ? { material: peerSecurity, mutual: true } : null;
    const peers = await listen(options.peerListen, peerTls, 1024, (socket) => this.onPeer(socket));
    if (!peers.ok) return { ...peers, outcome: 'refused' };
    this.peerListener = peers.listener;
    if (options.clientListen === null) return null;
    const { tls } = clientSecurity;
    const clientTls = tls === undefined ? null : { material: tls, mutual: false };
    const most = limits.maxClientConnections + 1024;
    const clients = await listen(options.clientListen, clientTls, most, (socket) =>
      this.onClient(socket),
    );
    if (!clients.ok) return { ...clients, outcome: 'refused' };
    this.clientListener = clients.listener;
    return null;
  }

  close(): void {
    this.clock.stop();
    this.peerListener?.close();
    this.clientListener?.close();
  }
}

class StartingNode {
  readonly #shared: Shared;
  node: Member | null = null;
  #failed: string | null = null;

  constructor(options: NodeOptions, settings: Settings) {
    this.#shared = new Shared(options, settings);
  }

  /** Null: `node` runs. */
  async run(): Promise<StorageRefusal | null> {
    const shared = this.#shared;
    const opened = await this.#open();
    if (opened.outcome === 'refused') {
      shared.close();
      return opened;
    }
    const refusal = await shared.listen();
    if (refusal !== null || this.#failed !== null) {
      shared.close();
      await opened.close();
      return refusal ?? storeFailed(this.#failed ?? '');
    }
    this.node = new Member(shared, opened);
    return null;
  }

  #open(): Promise<OpenedStorage | StorageRefusal> {
    const { options, inbox, storage } = this.#shared;
    const { directory, start } = options;
    return openMember({
      directory,
      start,
      storage,
      inbox,
      onFailure: (sentence) => {
        this.#failed = sentence;
        this.node?.fail({ code: 'STORE_FAILED', sentence }, null);
      },
      joining: () => this.#joining(),
    });
  }

  async #joining(): Promise<Joining | StorageRefusal> {
    const refusal = await this.#shared.listen();
    return refusal ?? joiningOf(this.#shared);
  }
}

function storeFailed(sentence: string): StorageRefusal {
  return { outcome: 'refused', code: 'STORE_FAILED', sentence };
}

const ASK_WITHIN_MS = 5000;

function joiningOf(shared: Shared): Joining {
  const { options, settings, clock, log, storage } = shared;
  const { start } = options;
  const wish: Partial<Start & { readonly how: 'join' }> = start.how === 'join' ? start : {};
  const token = wish.token ?? '';
  const tls = settings.clientSecurity.tls ?? null;
  const socketContext = shared.socketContext(noFigures());
  return {
    storage,
    endpoints: wish.endpoints ?? [],
    name: wish.name ?? '',
    peerAddress: shared.peerAddress,
    clientAddress: shared.clientAddress,
    clock,
    log,
    within: wish.within ?? Number.POSITIVE_INFINITY,
    ask: (address, clusterId, request) =>
      askMember({ address, token, clusterId, tls, socketContext, within: ASK_WITHIN_MS }, request),
  };
}

class Member implements RunningNode {
  readonly id: MemberId;
  readonly clusterId: string;
  readonly stopped: Promise<Ending>;
  readonly #shared: Shared;
  readonly #storage: OpenedStorage;
  readonly #machine: StateMachine;
  readonly #driver: Driver;
  readonly #peers: Peers;
  readonly #clients: Clients;
  readonly #startedAt: number;
  readonly #seed: readonly [number, number, number, number];
  readonly #localWatches = new Set<() => void>();
  /** Who, proven, refused this member for good. */
  readonly #refusedBy = new Map<MemberId, PeerRefusal>();
  #tls: TlsMaterial | null;
  #resolveStopped: (ending: Ending) => void = () => {};
  #stopping: Promise<void> | null = null;
  #isOver = false;
  #openLocal = 0;
  readonly #unanswered = new Map<number, (reply: ClientReply) => void>();

  constructor(shared: Shared, storage: OpenedStorage) {
    const { options, settings, clock, log } = shared;
    const { identity } = storage;
    this.#shared = shared;
    this.#storage = storage;
    this.id = identity.id;
    this.clusterId = identity.clusterId;
    this.#startedAt = clock.now();
    this.#machine = typeof options.machine === 'function' ? options.machine() : options.machine;
    this.#tls = settings.peerSecurity.kind === 'tls' ? settings.peerSecurity : null;
    this.#seed = seedOfBoot();
    this.stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve;
    });
    this.#peers = this.#makePeers();
    this.#clients = this.#makeClients();
    this.#driver = this.#makeDriver();
    shared.driver = this.#driver;
    shared.onPeer = (socket) => this.#peers.accept(socket);
    shared.onClient = (socket) => this.#clients.accept(socket);
    if (storage.warning !== null) log({ type: 'StorageWarning', sentence: storage.warning });
    const { peerAddress, clientAddress } = this;
    const { id, clusterId } = this;
    const { incarnation } = identity;
    const seed = this.#seed;
    log({ type: 'Started', id, clusterId, incarnation, peerAddress, clientAddress, seed });
    shared.turn.request();
    this.#becomeVoter();
  }

  get peerAddress(): string {
    return this.#shared.peerAddress;
  }

  get clientAddress(): string {
    return this.#shared.clientAddress;
  }

  // --------------------------------------------------------------------------------------------------------------- the parts

  #makePeers(): Peers {
    const { settings, clock, log, peerSockets } = this.#shared;
    const { incarnation } = this.#storage.identity;
    const { id, clusterId } = this;
    const parts = {
      own: { clusterId, id, incarnation, address: this.#shared.peerAddress },
      prover: new Prover(settings.peerSecurity, clusterId),
      limits: settings.limits,
      clock,
      socketContext: this.#shared.socketContext(peerSockets),
      log,
      tls: () => this.#tls,
    };
    return new Peers(parts, {
      configuration: () => {
        const { raft } = this.#driver.replica;
        const committed = raft.configurationAt(raft.commitIndex).configuration;
        return { latest: raft.configuration, committed };
      },
      receive: (from, message) => this.#driver.receive(from, message),
      onRefused: (by, refusal) => this.#onRefused(by, refusal),
    });
  }

  #makeClients(): Clients {
    const { settings, clock, log, clientSockets } = this.#shared;
    return new Clients({
      clusterId: this.clusterId,
      id: this.id,
      limits: settings.limits,
      tokens: new Tokens(settings.clientSecurity),
      clock,
      socketContext: this.#shared.socketContext(clientSockets),
      log,
      leader: () => this.#driver.replica.raft.leader,
      clientAddressOf: (id) => this.#driver.clientAddressOf(id),
      appliedIndex: () => this.#driver.replica.appliedIndex,
      status: () => this.status(),
      watch: (query, notify) => this.#watchMachine(query, notify),
      ask: (request, asker, tag) => this.#driver.request(request, asker, tag),
    });
  }

  #makeDriver(): Driver {
    const { settings, clock, inbox, log, turn } = this.#shared;
    const { recovered, store } = this.#storage;
    return new Driver({
      id: this.id,
      raft: settings.raft,
      snapshot: settings.snapshot,
      maxStateBytes: settings.maxStateBytes,
      maxOpenRequests: settings.maxOpenRequests,
      recovered,
      seed: this.#seed,
      machine: this.#machine,
      store,
      clock,
      inbox,
      log,
      wake: () => turn.request(),
      host: {
        send: (message) => this.#peers.send(message),
        onConfiguration: () => this.#peers.reconfigure(),
        onRestored: () => this.#onRestored(),
        onDeath: (thrown) => this.fail(endingOf(thrown), thrown),
      },
    });
  }

  #becomeVoter(): void {
    const { start } = this.#shared.options;
    if (start.how !== 'join' || start.promote === false) return;
    const { raft } = this.#driver.replica;
    const promotion = becomeVoter(joiningOf(this.#shared), {
      id: this.id,
      clusterId: this.clusterId,
      role: () => raft.configuration.members.find(({ id }) => id === this.id)?.role ?? null,
      leaderAddress: () => this.#driver.clientAddressOf(raft.leader),
      isStopped: () => this.#isOver || this.#stopping !== null,
    });
    promotion.catch((thrown: unknown) => this.fail(endingOf(thrown), thrown));
  }

  // --------------------------------------------------------------------------------------------------------------- being asked

  status(): MemberStatus {
    const { replica } = this.#driver;
    const { identity } = this.#storage;
    const uptime = this.#shared.clock.now() - this.#startedAt;
    return statusOf(identity, replica, this.#machine, this.#damaged(), uptime);
  }

  async metrics(): Promise<NodeMetrics> {
    const diskBytes = await this.#storage.bytesOnDisk();
    return metricsOf({
      driver: this.#driver,
      machine: this.#machine,
      peers: this.#peers,
      peerSockets: this.#shared.peerSockets,
      clientSockets: this.#shared.clientSockets,
      clients: this.#clients.figures,
      damaged: this.#damaged(),
      diskBytes,
      uptime: this.#shared.clock.now() - this.#startedAt,
    });
  }

  request(request: ClientRequest): Promise<ClientReply> {
    if (this.#isOver) return Promise.resolve({ type: 'Refused', code: 'NOT_READY', leader: 0 });
    const tag = ++this.#openLocal;
    return new Promise((resolve) => {
      this.#unanswered.set(tag, resolve);
      this.#driver.request(request, this, tag);
    });
  }

  answered(tag: number, reply: ClientReply): void {
    this.#unanswered.get(tag)?.(reply);
    this.#unanswered.delete(tag);
  }

  watch(query: unknown, notify: Notify, onLost: () => void): (() => void) | null {
    const cancel = this.#watchMachine(query, notify);
    if (cancel === null) return null;
    this.#localWatches.add(onLost);
    return () => {
      this.#localWatches.delete(onLost);
      cancel();
    };
  }

  reloadTls(material: { readonly peers?: TlsMaterial; readonly clients?: TlsMaterial }): void {
    if (material.peers !== undefined && this.#tls !== null) {
      this.#tls = material.peers;
      this.#shared.peerListener?.reload(material.peers);
    }
    if (material.clients !== undefined && this.#shared.settings.clientSecurity.tls !== undefined) {
      this.#shared.clientListener?.reload(material.clients);
    }
  }

  #watchMachine(query: unknown, notify: Notify): (() => void) | null {
    try {
      return this.#machine.watch?.(query, notify) ?? null;
    } catch {
      return null;
    }
  }

  #onRestored(): void {
    this.#clients.onRestored();
    const lost = [...this.#localWatches];
    this.#localWatches.clear();
    for (const onLost of lost) onLost();
  }

  /** Entries known to have been durable here are missing, and the cluster has not sent them yet. */
  #damaged(): string | null {
    const { warning, recovered } = this.#storage;
    const { repairUntil } = recovered.core;
    const isRepaired = this.#driver.replica.raft.commitIndex >= repairUntil;
    return repairUntil > 0 && !isRepaired ? warning : null;
  }

  // ----------------------------------------------------------------------------------------------------------------- the end

  /**
   * A member that never held an entry and is told that its id is another's, or gone, is a wiped one, or was removed before it began: it must
   * not go on asking. One with a log believes it only from a majority of the others.
   */
  #onRefused(by: MemberId, refusal: PeerRefusal): void {
    if (refusal.code !== 'MEMBER_WIPED' && refusal.code !== 'UNKNOWN_MEMBER') return;
    this.#refusedBy.set(by, refusal);
    const { log, configuration, snapshot } = this.#driver.replica.raft;
    const others = configuration.members.filter(
      (member) => member.role === 'voter' && member.id !== this.id,
    );
    const against = others.filter(({ id }) => this.#refusedBy.has(id)).length;
    const isFresh = log.lastIndex === 0 && snapshot === null;
    if (!isFresh && against * 2 <= others.length) return;
    const code = refusal.code === 'MEMBER_WIPED' ? 'MEMBER_WIPED' : 'MEMBER_REMOVED';
    this.fail({ code, sentence: `Member ${by} says: ${refusal.sentence}.` }, null);
  }

  /** Loud, at once, and without touching the data. */
  fail(ending: Ending, thrown: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#driver.stop();
    const report = writeReport(this.#shared.options.directory, this.#report(ending, thrown));
    const { code, sentence } = ending;
    this.#closeSockets(code, sentence);
    const finish = () => {
      this.#shared.log({ type: 'Stopped', code, sentence, report });
      this.#resolveStopped(ending);
    };
    this.#within(this.#storage.close(), 2000).then(finish, finish);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    if (this.#isOver) return;
    const { log, clock, settings } = this.#shared;
    const until = clock.now() + settings.limits.stop;
    const left = () => Math.max(until - clock.now(), 0);
    await this.#handOver(left() * 0.4);
    log({ type: 'Stopping', step: 'letting clients finish' });
    this.#shared.clientListener?.close();
    await this.#within(this.#clients.drain(), left() * 0.4);
    if (this.#isOver) return;
    this.#isOver = true;
    log({ type: 'Stopping', step: 'closing' });
    this.#driver.stop();
    this.#closeSockets('STOPPING', 'the member stops; ask another');
    await this.#within(this.#storage.close(), left());
    const ending = { code: 'STOPPED', sentence: 'It was asked to stop, and did.' };
    log({ type: 'Stopped', ...ending, report: '' });
    this.#resolveStopped(ending);
  }

  /** Who leads leaves the cluster to the best match, not to an election timeout. */
  async #handOver(within: number): Promise<void> {
    const { raft } = this.#driver.replica;
    const isAlone = raft.configuration.members.every(
      (member) => member.id === this.id || member.role !== 'voter',
    );
    if (raft.role !== 'leader' || isAlone) return;
    this.#shared.log({ type: 'Stopping', step: 'handing leadership over' });
    await this.#within(this.request({ type: 'TransferLeadership', target: 0 }), within);
  }

  #closeSockets(code: string, reason: string): void {
    this.#shared.close();
    this.#clients.close(code, reason);
    this.#peers.stop();
    for (const resolve of this.#unanswered.values()) {
      resolve({ type: 'Unknown', index: 0, term: 0 });
    }
    this.#unanswered.clear();
    this.#onRestored();
  }

  /** Resolves when `work` has ended, or after `ms`. */
  #within(work: Promise<unknown>, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        resolve();
      };
      const cancel = this.#shared.clock.after(ms, done);
      work.then(done, done);
    });
  }

  /** What is broken may be what a status is made of. */
  #lastStatus(): MemberStatus | string {
    try {
      return this.status();
    } catch (thrown) {
      return String(thrown);
    }
  }

  #report({ code, sentence }: Ending, thrown: unknown): Record<string, unknown> {
    const stack = thrown instanceof Error ? thrown.stack : undefined;
    return {
      code,
      sentence,
      stack: stack ?? '',
      time: new Date().toISOString(),
      seed: this.#seed,
      status: this.#lastStatus(),
      lastMessages: this.#driver.recorder.lines(),
    };
  }
}

/** Four new words for each boot, recorded in the Started event. */
function seedOfBoot(): [number, number, number, number] {
  const bytes = randomBytes(16);
  const word = (i: number) => bytes.readUInt32LE(4 * i);
  return [word(0), word(1), word(2), word(3)];
}
