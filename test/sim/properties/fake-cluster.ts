/**
 * A cluster made of fakes, for tests of the rules: each member is a plain record of what a real one would show, and the test says what
 * every step does. Nothing here knows Raft, so a test can let members do what no Raft would.
 */
import type {
  Configuration,
  Effects,
  Entry,
  HardState,
  Member,
  MemberId,
  Message,
  PeerMessage,
  Persist,
  Raft,
  RaftConfig,
  Reply,
  Role,
  SnapshotMetadata,
} from '@seedraft/core';
import type { Replica } from '@seedraft/replica';
import {
  type ClientOperation,
  type Digest,
  type MemberView,
  type Plan,
  Rulebook,
  type RulebookOptions,
  type WorldView,
} from '@seedraft/sim';

export const CONFIG: RaftConfig = {
  electionTimeoutMin: 150,
  electionTimeoutMax: 300,
  heartbeatInterval: 50,
  preVote: true,
  checkQuorum: true,
  leaseReads: true,
  clockDriftBound: 0.001,
  maxInflightMessages: 4,
  maxInflightBytes: 1000,
  maxAppendEntries: 4,
  maxAppendBytes: 1000,
  maxEntryBytes: 1000,
  maxUncommittedBytes: 10_000,
  maxLogBytes: 10_000,
  snapshotChunkBytes: 100,
  autoPromote: true,
  forwardProposals: false,
  maxForwardHops: 1,
  transferTimeout: 300,
};

export function configuration(
  voters: readonly MemberId[],
  more: { learners?: readonly MemberId[]; outgoing?: readonly MemberId[] } = {},
): Configuration {
  const { learners = [], outgoing = null } = more;
  const member = (id: MemberId, role: Member['role']): Member => ({
    id,
    incarnation: '',
    name: `n${id}`,
    peerAddress: '',
    clientAddress: '',
    role,
    priority: 0,
  });
  const leaving = (outgoing ?? []).filter((id) => !voters.includes(id));
  const members = [
    ...voters.map((id) => member(id, 'voter')),
    ...learners.map((id) => member(id, 'learner')),
    ...leaving.map((id) => member(id, 'leaving')),
  ].sort((a, b) => a.id - b.id);
  return { members, outgoing, autoLeave: true, highestId: members.at(-1)?.id ?? 0 };
}

/** `entry('x', 3, 2)`: a command at 3@2. The same arguments give an equal entry. */
export function entry(index: number, term: number, text = `${index}@${term}`): Entry {
  const data = Uint8Array.from(text, (character) => character.charCodeAt(0));
  return { index, term, kind: 'command', data, checksum: data.length, configuration: null };
}

export function change(index: number, term: number, to: Configuration): Entry {
  return { ...entry(index, term, ''), kind: 'configuration', configuration: to };
}

export function snapshotAt(
  index: number,
  term: number,
  configuration: Configuration,
  more: Partial<SnapshotMetadata> = {},
): SnapshotMetadata {
  return {
    id: `snapshot ${index}@${term}`,
    lastIncludedIndex: index,
    lastIncludedTerm: term,
    configuration,
    configurationIndex: 0,
    size: 10,
    checksum: index,
    ...more,
  };
}

export function digest(lo: number): Digest {
  return { hi: 0, lo };
}

/** What a step does to its member; what is left out stays. */
export interface Doing {
  message?: Message;
  role?: Role;
  term?: number;
  vote?: MemberId;
  commit?: number;
  write?: Partial<Omit<Persist, 'seq'>>;
  send?: readonly PeerMessage[];
  replies?: readonly Reply[];
  configurationIndex?: number;
}

interface FakeRaft {
  id: MemberId;
  role: Role;
  currentTerm: number;
  votedFor: MemberId;
  leader: MemberId;
  commitIndex: number;
  lastApplied: number;
  configuration: Configuration;
  configurationIndex: number;
  snapshot: SnapshotMetadata | null;
  log: { firstIndex: number; lastIndex: number; entries: Entry[] };
}

