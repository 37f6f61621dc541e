/**
 * One simulated process: an inbox, a clock with one pending tick, and the ways it can be held up (paused, slow, gathering a turn). It
 * decides when an input is taken; what takes it (a Raft replica in member.ts, a user's own protocol in protocol/) is the subclass's.
 *
 * Kept: inputs are taken in the order in which they came, unless a turn orders them (turn.ts); volatile state lives in one epoch, from boot
 * to crash, and whatever an older epoch scheduled is void.
 */
import { EventKind } from './choices.ts';
import type { Clock } from './clock.ts';
import type { Flight } from './link.ts';
import type { Network } from './network.ts';
import type { Micros } from './observer.ts';
import type { Randomness, Stream } from './random.ts';
import { isRequest, stepsOfTurn, type Waiting } from './turn.ts';

/** What a process needs of the world it lives in: one with time (engine.ts), or one without (schedule/). */
export interface ProcessWorld {
  readonly now: Micros;
  /** The process whose code runs now. */
  acting: Process | null;
  readonly plan: { readonly turn: Micros };
  readonly randomness: Randomness;
  readonly network: Pick<Network, 'recycle' | 'undeliverable'>;
  /** One event begins. */
  executed(kind: number, a: number, b: number, ordinal: number): void;
  /** A process has carried out a step. */
  stepped(): void;
  scheduleTick(process: Process, at: Micros): void;
  scheduleDrain(process: Process, at: Micros): void;
}

export abstract class Process {
  readonly id: number;
  readonly name: string;
  readonly time: Clock;
  /** Raised at each crash. */
  epoch = 0;
  pauses = 0;
  /** Each step takes this much longer. */
  slowness: Micros = 0;
  busyUntil: Micros = 0;
  /** See Plan.turn. */
  turn: Micros;

  // The one pending tick: at which true time, for which deadline, and which queued event is still meant.
  tickAt: Micros = Infinity;
  tickFor = Infinity;
  tickGeneration = 0;

  readonly #world: ProcessWorld;
  #drainAt: Micros = Infinity;
  /** How long each turn gathers; looked up at the first. */
  #turns: Stream | null = null;
  /** What waits because the process is paused, busy, or gathering a turn. Null: already taken. */
  #inbox: (Waiting | null)[] = [];

  constructor(world: ProcessWorld, id: number, name: string, time: Clock) {
    this.#world = world;
    this.id = id;
    this.name = name;
    this.time = time;
    this.turn = world.plan.turn;
  }

  /** It has booted and has not crashed since. */
  abstract get isRunning(): boolean;
  /** When it next wants a tick, by its own clock (ms); Infinity: never. Asked only while it runs. */
  abstract get deadline(): number;
  /** Carries out one input, a due tick included. Called only while it runs. */
  protected abstract take(kind: number, a: number, ordinal: number, item: unknown): void;
  /** Carries out requests that a turn gathered, as one; counts each as an event. */
  protected abstract takeTogether(inputs: readonly Waiting[]): void;

  /** Requests that it has yet to look at. */
  protected get waitingRequests(): number {
    let waiting = 0;
    for (const input of this.#inbox) if (input !== null && isRequest(input.kind)) waiting += 1;
    return waiting;
  }

  /** Messages that have come and that it has yet to look at. */
  *waitingMessages(): Generator<Flight> {
    for (const input of this.#inbox) {
      if (input?.kind === EventKind.Deliver) yield input.item as Flight;
    }
  }

  clock(): number {
    return this.time.millis(this.#world.now);
  }

  /** Everything volatile is lost. */
  stopped(): void {
    this.epoch += 1;
    this.pauses = 0;
    this.#drainAt = Infinity;
    this.tickAt = Infinity;
    this.tickFor = Infinity;
    this.tickGeneration += 1;
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const waiting of inbox) {
      if (waiting === null) continue;
      if (waiting.kind === EventKind.Deliver || waiting.kind === EventKind.ClientRequest) {
        this.#world.network.undeliverable(waiting.item as Flight);
      }
    }
  }

  // --------------------------------------------------------------------------------------------------------------------- inputs

  /** An input has come: now, or after what is already waiting. */
  input(kind: number, a: number, ordinal: number, item: unknown): void {
    const isFree = this.pauses === 0 && this.busyUntil <= this.#world.now && this.turn === 0;
    if (!isFree || this.#inbox.length > 0) {
      this.#inbox.push({ kind, a, ordinal, item });
      this.#scheduleDrain();
      return;
    }
    this.#perform(kind, a, ordinal, item);
  }

  /** Takes what waits, as far as the process may. */
  drain(): void {
    this.#drainAt = Infinity;
    if (this.turn > 0) this.#takeTurn();
    else this.#drainOneByOne();
  }

  #drainOneByOne(): void {
    const world = this.#world;
    let done = 0;
    const epoch = this.epoch;
    const inbox = this.#inbox;
    while (done < inbox.length && this.pauses === 0 && this.busyUntil <= world.now) {
      const { kind, a, ordinal, item } = inbox[done] as Waiting;
      inbox[done] = null;
      done += 1;
      if (done === inbox.length) this.#inbox = [];
      this.#perform(kind, a, ordinal, item);
      if (this.epoch !== epoch) return;
    }
    if (done < inbox.length) this.#inbox = inbox.slice(done);
    this.#scheduleDrain();
  }

