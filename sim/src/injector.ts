/**
 * When planned faults strike, and what they may do to the network, the processes and the clocks of any engine. What a fault may do beyond
 * that, and whom its words mean, is the subclass's: nemesis.ts for a Raft cluster, protocol/nemesis.ts for a user's own protocol. Each
 * undoing is idempotent and harmless after the member it was about has crashed, restarted or gone.
 */
import type { MemberId } from '@seedraft/core';
import { EventKind } from './choices.ts';
import type { DiskFault } from './disk/disk.ts';
import type { Engine } from './engine.ts';
import type { Fault, FaultWorld } from './faults/fault.ts';
import { once } from './network.ts';
import type { MemberView, Micros } from './observer.ts';
import type { FaultPlan, NetworkKnobs, Plan } from './plan.ts';
import type { Process } from './process.ts';
import type { CrashFate } from './roster.ts';

export abstract class Injector<P extends Process & MemberView> implements FaultWorld {
  readonly plan: Plan;
  /** Injections, by class. */
  readonly counts = new Map<string, number>();
  readonly #engine: Engine<P>;
  readonly #faultNamed: (name: string) => Fault | null;

  constructor(engine: Engine<P>, faultNamed: (name: string) => Fault | null) {
    this.#engine = engine;
    this.#faultNamed = faultNamed;
    this.plan = engine.plan;
  }

  abstract get current(): readonly MemberView[];
  abstract get voters(): readonly MemberView[];
  abstract get impaired(): readonly MemberId[];
  abstract leader(): MemberView | null;
  abstract crash(id: MemberId, disk: CrashFate): void;
  abstract restart(id: MemberId): void;
  abstract amnesia(id: MemberId): void;
  abstract disk(id: MemberId, fault: DiskFault): boolean;
  abstract isPersisting(id: MemberId): boolean;
  abstract permits(id: MemberId): boolean;
  abstract tuneClients(ratePpm: number): () => void;

  /** Every planned fault gets its place in time. */
  schedule(): void {
    for (const planned of this.plan.faults) {
      this.#engine.defer(planned.at, EventKind.Inject, planned.id, () => this.#inject(planned));
    }
  }

  #inject(planned: FaultPlan): void {
    const fault = this.#faultNamed(planned.fault);
    if (fault === null) throw new Error(`no fault is named ${planned.fault}`);
    const draw = this.#engine.randomness.draw('fault', planned.id);
    const injected = fault.inject(this, planned.parameters, draw);
    if (injected === null) {
      this.#engine.note(`no target:${planned.fault}`);
      return;
    }
    this.report(planned.fault, injected.sentence, injected.classes ?? [planned.fault]);
    const { heal } = injected;
    if (heal === undefined || planned.duration === 0) return;
    this.#engine.defer(planned.duration, EventKind.Heal, planned.id, () => {
      heal();
      this.#engine.tell(planned.fault, `over: ${injected.sentence}`, 'heal');
    });
  }

  report(fault: string, sentence: string, classes: readonly string[]): void {
    for (const name of classes) this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    this.#engine.tell(fault, sentence);
  }

  // ----------------------------------------------------------------------------------------------------------------- looking on

  get now(): Micros {
    return this.#engine.now;
  }
  get members(): readonly MemberView[] {
    return this.#engine.members;
  }
  member(id: MemberId): MemberView {
    return this.#engine.member(id);
  }

  // -------------------------------------------------------------------------------------------------------------------- network

  block(from: MemberId, to: MemberId, types?: readonly string[]): () => void {
    return this.#engine.network.block(from, to, types);
  }
  tune(from: MemberId | null, to: MemberId | null, knobs: Partial<NetworkKnobs>): () => void {
    return this.#engine.network.tune(from, to, knobs);
  }
  clog(from: MemberId, to: MemberId): () => void {
    return this.#engine.network.clog(from, to);
  }

  // -------------------------------------------------------------------------------------------------------------------- process

  pause(id: MemberId): () => void {
    const member = this.#engine.member(id);
    const { epoch } = member;
    if (!member.isRunning) return () => {};
    member.pauses += 1;
    return once(() => {
      if (member.epoch !== epoch) return;
      member.pauses -= 1;
      member.resume();
    });
  }

  slow(id: MemberId, delay: Micros): () => void {
    const member = this.#engine.member(id);
    member.slowness += delay;
    return once(() => {
      member.slowness = Math.max(0, member.slowness - delay);
    });
  }

  // --------------------------------------------------------------------------------------------------------------------- clocks

  clockStep(id: MemberId, forward: Micros): void {
    const member = this.#engine.member(id);
    member.time.step(this.now, forward);
    member.rearm();
  }

  clockDrift(id: MemberId, ppm: number): () => void {
    const member = this.#engine.member(id);
    const before = member.time.drift;
    member.time.setDrift(this.now, ppm);
    member.rearm();
    return once(() => {
      member.time.setDrift(this.now, before);
      member.rearm();
    });
  }

  clockFreeze(id: MemberId): () => void {
    const member = this.#engine.member(id);
    member.time.freeze(this.now);
    member.rearm();
    return once(() => {
      member.time.unfreeze(this.now);
      member.rearm();
    });
  }

  // ----------------------------------------------------------------------------------------------------------------------- time

  after(delay: Micros, action: () => void): void {
    this.#engine.defer(delay, EventKind.Later, 0, action);
  }

  when(predicate: () => boolean, within: Micros, action: () => void, otherwise?: () => void): void {
    let over = false;
    this.#engine.watch(() => {
      if (over) return true;
      if (!predicate()) return false;
      over = true;
      action();
      return true;
    });
    this.#engine.defer(within, EventKind.Later, 0, () => {
      if (over) return;
      over = true;
      otherwise?.();
    });
  }
}