export class FakeMember {
  readonly raft: FakeRaft;
  readonly view: MemberView;
  /** All that is ever asked of it. */
  replica: { appliedIndex: number } | null = null;
  at = 0;
  seq = 0;
  status: MemberView['status'] = 'up';
  metDamage = false;
  diskFaults: MemberView['diskFaults'] = 'none';
  readonly #cluster: FakeCluster;
  #configurations: { index: number; configuration: Configuration }[];

  constructor(cluster: FakeCluster, id: MemberId, bootstrap: Configuration) {
    this.#cluster = cluster;
    this.#configurations = [{ index: 0, configuration: bootstrap }];
    this.raft = {
      id,
      role: 'follower',
      currentTerm: 0,
      votedFor: 0,
      leader: 0,
      commitIndex: 0,
      lastApplied: 0,
      configuration: bootstrap,
      configurationIndex: 0,
      snapshot: null,
      log: { firstIndex: 1, lastIndex: 0, entries: [] },
    };
    this.view = Object.defineProperties({} as MemberView, {
      id: { value: id },
      name: { value: `n${id}` },
      incarnation: { get: () => `incarnation ${id}` },
      raft: { get: () => (this.status === 'up' ? (this.raft as unknown as Raft) : null) },
      replica: { get: () => this.replica as Replica | null },
      status: { get: () => this.status },
      metDamage: { get: () => this.metDamage },
      diskFaults: { get: () => this.diskFaults },
      clock: { value: () => this.at },
    });
  }

  get id(): MemberId {
    return this.raft.id;
  }

  boot(
    more: {
      hardState?: HardState;
      entries?: readonly Entry[];
      snapshot?: SnapshotMetadata | null;
      incarnation?: string;
      repairUntil?: number;
    } = {},
  ): void {
    const { raft } = this;
    const { hardState = { term: raft.currentTerm, votedFor: raft.votedFor } } = more;
    const { entries = raft.log.entries, snapshot = raft.snapshot } = more;
    const first = this.#configurations[0] as { index: number; configuration: Configuration };
    this.status = 'up';
    this.seq = 0;
    raft.role = 'follower';
    raft.currentTerm = hardState.term;
    raft.votedFor = hardState.votedFor;
    raft.snapshot = snapshot;
    raft.log.entries = [...entries];
    this.#reindex(snapshot?.lastIncludedIndex ?? 0);
    raft.commitIndex = snapshot?.lastIncludedIndex ?? 0;
    raft.lastApplied = raft.commitIndex;
    this.#cluster.rulebook.onBoot(this.view, {
      incarnation: more.incarnation ?? `incarnation ${this.id}`,
      core: {
        hardState,
        snapshot,
        entries,
        configuration: first.configuration,
        applied: raft.commitIndex,
        repairUntil: more.repairUntil ?? 0,
      },
    });
  }

  crash(): void {
    this.#cluster.rulebook.onCrash(this.view);
    this.status = 'down';
  }

  step(doing: Doing = {}): void {
    const { raft } = this;
    const message = doing.message ?? { type: 'Tick', at: this.at };
    raft.role = doing.role ?? raft.role;
    raft.currentTerm = doing.term ?? raft.currentTerm;
    raft.votedFor = doing.vote ?? (doing.term === undefined ? raft.votedFor : 0);
    raft.commitIndex = doing.commit ?? raft.commitIndex;
    const changed = doing.term !== undefined || doing.vote !== undefined;
    const persist = doing.write === undefined && !changed ? null : this.#write(doing.write ?? {});
    if (doing.configurationIndex !== undefined) raft.configurationIndex = doing.configurationIndex;
    const effects: Effects = {
      messages: doing.send ?? [],
      persist,
      commits: [],
      replies: doing.replies ?? [],
      snapshotChunk: null,
      events: [],
    };
    this.#cluster.rulebook.onStep(this.view, message, effects);
  }

  /** Everything written so far is durable. */
  sync(): void {
    this.#cluster.rulebook.onDurable(this.view, this.seq);
  }

  /** It hears that everything written so far is durable. */
  hear(): void {
    this.step({ message: { type: 'Persisted', at: this.at, seq: this.seq } });
  }

  /** A step with a write, and its completion. */
  stepDurably(doing: Doing): void {
    this.step(doing);
    this.sync();
  }

  receive(rpc: PeerMessage, doing: Doing = {}): void {
    this.step({ ...doing, message: { type: 'Receive', at: this.at, rpc } });
  }

  /** Its own snapshot became durable. */
  seal(snapshot: SnapshotMetadata): void {
    this.step({ message: { type: 'Compact', at: this.at, snapshot, keep: 0 } });
  }

  apply(one: Entry, state: Digest = digest(one.index), result: unknown = null): void {
    this.#cluster.rulebook.onApply(this.view, one, result, state);
    this.raft.lastApplied = one.index;
  }

  #write(write: Partial<Omit<Persist, 'seq'>>): Persist {
    const { raft } = this;
    const { truncateFrom = 0, entries = [], snapshot = null } = write;
    const hardState = write.hardState ?? { term: raft.currentTerm, votedFor: raft.votedFor };
    if (snapshot !== null) {
      raft.snapshot = snapshot;
      raft.log.entries = [];
      const { configurationIndex: index } = snapshot;
      this.#configurations = [{ index, configuration: snapshot.configuration }];
    }
    const cut = truncateFrom > 0 ? truncateFrom : (entries[0]?.index ?? Number.POSITIVE_INFINITY);
    raft.log.entries = raft.log.entries.filter(({ index }) => index < cut).concat(entries);
    this.#configurations = this.#configurations.filter(({ index }) => index < cut || index === 0);
    for (const one of entries) {
      if (one.configuration !== null)
        this.#configurations.push({ ...one, configuration: one.configuration });
    }
    this.#reindex(raft.snapshot?.lastIncludedIndex ?? 0);
    this.seq += 1;
    return { seq: this.seq, hardState, truncateFrom, entries, snapshot };
  }

  #reindex(base: number): void {
    const { log } = this.raft;
    log.firstIndex = log.entries[0]?.index ?? base + 1;
    log.lastIndex = log.entries[log.entries.length - 1]?.index ?? base;
    const latest = this.#configurations[this.#configurations.length - 1];
    this.raft.configuration = (latest as { configuration: Configuration }).configuration;
    this.raft.configurationIndex = (latest as { index: number }).index;
  }
}

