/**
 * A cluster of bare cores moved by hand: nothing happens by itself. Messages wait on their links until they are delivered, writes wait in
 * front of their disks until they land, and a write that landed is not known to its core until it is answered. Each member has a clock of
 * its own. Transcripts tell stories with it; the command properties let fast-check be the storyteller.
 */
import type {
  Configuration,
  Effects,
  Entry,
  HardState,
  MemberId,
  Message,
  PeerMessage,
  Persist,
  RaftConfig,
  SnapshotChunk,
  SnapshotMetadata,
} from '@seedraft/core';
import { EMPTY_CONFIGURATION, Raft } from '@seedraft/core';

const bytes = new TextEncoder();
const text = new TextDecoder();

export type Unstamped<M extends Message = Message> = M extends Message ? Omit<M, 'at'> : never;

/** What survives a crash. */
export interface Disk {
  hardState: HardState;
  snapshot: SnapshotMetadata | null;
  entries: Entry[];
}

type Write =
  | { readonly type: 'persist'; readonly persist: Persist }
  | { readonly type: 'chunk'; readonly chunk: SnapshotChunk };

export interface Member {
  readonly id: MemberId;
  raft: Raft | null;
  /** Milliseconds of its own monotonic clock. */
  clock: number;
  boot: number;
  /** A write failed: it has stopped for good, and only a restart helps. */
  broken: boolean;
  readonly bootstrap: Configuration;
  readonly disk: Disk;
  /** Asked of the disk, not on it. */
  writes: Write[];
  /** On the disk, and the core has not been told. */
  landed: Write[];
  /** Handed over by the core, not applied. */
  delivered: Entry[];
  /** The state machine: the commands it applied, and up to which index. */
  applied: string[];
  appliedIndex: number;
  /** Snapshots whose bytes are here, by id; and the one coming in. */
  readonly kept: Map<string, Uint8Array>;
  incoming: Uint8Array | null;
}

export type Watcher = (member: Member, message: Message, effects: Effects) => void;

export interface HandOptions {
  readonly config: RaftConfig;
  /** Disks land and answer, and state machines apply, at once. */
  readonly prompt?: boolean;
  /** Called after every step, before anything comes of it. */
  readonly watch?: Watcher;
}

export class Hand {
  readonly members = new Map<MemberId, Member>();
  /** In the order they were sent. */
  network: PeerMessage[] = [];
  /** Members whose disks do not answer at once, though others do. */
  readonly held = new Set<MemberId>();
  /** Members that nobody hears and that hear nobody. */
  readonly isolated = new Set<MemberId>();
  readonly config: RaftConfig;
  readonly #prompt: boolean;
  readonly #watch: Watcher | undefined;

  constructor(options: HandOptions) {
    this.config = options.config;
    this.#prompt = options.prompt ?? false;
    this.#watch = options.watch;
  }

  /** A new member, with this on its disk; without a bootstrap configuration it is one that waits to be added. */
  add(id: MemberId, bootstrap = EMPTY_CONFIGURATION, disk: Partial<Disk> = {}): Member {
    const member: Member = {
      id,
      raft: null,
      clock: 0,
      boot: 0,
      broken: false,
      bootstrap,
      disk: { hardState: { term: 0, votedFor: 0 }, snapshot: null, entries: [], ...disk },
      writes: [],
      landed: [],
      delivered: [],
      applied: [],
      appliedIndex: 0,
      kept: new Map(),
      incoming: null,
    };
    this.members.set(id, member);
    this.start(member);
    return member;
  }

  member(id: MemberId): Member {
    const member = this.members.get(id);
    if (member === undefined) throw new Error(`there is no n${id}`);
    return member;
  }

  start(member: Member): void {
    const { disk } = member;
    member.boot += 1;
    member.broken = false;
    this.#load(member, disk.snapshot);
    member.raft = new Raft({
      id: member.id,
      config: this.config,
      recovered: {
        hardState: disk.hardState,
        snapshot: disk.snapshot,
        entries: disk.entries.slice(),
        configuration: member.bootstrap,
        applied: member.appliedIndex,
        repairUntil: 0,
      },
      seed: [member.id, member.boot, 7, 9],
      at: member.clock,
    });
  }

