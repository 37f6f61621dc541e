/**
 * A cluster of bare cores under a hostile schedule: lossy, duplicating, reordering network; disks that answer late; crashes that lose what was
 * not durable; snapshots in chunks. No replica, no simulator: a second, independent driver of the same contract. Every step checks the
 * rules that can be seen from outside: election safety, one canonical committed log, no lost acknowledged entry, exactly one outcome an id.
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
  RaftConfig,
  Recovered,
  Reply,
  SnapshotMetadata,
} from '@seedraft/core';
import { defaultConfig, EMPTY_CONFIGURATION, firstConfiguration, Raft } from '@seedraft/core';

export function member(id: MemberId, role: Member['role'] = 'voter', priority = 0): Member {
  return {
    id,
    incarnation: '',
    name: `n${id}`,
    peerAddress: '',
    clientAddress: '',
    role,
    priority,
  };
}

export function voters(...ids: number[]): Configuration {
  return firstConfiguration(ids.map((id) => member(id)));
}

/** What survives a crash. */
interface Disk {
  hardState: HardState;
  snapshot: SnapshotMetadata | null;
  entries: Entry[];
}

export interface Node {
  readonly id: MemberId;
  raft: Raft | null;
  boot: number;
  disk: Disk;
  readonly bootstrap: Configuration;
  /** Commands applied, in order; the state a snapshot stands for. */
  applied: string[];
  /** Scheduled wake-up, so that one deadline is not scheduled twice. */
  wake: number;
  /** Persist answers are delayed by this; -1: by up to the world's knob. */
  diskDelay: number;
  /** Writes complete in the order they were issued. */
  diskFreeAt: number;
}

export interface Knobs {
  readonly drop: number;
  readonly duplicate: number;
  readonly delay: number;
  readonly diskDelay: number;
  readonly snapshotEvery: number;
}

interface Scheduled {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

const text = new TextDecoder();
const bytes = new TextEncoder();

export class World {
  now = 0;
  readonly nodes = new Map<MemberId, Node>();
  readonly replies: { readonly node: MemberId; readonly reply: Reply }[] = [];
  readonly leaders = new Map<number, MemberId>();
  /** The one committed log: index -> term and kind and data. */
  readonly canonical = new Map<number, string>();
  readonly snapshots = new Map<string, Uint8Array>();
  readonly open = new Set<number>();
  /** The highest index anyone was told is committed; and what it was when each read began. */
  acknowledged = 0;
  readonly readFloors = new Map<number, number>();
  messages = 0;
  steps = 0;
  /** Links that lose everything, as "from>to". */
  readonly cut = new Set<string>();
  knobs: Knobs = { drop: 0, duplicate: 0, delay: 2, diskDelay: 1, snapshotEvery: 0 };
  /** False: peers lie, so nothing but "it never throws" can be asked. */
  honest = true;
  onStep: ((node: Node, message: Message, effects: Effects) => void) | null = null;
  readonly config: RaftConfig;
  #queue: Scheduled[] = [];
  #order = 0;
  #random: number;
  #nextId = 1;

  constructor(seed: number, config: Partial<RaftConfig> = {}) {
    this.#random = seed | 1;
    this.config = {
      ...defaultConfig,
      electionTimeoutMin: 150,
      electionTimeoutMax: 300,
      heartbeatInterval: 50,
      transferTimeout: 500,
      ...config,
    };
  }

  /** xorshift32: [0, 1). */
  random(): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    return (x >>> 0) / 0x100000000;
  }

  pick(count: number): number {
    return Math.floor(this.random() * count);
  }

  add(id: MemberId, bootstrap: Configuration = EMPTY_CONFIGURATION): Node {
    const disk: Disk = { hardState: { term: 0, votedFor: 0 }, snapshot: null, entries: [] };
    const node: Node = {
      id,
      raft: null,
      boot: 0,
      disk,
      bootstrap,
      applied: [],
      wake: Infinity,
      diskDelay: -1,
      diskFreeAt: 0,
    };
    this.nodes.set(id, node);
    this.start(node);
    return node;
  }

  node(id: MemberId): Node {
    return this.nodes.get(id) as Node;
  }

  /** Boots from disk; `repairUntil` as in Recovered. */
  start(node: Node, repairUntil = 0): void {
    node.boot += 1;
    const { disk } = node;
    const recovered: Recovered = {
      hardState: disk.hardState,
      snapshot: disk.snapshot,
      entries: disk.entries.slice(),
      configuration: node.bootstrap,
      applied: disk.snapshot?.lastIncludedIndex ?? 0,
      repairUntil,
    };
    node.applied = this.#load(disk.snapshot);
    node.raft = new Raft({
      id: node.id,
      config: this.config,
      recovered,
      seed: [node.id, node.boot, 7, 9],
      at: this.now,
    });
    node.wake = Infinity;
    this.#schedule(node);
  }