export interface ClusterOptions extends RulebookOptions {
  voters?: number;
  learners?: number;
  raft?: Partial<RaftConfig>;
  plan?: Partial<Plan>;
}

export class FakeCluster {
  now = 0;
  readonly rulebook: Rulebook;
  readonly members: FakeMember[] = [];
  readonly world: WorldView;
  readonly bootstrap: Configuration;
  #operations = 0;

  constructor(options: ClusterOptions = {}) {
    const { voters = 3, learners = 0 } = options;
    const ids = Array.from({ length: voters + learners }, (_, index) => index + 1);
    this.bootstrap = configuration(ids.slice(0, voters), { learners: ids.slice(voters) });
    const plan = { beyondDriftBound: false, raft: { ...CONFIG, ...options.raft }, ...options.plan };
    const { members } = this;
    const now = () => this.now;
    this.world = {
      get now() {
        return now();
      },
      plan: plan as Plan,
      get members() {
        return members.map(({ view }) => view);
      },
      member: (id) => this.member(id).view,
    };
    this.rulebook = new Rulebook(this.world, options);
    for (const id of ids) this.members.push(new FakeMember(this, id, this.bootstrap));
    for (const member of members) member.boot();
  }

  member(id: MemberId): FakeMember {
    return this.members[id - 1] as FakeMember;
  }

  /** Another member, outside every configuration. */
  spawn(): FakeMember {
    const member = new FakeMember(this, this.members.length + 1, configuration([]));
    this.members.push(member);
    member.boot();
    return member;
  }

