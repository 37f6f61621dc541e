/**
 * Who there is: members by id, their life from boot to loss, and the disks they are given. Ids are handed out in order and never twice; a
 * member boots only from what its disk recovers, through the store's production code.
 */
import { type Configuration, EMPTY_CONFIGURATION, type MemberId } from '@seedraft/core';
import { type RecoveredMember, Replica, type StateMachine } from '@seedraft/replica';
import { bootstrapConfiguration, bootstrapMember, incarnationOf } from './bootstrap.ts';
import { EventKind } from './choices.ts';
import { Clock } from './clock.ts';
import type { Disk, DiskFault, DiskOptions } from './disk/disk.ts';
import { type MemberWorld, SimMember } from './member.ts';
import type { Network } from './network.ts';
import { type Micros, Violation } from './observer.ts';
import type { World } from './world.ts';

/** What a crash leaves of unsynced data. */
export type CrashFate = 'kept' | 'dropped' | 'torn' | 'drawn';

/** Far above what a simulated workload holds: the limit is the node's to test. */
const MAX_STATE_BYTES = 256 * 1024 * 1024;
const MAX_OPEN_REQUESTS = 10_000;

/** Faults that may cost the disk's content; the others only hinder, or are reported in time. */
const DAMAGING: ReadonlySet<DiskFault['kind']> = new Set([
  'bit-rot',
  'misdirected-write',
  'stale-read',
  'short-read',
  'read-error',
]);

/** What members are given life by. */
export type RosterWorld = MemberWorld &
  Pick<World, 'note' | 'plan' | 'tell'> & {
    readonly network: Pick<Network, 'addMember'>;
    readonly atlas: Pick<World['atlas'], 'impair' | 'impaired' | 'permits' | 'recovered'>;
  };

export class Roster {
  readonly members: SimMember[] = [];
  /** The planned members, in force from index 0. */
  readonly bootstrap: Configuration;
  readonly #world: RosterWorld;
  readonly #machine: () => StateMachine;
  readonly #disk: (options: DiskOptions) => Disk;
  readonly #byId: (SimMember | undefined)[] = [];
  readonly #clockOrigin: Micros;

  constructor(
    world: RosterWorld,
    machine: () => StateMachine,
    disk: (options: DiskOptions) => Disk,
  ) {
    this.#world = world;
    this.#machine = machine;
    this.#disk = disk;
    // Clocks show no negative time, however far apart their offsets.
    let earliest = 0;
    for (const { clock } of world.plan.members) earliest = Math.min(earliest, clock.offset);
    this.#clockOrigin = -earliest;
    this.bootstrap = bootstrapConfiguration(world.plan, world.randomness);
  }

  /** Boots the planned members. */
  start(): void {
    this.#world.plan.members.forEach((planned, position) => {
      const id = position + 1;
      const clock = new Clock(this.#clockOrigin + planned.clock.offset, planned.clock.drift);
      const member = this.#add(id, planned.name, clock);
      const incarnation = incarnationOf(this.#world.randomness, id, 0);
      this.format(member, bootstrapMember(planned, this.bootstrap, incarnation));
    });
    for (const member of this.members.slice()) this.boot(member);
  }

  member(id: MemberId): SimMember {
    const member = this.#byId[id];
    if (member === undefined) throw new Error(`there is no member ${id}`);
    return member;
  }

  /** A new member outside every configuration. */
  spawn(): SimMember {
    const id = this.members.length + 1;
    const stream = this.#world.randomness.stream('spawn', id);
    const bound = Math.floor(this.#world.plan.raft.clockDriftBound * 500_000);
    const clock = new Clock(
      this.#clockOrigin + stream.below(1_000_000),
      stream.between(-bound, bound),
    );
    const member = this.#add(id, `n${id}`, clock);
    const fresh = {
      name: member.name,
      learner: true,
      clock: { offset: 0, drift: 0 },
      log: null,
      term: 0,
    };
    this.format(member, bootstrapMember(fresh, EMPTY_CONFIGURATION, this.newIncarnation(id)));
    this.boot(member);
    return member;
  }

  #add(id: MemberId, name: string, clock: Clock): SimMember {
    const member = new SimMember(this.#world, id, name, clock);
    this.members.push(member);
    this.#byId[id] = member;
    this.#world.network.addMember(id);
    return member;
  }

  newIncarnation(id: MemberId): string {
    return incarnationOf(this.#world.randomness, id, this.#byId[id]?.boots ?? 0);
  }

  /** What a fresh disk of this id holds when its owner forgot what it was (the same flags as at first). */
  bootstrapFor(member: SimMember, incarnation: string): RecoveredMember {
    const planned = this.#world.plan.members[member.id - 1];
    const blank = {
      name: member.name,
      learner: planned?.learner ?? true,
      clock: { offset: 0, drift: 0 },
      log: null,
      term: 0,
    };
    return bootstrapMember(
      blank,
      planned === undefined ? EMPTY_CONFIGURATION : this.bootstrap,
      incarnation,
    );
  }

  /** Gives a member a new disk. */
  format(member: SimMember, bootstrap: RecoveredMember): void {
    member.incarnation = bootstrap.incarnation;
    member.diskFaults = 'none';
    member.disk = this.#disk({
      host: member,
      knobs: this.#world.plan.disk,
      incarnation: bootstrap.incarnation,
      bootstrap,
    });
  }

