/**
 * Operators and supervisors: who asks for membership changes, orders snapshots and transfers, starts again what stopped by itself, and puts
 * a new member in the place of one that is lost. They use the doors that a real operator has; nothing here reaches into a replica.
 */
import type { MemberChange, MemberId, RefusalCode } from '@seedraft/core';
import type { ClientReply, ClientRequest } from '@seedraft/replica';
import { EventKind } from './choices.ts';
import type { RaftFaultWorld } from './faults/fault.ts';
import { keepsQuorum, memberOf, replaceMember } from './faults/operator.ts';
import type { SimMember } from './member.ts';
import type { Micros } from './observer.ts';
import type { World } from './world.ts';

/** An operator asks again this long after a refusal that may pass, or no answer. */
const RETRY: Micros = 100_000;
const NO_ANSWER: Micros = 1_000_000;
const PATIENCE: Micros = 5_000_000;
/** A lost member's successor is looked after at this interval until it has its place. */
const LOOK_AFTER: Micros = 12_000_000;

/** Refusals that say no for good; all others are worth asking again. */
const DEFINITE: ReadonlySet<string> = new Set<RefusalCode | string>([
  'INVALID_CHANGE',
  'NOT_JOINT',
  'UNKNOWN_MEMBER',
  'NOT_VOTER',
  'BAD_REQUEST',
]);

export class Operators {
  readonly #world: World;
  readonly #faults: RaftFaultWorld;

  constructor(world: World, faults: RaftFaultWorld) {
    this.#world = world;
    this.#faults = faults;
  }

  /**
   * What was wise when it was first thought of may not be when a leader is there to hear it: disks were lost meanwhile, or another change has
   * taken the voters that this one counted on. The atlas knows what is in force, not what is asked for, so an operator looks again each time.
   */
  changeMembership(changes: readonly MemberChange[], mode: 'single' | 'joint' | 'explicit'): void {
    const isWise = () => keepsQuorum(this.#faults, changes);
    const request: ClientRequest = { type: 'ChangeMembership', changes, mode };
    // Who asks for it by name with open eyes gets it.
    this.#insist(request, this.#world.now + PATIENCE, isWise() ? isWise : () => true);
  }

  /** Asks one member once. */
  ask(member: SimMember, request: ClientRequest): void {
    this.#order(member, request, (reply) => this.#count(request, reply));
  }

  /** Puts a new member in the place of a lost one, and sees to it that it gets there. */
  rejoin(lost: MemberId, after: Micros): void {
    let successor: SimMember | null = null;
    const look = (): void => {
      const role = this.#roleOf(lost);
      if (role === null) return;
      const joining: SimMember =
        successor === null || successor.gone ? this.#world.roster.spawn() : successor;
      successor = joining;
      if (role === 'voter') replaceMember(this.#faults, lost, joining);
      else this.#replaceLearner(lost, joining);
      this.#world.defer(LOOK_AFTER, EventKind.Later, lost, look);
    };
    this.#world.defer(after, EventKind.Later, lost, look);
  }

  #replaceLearner(lost: MemberId, joining: SimMember): void {
    this.changeMembership([{ type: 'add', member: memberOf(joining, 'learner') }], 'single');
    this.changeMembership([{ type: 'remove', id: lost }], 'single');
  }

  /** In the latest configuration known to be committed. */
  #roleOf(id: MemberId): 'voter' | 'learner' | 'leaving' | null {
    for (const member of this.#world.committedConfiguration.members) {
      if (member.id === id) return member.role;
    }
    return null;
  }

  #insist(request: ClientRequest, until: Micros, isWise: () => boolean): void {
    const world = this.#world;
    const again = (): void => {
      if (world.now + RETRY > until) world.note('operator:gave up');
      else world.defer(RETRY, EventKind.Operator, 0, () => this.#insist(request, until, isWise));
    };
    const leader = this.#faults.leader();
    if (leader === null) {
      again();
      return;
    }
    if (!isWise()) {
      world.note('operator:thought better of it');
      return;
    }
    let answered = false;
    this.#order(world.member(leader.id), request, (reply) => {
      if (answered) return;
      answered = true;
      this.#count(request, reply);
      if (reply.type === 'Unknown') again();
      else if (reply.type === 'Refused' && !DEFINITE.has(reply.code)) again();
    });
    // The leader may die before it answers.
    world.defer(NO_ANSWER, EventKind.Later, 0, () => {
      if (answered) return;
      answered = true;
      world.note('operator:no answer');
      again();
    });
  }

  #order(member: SimMember, request: ClientRequest, answer: (reply: ClientReply) => void): void {
    if (member.replica === null) return;
    const order = { request, answer };
    this.#world.defer(0, EventKind.Later, member.id, () => {
      if (member.replica !== null) member.input(EventKind.Operator, 0, 0, order);
    });
  }

  #count(request: ClientRequest, reply: ClientReply): void {
    const outcome = reply.type === 'Refused' ? `refused ${reply.code}` : reply.type.toLowerCase();
    this.#world.note(`operator:${request.type} ${outcome}`);
  }
}