  /** Everything that is not on the disk is gone. */
  crash(member: Member): void {
    member.raft = null;
    member.writes = [];
    member.landed = [];
    member.delivered = [];
    member.incoming = null;
  }

  /** The one way into a core. A member that is down hears nothing. */
  step(member: Member, message: Unstamped): void {
    const { raft } = member;
    if (raft === null) return;
    const stamped = { ...message, at: member.clock } as Message;
    const effects = raft.step(stamped);
    if (stamped.type === 'PersistFailed' && stamped.code !== 'NO_SPACE') member.broken = true;
    // Watched first: nothing of this step has been carried out yet.
    this.#watch?.(member, stamped, effects);
    if (effects.persist !== null) member.writes.push({ type: 'persist', persist: effects.persist });
    const chunk = effects.snapshotChunk;
    if (chunk !== null) member.writes.push({ type: 'chunk', chunk });
    for (const rpc of effects.messages) {
      if (!this.isolated.has(rpc.from) && !this.isolated.has(rpc.to)) this.network.push(rpc);
    }
    member.delivered.push(...effects.commits);
    if (this.#prompt && !this.held.has(member.id)) this.carryOut(member);
  }

  /** Its disk and state machine do all that was asked of them. */
  carryOut(member: Member): void {
    if (member.writes.length + member.landed.length + member.delivered.length === 0) return;
    this.land(member, Infinity);
    this.answer(member);
    this.apply(member);
    this.carryOut(member);
  }

  /** The first `count` writes reach the disk. */
  land(member: Member, count: number): void {
    for (const write of member.writes.splice(0, count)) {
      if (write.type === 'persist') landPersist(member, write.persist);
      else landChunk(member, write.chunk);
      member.landed.push(write);
    }
  }

  /** The core is told of what landed: of persists only the last, which speaks for those before it. */
  answer(member: Member): void {
    const { landed } = member;
    member.landed = [];
    const persists = landed.flatMap((write) => (write.type === 'persist' ? [write.persist] : []));
    const last = persists.at(-1);
    if (last !== undefined) {
      const installed = persists.findLast(({ snapshot }) => snapshot !== null)?.snapshot ?? null;
      if (installed !== null) this.#load(member, installed);
      this.step(member, { type: 'Persisted', seq: last.seq });
      if (installed !== null) this.step(member, { type: 'Applied', index: member.appliedIndex });
    }
    for (const write of landed) if (write.type === 'chunk') this.#answerChunk(member, write.chunk);
  }

  #answerChunk(member: Member, { snapshot, offset, data }: SnapshotChunk): void {
    const end = offset + data.length;
    const complete = end === snapshot.size && member.kept.has(snapshot.id);
    this.step(member, { type: 'SnapshotStored', snapshotId: snapshot.id, offset: end, complete });
  }

  /** The state machine applies what was handed to it. */
  apply(member: Member): void {
    const { delivered } = member;
    member.delivered = [];
    if (delivered.length === 0) return;
    for (const { index, kind, data } of delivered) {
      if (index <= member.appliedIndex) continue;
      if (index !== member.appliedIndex + 1)
        throw new Error(`n${member.id} was not given ${index - 1}`);
      member.appliedIndex = index;
      if (kind === 'command') member.applied.push(text.decode(data));
    }
    this.step(member, { type: 'Applied', index: member.appliedIndex });
  }

  /** Takes `rpc` off the network, if it is still there, and gives it to whom it is for. */
  deliver(rpc: PeerMessage): void {
    this.drop(rpc);
    this.copy(rpc);
  }

  drop(rpc: PeerMessage): void {
    const at = this.network.indexOf(rpc);
    if (at >= 0) this.network.splice(at, 1);
  }

