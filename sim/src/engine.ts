/**
 * The engine of a run: virtual time, the event queue, the processes and the network between them. It delivers inputs to processes and takes
 * their outputs; it knows neither Raft nor any other protocol. What the processes are, what their state is in the hash, and what becomes of
 * one that throws is the subclass's: world.ts for a Raft cluster, protocol/world.ts for a user's own protocol.
 *
 * Single-threaded and synchronous: an event runs to its end before the next begins, and everything random is keyed (random.ts), so
 * that a plan determines a run. An event is an input executed by a process, a client or a fault; what was cancelled does not count.
 */
import { ChoiceLog, EventKind } from './choices.ts';
import { CLIENT_BASE, endpointName, type Flight, type Link } from './link.ts';
import { Network, type NetworkHost } from './network.ts';
import { type Micros, type Observer, Violation } from './observer.ts';
import { Observers } from './observers.ts';
import type { Plan } from './plan.ts';
import type { Process, ProcessWorld } from './process.ts';
import { EventQueue } from './queue.ts';
import { Randomness } from './random.ts';
import type { Wire } from './wire.ts';

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
  /** What a process replied has arrived. */
  answered(client: number, reply: unknown): void;
}

export interface EngineOptions {
  readonly plan: Plan;
  readonly wire: Wire;
  readonly keepChoices: boolean;
  /** Events [from, to) after each of which every process's digest is noted (to tell where two runs part). */
  readonly digests?: readonly [number, number] | undefined;
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
  /** The event during which it was asked for; -1: before the first. */
  readonly by: number;
}

export abstract class Engine<P extends Process> implements NetworkHost, ProcessWorld {
  now: Micros = 0;
  readonly plan: Plan;
  readonly randomness: Randomness;
  readonly network: Network;
  readonly choices: ChoiceLog;
  observers = new Observers([]);
  clients: ClientsDoor | null = null;
  /** The process whose code runs now: what it throws is its failure. */
  acting: P | null = null;
  /** Above 0 while the simulator's own code runs inside a process's step: what that throws is ours. */
  hosting = 0;
  /** The run ends inconclusive here; lifted when the safety phase ends, since each demand of the liveness phase has a bound of its own. */
  timeLimit: Micros;
  /** Raised when the safety phase ends: what faults deferred before is void. */
  faultEpoch = 0;
  /** Notable things that happened, by name. */
  readonly notes = new Map<string, number>();
  /** See EngineOptions.digests. */
  readonly digests: string[] = [];

  readonly #noted: EngineOptions['digests'];
  readonly #queue = new EventQueue();
  #watchers: (() => boolean)[] = [];
  #instant: Micros = -1;
  #atInstant = 0;
  #inDisk = false;
  #completions: Completion[] = [];

  constructor({ plan, wire, keepChoices, digests }: EngineOptions) {
    this.plan = plan;
    this.#noted = digests;
    this.timeLimit = plan.limits.maxSimulatedTime;
    this.randomness = new Randomness(plan.root);
    this.choices = new ChoiceLog(keepChoices);
    const { clients } = plan.workload;
    this.network = new Network(this, this.randomness, plan.network, clients, plan.bytes, wire);
  }

  /** Who there is, in the order of their ids. */
  abstract get members(): readonly P[];
  abstract member(id: number): P;
  /** Adds to the hash what the processes hold; `final`: the run is over. */
  protected abstract mixState(final: boolean): void;
  /** What a process holds, as text; null when it holds nothing. */
  protected abstract digestOf(process: P): string | null;
  /** A process threw, and it is not the simulator's fault. Throws a Violation, or takes the process down and returns. */
  protected abstract processFailed(process: P, thrown: unknown): void;

  /** Attaches who watches. */
  protected attach(observers: readonly Observer[]): void {
    this.observers = new Observers(observers);
  }

  // ---------------------------------------------------------------------------------------------------------------- scheduling

  launch(flight: Flight, at: Micros): void {
    this.#queue.push(at, FLIGHT, 0, 0, flight);
  }
  scheduleTick(member: P, at: Micros): void {
    this.#queue.push(at, TICK, member.id, member.tickGeneration, null);
  }
  scheduleDrain(member: P, at: Micros): void {
    this.#queue.push(at, DRAIN, member.id, member.epoch, null);
  }
  scheduleDisk(member: P, delay: Micros, action: () => void): void {
    this.#queue.push(this.now + Math.max(0, delay), DISK, member.id, member.epoch, action);
  }
  /** What its disk has under way ends within `latency`: a disk that is healed has no operation left that began while it was slow. */
  hastenDisk(member: P, latency: Micros): void {
    this.#queue.hasten(DISK, member.id, this.now + latency);
  }
  scheduleClient(client: number, at: Micros, token: number): void {
    this.#queue.push(at, CLIENT, client, token, null);
  }
  /** Runs `action` as an event of its own; void once the safety phase is over. */
  defer(delay: Micros, kind: number, id: number, action: () => void): void {
    const deferred: Deferred = { kind, id, action, by: this.choices.events - 1 };
    this.#queue.push(this.now + Math.max(0, delay), LATER, 0, this.faultEpoch, deferred);
  }

