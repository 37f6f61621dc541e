/**
 * A member as a process has one: running, then stopped. Here the parts are put together; what each decides is in its own file. Kept: a member
 * that cannot go on ends loudly and leaves its data as it was; a stop takes at most `limits.stop`, whatever hangs.
 */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { MemberId } from '@seedraft/core';
import {
  type AskedRequest,
  type Capture,
  type ClientRefusalCode,
  type ClientReply,
  type ClientRequest,
  sentence as refusalSentence,
  type StateMachine,
} from '@seedraft/replica';
import type { MemberStatus, PeerRefusal } from '@seedraft/wire';
import { Tokens } from './client-roles.ts';
import { Clients, type Notify } from './clients.ts';
import { type Ending, endingOf, writeReport } from './death.ts';
import { Driver } from './driver.ts';
import { describeFounding } from './founding.ts';
import type { TlsMaterial } from './frame-socket.ts';
import { becomeVoter } from './join.ts';
import { type LocalBackup, localBackup } from './local-backup.ts';
import { Prover } from './peer-handshake.ts';
import { Peers } from './peers.ts';
import { joiningOf, type Premises } from './premises.ts';
import { entriesOf, metricsOf, type NodeMetrics, statusOf, VERSION } from './status.ts';
import type { OpenedStorage } from './storage.ts';

export interface RunningNode {
  readonly id: MemberId;
  readonly clusterId: string;
  /** What is listened on, `host:port`; clientAddress is '' without a client port. */
  readonly peerAddress: string;
  readonly clientAddress: string;
  status(): MemberStatus;
  /** As a client of this very member. Unknown when it stops before there is an answer. */
  request(request: ClientRequest): Promise<ClientReply>;
  /** The whole state, with everything acknowledged before. One at a time, whoever asks (OVERLOADED); to be read to its end, or closed. */
  backup(): Promise<LocalBackup>;
  /** `onLost`: changes were missed, or the member stopped; nothing follows. Null: the machine knows no such watch. */
  watch(query: unknown, notify: Notify, onLost: () => void): (() => void) | null;
  /**
   * Calls `notify` with each role that this member takes, and with the one it has when other members are in force, until the function returned is called. Called amid
   * the member's work: must not throw.
   */
  onChange(notify: (role: MemberStatus['role']) => void): () => void;
  metrics(): Promise<NodeMetrics>;
  /**
   * False: until told otherwise it neither hears other members nor is heard by them, as if cut off; it answers clients as a member does that is. For
   * tests and demonstrations.
   */
  takePart(isPart: boolean): void;
  /** A plain TCP connection that somebody else accepted, whose first bytes are a member's or a client's of ours (see wire's frame kinds). */
  accept(from: 'peer' | 'client', socket: Socket): void;
  /** New certificates, for connections from now on. */
  reloadTls(material: { readonly peers?: TlsMaterial; readonly clients?: TlsMaterial }): void;
  /** Hands leadership over, lets clients finish, closes: within `limits.stop`. */
  stop(): Promise<void>;
  /** Resolves when it has stopped, by itself or by `stop` (code STOPPED). */
  readonly stopped: Promise<Ending>;
}

export class Member implements RunningNode {
  readonly id: MemberId;
  readonly clusterId: string;
  readonly stopped: Promise<Ending>;
  readonly #premises: Premises;
  readonly #storage: OpenedStorage;
  readonly #machine: StateMachine;
  readonly #driver: Driver;
  readonly #peers: Peers;
  readonly #clients: Clients;
  readonly #startedAt: number;
  readonly #seed: readonly [number, number, number, number];
  readonly #localWatches = new Set<() => void>();
  readonly #changeListeners = new Set<(role: MemberStatus['role']) => void>();
  /** Who, proven, refused this member for good. */
  readonly #refusedBy = new Map<MemberId, PeerRefusal>();
  #tls: TlsMaterial | null;
  #resolveStopped: (ending: Ending) => void = () => {};
  #stopping: Promise<void> | null = null;
  #isOver = false;
  #takesPart = true;
  #openLocal = 0;
  readonly #unanswered = new Map<number, (reply: ClientReply) => void>();

