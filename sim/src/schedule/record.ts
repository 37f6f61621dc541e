/**
 * The schedule of a run: what its members were told, in order, without when. What happens in time alone (waiting, latency, a fault's window)
 * leaves no step; what a step cannot say (damage to disks, changes of several members, lease reads) is left out, and whoever asked finds out
 * by playing what is left.
 */
import { type Choice, decodeChoices, EventKind } from '../choices.ts';
import { CLIENT_BASE, endpointName, type Flight, LINK_TYPES } from '../link.ts';
import type { Submission } from '../member.ts';
import type { NetworkTrace } from '../network.ts';
import type { MemberView, Observer, WorldView } from '../observer.ts';
import type { Plan } from '../plan.ts';
import { run } from '../run.ts';
import { World } from '../world.ts';
import type { ScheduleStep } from './step.ts';

export interface RecordedSchedule {
  readonly steps: readonly ScheduleStep[];
  /** The same, with every member's clock where it stood. */
  readonly timed: readonly ScheduleStep[];
}

/** Runs the plan once. */
export function recordSchedule(plan: Plan): RecordedSchedule {
  const recorder = new Recorder();
  const observers = (world: WorldView) => recorder.watch(world);
  const { choices } = run(plan, { record: { choices: true }, observers });
  const steps: ScheduleStep[] = [];
  const timed: ScheduleStep[] = [];
  decodeChoices(choices ?? new Int32Array(0)).forEach((choice, event) => {
    const step = recorder.stepOf(choice);
    if (step !== null && isAmong(step, plan.members.length)) {
      const member = 'ordinal' in step ? step.to : step.member;
      const shows = recorder.clocks.get(event);
      if (shows !== undefined) timed.push({ step: 'clock', member, shows });
      steps.push(step);
      timed.push(step);
    }
    for (const crash of recorder.crashes.get(event) ?? []) {
      steps.push(crash);
      timed.push(crash);
    }
  });
  return { steps, timed };
}

/** Members that joined later have no place in a schedule. */
function isAmong(step: ScheduleStep, members: number): boolean {
  const names = 'ordinal' in step ? [step.from, step.to] : [step.member];
  return names.every((name) => Number(name.slice(1)) <= members);
}

class Recorder implements Observer, NetworkTrace {
  /** By event: what the member that acted in it read on its clock. */
  readonly clocks = new Map<number, number>();
  readonly crashes = new Map<number, ScheduleStep[]>();
  readonly #submissions = new Map<string, Submission>();
  readonly #numbers = new Map<number, number>();
  readonly #perClient = new Map<number, number>();
  readonly #delivered = new Map<string, { step: 'deliver' | 'duplicate' }>();
  #world: World | null = null;

  watch(world: WorldView): readonly Observer[] {
    if (world instanceof World) {
      this.#world = world;
      world.network.trace = this;
    }
    return [this];
  }

  get #event(): number {
    return (this.#world?.choices.events ?? 0) - 1;
  }

  onStep(_member: MemberView, { at }: { readonly at: number }): void {
    if (!this.clocks.has(this.#event)) this.clocks.set(this.#event, at);
  }

  onCrash({ name }: MemberView): void {
    const before = this.crashes.get(this.#event) ?? [];
    this.crashes.set(this.#event, [...before, { step: 'crash', member: name, kept: 0 }]);
  }

  onSend(flight: Flight): void {
    const { link } = flight;
    if (link === null || link.from < CLIENT_BASE) return;
    this.#submissions.set(`${link.from} ${link.to} ${flight.key}`, flight.message as Submission);
  }
  onLost(): void {}

  stepOf({ kind, a, b, ordinal }: Choice): ScheduleStep | null {
    switch (kind) {
      case EventKind.Deliver:
        return this.#delivery(endpointName(a), endpointName(b), ordinal);
      case EventKind.Tick:
        return { step: 'tick', member: endpointName(b) };
      case EventKind.Persisted:
      case EventKind.SnapshotWritten:
      case EventKind.SnapshotSealed:
      case EventKind.SnapshotRead:
        return { step: 'persisted', member: endpointName(b) };
      case EventKind.Boot:
        return ordinal === 0 ? null : { step: 'restart', member: endpointName(a) };
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
    if (operation === null) return { step: 'session', member, client };
    const number = this.#numbers.get(operation.id) ?? (this.#perClient.get(client) ?? 0) + 1;
    if (!this.#numbers.has(operation.id)) this.#perClient.set(client, number);
    this.#numbers.set(operation.id, number);
    const step = operation.readOnly ? 'get' : 'put';
    return { step, member, client, operation: number, key: keyOf(operation.input) };
  }
}

/** A batch writes several: the first stands for it. */
function keyOf(input: unknown): string {
  const one = (Array.isArray(input) ? input[0] : input) as { key?: unknown } | null;
  return typeof one?.key === 'string' ? one.key.replaceAll(/\s/g, '-') : 'k0';
}
