/**
 * Runs a plan once more and writes it down. The witnesses stand before the rules, so that the step that breaks one is recorded, and only
 * look on: the run has the hash it has without them.
 */
import { decodeChoices } from '../choices.ts';
import type { Observer, WorldView } from '../observer.ts';
import type { Plan } from '../plan.ts';
import { ProtocolRecorder } from '../protocol/recording/recorder.ts';
import { type RunOptions, type RunResult, run } from '../run.ts';
import { ScheduleWorld } from '../schedule/world.ts';
import { World } from '../world.ts';
import { DeedLog } from './deed-log.ts';
import { recordEvents } from './events.ts';
import { FaultLog } from './fault-log.ts';
import { headerOf } from './header.ts';
import { MessageLog, type Moment } from './message-log.ts';
import { OperationLog } from './operation-log.ts';
import type { Recording } from './recording.ts';
import { StateLog } from './state-log.ts';

export interface Recorded {
  readonly result: RunResult;
  readonly recording: Recording;
}

/** Runs the plan; what is asked to be traced is not. `options` as for `run`. */
export function record(plan: Plan, options: Omit<RunOptions, 'witnesses'> = {}): Recorded {
  const isProtocol = plan.workload.kind === 'protocol';
  const recorder = isProtocol ? new ProtocolRecorder(plan) : new Recorder(plan);
  const { trace: _, ...asked } = options.record ?? {};
  const result = run(plan, {
    ...options,
    record: { ...asked, choices: true },
    witnesses: (world) => recorder.watch(world),
  });
  return { result, recording: recorder.recording(result) };
}

class Recorder implements Moment {
  readonly #plan: Plan;
  readonly #states = new StateLog(this);
  readonly #messages = new MessageLog(this);
  readonly #faults: FaultLog;
  readonly #operations: OperationLog;
  #deeds = new DeedLog(this, this.#states, []);
  #world: World | ScheduleWorld | null = null;

  constructor(plan: Plan) {
    this.#plan = plan;
    const isSchedule = plan.schedule !== undefined;
    this.#faults = new FaultLog(this, isSchedule);
    this.#operations = new OperationLog(this, isSchedule, (event, operation) =>
      this.#deeds.invoked(event, operation),
    );
  }

  get event(): number {
    return (this.#world?.choices.events ?? 0) - 1;
  }
  get now(): number {
    return this.#world?.now ?? 0;
  }

  watch(world: WorldView): readonly Observer[] {
    if (world instanceof World) world.network.trace = this.#messages;
    else if (world instanceof ScheduleWorld) world.mail = this.#messages;
    else throw new Error('only the worlds that plans run in can be recorded');
    this.#world = world;
    this.#deeds = new DeedLog(this, this.#states, world.members);
    return [this.#deeds, this.#faults, this.#operations];
  }

  recording(result: RunResult): Recording {
    const choices = decodeChoices(result.choices ?? new Int32Array(0));
    const events = recordEvents(choices, this.#messages, this.#deeds);
    const messages = this.#messages.rows;
    const operations = this.#operations.operations(messages);
    const { isOver, liveness } = this.#deeds;
    const header = headerOf(this.#plan, result, operations, {
      members: this.#world?.members ?? [],
      isOver,
      liveness,
    });
    return {
      header,
      events,
      messages,
      states: this.#states.changes,
      faults: this.#faults.bars,
      operations,
    };
  }
}
