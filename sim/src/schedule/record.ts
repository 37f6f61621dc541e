/**
 * The schedule of a run: what its members were told, in order, without when. What happens in time alone (waiting, latency, a fault's window)
 * leaves no step; what a step cannot say (damage to disks, changes of several members, lease reads) is left out, and whoever asked finds out
 * by playing what is left.
 */
import type { MemberChange } from '@seedraft/core';
import type { ClientRequest } from '@seedraft/replica';
import { type Choice, decodeChoices, EventKind } from '../choices.ts';
import type { DiskFault } from '../disk/disk.ts';
import { CLIENT_BASE, endpointName, type Flight, LINK_TYPES } from '../link.ts';
import type { Submission } from '../member.ts';
import type { NetworkTrace } from '../network.ts';
import type { MemberView, Observer, WorldView } from '../observer.ts';
import type { Plan } from '../plan.ts';
import { run } from '../run.ts';
import { World } from '../world.ts';
import { DISK_STEPS, type ScheduledChange, type ScheduleStep, SESSION_TIMEOUT } from './step.ts';

export interface RecordedSchedule {
  readonly steps: readonly ScheduleStep[];
  /** The same, with every member's clock where it stood. */
  readonly timed: readonly ScheduleStep[];
}

/** Runs the plan once. */
export function recordSchedule(plan: Plan): RecordedSchedule {
  const recorder = new Recorder(plan.members.length);
  const observers = (world: WorldView) => recorder.watch(world);
  const { choices } = run(plan, { record: { choices: true }, observers });
  const steps: ScheduleStep[] = [];
  const timed: ScheduleStep[] = [];
  decodeChoices(choices ?? new Int32Array(0)).forEach((choice, event, all) => {
    const step = recorder.stepOf(choice, event);
    if (step !== null) {
      const member = 'ordinal' in step ? step.to : step.member;
      // The rule that ends the run speaks before this recorder hears of the step.
      const atEnd = event === all.length - 1 ? recorder.clockOf(member) : undefined;
      const shows = recorder.clocks.get(event) ?? atEnd;
      if (shows !== undefined) timed.push({ step: 'clock', member, shows });
      steps.push(step);
      timed.push(step);
    }
    const losses = recorder.losses.get(event) ?? [];
    steps.push(...losses);
    timed.push(...losses);
  });
  // A rule that watches disks speaks before the member is told, and then the last write is none of the events.
  const written = recorder.names().map((member): ScheduleStep => ({ step: 'persisted', member }));
  return { steps: [...steps, ...written], timed: [...timed, ...written] };
}

class Recorder implements Observer, NetworkTrace {
  /** By event: what the member that acted in it read on its clock. */
  readonly clocks = new Map<number, number>();
  /** Crashes, and disks that were lost or spoilt. */
  readonly losses = new Map<number, ScheduleStep[]>();
  /** By event: what an operator asked. */
  readonly #orders = new Map<number, ScheduleStep>();
  readonly #planned: number;
  readonly #submissions = new Map<string, Submission>();
  readonly #numbers = new Map<number, number>();
  readonly #perClient = new Map<number, number>();
  readonly #delivered = new Map<string, { step: 'deliver' | 'duplicate' }>();
  #world: World | null = null;

  constructor(planned: number) {
    this.#planned = planned;
  }

  watch(world: WorldView): readonly Observer[] {
    if (world instanceof World) {
      this.#world = world;
      world.network.trace = this;
    }
    return [this];
  }

  /** Now, in milliseconds. */
  clockOf(name: string): number | undefined {
    return this.#world?.members.find((member) => member.name === name)?.clock();
  }

  names(): readonly string[] {
    return this.#world?.members.map(({ name }) => name) ?? [];
  }

  get #event(): number {
    return (this.#world?.choices.events ?? 0) - 1;
  }

