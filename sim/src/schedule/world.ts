/**
 * A world without time: the same members, replicas, disks of objects and rules, but nothing happens by itself. What a member sends waits for
 * ever, what its disk has under way too, and its clock stands until a step moves it. Steps are the only events; each counts a millisecond
 * of the world's own time, so that what people read is in order.
 */
import type { Entry, MemberId } from '@seedraft/core';
import {
  type ClientReply,
  type MemberMessage,
  MemberStopped,
  type StateMachine,
} from '@seedraft/replica';
import { ChoiceLog, EventKind } from '../choices.ts';
import { createByteDisk } from '../disk/byte.ts';
import { DISK_FAULT_SENTENCES } from '../disk/disk.ts';
import { createObjectDisk } from '../disk/object.ts';
import { Atlas } from '../faults/atlas.ts';
import { CLIENT_BASE, Flight, typeNumber } from '../link.ts';
import type { Order, SimMember, Submission, Submitted } from '../member.ts';
import { type Micros, type Observer, Violation, type WorldView } from '../observer.ts';
import { Observers } from '../observers.ts';
import type { Plan } from '../plan.ts';
import { unhandledError } from '../properties/s22-bounds.ts';
import { Randomness } from '../random.ts';
import { type CrashFate, Roster, type RosterWorld } from '../roster.ts';
import type { DiskStep } from './step.ts';

/** World time of one step. */
export const STEP: Micros = 1_000;

/** Of a disk, in one step: what its background work asks for next would never end. */
const ACTIONS = 16;

interface Sent {
  readonly message: MemberMessage;
  readonly incarnation: string;
  /** Delivered, or dropped. */
  gone: boolean;
}

interface UnderWay {
  readonly epoch: number;
  readonly action: () => void;
}

/** Told of messages as they are sent and dropped; all that arrives is an event. */
export interface Mail {
  onPosted(message: MemberMessage, ordinal: number): void;
  onDropped(message: MemberMessage, ordinal: number): void;
}

export interface ScheduleWorldOptions {
  readonly plan: Plan;
  readonly machine: () => StateMachine;
  readonly keepChoices: boolean;
  /** A client's request has its answer. */
  readonly answered: (submitted: Submitted) => void;
}

export class ScheduleWorld implements WorldView, RosterWorld {
  now: Micros = 0;
  readonly plan: Plan;
  readonly randomness: Randomness;
  readonly choices: ChoiceLog;
  readonly roster: Roster;
  readonly atlas = new Atlas(this);
  readonly notes = new Map<string, number>();
  /** Arrived, by type. */
  readonly delivered: Record<string, number> = {};
  readonly network;
  observers = new Observers([]);
  acting: SimMember | null = null;
  hosting = 0;
  mail: Mail | null = null;
  readonly #sent = new Map<string, Sent[]>();
  readonly #underWay = new Map<MemberId, UnderWay[]>();
  readonly #answered: (submitted: Submitted) => void;
  /** What came out of a step and must follow it at once. */
  #next: (() => void)[] = [];
  #inDisk = false;
  #requestId = 0;

  constructor({ plan, machine, keepChoices, answered }: ScheduleWorldOptions) {
    this.plan = plan;
    this.#answered = answered;
    this.randomness = new Randomness(plan.root);
    this.choices = new ChoiceLog(keepChoices);
    this.network = {
      addMember: () => {},
      recycle: () => {},
      // Nobody here is busy or paused, so nothing waits to be looked at when a member dies.
      undeliverable: () => {},
      sendPeer: (_from: MemberId, incarnation: string, message: MemberMessage) =>
        this.#send(incarnation, message),
      sendReply: (_from: MemberId, _client: number, submitted: unknown) =>
        this.#next.push(() => this.#answered(submitted as Submitted)),
    };
    this.roster = new Roster(this, machine, plan.bytes ? createByteDisk : createObjectDisk);
  }

  start(observers: readonly Observer[]): void {
    this.observers = new Observers(observers);
    this.roster.start();
    for (const member of this.members) {
      member.time.freeze(0);
      member.turn = 0;
    }
  }

