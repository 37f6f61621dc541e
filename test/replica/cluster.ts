/**
 * A tiny driver: replicas over fake ports and a clock that jumps from event to event. Messages take a millisecond, disks half of
 * one, in order, unless a test says otherwise. Not the simulator: no faults but those a test commits by hand.
 */
import { encode } from '@seedraft/codec';
import type { Configuration, Entry, RaftConfig } from '@seedraft/core';
import {
  type AskedRequest,
  type ClientReply,
  type ClientRequest,
  type MemberMessage,
  Replica,
  type ReplicaOptions,
  type StateMachine,
  type Tracer,
} from '@seedraft/replica';
import { FakeDisk } from './fake-disk.ts';
import { Ledger } from './ledger.ts';

export const CONFIG: RaftConfig = {
  electionTimeoutMin: 100,
  electionTimeoutMax: 200,
  heartbeatInterval: 20,
  preVote: true,
  checkQuorum: true,
  leaseReads: true,
  clockDriftBound: 0.001,
  maxInflightMessages: 16,
  maxInflightBytes: 1 << 20,
  maxAppendEntries: 64,
  maxAppendBytes: 1 << 16,
  maxEntryBytes: 1 << 16,
  maxUncommittedBytes: 1 << 20,
  maxLogBytes: 1 << 20,
  snapshotChunkBytes: 64,
  autoPromote: false,
  forwardProposals: false,
  maxForwardHops: 2,
  transferTimeout: 200,
};

export const NEVER = { everyEntries: 1e9, everyBytes: 1e12, keep: 0 };

export interface ClusterOptions {
  readonly members?: number;
  readonly raft?: Partial<RaftConfig>;
  readonly snapshot?: ReplicaOptions['snapshot'];
  readonly maxStateBytes?: number;
  readonly maxOpenRequests?: number;
  readonly machine?: () => StateMachine;
  /** Incarnations written into the bootstrap configuration; default: bound. */
  readonly unbound?: boolean;
  readonly tracer?: (id: number) => Tracer;
  readonly seed?: number;
}

export interface TestMember {
  readonly id: number;
  readonly disk: FakeDisk;
  replica: Replica | null;
  machine: StateMachine;
  boots: number;
  /** Added to the cluster's time to give the member's own clock. */
  clock: number;
  /** Why it stopped by itself. */
  death: unknown;
  /** One line per applied entry: index, digest. */
  readonly applied: Map<number, string>;
}

export class TestCluster {
  now = 1000;
  readonly members: TestMember[] = [];
  readonly replies = new Map<number, ClientReply>();
  /** Replies beyond the first, which must never be. */
  readonly surplus: number[] = [];
  /** Every entry ever applied anywhere, by index. */
  readonly history = new Map<number, Entry>();
  /** Messages that pass; the test's word. */
  passes: (message: MemberMessage) => boolean = () => true;
  delay: () => number = () => 1;
  diskDelay = 0.5;
  #events: { at: number; order: number; run: () => void }[] = [];
  #order = 0;
  #lastRequest = 0;
  readonly options: ClusterOptions;