  /** Delivers it, and leaves it on the network: there were two. */
  copy(rpc: PeerMessage): void {
    const member = this.members.get(rpc.to);
    if (member !== undefined) {
      const filled = rpc.type === 'InstallSnapshot' ? this.#fill(rpc) : rpc;
      if (filled !== null) this.step(member, { type: 'Receive', rpc: filled });
    }
  }

  /** The replica's part: the bytes come from the sender's store. */
  #fill(rpc: PeerMessage & { readonly type: 'InstallSnapshot' }): PeerMessage | null {
    const stored = this.members.get(rpc.from)?.kept.get(rpc.snapshot.id);
    if (stored === undefined) return null;
    return { ...rpc, data: stored.slice(rpc.offset, rpc.offset + rpc.length) };
  }

  propose(member: Member, id: number, command: string): void {
    const data = bytes.encode(command);
    this.step(member, { type: 'Propose', proposals: [{ id, data, checksum: 0 }] });
  }

  /** To its deadline, or `ms` on; then a Tick. */
  tick(member: Member, ms?: number): void {
    const deadline = member.raft?.deadline ?? Infinity;
    if (ms !== undefined) member.clock += ms;
    else if (deadline < Infinity) member.clock = Math.max(member.clock, deadline);
    this.step(member, { type: 'Tick' });
  }

  /** A snapshot of what it applied, durable at once; then the log before it may go, but for `keep` entries. */
  compact(member: Member, keep: number): void {
    const { raft, disk, appliedIndex } = member;
    const lastIncludedTerm = raft?.log.termAt(appliedIndex);
    const known = raft?.snapshot?.lastIncludedIndex ?? 0;
    if (raft === null || lastIncludedTerm === undefined || appliedIndex <= known) return;
    const { index, configuration } = raft.configurationAt(appliedIndex);
    const data = bytes.encode(JSON.stringify(member.applied));
    const id = `n${member.id}-${member.boot}-${appliedIndex}`;
    member.kept.set(id, data);
    const snapshot: SnapshotMetadata = {
      id,
      lastIncludedIndex: appliedIndex,
      lastIncludedTerm,
      configuration,
      configurationIndex: index,
      size: data.length,
      checksum: 0,
    };
    disk.snapshot = snapshot;
    disk.entries = disk.entries.filter((entry) => entry.index > appliedIndex - keep);
    this.step(member, { type: 'Compact', snapshot, keep });
  }

  #load(member: Member, snapshot: SnapshotMetadata | null): void {
    const stored = snapshot === null ? undefined : member.kept.get(snapshot.id);
    member.applied = stored === undefined ? [] : (JSON.parse(text.decode(stored)) as string[]);
    member.appliedIndex = snapshot?.lastIncludedIndex ?? 0;
    member.delivered = member.delivered.filter((entry) => entry.index > member.appliedIndex);
  }
}

function landPersist(member: Member, persist: Persist): void {
  const { disk } = member;
  if (persist.snapshot !== null) {
    disk.snapshot = persist.snapshot;
    disk.entries = [];
  }
  const { truncateFrom } = persist;
  if (truncateFrom > 0) disk.entries = disk.entries.filter(({ index }) => index < truncateFrom);
  disk.entries.push(...persist.entries);
  disk.hardState = persist.hardState;
}

function landChunk(member: Member, { snapshot, offset, data }: SnapshotChunk): void {
  if (offset === 0 || member.incoming === null) member.incoming = new Uint8Array(snapshot.size);
  // Bytes of a snapshot that was given up land in the next one's file only if the core mixes them up: then the content will tell.
  member.incoming.set(data.subarray(0, Math.max(0, member.incoming.length - offset)), offset);
  if (offset + data.length === snapshot.size) member.kept.set(snapshot.id, member.incoming);
}

/** Does this disk hold entry `index` of `term`, itself or inside its snapshot? */
export function holds(disk: Disk, index: number, term: number): boolean {
  if (disk.snapshot !== null && index <= disk.snapshot.lastIncludedIndex) return true;
  return disk.entries.some((entry) => entry.index === index && entry.term === term);
}
