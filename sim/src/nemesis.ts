/**
 * What faults and the liveness phase may do to the world, and when planned faults strike. Each undoing is idempotent and harmless after
 * the member it was about has crashed, restarted or gone. The atlas (faults/atlas.ts) is asked before a disk is damaged or lost.
 */
import type { MemberChange, MemberId, PeerMessage } from '@seedraft/core';
import type { ClientRequest, Replica } from '@seedraft/replica';
import { EventKind } from './choices.ts';
import type { Clients } from './clients.ts';
import type { DiskFault } from './disk/disk.ts';
import type { Draw, Fault } from './faults/fault.ts';
import type { LivenessWorld } from './liveness.ts';
import type { SimMember } from './member.ts';
import { once } from './network.ts';
import type { ClientOperation, MemberView, Micros } from './observer.ts';
import { Operators } from './operators.ts';
import type { FaultPlan, NetworkKnobs, Plan } from './plan.ts';
import type { World } from './world.ts';

/** A member that stopped by itself is started again after this. */
const SUPERVISION: Micros = 1_000_000;
/** An operator notices a member that came back with amnesia, or damaged, after this. */
const NOTICE: Micros = 500_000;

/** Faults that may cost the disk's content; the others only hinder, or are reported in time. */
const DAMAGING: ReadonlySet<DiskFault['kind']> = new Set([
  'bit-rot',
  'misdirected-write',
  'stale-read',
  'short-read',
  'read-error',
]);

export class Nemesis implements LivenessWorld {
  readonly plan: Plan;
  readonly draw: Draw;
  /** Injections, by class. */
  readonly counts = new Map<string, number>();
  readonly #world: World;
  readonly #clients: Clients;
  readonly #operators: Operators;
  readonly #faultNamed: (name: string) => Fault | null;
  #frozen = false;
  #core: readonly MemberId[] = [];

  constructor(world: World, clients: Clients, faultNamed: (name: string) => Fault | null) {
    this.#world = world;
    this.#clients = clients;
    this.#faultNamed = faultNamed;
    this.plan = world.plan;
    this.draw = world.randomness.draw('liveness', 0);
    this.#operators = new Operators(world, this);
    world.onStopped = (member) => this.#supervise(member);
  }

  /** Every planned fault gets its place in time. */
  schedule(): void {
    for (const planned of this.plan.faults) {
      this.#world.defer(planned.at, EventKind.Inject, planned.id, () => this.#inject(planned));
    }
  }