  constructor(options: ClusterOptions = {}) {
    this.options = options;
    const ids = Array.from({ length: options.members ?? 3 }, (_, i) => i + 1);
    const configuration: Configuration = {
      members: ids.map((id) => ({
        id,
        incarnation: options.unbound ? '' : incarnationOf(id),
        name: `n${id}`,
        peerAddress: '',
        clientAddress: '',
        role: 'voter',
        priority: 0,
      })),
      outgoing: null,
      autoLeave: false,
      highestId: Math.max(...ids),
    };
    for (const id of ids) this.members.push(this.#create(id, configuration));
    for (const { id } of this.members) this.start(id);
  }

  member(id: number): TestMember {
    return this.members[id - 1]!;
  }

  replica(id: number): Replica {
    return this.member(id).replica!;
  }

  ledger(id: number): Ledger {
    return this.member(id).machine as Ledger;
  }

  /** The one that leads, in the highest term; waits for one. */
  leader(): number {
    for (let tries = 0; tries < 200; tries++) {
      const leaders = this.members
        .filter((m) => m.replica?.raft.role === 'leader')
        .sort((a, b) => b.replica!.raft.currentTerm - a.replica!.raft.currentTerm);
      if (leaders.length > 0) return leaders[0]!.id;
      this.run(20);
    }
    throw new Error('no leader');
  }

  follower(): number {
    const leader = this.leader();
    return this.members.find((m) => m.id !== leader && m.replica !== null)!.id;
  }

  start(id: number): void {
    const member = this.member(id);
    member.machine = (this.options.machine ?? (() => new Ledger()))();
    const boot = ++member.boots;
    const options: ReplicaOptions = {
      id,
      raft: { ...CONFIG, ...this.options.raft },
      snapshot: this.options.snapshot ?? NEVER,
      recovered: member.disk.recover(),
      seed: [id, boot, this.options.seed ?? 7, 0x9e3779b9],
      at: this.clockOf(member),
      machine: member.machine,
      transport: {
        send: (message) => this.#send(id, boot, message),
        reply: (requestId, reply) => {
          if (this.replies.has(requestId)) this.surplus.push(requestId);
          this.replies.set(requestId, reply);
        },
      },
      store: member.disk,
      tracer: this.#tracer(member),
      maxStateBytes: this.options.maxStateBytes ?? 1e9,
      maxOpenRequests: this.options.maxOpenRequests ?? 1000,
    };
    member.replica = new Replica(options);
    this.#arm(member);
  }

  crash(id: number): void {
    const member = this.member(id);
    member.replica = null;
    member.disk.crash();
  }

  /** Hands a request to a member; its reply will be in `replies` under the returned id. */
  ask(id: number, request: AskedRequest['request']): number {
    const requestId = ++this.#lastRequest;
    const asked = [{ requestId, request }];
    this.#enter(this.member(id), (replica, at) => replica.requestAll(at, asked));
    return requestId;
  }

  /** Hands over requests that came together; the ids their replies will be under. */
  askAll(id: number, requests: readonly ClientRequest[]): number[] {
    const asked = requests.map((request) => ({ requestId: ++this.#lastRequest, request }));
    this.#enter(this.member(id), (replica, at) => replica.requestAll(at, asked));
    return asked.map(({ requestId }) => requestId);
  }

  /** Asks and waits for the answer. */
  call(id: number, request: AskedRequest['request'], within = 2000): ClientReply {
    const requestId = this.ask(id, request);
    const until = this.now + within;
    while (!this.replies.has(requestId) && this.now < until) this.run(1);
    const reply = this.replies.get(requestId);
    if (reply === undefined) throw new Error(`no answer to ${JSON.stringify(request)}`);
    return reply;
  }

  add(id: number, to: string, add: number): ClientReply {
    return this.call(id, {
      type: 'Command',
      sessionId: 0,
      sequence: 0,
      firstIncomplete: 0,
      command: { add, to },
    });
  }

  openSession(timeout = 1e6): number {
    const reply = this.call(this.leader(), { type: 'OpenSession', timeout });
    if (reply.type !== 'Ok') throw new Error(JSON.stringify(reply));
    return reply.value as number;
  }

  /** Lets `ms` pass. */
  run(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      const next = this.#events[0];
      if (next === undefined || next.at > until) break;
      this.#events.shift();
      this.now = next.at;
      next.run();
    }
    this.now = until;
  }

  /** Every member up has applied what the leader has. */
  settle(): void {
    for (let tries = 0; tries < 400; tries++) {
      const leader = this.replica(this.leader());
      const level = this.members.every(
        (m) =>
          m.replica === null ||
          (m.replica.appliedIndex === leader.raft.log.lastIndex && !m.disk.isPending),
      );
      if (level) return;
      this.run(10);
    }
    throw new Error(`does not settle: ${this.members.map((m) => m.replica?.appliedIndex)}`);
  }

  clockOf(member: TestMember): number {
    return Math.floor(this.now + member.clock);
  }

  later(delay: number, run: () => void): void {
    const event = { at: this.now + delay, order: ++this.#order, run };
    let i = this.#events.length;
    while (i > 0 && this.#events[i - 1]!.at > event.at) i--;
    this.#events.splice(i, 0, event);
  }

  #create(id: number, configuration: Configuration): TestMember {
    const disk = new FakeDisk(configuration, incarnationOf(id), () => this.#answerDisk(member));
    const member: TestMember = {
      id,
      disk,
      replica: null,
      machine: new Ledger(),
      boots: 0,
      clock: id * 10_000,
      death: null,
      applied: new Map(),
    };
    return member;
  }

  #answerDisk(member: TestMember): void {
    const { boots } = member;
    this.later(this.diskDelay, () => {
      if (member.boots !== boots || member.replica === null) return;
      this.#enter(member, (replica, at) => member.disk.complete(replica, at));
    });
  }

  #send(from: number, boot: number, message: MemberMessage): void {
    if (!this.passes(message)) return;
    this.later(this.delay(), () => {
      const to = this.member(message.to);
      if (to.replica === null || this.member(from).boots < boot) return;
      this.#enter(to, (replica, at) => replica.receive(at, incarnationOf(from), message));
    });
  }

  #enter(member: TestMember, door: (replica: Replica, at: number) => void): void {
    const { replica } = member;
    if (replica === null) return;
    try {
      door(replica, this.clockOf(member));
    } catch (thrown) {
      member.death = thrown;
      this.crash(member.id);
      return;
    }
    this.#arm(member);
  }

  /** A timer per deadline, as a driver would have; late ones do no harm. */
  #arm(member: TestMember): void {
    const { replica, boots } = member;
    if (replica === null || replica.deadline === Number.POSITIVE_INFINITY) return;
    const { deadline } = replica;
    const delay = Math.max(deadline - this.now - member.clock, 0.25);
    this.later(delay, () => {
      if (member.boots !== boots || member.replica?.deadline !== deadline) return;
      this.#enter(member, (r, at) => r.tick(at));
    });
  }

  #tracer(member: TestMember): Tracer {
    const own = this.options.tracer?.(member.id) ?? {};
    return {
      ...own,
      onApply: (entry, result, digest) => {
        const line = `${entry.term} ${digest.hi} ${digest.lo} ${hex(result)}`;
        member.applied.set(entry.index, line);
        this.history.set(entry.index, entry);
        own.onApply?.(entry, result, digest);
      },
    };
  }
}

function hex(result: unknown): string {
  return result === undefined ? '-' : encode(result).join();
}

export function incarnationOf(id: number): string {
  return id.toString(16).padStart(32, '0');
}