  /** Everything that waits, in one go and in the order of a turn (turn.ts). What it makes come meanwhile belongs to the next one. */
  #takeTurn(): void {
    const world = this.#world;
    const { epoch } = this;
    const inbox = this.#inbox;
    const isFree = this.pauses === 0 && this.busyUntil <= world.now;
    const steps = isFree ? stepsOfTurn(inbox) : [];
    let done = 0;
    for (const inputs of steps) {
      if (this.pauses > 0) break;
      inbox.fill(null, done, done + inputs.length);
      done += inputs.length;
      if (done === inbox.length) this.#inbox = [];
      const { kind, a, ordinal, item } = inputs[0] as Waiting;
      if (isRequest(kind)) this.#performTogether(inputs);
      else if (kind !== EventKind.Tick) this.#perform(kind, a, ordinal, item);
      if (this.epoch !== epoch) return;
    }
    if (done < inbox.length) this.#inbox = inbox.slice(done);
    if (isFree && this.pauses === 0) this.#tickIfDue();
    this.#scheduleDrain();
  }

  #tickIfDue(): void {
    const shown = this.time.millis(this.#world.now);
    if (this.deadline <= shown) this.#perform(EventKind.Tick, this.id, shown | 0, null);
    else this.arm();
  }

  /** Inputs of this kind that it has not begun to look at are as if they had never arrived. */
  protected forget(kind: number): void {
    this.#inbox = this.#inbox.filter((waiting) => waiting?.kind !== kind);
  }

  /** No longer paused, or no longer slow. */
  resume(): void {
    this.#drainAt = Infinity;
    this.#scheduleDrain();
  }

  #scheduleDrain(): void {
    if (this.pauses > 0 || this.#inbox.length === 0) return;
    // A turn that has begun to gather ends when it was to end.
    if (this.turn > 0 && this.#drainAt !== Infinity) return;
    const at = Math.max(this.busyUntil, this.#world.now + this.#gathering());
    if (this.#drainAt <= at) return;
    this.#drainAt = at;
    this.#world.scheduleDrain(this, at);
  }

  /** How long the next turn gathers. */
  #gathering(): Micros {
    if (this.turn === 0) return 0;
    this.#turns ??= this.#world.randomness.stream('member.turn', this.id);
    return this.#turns.between(0, this.turn);
  }

  #perform(kind: number, a: number, ordinal: number, item: unknown): void {
    const world = this.#world;
    world.executed(kind, a, this.id, ordinal);
    world.acting = this;
    this.take(kind, a, ordinal, item);
    this.#performed();
  }

  /** Requests of one turn: each is an event, and together they are one step. */
  #performTogether(inputs: readonly Waiting[]): void {
    this.takeTogether(inputs);
    this.#performed();
  }

  /** In a turn several steps follow each other at once, and a slow process pays for each of them. */
  #performed(): void {
    const world = this.#world;
    world.acting = null;
    if (this.slowness > 0) {
      this.busyUntil = Math.max(this.busyUntil, world.now) + this.slowness;
    }
    this.arm();
    world.stepped();
  }

  // ---------------------------------------------------------------------------------------------------------------------- ticks

  /** After each step: sees to it that a tick comes by its deadline. Later deadlines wait for the pending tick to re-check. */
  arm(): void {
    if (!this.isRunning) return;
    const { deadline } = this;
    if (deadline >= this.tickFor) return;
    const at = this.time.reaches(this.#world.now, deadline);
    if (at === Infinity) return;
    this.tickFor = deadline;
    if (at >= this.tickAt) return;
    this.tickAt = at;
    this.tickGeneration += 1;
    this.#world.scheduleTick(this, at);
  }

  /** The clock was tampered with: what was computed from it is void. */
  rearm(): void {
    this.tickAt = Infinity;
    this.tickFor = Infinity;
    this.tickGeneration += 1;
    this.arm();
  }

  /** A pending tick came up. */
  tick(generation: number): void {
    if (generation !== this.tickGeneration || !this.isRunning) return;
    this.tickAt = Infinity;
    this.tickFor = Infinity;
    const shown = this.time.millis(this.#world.now);
    if (shown < this.deadline) this.arm();
    else this.input(EventKind.Tick, this.id, shown | 0, null);
  }
}
