/**
 * A run of a user's protocol: the same plan, faults, choice log and verdicts as a run of a Raft cluster (../run.ts), over members that the
 * user wrote. The safety phase with its faults; then, if the protocol claims that it recovers, everything is healed and it must; the last
 * words of the rules; the judgement of what clients saw.
 */
import { checkLinearizability, explain, type Model, type Operation } from '@seedraft/check';
import { knobClassesOf } from '../draw-plan.ts';
import { type Ending, endingOf, expected, inconclusive, mistake, PASS } from '../ending.ts';
import { type Observer, Violation } from '../observer.ts';
import { OwnMistake, usersOwn } from '../own/system.ts';
import type { Plan } from '../plan.ts';
import type { RunOptions, RunResult } from '../run.ts';
import { ProtocolClients } from './clients.ts';
import { isProtocol, protocolFlaw, sizesOf } from './contract.ts';
import { classesFor, ProtocolNemesis } from './nemesis.ts';
import { type Protocol, RECOVERS } from './protocol.ts';
import { ProtocolTrace } from './trace.ts';
import { ProtocolWorld } from './world.ts';

/** Links and disks take at most so long once everything is healed. */
const HEALED_LATENCY = 5_000;
/** A step costs what the user's model costs. */
const SEARCH_STEPS = 500_000;

/** Of one plan; `options.own` is the protocol. */
export class ProtocolRun {
  readonly #plan: Plan;
  readonly #options: RunOptions;

  constructor(plan: Plan, options: RunOptions) {
    this.#plan = plan;
    this.#options = options;
  }

  /** Never throws for anything that the plan or the protocol can cause. */
  execute(): RunResult {
    const protocol = this.#protocol();
    if (typeof protocol === 'string') return nothingRan(mistake(protocol));
    try {
      return new Running(this.#plan, protocol, this.#options).execute();
    } catch (thrown) {
      if (thrown instanceof OwnMistake) return nothingRan(mistake(thrown.message));
      throw thrown;
    }
  }

  /** Or the sentence that says why there is none. */
  #protocol(): Protocol | string {
    const { own } = this.#options;
    if (own === undefined || !isProtocol(own)) {
      return "the plan is about a protocol of the user's own (kind: protocol), and none was given";
    }
    const flaw = protocolFlaw(own);
    if (flaw !== null) return flaw;
    const [fewest, most] = sizesOf(own);
    const { length } = this.#plan.members;
    if (length >= fewest && length <= most) return own;
    return `${own.name} has ${fewest === most ? fewest : `${fewest} to ${most}`} members, and the plan has ${length}`;
  }
}

class Running {
  readonly #plan: Plan;
  readonly #protocol: Protocol;
  readonly #options: RunOptions;
  readonly #world: ProtocolWorld;
  readonly #clients: ProtocolClients;
  readonly #nemesis: ProtocolNemesis;
  readonly #trace: ProtocolTrace | null;
  #history: readonly Operation[] = [];
  #judged = 0;
  #recovered = 0;

  constructor(plan: Plan, protocol: Protocol, options: RunOptions) {
    const { record, rules } = options;
    const keepChoices = record?.choices === true;
    this.#plan = plan;
    this.#protocol = protocol;
    this.#options = options;
    const digests = record?.digests;
    this.#world = new ProtocolWorld({ plan, protocol, keepChoices, digests, only: rules });
    this.#clients = new ProtocolClients(this.#world);
    this.#nemesis = new ProtocolNemesis(this.#world, this.#clients);
    const range = record?.trace ?? false;
    const all = { from: 0, to: Infinity };
    this.#trace =
      range === false ? null : new ProtocolTrace(this.#world, range === true ? all : range);
  }

  execute(): RunResult {
    const ran = this.#attempt(() => this.#phases());
    const finished = this.#attempt(() => this.#finish());
    const ending = ran === PASS ? finished : ran;
    this.#clients.finish();
    return this.#result(expected(this.#plan, ending));
  }

  #attempt(action: () => Ending): Ending {
    try {
      return action();
    } catch (thrown) {
      return endingOf(thrown, (rule) => rule === RECOVERS);
    }
  }

