/**
 * The engine of a run: virtual time, the event queue, the members and the network between them. It delivers inputs to replicas and takes
 * their outputs; it decides nothing about Raft. Faults act on it through Nemesis, clients through Clients, operators through Operator.
 *
 * Single-threaded and synchronous: an event runs to its end before the next begins, and everything random is keyed (random.ts), so
 * that a plan determines a run. An event is an input executed by a member, a client or a fault; what was cancelled does not count.
 */
import type { Configuration, Entry, Index, MemberId } from '@seedraft/core';
import { type ClientReply, MemberStopped, type StateMachine } from '@seedraft/replica';
import { ChoiceLog, EventKind } from './choices.ts';
import type { Disk, DiskOptions } from './disk/disk.ts';
import { Atlas } from './faults/atlas.ts';
import { CLIENT_BASE, type Flight, type Link } from './link.ts';
import { endpointName, type Order, type SimMember, type Submitted } from './member.ts';
import { Network, type NetworkHost } from './network.ts';
import { type Micros, type Observer, Violation, type WorldView } from './observer.ts';
import { Observers } from './observers.ts';
import type { Plan } from './plan.ts';
import { unhandledError } from './properties/s22-bounds.ts';
import { EventQueue } from './queue.ts';
import { Randomness } from './random.ts';
import { Roster } from './roster.ts';

/** What lies in the queue; unlike EventKind not all of it turns into an event. */
const FLIGHT = 1;
const TICK = 2;
const DISK = 3;
const COMPLETION = 4;
const CLIENT = 5;
const LATER = 6;
const DRAIN = 7;

/** Ends a run without a finding: a limit of the plan was reached. */
export class LimitReached extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = 'LimitReached';
  }
}

/** Clients as the engine sees them. */
export interface ClientsDoor {
  /** A timer of a client came up; a stale token is not an event. */
  wake(client: number, token: number): void;
  answered(client: number, submitted: Submitted): void;
}

export interface WorldOptions {
  readonly plan: Plan;
  readonly machine: () => StateMachine;
  readonly disk: (options: DiskOptions) => Disk;
  readonly keepChoices: boolean;
  /** Events [from, to) after each of which every member's digest is noted (to tell where two runs part). */
  readonly digests?: readonly [number, number];
}

interface Completion {
  readonly kind: number;
  readonly ordinal: number;
  readonly item: unknown;
}

/** Something to be done later, and how it counts. */
interface Deferred {
  readonly kind: number;
  readonly id: number;
  readonly action: () => void;
}

export class World implements WorldView, NetworkHost {
  now: Micros = 0;
  readonly plan: Plan;
  readonly randomness: Randomness;
  readonly network: Network;
  readonly choices: ChoiceLog;
  readonly atlas: Atlas;
  readonly roster: Roster;
  observers = new Observers([]);
  clients: ClientsDoor | null = null;
  /** The member whose code runs now: what it throws is its failure. */
  acting: SimMember | null = null;
  /** Above 0 while the simulator's own code runs inside a member's step: what that throws is ours. */
  hosting = 0;
  /** The run ends inconclusive here; lifted when the safety phase ends, since each demand of the liveness phase has a bound of its own. */
  timeLimit: Micros;
  /** Raised when the safety phase ends: what faults deferred before is void. */
  faultEpoch = 0;
  /** The latest configuration known to be committed anywhere. */
  committedConfiguration: Configuration;
  committedConfigurationIndex: Index = 0;
  /** Notable things that happened, by name. */
  readonly notes = new Map<string, number>();
  /** See WorldOptions.digests. */
  readonly digests: string[] = [];

  readonly #options: WorldOptions;
  readonly #queue = new EventQueue();
  #watchers: (() => boolean)[] = [];
  #requestId = 0;
  #instant: Micros = -1;
  #atInstant = 0;
  #inDisk = false;
  #completions: Completion[] = [];

  constructor(options: WorldOptions) {
    const { plan } = options;
    this.#options = options;
    this.plan = plan;
    this.timeLimit = plan.limits.maxSimulatedTime;
    this.randomness = new Randomness(plan.root);
    this.choices = new ChoiceLog(options.keepChoices);
    this.network = new Network(
      this,
      this.randomness,
      plan.network,
      plan.workload.clients,
      plan.bytes,
    );
    this.atlas = new Atlas(this);
    this.roster = new Roster(this, options.machine, options.disk);
    this.committedConfiguration = this.roster.bootstrap;
  }

  /** Attaches who watches and starts the planned members. */
  start(observers: readonly Observer[]): void {
    this.observers = new Observers(observers);
    this.roster.start();
  }

  get members(): readonly SimMember[] {
    return this.roster.members;
  }

  member(id: MemberId): SimMember {
    return this.roster.member(id);
  }

  // ---------------------------------------------------------------------------------------------------------------- scheduling