  #inject(planned: FaultPlan): void {
    const fault = this.#faultNamed(planned.fault);
    if (fault === null) throw new Error(`no fault is named ${planned.fault}`);
    const draw = this.#world.randomness.draw('fault', planned.id);
    const injected = fault.inject(this, planned.parameters, draw);
    if (injected === null) {
      this.#world.note(`no target:${planned.fault}`);
      return;
    }
    this.report(planned.fault, injected.sentence, injected.classes ?? [planned.fault]);
    const { heal } = injected;
    if (heal === undefined || planned.duration === 0) return;
    this.#world.defer(planned.duration, EventKind.Heal, planned.id, () => {
      heal();
      this.#world.tell(planned.fault, `over: ${injected.sentence}`, 'heal');
    });
  }

  report(fault: string, sentence: string, classes: readonly string[]): void {
    for (const name of classes) this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    this.#world.tell(fault, sentence);
  }

  // ----------------------------------------------------------------------------------------------------------------- looking on

  get now(): Micros {
    return this.#world.now;
  }
  get members(): readonly MemberView[] {
    return this.#world.members;
  }
  member(id: MemberId): MemberView {
    return this.#world.member(id);
  }
  replica(id: MemberId): Replica | null {
    return this.#world.member(id).replica;
  }
  isPersisting(id: MemberId): boolean {
    return this.#world.member(id).disk?.pending ?? false;
  }
  permits(id: MemberId): boolean {
    return this.#world.atlas.permits(id);
  }

  get impaired(): readonly MemberId[] {
    return this.#world.atlas.impaired;
  }

  get current(): readonly MemberView[] {
    const world = this.#world;
    const ids = new Set<MemberId>();
    for (const { id } of world.committedConfiguration.members) ids.add(id);
    for (const { replica } of world.members) {
      if (replica === null) continue;
      const { raft } = replica;
      if (raft.configurationIndex <= world.committedConfigurationIndex) continue;
      for (const { id } of raft.configuration.members) ids.add(id);
    }
    return world.members.filter((member) => ids.has(member.id) && member.replica !== null);
  }

  leader(): MemberView | null {
    let best: SimMember | null = null;
    for (const member of this.#world.members) {
      if (member.replica === null || member.impostor) continue;
      if (member.replica.raft.role !== 'leader') continue;
      if (best === null || member.replica.raft.currentTerm > (best.raft?.currentTerm ?? 0)) {
        best = member;
      }
    }
    return best;
  }

  // -------------------------------------------------------------------------------------------------------------------- network

  block(from: MemberId, to: MemberId, types?: readonly PeerMessage['type'][]): () => void {
    return this.#world.network.block(from, to, types);
  }
  tune(from: MemberId | null, to: MemberId | null, knobs: Partial<NetworkKnobs>): () => void {
    return this.#world.network.tune(from, to, knobs);
  }
  clog(from: MemberId, to: MemberId): () => void {
    return this.#world.network.clog(from, to);
  }

  // -------------------------------------------------------------------------------------------------------------------- process

  crash(id: MemberId, disk: 'kept' | 'dropped' | 'torn' | 'drawn'): void {
    this.#world.roster.crash(this.#world.member(id), disk);
  }

  restart(id: MemberId): void {
    const member = this.#world.member(id);
    if (member.gone || member.replica !== null) return;
    if (!this.#world.roster.boot(member)) {
      this.#lose(member);
      this.#operators.rejoin(id, NOTICE);
    }
  }

  pause(id: MemberId): () => void {
    const member = this.#world.member(id);
    const { epoch } = member;
    if (member.replica === null) return () => {};
    member.pauses += 1;
    return once(() => {
      if (member.epoch !== epoch) return;
      member.pauses -= 1;
      member.resume();
    });
  }

  slow(id: MemberId, delay: Micros): () => void {
    const member = this.#world.member(id);
    member.slowness += delay;
    return once(() => {
      member.slowness = Math.max(0, member.slowness - delay);
    });
  }

  wipe(id: MemberId, rejoinAfter: Micros): void {
    const member = this.#world.member(id);
    if (member.gone) return;
    this.#world.roster.crash(member, 'dropped');
    this.#lose(member);
    this.#operators.rejoin(id, rejoinAfter);
  }

  amnesia(id: MemberId): void {
    const world = this.#world;
    const member = world.member(id);
    if (member.gone || member.impostor) return;
    world.roster.crash(member, 'dropped');
    for (const observer of world.observers.wipe) observer.onWipe(member);
    world.atlas.impair(id);
    member.impostor = true;
    world.roster.format(member, world.roster.bootstrapFor(member, world.roster.newIncarnation(id)));
    world.roster.boot(member);
    // Sooner or later somebody reads the logs, stops it, and does it properly.
    world.defer(NOTICE + SUPERVISION, EventKind.Later, id, () => {
      world.roster.crash(member, 'dropped');
      member.gone = true;
      member.disk = null;
      this.#operators.rejoin(id, 0);
    });
  }

  /** The disk's content is lost for good, and with it the id. */
  #lose(member: SimMember): void {
    member.gone = true;
    member.disk = null;
    this.#world.atlas.impair(member.id);
    for (const observer of this.#world.observers.wipe) observer.onWipe(member);
  }

  #supervise(member: SimMember): void {
    if (member.impostor || (this.#frozen && !this.#core.includes(member.id))) return;
    this.#world.defer(SUPERVISION, EventKind.Later, member.id, () => {
      if (member.status === 'down') this.restart(member.id);
    });
  }

  campaign(id: MemberId): void {
    const member = this.#world.member(id);
    if (member.replica !== null) member.input(EventKind.Campaign, id, 0, null);
  }

  hears(id: MemberId, gone: MemberId): void {
    const member = this.#world.member(id);
    if (member.replica !== null) member.input(EventKind.PeerDown, id, gone, null);
  }

  // --------------------------------------------------------------------------------------------------------------------- clocks

  clockStep(id: MemberId, forward: Micros): void {
    const member = this.#world.member(id);
    member.time.step(this.now, forward);
    member.rearm();
  }

  clockDrift(id: MemberId, ppm: number): () => void {
    const member = this.#world.member(id);
    const before = member.time.drift;
    member.time.setDrift(this.now, ppm);
    member.rearm();
    return once(() => {
      member.time.setDrift(this.now, before);
      member.rearm();
    });
  }

  clockFreeze(id: MemberId): () => void {
    const member = this.#world.member(id);
    member.time.freeze(this.now);
    member.rearm();
    return once(() => {
      member.time.unfreeze(this.now);
      member.rearm();
    });
  }

  // ----------------------------------------------------------------------------------------------------------------------- disk

  disk(id: MemberId, fault: DiskFault): boolean {
    const member = this.#world.member(id);
    if (member.disk === null || member.impostor) return false;
    const damaging = DAMAGING.has(fault.kind);
    if (damaging && !this.#world.atlas.permits(id)) return false;
    if (!member.disk.inject(fault)) return false;
    if (damaging) {
      this.#world.atlas.impair(id);
      member.diskFaults = 'damaged';
    } else if (member.diskFaults === 'none') member.diskFaults = 'hindered';
    return true;
  }

  // ------------------------------------------------------------------------------------------------------- membership, operators

  spawn(): MemberId {
    return this.#world.roster.spawn().id;
  }
  changeMembership(changes: readonly MemberChange[], mode: 'single' | 'joint' | 'explicit'): void {
    this.#operators.changeMembership(changes, mode);
  }
  ask(id: MemberId, request: ClientRequest): void {
    this.#operators.ask(this.#world.member(id), request);
  }
  tuneClients(ratePpm: number): () => void {
    return this.#clients.tune(ratePpm);
  }

  // ----------------------------------------------------------------------------------------------------------------------- time

  after(delay: Micros, action: () => void): void {
    this.#world.defer(delay, EventKind.Later, 0, action);
  }

  when(predicate: () => boolean, within: Micros, action: () => void, otherwise?: () => void): void {
    let over = false;
    this.#world.watch(() => {
      if (over) return true;
      if (!predicate()) return false;
      over = true;
      action();
      return true;
    });
    this.#world.defer(within, EventKind.Later, 0, () => {
      if (over) return;
      over = true;
      otherwise?.();
    });
  }

  // ------------------------------------------------------------------------------------------------------------------- liveness

  freezeFaults(): void {
    this.#frozen = true;
    this.#world.faultEpoch += 1;
    this.#world.timeLimit = Infinity;
    this.#world.clearWatchers();
    for (const member of this.#world.members) member.forgetOrders();
    this.#clients.retire();
  }

  revive(id: MemberId): boolean {
    const member = this.#world.member(id);
    if (member.gone || member.impostor) return false;
    if (member.replica === null) {
      if (this.#world.roster.boot(member)) return true;
      this.#lose(member);
      return false;
    }
    member.pauses = 0;
    member.resume();
    return true;
  }

  healCore(core: readonly MemberId[], latency: Micros): void {
    this.#core = core;
    for (const observer of this.#world.observers.liveness) observer.onLiveness(core);
    this.#world.network.heal([...core, 0], latency);
    const bound = Math.floor(this.plan.raft.clockDriftBound * 1_000_000);
    for (const id of core) {
      const member = this.#world.member(id);
      member.slowness = 0;
      member.turn = Math.min(member.turn, latency);
      member.busyUntil = this.now;
      member.time.settle(this.now, bound);
      member.rearm();
      member.resume();
      member.disk?.heal?.(latency);
      this.#world.hastenDisk(member, latency);
    }
  }

  submitFresh(core: readonly MemberId[], first: MemberId): ClientOperation {
    return this.#clients.submitFresh(core, first);
  }

  readBack(core: readonly MemberId[], first: MemberId, keys: readonly string[]): () => number {
    return this.#clients.readBack(core, first, keys);
  }

  writtenKeys(): readonly string[] {
    return this.#clients.writtenKeys();
  }

  unanswered(id: MemberId): number {
    return this.#world.member(id).unanswered;
  }

  runUntil(predicate: () => boolean, within: Micros): boolean {
    return this.#world.advance(this.now + within, predicate);
  }
}