  #finish(): Ending {
    this.#world.finish();
    return PASS;
  }

  #phases(): Ending {
    const world = this.#world;
    const { stopAt, observers, witnesses } = this.#options;
    const watching: Observer[] = this.#trace === null ? [] : [this.#trace.observer];
    world.network.trace = this.#trace;
    world.witness = this.#trace;
    world.clients = this.#clients;
    watching.push(...(witnesses?.(world) ?? []));
    world.start([...watching, ...(observers?.(world) ?? [])]);
    this.#nemesis.schedule();
    this.#clients.start();
    const stop = stopAt === undefined ? null : () => world.choices.events >= stopAt;
    if (world.advance(this.#plan.duration, stop)) return PASS;
    this.#recover();
    world.witness?.onEnd?.();
    world.rules.end();
    return this.#judge();
  }

  /** Whatever happened before: with all faults gone, somebody is answered again. */
  #recover(): void {
    const world = this.#world;
    const { recovers } = this.#protocol;
    const { clients, rate } = this.#plan.workload;
    if (recovers === undefined || !this.#plan.liveness || clients === 0 || rate === 0) return;
    const since = world.now;
    this.#nemesis.healAll(HEALED_LATENCY);
    world.tell('healed', 'every fault is over: everybody is up and reaches everybody');
    const isAnswered = (): boolean => this.#clients.answeredSince(since);
    if (world.advance(since + recovers * 1_000, isAnswered)) this.#recovered += 1;
    else {
      const sentence = `no operation that began after every fault was healed at ${since / 1e6} s was answered within ${recovers} ms`;
      throw new Violation(RECOVERS, sentence);
    }
  }

  #judge(): Ending {
    const { model, history } = this.#protocol;
    this.#history = this.#clients.history();
    usersOwn('history', () => history?.(this.#history));
    if (model === undefined) return PASS;
    this.#judged = this.#history.length;
    return usersOwn(`the model ${model.name}`, () => judged(this.#history, model));
  }

  #result(ending: Ending): RunResult {
    const world = this.#world;
    const { record } = this.#options;
    const { choices } = world;
    const words = choices.words();
    const definition = this.#definitionOf(ending.rule);
    return {
      ...ending,
      ...(definition !== undefined && { definition }),
      hash: choices.hash,
      events: choices.events,
      simulatedMicros: world.now,
      operations: { ...this.#clients.counts },
      faults: this.#faults(),
      rules: this.#checks(),
      messages: this.#messages(),
      sometimes: {},
      notes: this.#notes(),
      checkpoints: choices.checkpoints,
      ...(words !== null && { choices: words }),
      ...(record?.history === true && { history: this.#clients.history() }),
      ...(this.#trace !== null && { trace: this.#trace.lines }),
      ...(record?.digests && { digests: world.digests }),
    };
  }

  #definitionOf(broken: string | null): string | undefined {
    const { rules = [], recovers } = this.#protocol;
    if (broken === RECOVERS) {
      return `Once every fault is healed, a new operation is answered within ${recovers} ms.`;
    }
    return rules.find(({ name }) => name === broken)?.definition;
  }

  #checks(): Record<string, number> {
    const { model, recovers } = this.#protocol;
    return {
      ...this.#world.rules.checks(),
      ...(model !== undefined && { LIN: this.#judged }),
      ...(recovers !== undefined && { [RECOVERS]: this.#recovered }),
    };
  }

  #faults(): Record<string, number> {
    const faults = Object.fromEntries(this.#nemesis.counts);
    const sensible = classesFor(this.#protocol);
    for (const name of knobClassesOf(this.#plan)) {
      if (sensible.has(name)) faults[name] = (faults[name] ?? 0) + 1;
    }
    return faults;
  }

  #messages(): Record<string, number> {
    const { delivered } = this.#world.network;
    // The clients' two types come first.
    return Object.fromEntries(
      this.#protocol.messages.map((type, number) => [type, delivered[number + 2] as number]),
    );
  }

  #notes(): Record<string, number> {
    const notes = Object.fromEntries(this.#world.notes);
    for (const [name, count] of Object.entries(this.#world.network.counts)) {
      notes[`network:${name}`] = count;
    }
    return notes;
  }
}

function judged(history: readonly Operation[], model: Model): Ending {
  const verdict = checkLinearizability(history, model, { maxSteps: SEARCH_STEPS });
  if (verdict.verdict === 'illegal') throw new Violation('LIN', explain(verdict, model));
  return verdict.verdict === 'ok'
    ? PASS
    : inconclusive(`linearizability undecided: ${verdict.reason}`);
}

/** A mistake before there was a world. */
function nothingRan(ending: Ending): RunResult {
  const operations = {
    invoked: 0,
    acknowledged: 0,
    reads: 0,
    writes: 0,
    failed: 0,
    info: 0,
    open: 0,
  };
  return {
    ...ending,
    hash: '0000000000000000',
    events: 0,
    simulatedMicros: 0,
    operations,
    faults: {},
    rules: {},
    messages: {},
    sometimes: {},
    notes: {},
    checkpoints: [],
  };
}