  launch(flight: Flight, at: Micros): void {
    this.#queue.push(at, FLIGHT, 0, 0, flight);
  }
  scheduleTick(member: SimMember, at: Micros): void {
    this.#queue.push(at, TICK, member.id, member.tickGeneration, null);
  }
  scheduleDrain(member: SimMember, at: Micros): void {
    this.#queue.push(at, DRAIN, member.id, member.epoch, null);
  }
  scheduleDisk(member: SimMember, delay: Micros, action: () => void): void {
    this.#queue.push(this.now + Math.max(0, delay), DISK, member.id, member.epoch, action);
  }
  /** What its disk has under way ends within `latency`: a disk that is healed has no operation left that began while it was slow. */
  hastenDisk(member: SimMember, latency: Micros): void {
    this.#queue.hasten(DISK, member.id, this.now + latency);
  }
  scheduleClient(client: number, at: Micros, token: number): void {
    this.#queue.push(at, CLIENT, client, token, null);
  }
  /** Runs `action` as an event of its own; void once the safety phase is over. */
  defer(delay: Micros, kind: number, id: number, action: () => void): void {
    const deferred: Deferred = { kind, id, action };
    this.#queue.push(this.now + Math.max(0, delay), LATER, 0, this.faultEpoch, deferred);
  }

  /**
   * A disk finished something. Inside a disk's own action it reaches the replica when that action has ended, else (the disk answered at
   * once, in the middle of a step) as an event of this instant.
   */
  completed(member: SimMember, kind: number, ordinal: number, item: unknown): void {
    const completion: Completion = { kind, ordinal, item };
    if (this.#inDisk) this.#completions.push(completion);
    else this.#queue.push(this.now, COMPLETION, member.id, member.epoch, completion);
  }

  /** Asked after each step of any member until it says true. */
  watch(watcher: () => boolean): void {
    this.#watchers.push(watcher);
  }

  clearWatchers(): void {
    this.#watchers = [];
  }

  nextRequestId(): number {
    this.#requestId += 1;
    return this.#requestId;
  }

  answered(order: Order, reply: ClientReply): void {
    this.defer(0, EventKind.OperatorReply, 0, () => order.answer(reply));
  }

  // ------------------------------------------------------------------------------------------------------------------ the loop

  /**
   * Runs events until `predicate` holds (asked after each event) or the next event lies beyond `until`; time then stands at `until`.
   * Throws Violation, LimitReached, or whatever broke the simulator itself.
   */
  advance(until: Micros, predicate: (() => boolean) | null): boolean {
    for (;;) {
      try {
        return this.#advance(until, predicate);
      } catch (thrown) {
        this.#memberFailed(thrown);
      }
    }
  }

  #advance(until: Micros, predicate: (() => boolean) | null): boolean {
    const queue = this.#queue;
    const limit = Math.min(until, this.timeLimit);
    if (predicate?.() === true) return true;
    while (queue.nextTime <= limit) {
      queue.pop();
      this.now = queue.time;
      this.#dispatch(queue.kind, queue.a, queue.b, queue.item);
      if (predicate?.()) return true;
    }
    if (limit < until) throw new LimitReached(`the run reached ${limit / 1e6} simulated seconds`);
    this.now = until;
    return false;
  }