  /** A proper election: `votes` (durable) make `leader` lead `term`; its no-op is durable at itself. */
  elect(leader: MemberId, term: number, votes: readonly MemberId[] = this.#voters()): void {
    for (const id of votes) {
      if (id === leader) this.member(id).stepDurably({ role: 'candidate', term, vote: leader });
      else this.member(id).stepDurably({ role: 'follower', term, vote: leader });
    }
    const { log } = this.member(leader).raft;
    const noop: Entry = { ...entry(log.lastIndex + 1, term, ''), kind: 'noop' };
    this.member(leader).stepDurably({ role: 'leader', write: { entries: [noop] } });
  }

  /** Entries go from the leader to followers: durable at all of them. */
  replicate(entries: readonly Entry[], to: readonly MemberId[]): void {
    for (const id of to) this.member(id).stepDurably({ write: { entries } });
  }

  /** What `leader` has, `to` get, durably; then it commits everything, and so do they. */
  settle(leader: MemberId, to: readonly MemberId[] = this.#voters()): void {
    const { log } = this.member(leader).raft;
    for (const id of to) {
      const has = this.member(id).raft.log.lastIndex;
      const entries = log.entries.filter(({ index }) => index > has);
      if (id !== leader && entries.length > 0) this.member(id).stepDurably({ write: { entries } });
    }
    const commit = log.lastIndex;
    this.member(leader).step({ commit });
    for (const id of to) if (id !== leader) this.member(id).step({ commit });
  }

  /** `leader` appends commands, durably at itself. */
  append(leader: MemberId, count: number): Entry[] {
    const { log, currentTerm } = this.member(leader).raft;
    const first = log.lastIndex + 1;
    const entries = Array.from({ length: count }, (_, n) => entry(first + n, currentTerm));
    this.member(leader).stepDurably({ write: { entries } });
    return entries;
  }

  operation(more: Partial<ClientOperation>): ClientOperation {
    this.#operations += 1;
    return {
      id: this.#operations,
      client: 1,
      f: 'put',
      input: null,
      readOnly: false,
      mode: 'write',
      sessionId: 0,
      sequence: 0,
      invokedAt: this.now,
      member: 1,
      index: 0,
      told: 0,
      output: null,
      outcome: 'open',
      completedAt: this.now,
      ...more,
    };
  }

  invoke(more: Partial<ClientOperation> = {}): ClientOperation {
    const operation = this.operation(more);
    this.rulebook.onInvoke(operation);
    return operation;
  }

  complete(operation: ClientOperation, index: number, outcome: 'ok' | 'info' = 'ok'): void {
    operation.index = index;
    operation.told = index;
    operation.outcome = outcome;
    operation.completedAt = this.now;
    this.rulebook.onComplete(operation);
  }

  #voters(): MemberId[] {
    return this.bootstrap.members.filter(({ role }) => role === 'voter').map(({ id }) => id);
  }
}

const rpc = { from: 0, to: 0, term: 0 };

export function append(more: object): PeerMessage {
  const plain = { prevLogIndex: 0, prevLogTerm: 0, entries: [], leaderCommit: 0, round: 0 };
  return { type: 'AppendEntries', ...rpc, ...plain, ...more } as PeerMessage;
}
export function appended(more: object): PeerMessage {
  const plain = { success: true, matchIndex: 0, rejectedIndex: 0, round: 0, lastIndex: 0 };
  return { type: 'AppendEntriesReply', ...rpc, ...plain, ...more } as PeerMessage;
}
export function requestVote(more: object): PeerMessage {
  const plain = { lastLogIndex: 0, lastLogTerm: 0, transfer: false };
  return { type: 'RequestVote', ...rpc, ...plain, ...more } as PeerMessage;
}
export function voted(more: object): PeerMessage {
  return { type: 'RequestVoteReply', ...rpc, voteGranted: true, ...more } as PeerMessage;
}
export function preVote(more: object): PeerMessage {
  return { type: 'PreVote', ...rpc, lastLogIndex: 0, lastLogTerm: 0, ...more } as PeerMessage;
}
