/**
 * A run: a plan goes in, a verdict comes out, and nothing else matters: no clock, no chance, no order of runs. The safety phase with its
 * faults, the liveness phase, the last words of the rules, then the judgement of what clients saw.
 *
 * A verdict is never better than what was established: a limit reached or an undecided history is `inconclusive`, and what breaks in the
 * simulator itself is an `error`, never a finding.
 */
import type { Model, Operation } from '@seedraft/check';
import { KvMachine } from '@seedraft/kv';
import type { StateMachine } from '@seedraft/replica';
import { withoutAmbient } from './ambient.ts';
import type { Checkpoint } from './choices.ts';
import { Clients } from './clients.ts';
import { createByteDisk } from './disk/byte.ts';
import { createObjectDisk } from './disk/object.ts';
import { knobClassesOf } from './draw-plan.ts';
import { type Ending, endingOf, expected, inconclusive, PASS } from './ending.ts';
import { faultNamed } from './faults/index.ts';
import { LINK_TYPES } from './link.ts';
import { type LivenessVerdict, runLiveness } from './liveness.ts';
import { Nemesis } from './nemesis.ts';
import type { Observer, WorldView } from './observer.ts';
import { onProbation } from './own/machine.ts';
import { OwnMistake, type OwnSystem, usersOwn } from './own/system.ts';
import { ownSubject } from './own/workload.ts';
import type { Plan } from './plan.ts';
import { type HistoryVerdict, judgeHistory } from './properties/history.ts';
import { Rulebook } from './properties/rulebook.ts';
import { isProtocol } from './protocol/contract.ts';
import type { Protocol } from './protocol/protocol.ts';
import { ProtocolRun } from './protocol/run.ts';
import { playSchedule } from './schedule/play.ts';
import { builtInSystem } from './systems/index.ts';
import type { OperationCounts } from './tally.ts';
import { Trace, type TraceRange } from './trace.ts';
import { kvSubject, type Subject } from './workload.ts';
import { World } from './world.ts';

/** `mistake`: the user's workload or model broke its contract, and nothing is said about the cluster. */
export type RunVerdict = 'pass' | 'violation' | 'liveness' | 'inconclusive' | 'mistake' | 'error';

export interface RunOptions {
  /** Others who watch before the rules do, and so see the step that breaks one. */
  readonly witnesses?: (world: WorldView) => readonly Observer[];
  /** Others who watch; they see each event after the rules did. */
  readonly observers?: (world: WorldView) => readonly Observer[];
  /** Only these rules (ids); default: all. */
  readonly rules?: readonly string[];
  /** What a plan of the workload `own` or `protocol` is about; other plans do not look at it. */
  readonly own?: OwnSystem | Protocol;
  /** Instead of the built-in key-value machine, under its workload; what clients saw is then not judged. */
  readonly machine?: () => StateMachine;
  readonly record?: {
    readonly choices?: boolean;
    readonly history?: boolean;
    readonly trace?: boolean | TraceRange;
    /** Every member's digest after each of these events. */
    readonly digests?: readonly [from: number, to: number];
  };
  /** Stop after this many events, judging nothing at the end. */
  readonly stopAt?: number;
}

export interface RunResult {
  readonly verdict: RunVerdict;
  /** The rule that was broken: S1..S22, L1..L7, LIN, or EXPECT when a violation that the plan expects did not come. */
  readonly rule: string | null;
  /** What that rule says, where it is one of a user's protocol. */
  readonly definition?: string;
  /** What was seen. */
  readonly sentence: string | null;
  /** Why it is inconclusive, or an error. */
  readonly reason: string | null;
  /** 16 hexadecimal digits over every event and what it led to. */
  readonly hash: string;
  readonly events: number;
  readonly simulatedMicros: number;
  readonly operations: Readonly<OperationCounts>;
  readonly faults: Readonly<Record<string, number>>;
  readonly rules: Readonly<Record<string, number>>;
  readonly messages: Readonly<Record<string, number>>;
  readonly sometimes: Readonly<Record<string, number>>;
  /** Other things that happened, by name. */
  readonly notes: Readonly<Record<string, number>>;
  readonly checkpoints: readonly Checkpoint[];
  readonly choices?: Int32Array;
  readonly history?: readonly Operation[];
  readonly trace?: readonly string[];
  readonly digests?: readonly string[];
}