  #dispatch(kind: number, a: number, b: number, item: unknown): void {
    switch (kind) {
      case FLIGHT:
        this.#arrive(item as Flight);
        return;
      case TICK:
        this.roster.member(a).tick(b);
        return;
      case DISK: {
        const member = this.roster.member(a);
        if (member.epoch === b) this.#runDisk(member, item as () => void);
        return;
      }
      case COMPLETION: {
        const member = this.roster.member(a);
        if (member.epoch !== b) return;
        const completion = item as Completion;
        member.input(completion.kind, a, completion.ordinal, completion.item);
        return;
      }
      case CLIENT:
        this.clients?.wake(a, b);
        return;
      case LATER: {
        if (b !== this.faultEpoch) return;
        const deferred = item as Deferred;
        this.executed(deferred.kind, deferred.id, 0, 0);
        deferred.action();
        return;
      }
      default: {
        const member = this.roster.member(a);
        if (member.epoch === b) member.drain();
      }
    }
  }

  #arrive(flight: Flight): void {
    if (!this.network.arrive(flight)) return;
    const link = flight.link as Link;
    const { to } = link;
    if (to >= CLIENT_BASE) {
      const submitted = flight.message as Submitted;
      this.executed(EventKind.ClientReply, link.from, to, flight.key);
      this.network.recycle(flight);
      this.clients?.answered(to - CLIENT_BASE, submitted);
      return;
    }
    const member = this.roster.member(to);
    if (member.replica === null) {
      this.network.undeliverable(flight);
      return;
    }
    const kind = link.isClient ? EventKind.ClientRequest : EventKind.Deliver;
    member.input(kind, link.from, flight.key, flight);
  }

  #runDisk(member: SimMember, action: () => void): void {
    const { epoch } = member;
    this.acting = member;
    this.#inDisk = true;
    action();
    this.#inDisk = false;
    this.acting = null;
    if (this.#completions.length === 0) return;
    const completions = this.#completions;
    this.#completions = [];
    for (const { kind, ordinal, item } of completions) {
      // The first may have led to a crash.
      if (member.epoch !== epoch || member.replica === null) return;
      member.input(kind, member.id, ordinal, item);
    }
  }

  /** A member's own stop takes it down; anything else it throws is a finding; what the simulator throws goes on up. */
  #memberFailed(thrown: unknown): void {
    const member = this.acting;
    const ours = this.hosting > 0 || member === null || thrown instanceof Violation;
    this.hosting = 0;
    this.acting = null;
    this.#inDisk = false;
    this.#completions = [];
    if (ours || thrown instanceof LimitReached) throw thrown;
    const excused = thrown instanceof MemberStopped && member.diskFaults !== 'none';
    if (!excused) throw unhandledError(member.name, thrown);
    this.note(`stopped:${thrown.code}`);
    this.tell('stop', `${member.name} stops: ${thrown.message}`);
    this.roster.fell(member);
    this.onStopped(member);
    this.stepped();
  }

  /** Somebody supervises members: set by Nemesis. */
  onStopped: (member: SimMember) => void = () => {};

  // ---------------------------------------------------------------------------------------------------------------- book-keeping

  /** One event begins. */
  executed(kind: number, a: number, b: number, ordinal: number): void {
    if (this.choices.add(kind, this.now, a, b, ordinal)) this.#checkpoint();
    if (this.#options.digests !== undefined) this.#noteDigest(this.#options.digests);
    const { maxEvents, livelock } = this.plan.limits;
    if (this.now !== this.#instant) {
      this.#instant = this.now;
      this.#atInstant = 0;
    }
    this.#atInstant += 1;
    if (this.#atInstant > livelock) {
      const where = `${endpointName(a)} -> ${endpointName(b)}`;
      throw new Violation(
        'S22',
        `livelock: ${livelock} events at ${this.now / 1e6} s, lately ${where}`,
      );
    }
    if (this.choices.events > maxEvents)
      throw new LimitReached(`the run reached ${maxEvents} events`);
  }

  /** A member's step is over. */
  stepped(): void {
    const watchers = this.#watchers;
    let due: (() => boolean)[] | null = null;
    // Who is added meanwhile is asked from the next step on.
    for (let n = 0, count = watchers.length; n < count; n += 1) {
      const watcher = watchers[n] as () => boolean;
      if (!watcher()) continue;
      due ??= [];
      due.push(watcher);
    }
    if (due === null) return;
    const done = due;
    this.#watchers = this.#watchers.filter((watcher) => !done.includes(watcher));
  }

  committed(entries: readonly Entry[]): void {
    for (let n = 0; n < entries.length; n += 1) {
      const entry = entries[n] as Entry;
      if (entry.configuration === null || entry.index <= this.committedConfigurationIndex) continue;
      this.committedConfiguration = entry.configuration;
      this.committedConfigurationIndex = entry.index;
    }
  }

  note(name: string): void {
    this.notes.set(name, (this.notes.get(name) ?? 0) + 1);
  }

  tell(fault: string, sentence: string, phase: 'inject' | 'heal' = 'inject'): void {
    for (const observer of this.observers.fault) observer.onFault(fault, phase, sentence);
  }

  /** Adds what members hold to the hash, so that a difference inside one is seen even if it never showed in a message. */
  #checkpoint(): void {
    const { choices } = this;
    for (const { replica } of this.members) {
      if (replica === null) continue;
      const { raft } = replica;
      const state = replica.digest();
      choices.mix(state.hi);
      choices.mix(state.lo);
      // Not the core's whole digest: it walks the log. What tells most of it apart, here; all of it at the end.
      choices.mix(raft.currentTerm);
      choices.mix(raft.votedFor);
      choices.mix(raft.commitIndex);
      choices.mix(raft.durableIndex);
      choices.mix(raft.log.lastIndex);
      choices.mix(raft.log.lastTerm);
    }
    choices.checkpoint();
  }

  /** The last words of a run: its final state, in the hash and as a checkpoint. */
  finish(): void {
    for (const { replica } of this.members) {
      if (replica === null) continue;
      const core = replica.raft.digest();
      this.choices.mix(core.hi);
      this.choices.mix(core.lo);
    }
    this.#checkpoint();
  }

  #noteDigest([from, to]: readonly [number, number]): void {
    const event = this.choices.events - 1;
    if (event < from || event >= to) return;
    const parts: string[] = [];
    for (const { name, replica } of this.members) {
      if (replica === null) continue;
      const state = replica.digest();
      const raft = replica.raft.digest();
      parts.push(`${name} ${raft.hi},${raft.lo},${state.hi},${state.lo}`);
    }
    this.digests.push(parts.join(' '));
  }
}