  constructor(premises: Premises, storage: OpenedStorage) {
    const { options, settings, clock, log } = premises;
    const { identity } = storage;
    this.#premises = premises;
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
    premises.driver = this.#driver;
    premises.onPeer = (socket) => this.#peers.accept(socket);
    premises.onClient = (socket) => this.#clients.accept(socket);
    if (storage.warning !== null) log({ type: 'StorageWarning', sentence: storage.warning });
    const { peerAddress, clientAddress } = this;
    const { id, clusterId } = this;
    const { incarnation } = identity;
    const seed = this.#seed;
    log({ type: 'Started', id, clusterId, incarnation, peerAddress, clientAddress, seed });
    premises.turn.request();
    this.#becomeVoter();
  }

  get peerAddress(): string {
    return this.#premises.peerAddress;
  }

  get clientAddress(): string {
    return this.#premises.clientAddress;
  }

  // --------------------------------------------------------------------------------------------------------------- the parts

  #makePeers(): Peers {
    const { settings, clock, log, peerSockets } = this.#premises;
    const { incarnation } = this.#storage.identity;
    const { id, clusterId } = this;
    const parts = {
      own: { clusterId, id, incarnation, address: this.#premises.peerAddress },
      prover: new Prover(settings.peerSecurity, clusterId),
      limits: settings.limits,
      clock,
      socketContext: this.#premises.socketContext(peerSockets),
      log,
      tls: () => this.#tls,
    };
    return new Peers(parts, {
      configuration: () => {
        const { raft } = this.#driver.replica;
        const committed = raft.configurationAt(raft.commitIndex).configuration;
        return { latest: raft.configuration, committed };
      },
      receive: (from, message) => {
        if (this.#takesPart) this.#driver.receive(from, message);
      },
      onDown: (id) => {
        if (this.#takesPart) this.#driver.peerDown(id);
      },
      onRefused: (by, refusal) => this.#onRefused(by, refusal),
    });
  }

  #makeClients(): Clients {
    const { settings, clock, log, clientSockets } = this.#premises;
    return new Clients({
      clusterId: this.clusterId,
      id: this.id,
      limits: settings.limits,
      tokens: new Tokens(settings.clientSecurity),
      clock,
      socketContext: this.#premises.socketContext(clientSockets),
      log,
      leader: () => this.#driver.replica.raft.leader,
      clientAddressOf: (id) => this.#driver.clientAddressOf(id),
      clientAddresses: () => this.#driver.clientAddresses(),
      appliedIndex: () => this.#driver.replica.appliedIndex,
      status: () => this.status(),
      founding: () => {
        const { founding, raft } = this.#driver.replica;
        return describeFounding(founding, raft.configuration);
      },
      entries: (range) => entriesOf(this.#driver.replica.raft.log, range),
      watch: (query, notify) => this.#watchMachine(query, notify),
      ask: (request, asker, tag) => this.#driver.request(request, asker, tag),
    });
  }

  #makeDriver(): Driver {
    const { settings, clock, inbox, log, turn } = this.#premises;
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
        send: (message) => {
          if (this.#takesPart) this.#peers.send(message);
        },
        onConfiguration: () => {
          this.#peers.reconfigure();
          this.#clients.tellNews();
          this.#tellChange(this.#driver.replica.raft.role);
        },
        onRole: (role) => this.#tellChange(role),
        onLeader: () => this.#clients.tellNews(),
        onRestored: () => this.#onRestored(),
        onDeath: (thrown) => this.fail(endingOf(thrown), thrown),
      },
    });
  }

  #becomeVoter(): void {
    const { start } = this.#premises.options;
    if (start.how !== 'join' || start.promote === false) return;
    const { raft } = this.#driver.replica;
    const promotion = becomeVoter(joiningOf(this.#premises), {
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
    const uptime = this.#premises.clock.now() - this.#startedAt;
    return statusOf(identity, replica, this.#machine, this.#damaged(), uptime);
  }

  async metrics(): Promise<NodeMetrics> {
    const diskBytes = await this.#storage.bytesOnDisk();
    return metricsOf({
      driver: this.#driver,
      machine: this.#machine,
      peers: this.#peers,
      peerSockets: this.#premises.peerSockets,
      clientSockets: this.#premises.clientSockets,
      clients: this.#clients.figures,
      damaged: this.#damaged(),
      diskBytes,
      uptime: this.#premises.clock.now() - this.#startedAt,
    });
  }

  takePart(isPart: boolean): void {
    this.#takesPart = isPart;
  }

  accept(from: 'peer' | 'client', socket: Socket): void {
    if (this.#isOver) socket.destroy();
    else if (from === 'peer') this.#premises.onPeer(socket);
    else this.#premises.onClient(socket);
  }

  request(request: ClientRequest): Promise<ClientReply> {
    return this.#ask(request);
  }

  async backup(): Promise<LocalBackup> {
    if (!this.#clients.beginBackup()) return refusedBackup('OVERLOADED');
    const end = (): void => this.#clients.endBackup();
    const reply = await this.#ask({ type: 'Capture', mode: 'linearizable' });
    if (reply.type === 'Ok') {
      const from = { clusterId: this.clusterId, member: this.id, version: VERSION };
      return localBackup(from, reply.value as Capture, end);
    }
    end();
    return refusedBackup(reply.type === 'Refused' ? reply.code : 'NOT_READY');
  }

  #ask(request: AskedRequest['request']): Promise<ClientReply> {
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

  onChange(notify: (role: MemberStatus['role']) => void): () => void {
    this.#changeListeners.add(notify);
    return () => void this.#changeListeners.delete(notify);
  }

  #tellChange(role: MemberStatus['role']): void {
    for (const notify of this.#changeListeners) notify(role);
  }

  reloadTls(material: { readonly peers?: TlsMaterial; readonly clients?: TlsMaterial }): void {
    if (material.peers !== undefined && this.#tls !== null) {
      this.#tls = material.peers;
      this.#premises.peerListener?.reload(material.peers);
    }
    if (
      material.clients !== undefined &&
      this.#premises.settings.clientSecurity.tls !== undefined
    ) {
      this.#premises.clientListener?.reload(material.clients);
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
    const report = writeReport(this.#premises.options.directory, this.#report(ending, thrown));
    const { code, sentence } = ending;
    this.#closeSockets(code, sentence);
    const finish = () => {
      this.#premises.log({ type: 'Stopped', code, sentence, report });
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
    const { log, clock, settings } = this.#premises;
    const until = clock.now() + settings.limits.stop;
    const left = () => Math.max(until - clock.now(), 0);
    await this.#handOver(left() * 0.4);
    log({ type: 'Stopping', step: 'letting clients finish' });
    this.#premises.clientListener?.close();
    await this.#within(this.#clients.drain(), left() * 0.4);
    if (this.#isOver) return;
    this.#isOver = true;
    log({ type: 'Stopping', step: 'closing' });
    this.#driver.stop();
    this.#closeSockets('STOPPING', 'the member stops; ask another');
    await this.#within(this.#storage.close(), left());
    const ending = { code: 'STOPPED', sentence: 'It stopped in good order.' };
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
    this.#premises.log({ type: 'Stopping', step: 'handing leadership over' });
    await this.#within(this.request({ type: 'TransferLeadership', target: 0 }), within);
  }

  #closeSockets(code: string, reason: string): void {
    this.#premises.close();
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
      const cancel = this.#premises.clock.after(ms, done);
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

function refusedBackup(code: ClientRefusalCode): LocalBackup {
  return { ok: false, code, sentence: refusalSentence(code) };
}

/** Four new words for each boot, recorded in the Started event. */
function seedOfBoot(): [number, number, number, number] {
  const bytes = randomBytes(16);
  const word = (i: number) => bytes.readUInt32LE(4 * i);
  return [word(0), word(1), word(2), word(3)];
}