  onStep(_member: MemberView, { at }: { readonly at: number }): void {
    if (!this.clocks.has(this.#event)) this.clocks.set(this.#event, at);
  }

  onCrash({ name }: MemberView): void {
    this.#lose({ step: 'crash', member: name, kept: 0 });
  }

  onWipe({ name }: MemberView): void {
    this.#lose({ step: 'wipe', member: name });
  }

  onDiskFault({ name }: MemberView, { kind }: DiskFault): void {
    const step = DISK_STEPS.find((known) => known === kind);
    if (step !== undefined) this.#lose({ step, member: name });
  }

  #lose(step: ScheduleStep): void {
    const before = this.losses.get(this.#event) ?? [];
    this.losses.set(this.#event, [...before, step]);
  }

  onOrder({ name: member }: MemberView, request: ClientRequest): void {
    const step = orderOf(request, member);
    if (step !== null) this.#orders.set(this.#event, step);
  }

  onSend(flight: Flight): void {
    const { link } = flight;
    if (link === null || link.from < CLIENT_BASE) return;
    this.#submissions.set(`${link.from} ${link.to} ${flight.key}`, flight.message as Submission);
  }
  onLost(): void {}

  stepOf({ kind, a, b, ordinal }: Choice, event: number): ScheduleStep | null {
    switch (kind) {
      case EventKind.Deliver:
        return this.#delivery(endpointName(a), endpointName(b), ordinal);
      case EventKind.Tick:
        return { step: 'tick', member: endpointName(b) };
      case EventKind.Persisted:
      case EventKind.PersistFailed:
      case EventKind.SnapshotFailed:
      case EventKind.BootstrapFailed:
      case EventKind.BootstrapWritten:
      case EventKind.SnapshotWritten:
      case EventKind.SnapshotSealed:
      case EventKind.SnapshotRead:
        return { step: 'persisted', member: endpointName(b) };
      case EventKind.Boot:
        if (ordinal > 0) return { step: 'restart', member: endpointName(a) };
        return a > this.#planned ? { step: 'spawn', member: endpointName(a) } : null;
      case EventKind.Campaign:
        return { step: 'campaign', member: endpointName(b) };
      case EventKind.PeerDown:
        return { step: 'peer-down', member: endpointName(b), subject: endpointName(ordinal) };
      case EventKind.Operator:
        return this.#orders.get(event) ?? null;
      case EventKind.ClientRequest:
        return this.#request(this.#submissions.get(`${a} ${b} ${ordinal}`), endpointName(b));
      default:
        return null;
    }
  }

  #delivery(from: string, to: string, key: number): ScheduleStep {
    const type = LINK_TYPES[key >>> 25] as Extract<ScheduleStep, { ordinal: number }>['type'];
    const ordinal = key & 0xff_ffff;
    const name = `${from} ${to} ${type} ${ordinal}`;
    // All deliveries of one message but the last leave it on its way.
    const before = this.#delivered.get(name);
    if (before !== undefined) before.step = 'duplicate';
    const step = { step: 'deliver' as 'deliver' | 'duplicate', from, to, type, ordinal };
    this.#delivered.set(name, step);
    return step;
  }

  #request(submission: Submission | undefined, member: string): ScheduleStep | null {
    if (submission === undefined) return null;
    const { client, operation } = submission;
    if (operation === null) {
      const { request } = submission;
      const timeout = request.type === 'OpenSession' ? request.timeout : SESSION_TIMEOUT;
      return { step: 'session', member, client, timeout };
    }
    const number = this.#numbers.get(operation.id) ?? (this.#perClient.get(client) ?? 0) + 1;
    if (!this.#numbers.has(operation.id)) this.#perClient.set(client, number);
    this.#numbers.set(operation.id, number);
    const { ttl } = operation.input as { readonly ttl?: number };
    if (ttl !== undefined) {
      return {
        step: 'expire',
        member,
        client,
        operation: number,
        key: keyOf(operation.input),
        ttl,
      };
    }
    const read = operation.mode === 'lease' ? 'lease-get' : 'get';
    const step = operation.readOnly ? read : 'put';
    return { step, member, client, operation: number, key: keyOf(operation.input) };
  }
}

/** What people ask of members; null: what no step says. */
function orderOf(request: ClientRequest, member: string): ScheduleStep | null {
  if (request.type === 'Snapshot') return { step: 'snapshot', member };
  if (request.type === 'TransferLeadership') {
    return { step: 'transfer', member, subject: endpointName(request.target) };
  }
  if (request.type !== 'ChangeMembership') return null;
  const changes = request.changes.map(changeOf);
  if (!changes.every((change) => change !== null)) return null;
  return { step: 'change', member, mode: request.mode, changes };
}

function changeOf(change: MemberChange): ScheduledChange | null {
  if (change.type === 'update') return null;
  if (change.type !== 'add') return { change: change.type, subject: endpointName(change.id) };
  const { id, role } = change.member;
  return { change: role === 'learner' ? 'add learner' : 'add', subject: endpointName(id) };
}

/** A batch writes several: the first stands for it. */
function keyOf(input: unknown): string {
  const one = (Array.isArray(input) ? input[0] : input) as { key?: unknown } | null;
  return typeof one?.key === 'string' ? one.key.replaceAll(/\s/g, '-') : 'k0';
}