  /**
   * A disk finished something. Inside a disk's own action it reaches the replica when that action has ended, else (the disk answered at
   * once, in the middle of a step) as an event of this instant.
   */
  completed(member: P, kind: number, ordinal: number, item: unknown): void {
    const completion: Completion = { kind, ordinal, item };
    if (this.#inDisk) this.#completions.push(completion);
    else this.#queue.push(this.now, COMPLETION, member.id, member.epoch, completion);
  }

  /** Asked after each step of any process until it says true. */
  watch(watcher: () => boolean): void {
    this.#watchers.push(watcher);
  }

  clearWatchers(): void {
    this.#watchers = [];
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
        this.member(a).tick(b);
        return;
      case DISK: {
        const member = this.member(a);
        if (member.epoch === b) this.#runDisk(member, item as () => void);
        return;
      }
      case COMPLETION: {
        const member = this.member(a);
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
        for (const observer of this.observers.followUp) observer.onFollowUp(deferred.by);
        deferred.action();
        return;
      }
      default: {
        const member = this.member(a);
        if (member.epoch === b) member.drain();
      }
    }
  }

  #arrive(flight: Flight): void {
    if (!this.network.arrive(flight)) return;
    const link = flight.link as Link;
    const { to } = link;
    if (to >= CLIENT_BASE) {
      const reply = flight.message;
      this.executed(EventKind.ClientReply, link.from, to, flight.key);
      this.network.recycle(flight);
      this.clients?.answered(to - CLIENT_BASE, reply);
      return;
    }
    const member = this.member(to);
    if (!member.isRunning) {
      this.network.undeliverable(flight);
      return;
    }
    const kind = link.isClient ? EventKind.ClientRequest : EventKind.Deliver;
    member.input(kind, link.from, flight.key, flight);
  }

  #runDisk(member: P, action: () => void): void {
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
      if (member.epoch !== epoch || !member.isRunning) return;
      member.input(kind, member.id, ordinal, item);
    }
  }

  /** What a process throws is about it; what the simulator throws goes on up. */
  #memberFailed(thrown: unknown): void {
    const member = this.acting;
    const ours = this.hosting > 0 || member === null || thrown instanceof Violation;
    this.hosting = 0;
    this.acting = null;
    this.#inDisk = false;
    this.#completions = [];
    if (ours || thrown instanceof LimitReached) throw thrown;
    this.processFailed(member, thrown);
    this.stepped();
  }

  // ---------------------------------------------------------------------------------------------------------------- book-keeping

  /** One event begins. */
  executed(kind: number, a: number, b: number, ordinal: number): void {
    if (this.choices.add(kind, this.now, a, b, ordinal)) this.#checkpoint();
    if (this.#noted !== undefined) this.#noteDigest(this.#noted);
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

  /** A process's step is over. */
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

  note(name: string): void {
    this.notes.set(name, (this.notes.get(name) ?? 0) + 1);
  }

  tell(fault: string, sentence: string, phase: 'inject' | 'heal' = 'inject'): void {
    for (const observer of this.observers.fault) observer.onFault(fault, phase, sentence);
  }

  /** Adds what processes hold to the hash, so that a difference inside one is seen even if it never showed in a message. */
  #checkpoint(): void {
    try {
      this.mixState(false);
    } finally {
      this.choices.checkpoint();
    }
  }

  /** The last words of a run: its final state, in the hash and as a checkpoint. Throws a Violation when a member cannot tell its state. */
  finish(): void {
    this.mixState(true);
    this.#checkpoint();
  }

  #noteDigest([from, to]: readonly [number, number]): void {
    const event = this.choices.events - 1;
    if (event < from || event >= to) return;
    const parts: string[] = [];
    for (const process of this.members) {
      const digest = this.digestOf(process);
      if (digest !== null) parts.push(`${process.name} ${digest}`);
    }
    this.digests.push(parts.join(' '));
  }
}