  crash(node: Node): void {
    node.raft = null;
    node.boot += 1;
    node.diskFreeAt = 0;
    for (const id of this.open) if (Math.floor(id / 1e6) === node.id) this.open.delete(id);
  }

  /** Fresh id for an outcome that `node` owes. */
  nextId(node: Node): number {
    const id = node.id * 1e6 + this.#nextId;
    this.#nextId += 1;
    this.open.add(id);
    return id;
  }

  propose(node: Node, command: string): number {
    const id = this.nextId(node);
    const proposal = { id, data: bytes.encode(command), checksum: 0 };
    this.step(node, { type: 'Propose', at: this.now, proposals: [proposal] });
    return id;
  }

  read(node: Node, mode: 'readIndex' | 'lease'): number {
    const id = this.nextId(node);
    this.readFloors.set(id, this.acknowledged);
    this.step(node, { type: 'Read', at: this.now, id, mode });
    return id;
  }

  #noteReply(node: Node, reply: Reply): void {
    if (!this.open.delete(reply.id)) throw new Error(`second outcome of ${reply.id}`);
    this.replies.push({ node: node.id, reply });
    if (reply.type === 'ProposalReply' && reply.result.outcome === 'committed') {
      this.acknowledged = Math.max(this.acknowledged, reply.result.index);
    } else if (reply.type === 'ReadReply' && reply.result.outcome === 'ready') {
      const floor = this.readFloors.get(reply.id) as number;
      if (this.honest && reply.result.index < floor) {
        throw new Error(`stale read at n${node.id}: ${reply.result.index} < ${floor}`);
      }
    }
  }

  step(node: Node, message: Message): void {
    const raft = node.raft;
    if (raft === null) return;
    this.steps += 1;
    const effects = raft.step(message);
    this.onStep?.(node, message, effects);
    if (this.honest) this.#check(node, raft);
    if (effects.persist !== null) this.#persist(node, effects.persist);
    for (const rpc of effects.messages) this.#send(rpc);
    for (const reply of effects.replies) this.#noteReply(node, reply);
    this.#apply(node, effects.commits);
    if (effects.events.some((happened) => happened.type === 'SnapshotNeeded')) {
      this.#later(node, 1, () => {
        if (raft.lastApplied > 0 && raft.log.termAt(raft.lastApplied) !== undefined) {
          this.compact(node, raft.lastApplied, 0);
        }
      });
    }
    const chunk = effects.snapshotChunk;
    if (chunk !== null) {
      const { snapshot, offset, data } = chunk;
      const stored = offset + data.length;
      this.#later(node, this.pick(3), () => {
        const complete = stored === snapshot.size;
        this.step(node, {
          type: 'SnapshotStored',
          at: this.now,
          snapshotId: snapshot.id,
          offset: stored,
          complete,
        });
      });
    }
    this.#schedule(node);
  }

  /** Runs until `until` or nothing is left. */
  run(until: number): void {
    while (this.#queue.length > 0) {
      const next = this.#queue[0] as Scheduled;
      if (next.at > until) break;
      this.#pop();
      this.now = next.at;
      next.run();
    }
    this.now = until;
  }

  /** Runs until `condition`, at most `limit` ms. */
  until(condition: () => boolean, limit = 20_000): boolean {
    const end = this.now + limit;
    while (!condition() && this.now < end) this.run(this.now + 5);
    return condition();
  }

  leader(): Node | null {
    let best: Node | null = null;
    for (const node of this.nodes.values()) {
      if (node.raft?.role !== 'leader') continue;
      if (best === null || node.raft.currentTerm > (best.raft?.currentTerm ?? 0)) best = node;
    }
    return best;
  }

  isolate(id: MemberId): void {
    for (const other of this.nodes.keys()) {
      this.cut.add(`${id}>${other}`);
      this.cut.add(`${other}>${id}`);
    }
  }

  heal(): void {
    this.cut.clear();
  }

  #schedule(node: Node): void {
    const raft = node.raft;
    if (raft === null || raft.deadline >= node.wake) return;
    const at = Math.max(raft.deadline, this.now);
    node.wake = at;
    const boot = node.boot;
    this.#push(at, () => {
      if (node.boot !== boot) return;
      if (node.wake === at) node.wake = Infinity;
      if (node.raft !== null && node.raft.deadline <= this.now) {
        this.step(node, { type: 'Tick', at: this.now });
      } else this.#schedule(node);
    });
  }

  #later(node: Node, delay: number, run: () => void): void {
    const boot = node.boot;
    this.#push(this.now + delay, () => {
      if (node.boot === boot) run();
    });
  }

  #persist(node: Node, write: Persist): void {
    const delay = node.diskDelay >= 0 ? node.diskDelay : this.pick(this.knobs.diskDelay + 1);
    node.diskFreeAt = Math.max(this.now + delay, node.diskFreeAt);
    this.#later(node, node.diskFreeAt - this.now, () => {
      const { disk } = node;
      if (write.snapshot !== null) {
        disk.snapshot = write.snapshot;
        disk.entries = [];
        node.applied = this.#load(write.snapshot);
      }
      if (write.truncateFrom > 0) {
        disk.entries = disk.entries.filter((entry) => entry.index < write.truncateFrom);
      }
      disk.entries.push(...write.entries);
      disk.hardState = write.hardState;
      this.step(node, { type: 'Persisted', at: this.now, seq: write.seq });
      if (write.snapshot !== null) {
        const index = write.snapshot.lastIncludedIndex;
        this.step(node, { type: 'Applied', at: this.now, index });
      }
    });
  }

  #send(message: PeerMessage): void {
    this.messages += 1;
    let rpc = message;
    if (message.type === 'InstallSnapshot') {
      const stored = this.snapshots.get(message.snapshot.id) ?? new Uint8Array(message.length);
      const data = stored.slice(message.offset, message.offset + message.length);
      rpc = { ...message, data };
    }
    if (this.random() < this.knobs.drop) return;
    const copies = this.random() < this.knobs.duplicate ? 2 : 1;
    for (let i = 0; i < copies; i += 1) {
      this.#push(this.now + 1 + this.pick(this.knobs.delay), () => {
        const target = this.nodes.get(rpc.to);
        if (target === undefined || this.cut.has(`${rpc.from}>${rpc.to}`)) return;
        this.step(target, { type: 'Receive', at: this.now, rpc });
      });
    }
  }

  #apply(node: Node, commits: readonly Entry[]): void {
    const last = commits[commits.length - 1];
    if (last === undefined) return;
    for (const entry of this.honest ? commits : []) {
      const shown = `${entry.term} ${entry.kind} ${text.decode(entry.data)}`;
      const known = this.canonical.get(entry.index);
      if (known !== undefined && known !== shown) {
        throw new Error(`index ${entry.index} committed as "${known}" and as "${shown}"`);
      }
      this.canonical.set(entry.index, shown);
      const durable = node.disk.entries.some(
        (kept) => kept.index === entry.index && kept.term === entry.term,
      );
      if (!durable) throw new Error(`n${node.id} was handed ${entry.index} before it was durable`);
      node.applied.push(text.decode(entry.data));
    }
    this.step(node, { type: 'Applied', at: this.now, index: last.index });
    const base = node.disk.snapshot?.lastIncludedIndex ?? 0;
    const { snapshotEvery } = this.knobs;
    if (snapshotEvery > 0 && last.index - base >= snapshotEvery) this.compact(node, last.index);
  }

  /** Takes a snapshot of what `node` applied, and compacts. */
  compact(node: Node, index: number, keep = 2): void {
    const raft = node.raft as Raft;
    const data = bytes.encode(JSON.stringify(node.applied));
    const id = `n${node.id}-${node.boot}-${index}`;
    this.snapshots.set(id, data);
    const at = raft.configurationAt(index);
    const snapshot: SnapshotMetadata = {
      id,
      lastIncludedIndex: index,
      lastIncludedTerm: raft.log.termAt(index) as number,
      configuration: at.configuration,
      configurationIndex: at.index,
      size: data.length,
      checksum: 0,
    };
    node.disk.snapshot = snapshot;
    node.disk.entries = node.disk.entries.filter((entry) => entry.index > index - keep);
    this.step(node, { type: 'Compact', at: this.now, snapshot, keep });
  }

  #load(snapshot: SnapshotMetadata | null): string[] {
    if (snapshot === null || !this.honest) return [];
    return JSON.parse(text.decode(this.snapshots.get(snapshot.id))) as string[];
  }

  #check(node: Node, raft: Raft): void {
    if (raft.role === 'leader') {
      const known = this.leaders.get(raft.currentTerm);
      if (known !== undefined && known !== node.id) {
        throw new Error(`two leaders in term ${raft.currentTerm}`);
      }
      this.leaders.set(raft.currentTerm, node.id);
    }
  }

  #push(at: number, run: () => void): void {
    const queue = this.#queue;
    queue.push({ at, order: this.#order, run });
    this.#order += 1;
    let i = queue.length - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (this.#before(parent, i)) break;
      this.#swap(i, parent);
      i = parent;
    }
  }

  #pop(): void {
    const queue = this.#queue;
    const last = queue.pop() as Scheduled;
    if (queue.length === 0) return;
    queue[0] = last;
    let i = 0;
    for (;;) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < queue.length && !this.#before(least, child)) least = child;
      }
      if (least === i) return;
      this.#swap(i, least);
      i = least;
    }
  }

  #before(i: number, j: number): boolean {
    const a = this.#queue[i] as Scheduled;
    const b = this.#queue[j] as Scheduled;
    return a.at < b.at || (a.at === b.at && a.order < b.order);
  }

  #swap(i: number, j: number): void {
    const kept = this.#queue[i] as Scheduled;
    this.#queue[i] = this.#queue[j] as Scheduled;
    this.#queue[j] = kept;
  }
}
