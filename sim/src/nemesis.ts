/**
 * What faults and the liveness phase may do to a Raft cluster, beyond what they may do to any engine (injector.ts): leaders, members that
 * join and leave, disks whose loss the atlas (faults/atlas.ts) must permit, the core that is healed.
 */
import type { MemberChange, MemberId } from '@seedraft/core';
import type { ClientRequest, MemberMessage, Replica } from '@seedraft/replica';
import { EventKind } from './choices.ts';
import type { Clients } from './clients.ts';
import type { DiskFault } from './disk/disk.ts';
import type { Draw, Fault } from './faults/fault.ts';
import { currentVoters } from './faults/target.ts';
import { Injector } from './injector.ts';
import type { LivenessWorld } from './liveness.ts';
import type { SimMember } from './member.ts';
import type { ClientOperation, MemberView, Micros } from './observer.ts';
import { Operators } from './operators.ts';
import type { Calm } from './timing.ts';
import type { World } from './world.ts';

/** A member that stopped by itself is started again after this. */
const SUPERVISION: Micros = 1_000_000;
/** An operator notices a member that came back with amnesia, or damaged, after this. */
const NOTICE: Micros = 500_000;

export class Nemesis extends Injector<SimMember> implements LivenessWorld {
  readonly draw: Draw;
  readonly #world: World;
  readonly #clients: Clients;
  readonly #operators: Operators;
  #frozen = false;
  #core: readonly MemberId[] = [];

  constructor(world: World, clients: Clients, faultNamed: (name: string) => Fault | null) {
    super(world, faultNamed);
    this.#world = world;
    this.#clients = clients;
    this.draw = world.randomness.draw('liveness', 0);
    this.#operators = new Operators(world, this);
    world.onStopped = (member) => this.#supervise(member);
  }

  // ----------------------------------------------------------------------------------------------------------------- looking on

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

  get voters(): readonly MemberView[] {
    return currentVoters(this);
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
    world.roster.forget(member);
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

  // ----------------------------------------------------------------------------------------------------------------------- disk

  disk(id: MemberId, fault: DiskFault): boolean {
    return this.#world.roster.spoil(this.#world.member(id), fault);
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

  *messagesUnderWay(): Generator<MemberMessage> {
    for (const { message } of this.#world.network.underWay()) yield message as MemberMessage;
    for (const member of this.#world.members) {
      for (const { message } of member.waitingMessages()) yield message as MemberMessage;
    }
  }

  healCore(core: readonly MemberId[], { latency, drift }: Calm): void {
    this.#core = core;
    for (const observer of this.#world.observers.liveness) observer.onLiveness(core);
    this.#world.network.heal([...core, 0], latency);
    for (const id of core) {
      const member = this.#world.member(id);
      member.slowness = 0;
      member.turn = Math.min(member.turn, latency);
      member.busyUntil = this.now;
      member.time.settle(this.now, drift);
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