  get members(): readonly SimMember[] {
    return this.roster.members;
  }
  member(id: MemberId): SimMember {
    return this.roster.member(id);
  }

  // ----------------------------------------------------------------------------------------------------------------------- steps

  /** One step, and what follows from it at once. False: there was nothing to do. */
  step(action: () => boolean): boolean {
    this.now += STEP;
    try {
      if (!action()) return false;
      while (this.#next.length > 0) (this.#next.shift() as () => void)();
      return true;
    } catch (thrown) {
      const member = this.acting;
      if (thrown instanceof Violation || this.hosting > 0 || member === null) throw thrown;
      this.#fell(member, thrown);
      return true;
    }
  }

  /** A member may stop itself over its disk, as in any world. */
  #fell(member: SimMember, thrown: unknown): void {
    const excused = thrown instanceof MemberStopped && member.diskFaults !== 'none';
    if (!excused) throw unhandledError(member.name, thrown);
    this.#next = [];
    this.#inDisk = false;
    this.acting = null;
    this.note(`stopped:${thrown.code}`);
    this.tell('stop', `${member.name} stops: ${thrown.message}`);
    this.roster.fell(member);
  }

  /** A copy arrives; the message stays on its way only if `stays`. */
  deliver(from: MemberId, to: MemberId, type: string, ordinal: number, stays: boolean): boolean {
    const sent = this.#sentOn(from, to, type)[ordinal];
    if (sent === undefined || sent.gone) return false;
    sent.gone = !stays;
    const member = this.member(to);
    if (member.replica === null) {
      if (!stays) this.mail?.onDropped(sent.message, ordinal);
      return false;
    }
    const flight = new Flight();
    flight.type = typeNumber(type);
    flight.ordinal = ordinal;
    flight.message = sent.message;
    flight.incarnation = sent.incarnation;
    this.delivered[type] = (this.delivered[type] ?? 0) + 1;
    member.input(EventKind.Deliver, from, flight.key, flight);
    return true;
  }

  drop(from: MemberId, to: MemberId, type: string, ordinal: number): boolean {
    const sent = this.#sentOn(from, to, type)[ordinal];
    if (sent === undefined || sent.gone) return false;
    sent.gone = true;
    this.mail?.onDropped(sent.message, ordinal);
    return true;
  }

  /** All that is volatile is lost; of the writes under way its disk keeps the oldest `kept`. */
  crash(member: SimMember, fate: CrashFate, kept: number): boolean {
    if (member.replica === null) return false;
    this.executed(EventKind.Crash, member.id, 0, kept);
    this.roster.crash(member, fate);
    return true;
  }

  /** Its disk is lost; a restart then runs it over an empty one. Not where recovery would become impossible: that loss breaks any cluster. */
  wipe(member: SimMember): boolean {
    const founders = this.plan.members.filter(({ learner }) => !learner);
    const isOnly = founders.length === 1 && founders[0]?.name === member.name;
    if (member.impostor || isOnly || !this.atlas.permits(member.id)) return false;
    this.executed(EventKind.Crash, member.id, 0, 0);
    this.roster.forget(member);
    return true;
  }

  /** Something happens to its disk. Not where the atlas forbids it, or where there is nothing to damage. */
  spoil(member: SimMember, kind: DiskStep): boolean {
    if (!this.roster.spoil(member, { kind })) return false;
    this.executed(EventKind.Inject, member.id, 0, 0);
    this.tell(kind, DISK_FAULT_SENTENCES[kind](member.name));
    return true;
  }

  /** The next free id. False: that is not this name's. */
  spawn(name: string): boolean {
    if (name !== `n${this.members.length + 1}`) return false;
    const member = this.roster.spawn();
    member.time.freeze(this.now);
    member.turn = 0;
    return true;
  }

  campaign(member: SimMember): boolean {
    if (member.replica === null) return false;
    member.input(EventKind.Campaign, member.id, 0, null);
    return true;
  }

  peerDown(member: SimMember, gone: SimMember): boolean {
    if (member.replica === null) return false;
    member.input(EventKind.PeerDown, member.id, gone.id, null);
    return true;
  }