  /** Its disk is lost, and it will boot under its old id over an empty one. */
  forget(member: SimMember): void {
    this.crash(member, 'dropped');
    for (const observer of this.#world.observers.wipe) observer.onWipe(member);
    this.#world.atlas.impair(member.id);
    member.impostor = true;
    this.format(member, this.bootstrapFor(member, this.newIncarnation(member.id)));
  }

  /** Damages or hinders a disk. False: there was nothing to do it to, or recovery would become impossible. */
  spoil(member: SimMember, fault: DiskFault): boolean {
    const { atlas, observers } = this.#world;
    if (member.disk === null || member.impostor) return false;
    const damaging = DAMAGING.has(fault.kind);
    if (damaging && !atlas.permits(member.id)) return false;
    if (!member.disk.inject(fault)) return false;
    if (damaging) {
      atlas.impair(member.id);
      member.diskFaults = 'damaged';
    } else if (member.diskFaults === 'none') member.diskFaults = 'hindered';
    for (const observer of observers.diskFault) observer.onDiskFault(member, fault);
    return true;
  }

  /** Starts a member from its disk. False: the disk is damaged, and the member stays down. */
  boot(member: SimMember): boolean {
    if (member.replica !== null || member.disk === null) return member.replica !== null;
    this.#world.executed(EventKind.Boot, member.id, 0, member.boots);
    this.#world.acting = member;
    member.metDamage = member.disk.tainted;
    const recovery = member.disk.recover();
    if (recovery.outcome !== 'intact') this.#assertDamaged(member, recovery.sentence);
    if (recovery.outcome === 'damaged') {
      this.#world.acting = null;
      this.#world.note('recovery:damaged');
      this.#world.tell('recovery', `${member.name} finds its disk damaged: ${recovery.sentence}`);
      return false;
    }
    if (recovery.outcome === 'repairable') {
      this.#world.note('recovery:repairable');
      this.#world.tell('recovery', `${member.name} must repair its log: ${recovery.sentence}`);
    }
    const machine = this.#machine();
    const recovered = recovery.member;
    member.boots += 1;
    const replica = new Replica({
      id: member.id,
      raft: this.#world.plan.raft,
      snapshot: this.#world.plan.snapshot,
      recovered,
      seed: this.#world.randomness.words('boot', member.id, member.boots),
      at: member.clock(),
      machine,
      transport: member,
      store: member.disk,
      tracer: member,
      maxStateBytes: MAX_STATE_BYTES,
      maxOpenRequests: MAX_OPEN_REQUESTS,
    });
    this.#world.acting = null;
    if (!member.impostor) this.#world.atlas.recovered(member.id, recovered.core.repairUntil);
    member.started(replica, machine, recovered);
    return true;
  }

  /** Loss of power or of the process: everything volatile is gone. */
  crash(member: SimMember, how: CrashFate): void {
    if (member.replica === null) return;
    for (const observer of this.#world.observers.crash) observer.onCrash(member);
    this.#halt(member, how);
  }

  /** A member stopped by itself, maybe before it was up. The machine it ran on lives, so nothing written is lost. */
  fell(member: SimMember): void {
    if (member.replica === null) this.#halt(member, 'kept');
    else this.crash(member, 'kept');
  }

  #halt(member: SimMember, how: CrashFate): void {
    member.stopped();
    member.disk?.crash(how);
  }

  /** Recovery must find damage, and must not invent it: a torn tail, or a disk that was made whole, is no reason to give a member up. */
  #assertDamaged(member: SimMember, sentence: string): void {
    if (this.#world.atlas.impaired.includes(member.id)) return;
    throw new Violation(
      'S11',
      `${member.name} declares its disk damaged, and nothing was done to it since it was whole: ${sentence}`,
    );
  }
}
