/**
 * What faults may do to a protocol's members beyond what they may do to any engine (../injector.ts), which classes of faults make sense
 * there, and the end of a run, when everything is healed.
 *
 * Raft's atlas knows what the loss of a disk costs; of another protocol only its author does, so disks lose something only where he says
 * how many may.
 */
import type { MemberId } from '@seedraft/core';
import type { DiskFault } from '../disk/disk.ts';
import { classesOf, FAULTS, faultNamed, KNOB_CLASSES } from '../faults/index.ts';
import { Injector } from '../injector.ts';
import type { MemberView, Micros } from '../observer.ts';
import { OwnMistake, usersOwn } from '../own/system.ts';
import type { CrashFate } from '../roster.ts';
import type { ProtocolClients } from './clients.ts';
import type { SimProtocolMember } from './member.ts';
import type { Protocol } from './protocol.ts';
import type { ProtocolWorld } from './world.ts';

/** Of every protocol: faults, or classes of them, by name. */
const USUAL: readonly string[] = [
  'network',
  'clog',
  'swizzle',
  'hold',
  'partition',
  'crash:kept',
  'crash:dropped',
  'crash:torn',
  'crash:persist-pending',
  'crash-all',
  'pause',
  'slow',
  'clock-drift',
  'clock-step',
  'clock-freeze',
  'disk-stall',
  'disk-slow',
  'disk-full',
  'disk-error:write',
  'fsync-failure',
  'clients-cut',
  'client-storm',
];
/** Where disks may lose something. */
const LOSSES: readonly string[] = ['bit-rot', 'amnesia'];
/** They speak of messages, or of a leader. */
const MESSAGES: readonly string[] = ['partition:by-type'];
const LEADERS: readonly string[] = ['partition:isolate-leader'];

const KNOBS: readonly string[] = [
  'latency',
  'asymmetry',
  'drop',
  'duplicate',
  'reorder',
  'corrupt',
  'truncate',
  'capacity',
  'clock-offset',
  'clock-skew',
  'disk-latency',
];

/** The classes that the seed may switch on for this protocol. */
export function classesFor({
  without = [],
  mayLose = 0,
  leads,
  messages,
}: Protocol): ReadonlySet<string> {
  const named = (list: readonly string[], fault: string, name: string): boolean =>
    list.includes(fault) || list.includes(name);
  const usual = mayLose > 0 ? [...USUAL, ...LOSSES] : USUAL;
  const silent = messages.length === 0 ? MESSAGES : [];
  const never = [...without, ...silent, ...(leads === undefined ? LEADERS : [])];
  const classes = new Set<string>();
  for (const knob of KNOB_CLASSES) {
    if (KNOBS.includes(knob) && !without.includes(knob)) classes.add(knob);
  }
  for (const fault of FAULTS) {
    for (const name of classesOf(fault)) {
      if (named(usual, fault.name, name) && !named(never, fault.name, name)) classes.add(name);
    }
  }
  return classes;
}

export class ProtocolNemesis extends Injector<SimProtocolMember> {
  readonly #world: ProtocolWorld;
  readonly #clients: ProtocolClients;
  readonly #impaired: MemberId[] = [];

  constructor(world: ProtocolWorld, clients: ProtocolClients) {
    super(world, faultNamed);
    this.#world = world;
    this.#clients = clients;
  }

  /** Throws OwnMistake when a scenario asks for what only a Raft cluster bears. */
  override schedule(): void {
    const known = new Set([...USUAL, ...LOSSES].map((name) => name.split(':')[0]));
    for (const { fault } of this.plan.faults) {
      if (known.has(fault)) continue;
      throw new OwnMistake(
        `the fault ${fault} means nothing to a protocol; it bears ${[...known].join(', ')}`,
      );
    }
    super.schedule();
  }

  get current(): readonly MemberView[] {
    return this.#world.members.filter(({ isRunning }) => isRunning);
  }
  get voters(): readonly MemberView[] {
    return this.#world.members;
  }
  get impaired(): readonly MemberId[] {
    return this.#impaired;
  }

  leader(): MemberView | null {
    const { protocol, members } = this.#world;
    const leads = (member: SimProtocolMember): boolean =>
      member.instance !== null && protocol.leads?.(member.instance.state()) === true;
    return usersOwn('leads', () => members.find(leads) ?? null);
  }

  crash(id: MemberId, disk: CrashFate): void {
    this.#world.crash(this.#world.member(id), disk);
  }
  restart(id: MemberId): void {
    this.#world.boot(this.#world.member(id));
  }

  amnesia(id: MemberId): void {
    const member = this.#world.member(id);
    this.#impair(id);
    this.#world.crash(member, 'dropped');
    member.disk.clear();
    this.#world.boot(member);
  }

  disk(id: MemberId, fault: DiskFault): boolean {
    const damages = fault.kind === 'bit-rot';
    if (damages && !this.permits(id)) return false;
    if (!this.#world.member(id).disk.inject(fault)) return false;
    if (damages) this.#impair(id);
    return true;
  }

  permits(id: MemberId): boolean {
    const { mayLose = 0 } = this.#world.protocol;
    return this.#impaired.includes(id) || this.#impaired.length < mayLose;
  }

  #impair(id: MemberId): void {
    if (!this.#impaired.includes(id)) this.#impaired.push(id);
  }

  override block(from: MemberId, to: MemberId, types?: readonly string[]): () => void {
    const { messages, name } = this.#world.protocol;
    const strange = types?.find((type) => !messages.includes(type));
    if (strange === undefined) return super.block(from, to, types);
    throw new OwnMistake(`${name} has no message ${strange}; it has ${messages.join(', ')}`);
  }

  isPersisting(id: MemberId): boolean {
    return this.#world.member(id).disk.pending;
  }
  tuneClients(ratePpm: number): () => void {
    return this.#clients.tune(ratePpm);
  }

  /** No fault strikes or lasts from here on: everybody is up, every link and disk works, within `latency`; clients go on. */
  healAll(latency: Micros): void {
    const world = this.#world;
    world.faultEpoch += 1;
    world.timeLimit = Infinity;
    world.clearWatchers();
    world.network.heal([...world.members.map(({ id }) => id), 0], latency);
    for (const member of world.members) {
      member.slowness = 0;
      member.pauses = 0;
      member.busyUntil = world.now;
      member.time.settle(world.now, 1_000);
      member.disk.heal(latency);
      world.hastenDisk(member, latency);
      world.boot(member);
      member.rearm();
      member.resume();
    }
    this.#clients.renew();
  }
}