  /** Its clock moves on, never back. */
  moveClock(member: SimMember, millis: number): void {
    const forward = millis * 1000 - member.time.micros(this.now);
    if (forward > 0) member.time.step(this.now, forward);
  }

  tick(member: SimMember): boolean {
    const deadline = member.replica?.deadline ?? Infinity;
    if (deadline === Infinity) return false;
    this.moveClock(member, deadline);
    member.input(EventKind.Tick, member.id, member.clock() | 0, null);
    return true;
  }

  /** The oldest thing its disk has under way ends, and on disks of bytes what else must until the member is told of something. */
  persisted(member: SimMember): boolean {
    const waiting = this.#underWay.get(member.id) ?? [];
    let isDone = false;
    for (let action = 0; action < ACTIONS && this.#next.length === 0; ) {
      const first = waiting.shift();
      if (first === undefined) break;
      if (first.epoch !== member.epoch) continue;
      action += 1;
      this.acting = member;
      this.#inDisk = true;
      first.action();
      this.#inDisk = false;
      this.acting = null;
      isDone = true;
    }
    return isDone;
  }

  request(member: SimMember, submission: Submission | Order): boolean {
    if (member.replica === null) return false;
    if (!('client' in submission)) {
      member.input(EventKind.Operator, 0, 0, submission);
      return true;
    }
    const flight = new Flight();
    flight.type = typeNumber('ClientRequest');
    flight.message = submission;
    member.input(EventKind.ClientRequest, CLIENT_BASE + submission.client, flight.key, flight);
    return true;
  }

  #send(incarnation: string, message: MemberMessage): void {
    const { from, to, type } = message;
    const sent = this.#sentOn(from, to, type);
    this.mail?.onPosted(message, sent.length);
    sent.push({ message, incarnation, gone: false });
  }

  #sentOn(from: MemberId, to: MemberId, type: string): Sent[] {
    const key = `${from} ${to} ${type}`;
    const sent = this.#sent.get(key) ?? [];
    this.#sent.set(key, sent);
    return sent;
  }

  // ------------------------------------------------------------------------------------------------------- what members ask of it

  executed(kind: number, a: number, b: number, ordinal: number): void {
    if (this.choices.add(kind, this.now, a, b, ordinal)) this.choices.checkpoint();
  }
  scheduleTick(): void {}
  /** No member is slow or paused here, so nothing ever waits to be looked at. */
  scheduleDrain(member: SimMember): void {
    this.#next.push(() => member.drain());
  }
  scheduleDisk(member: SimMember, _delay: Micros, action: () => void): void {
    const waiting = this.#underWay.get(member.id) ?? [];
    waiting.push({ epoch: member.epoch, action });
    this.#underWay.set(member.id, waiting);
  }
  completed(member: SimMember, kind: number, ordinal: number, item: unknown): void {
    const { epoch } = member;
    const enter = (): void => {
      if (member.epoch === epoch && member.replica !== null) {
        member.input(kind, member.id, ordinal, item);
      }
    };
    // What the disk reports in the middle of a step, or of its own action, comes after it.
    if (this.#inDisk) this.#next.unshift(enter);
    else this.#next.push(enter);
  }
  stepped(): void {}
  committed(_entries: readonly Entry[]): void {}
  nextRequestId(): number {
    this.#requestId += 1;
    return this.#requestId;
  }
  answered(order: Order, reply: ClientReply): void {
    order.answer(reply);
  }
  note(name: string): void {
    this.notes.set(name, (this.notes.get(name) ?? 0) + 1);
  }
  tell(fault: string, sentence: string): void {
    for (const observer of this.observers.fault) observer.onFault(fault, 'inject', sentence);
  }

  /** The final state, in the hash. */
  finish(): void {
    for (const { replica } of this.members) {
      if (replica === null) continue;
      const core = replica.raft.digest();
      this.choices.mix(core.hi);
      this.choices.mix(core.lo);
    }
    this.choices.checkpoint();
  }
}
