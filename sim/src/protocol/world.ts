/**
 * The world of a user's own protocol: the engine (../engine.ts) with members that run what the user wrote, and his rules, asked after every
 * event. Membership is fixed; a member that stops because its disk failed is started again.
 */
import { EventKind } from '../choices.ts';
import { Clock } from '../clock.ts';
import { Engine } from '../engine.ts';
import type { MemberView, Observer, WorldView } from '../observer.ts';
import { OwnMistake } from '../own/system.ts';
import type { Plan } from '../plan.ts';
import { unhandledError } from '../properties/s22-bounds.ts';
import type { CrashFate } from '../roster.ts';
import { digestOf, wireOf } from './contract.ts';
import { DiskFailed, SimProtocolMember, SUPERVISION } from './member.ts';
import type { Protocol, ProtocolEffects, ProtocolEvent, ProtocolInput } from './protocol.ts';
import { ProtocolRules } from './rules.ts';
import type { ProtocolWitness } from './witness.ts';

export interface ProtocolWorldOptions {
  readonly plan: Plan;
  readonly protocol: Protocol;
  readonly keepChoices: boolean;
  /** See EngineOptions. */
  readonly digests: readonly [number, number] | undefined;
  /** Only these rules; undefined: all. */
  readonly only: readonly string[] | undefined;
}

export class ProtocolWorld extends Engine<SimProtocolMember> implements WorldView {
  readonly protocol: Protocol;
  readonly rules: ProtocolRules;
  readonly members: readonly SimProtocolMember[];
  /** n1, n2, ... */
  readonly names: readonly string[];
  witness: ProtocolWitness | null = null;
  #requestId = 0;

  constructor({ plan, protocol, keepChoices, digests, only }: ProtocolWorldOptions) {
    super({ plan, wire: wireOf(protocol), keepChoices, digests });
    this.protocol = protocol;
    this.names = Object.freeze(plan.members.map(({ name }) => name));
    // Clocks show no negative time, however far apart their offsets.
    const origin = -Math.min(0, ...plan.members.map(({ clock }) => clock.offset));
    this.members = plan.members.map(({ name, clock }, position) => {
      const time = new Clock(origin + clock.offset, clock.drift);
      return new SimProtocolMember(this, position + 1, name, time);
    });
    for (const { id } of this.members) this.network.addMember(id);
    this.rules = new ProtocolRules(protocol, this, only);
  }

  /** Attaches who watches and boots everybody. */
  start(observers: readonly Observer[]): void {
    this.attach(observers);
    for (const member of this.members) this.boot(member);
  }

  member(id: number): SimProtocolMember {
    const member = this.members[id - 1];
    if (member === undefined) throw new Error(`there is no member ${id}`);
    return member;
  }

  boot(member: SimProtocolMember): void {
    if (member.isRunning) return;
    this.executed(EventKind.Boot, member.id, 0, member.boots);
    if (this.now > 0) this.tell('start', `${member.name} starts from its disk`);
    this.acting = member;
    member.boot();
    this.acting = null;
    this.checked({ type: 'boot', member: member.name });
  }

  /** Loss of power or of the process: everything volatile is gone. */
  crash(member: SimProtocolMember, how: CrashFate): void {
    if (!member.isRunning) return;
    for (const observer of this.observers.crash) observer.onCrash(member as MemberView);
    member.stopped();
    member.disk.crash(how);
    this.checked({ type: 'crash', member: member.name });
  }

  nextRequestId(): number {
    this.#requestId += 1;
    return this.#requestId;
  }

  /** A member has taken a step; its effects are yet to be carried out. */
  ran(member: SimProtocolMember, input: ProtocolInput, effects: ProtocolEffects): void {
    this.witness?.onStep(member.name, input, effects);
  }

  /** Something happened: the rules are asked. What they throw is never the member's failure. */
  checked(event: ProtocolEvent): void {
    this.hosting += 1;
    this.witness?.onChecked?.(event);
    this.rules.after(event);
    this.hosting -= 1;
  }

  protected processFailed(member: SimProtocolMember, thrown: unknown): void {
    if (thrown instanceof OwnMistake) throw thrown;
    if (!(thrown instanceof DiskFailed)) throw unhandledError(member.name, thrown);
    this.note(`stopped:${thrown.code}`);
    this.tell('stop', `${member.name} stops: ${thrown.message}`);
    // What was refused is not written, and the machine lives; what was not synced may be lost.
    this.crash(member, thrown.code === 'FSYNC_FAILED' ? 'drawn' : 'kept');
    this.defer(SUPERVISION, EventKind.Later, member.id, () => this.boot(member));
  }

  protected mixState(): void {
    for (const { instance } of this.members) {
      if (instance === null) continue;
      const { hi, lo } = digestOf(instance);
      this.choices.mix(hi);
      this.choices.mix(lo);
    }
  }

  protected digestOf({ instance }: SimProtocolMember): string | null {
    if (instance === null) return null;
    const { hi, lo } = digestOf(instance);
    return `${hi},${lo}`;
  }
}
