/**
 * The world of a Raft cluster: the engine (engine.ts) with members that run replicas, the atlas of their disks, and what is known to be
 * committed. Faults act on it through Nemesis, clients through Clients, operators through Operators.
 */
import type { Configuration, Entry, Index, MemberId } from '@seedraft/core';
import {
  type ClientReply,
  MemberStopped,
  type Replica,
  type StateMachine,
} from '@seedraft/replica';
import { EventKind } from './choices.ts';
import type { Disk, DiskOptions } from './disk/disk.ts';
import { Engine } from './engine.ts';
import { Atlas } from './faults/atlas.ts';
import type { Order, SimMember } from './member.ts';
import type { Observer, WorldView } from './observer.ts';
import type { Plan } from './plan.ts';
import { unhandledError } from './properties/s22-bounds.ts';
import { Roster } from './roster.ts';
import { RAFT_WIRE } from './wire.ts';

export interface WorldOptions {
  readonly plan: Plan;
  readonly machine: () => StateMachine;
  readonly disk: (options: DiskOptions) => Disk;
  readonly keepChoices: boolean;
  /** See EngineOptions. */
  readonly digests?: readonly [number, number];
}

export class World extends Engine<SimMember> implements WorldView {
  readonly atlas: Atlas;
  readonly roster: Roster;
  /** The latest configuration known to be committed anywhere. */
  committedConfiguration: Configuration;
  committedConfigurationIndex: Index = 0;
  #requestId = 0;

  constructor({ plan, machine, disk, keepChoices, digests }: WorldOptions) {
    super({ plan, wire: RAFT_WIRE, keepChoices, digests });
    this.atlas = new Atlas(this);
    this.roster = new Roster(this, machine, disk);
    this.committedConfiguration = this.roster.bootstrap;
  }

  /** Attaches who watches and starts the planned members. */
  start(observers: readonly Observer[]): void {
    this.attach(observers);
    this.roster.start();
  }

  get members(): readonly SimMember[] {
    return this.roster.members;
  }

  member(id: MemberId): SimMember {
    return this.roster.member(id);
  }

  nextRequestId(): number {
    this.#requestId += 1;
    return this.#requestId;
  }

  answered(order: Order, reply: ClientReply): void {
    this.defer(0, EventKind.OperatorReply, 0, () => order.answer(reply));
  }

  committed(entries: readonly Entry[]): void {
    for (let n = 0; n < entries.length; n += 1) {
      const entry = entries[n] as Entry;
      if (entry.configuration === null || entry.index <= this.committedConfigurationIndex) continue;
      this.committedConfiguration = entry.configuration;
      this.committedConfigurationIndex = entry.index;
    }
  }

  /** Somebody supervises members: set by Nemesis. */
  onStopped: (member: SimMember) => void = () => {};

  /** A member's own stop takes it down; anything else it throws is a finding. */
  protected processFailed(member: SimMember, thrown: unknown): void {
    const excused = thrown instanceof MemberStopped && member.diskFaults !== 'none';
    if (!excused) throw unhandledError(member.name, thrown);
    this.note(`stopped:${thrown.code}`);
    this.tell('stop', `${member.name} stops: ${thrown.message}`);
    this.roster.fell(member);
    this.onStopped(member);
  }

  /** A machine of the user's own may fail at this too: a finding about its member. */
  #stateOf(name: string, replica: Replica): { readonly hi: number; readonly lo: number } {
    try {
      return replica.digest();
    } catch (thrown) {
      throw unhandledError(name, thrown);
    }
  }

  protected mixState(final: boolean): void {
    const { choices } = this;
    for (const { name, replica } of this.members) {
      if (replica === null) continue;
      const { raft } = replica;
      if (final) {
        const core = raft.digest();
        choices.mix(core.hi);
        choices.mix(core.lo);
        continue;
      }
      const state = this.#stateOf(name, replica);
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
  }

  protected digestOf({ name, replica }: SimMember): string | null {
    if (replica === null) return null;
    const state = this.#stateOf(name, replica);
    const raft = replica.raft.digest();
    return `${raft.hi},${raft.lo},${state.hi},${state.lo}`;
  }
}