/** Executes the plan. Never throws for anything that the plan or the system under test can cause. */
export function run(plan: Plan, options: RunOptions = {}): RunResult {
  return withoutAmbient(() => {
    if (plan.workload.kind === 'protocol') return new ProtocolRun(plan, options).execute();
    if (plan.schedule === undefined) return new Run(plan, options).execute();
    const played = playSchedule(plan, options);
    return { ...played, ...expected(plan, played) };
  });
}

class Run {
  readonly #plan: Plan;
  readonly #options: RunOptions;
  readonly #system: OwnSystem | null;
  readonly #world: World;
  readonly #clients: Clients;
  readonly #nemesis: Nemesis;
  readonly #rulebook: Rulebook;
  readonly #trace: Trace | null;
  #judged = 0;
  #liveness: LivenessVerdict | null = null;
  #history: readonly Operation[] = [];

  constructor(plan: Plan, options: RunOptions) {
    const { record } = options;
    this.#plan = plan;
    this.#options = options;
    this.#system = systemOf(plan, options);
    this.#world = new World({
      plan,
      machine: machineOf(plan, options, this.#system),
      disk: plan.bytes ? createByteDisk : createObjectDisk,
      keepChoices: record?.choices === true,
      ...(record?.digests && { digests: record.digests }),
    });
    this.#clients = new Clients(this.#world, subjectOf(plan, options, this.#system));
    this.#nemesis = new Nemesis(this.#world, this.#clients, faultNamed);
    this.#rulebook = new Rulebook(this.#world, options.rules ? { only: options.rules } : {});
    this.#trace = this.#createTrace(record?.trace ?? false);
  }

  #createTrace(asked: boolean | TraceRange): Trace | null {
    if (asked === false) return null;
    return new Trace(this.#world, asked === true ? { from: 0, to: Infinity } : asked);
  }

  execute(): RunResult {
    const ran = this.#attempt(() => this.#phases());
    const finished = this.#attempt(() => this.#finish());
    this.#clients.finish();
    return this.#result(expected(this.#plan, ran === PASS ? finished : ran));
  }

  #attempt(action: () => Ending): Ending {
    try {
      return action();
    } catch (thrown) {
      return endingOf(thrown, (rule) => rule.startsWith('L') && rule !== 'LIN');
    }
  }

  #start(): void {
    if (this.#plan.workload.kind === 'own' && this.#system === null) {
      throw new OwnMistake(
        "the plan's workload is that of a machine of the user's own (kind: own), and no such machine was given",
      );
    }
    const observers: Observer[] = [this.#clients];
    if (this.#trace !== null) {
      observers.push(this.#trace);
      this.#world.network.trace = this.#trace;
    }
    observers.push(...(this.#options.witnesses?.(this.#world) ?? []));
    observers.push(this.#rulebook);
    observers.push(...(this.#options.observers?.(this.#world) ?? []));
    this.#world.clients = this.#clients;
    this.#world.start(observers);
    this.#nemesis.schedule();
    this.#clients.start();
  }

  #finish(): Ending {
    this.#world.finish();
    return PASS;
  }

  #phases(): Ending {
    this.#start();
    const { stopAt } = this.#options;
    const world = this.#world;
    const stop = stopAt === undefined ? null : () => world.choices.events >= stopAt;
    if (world.advance(this.#plan.duration, stop)) return PASS;
    let ending = PASS;
    if (this.#plan.liveness) {
      const verdict = runLiveness(this.#nemesis, this.#rulebook.ledger);
      this.#liveness = verdict;
      if (verdict.outcome === 'inconclusive') ending = inconclusive(verdict.reason);
    }
    for (const observer of world.observers.end) observer.onEnd();
    const judgement = this.#judge();
    return judgement === PASS ? ending : judgement;
  }

  /** What clients saw must be explained by one order of operations. */
  #judge(): Ending {
    if (isStrange(this.#plan, this.#options)) return PASS;
    this.#history = this.#clients.history();
    this.#judged = this.#history.length;
    const { blackBox } = this.#plan;
    const verdict =
      this.#system === null
        ? judgeHistory(this.#history, { blackBox })
        : judgeOwn(this.#history, this.#system.model, blackBox);
    return verdict.outcome === 'inconclusive' ? inconclusive(verdict.reason) : PASS;
  }

  #result(ending: Ending): RunResult {
    const world = this.#world;
    const { record } = this.#options;
    const choices = world.choices.words();
    const history = record?.history === true ? this.#recordedHistory() : null;
    return {
      ...ending,
      hash: world.choices.hash,
      events: world.choices.events,
      simulatedMicros: world.now,
      operations: { ...this.#clients.counts },
      faults: this.#faults(),
      rules: this.#checks(),
      messages: this.#messages(),
      sometimes: this.#rulebook.sometimes(),
      notes: this.#notes(),
      checkpoints: world.choices.checkpoints,
      ...(choices !== null && { choices }),
      ...(history !== null && { history }),
      ...(this.#trace !== null && { trace: this.#trace.lines }),
      ...(record?.digests && { digests: world.digests }),
    };
  }

  #recordedHistory(): readonly Operation[] {
    return this.#history.length > 0 ? this.#history : this.#clients.history();
  }

  #checks(): Record<string, number> {
    const live = this.#liveness?.outcome === 'live' ? this.#liveness.checks : {};
    return { ...this.#rulebook.checks(), ...live, LIN: this.#judged };
  }

  #faults(): Record<string, number> {
    const faults = Object.fromEntries(this.#nemesis.counts);
    for (const name of knobClassesOf(this.#plan)) faults[name] = (faults[name] ?? 0) + 1;
    return faults;
  }

  #messages(): Record<string, number> {
    const { delivered } = this.#world.network;
    const counts: Record<string, number> = {};
    LINK_TYPES.forEach((type, number) => {
      if (!type.startsWith('Client')) counts[type] = delivered[number] as number;
    });
    return counts;
  }

  #notes(): Record<string, number> {
    const notes = Object.fromEntries(this.#world.notes);
    for (const [name, count] of Object.entries(this.#world.network.counts)) {
      notes[`network:${name}`] = count;
    }
    return notes;
  }
}

/** What has a workload and a model of its own: the user's, or one of the built-in machine's. */
function systemOf(plan: Plan, { own }: RunOptions): OwnSystem | null {
  if (plan.workload.kind !== 'own') return builtInSystem(plan);
  return own === undefined || isProtocol(own) ? null : own;
}

/** The answers of a strange machine mean nothing to our models. */
function isStrange({ workload }: Plan, { machine }: RunOptions): boolean {
  return workload.kind !== 'own' && machine !== undefined;
}

function machineOf(
  plan: Plan,
  { machine }: RunOptions,
  system: OwnSystem | null,
): () => StateMachine {
  if (plan.workload.kind === 'own' && system !== null) return onProbation(system.machine);
  return machine ?? system?.machine ?? (() => new KvMachine());
}

function subjectOf(plan: Plan, options: RunOptions, system: OwnSystem | null): Subject {
  const subject = system === null ? kvSubject : ownSubject(system);
  return isStrange(plan, options) ? { ...subject, outputOf: (_, answer) => answer } : subject;
}

/** A step costs what the user's model costs, and the claimed order is judged whole before: the search is a second opinion. */
const OWN_SEARCH_STEPS = 20_000;

/** What a model throws is its author's mistake; what it says is a verdict. */
function judgeOwn(history: readonly Operation[], model: Model, blackBox: boolean): HistoryVerdict {
  const maxSteps = OWN_SEARCH_STEPS;
  return usersOwn(`the model ${model.name}`, () =>
    judgeHistory(history, { blackBox, model, maxSteps }),
  );
}
