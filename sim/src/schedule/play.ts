/**
 * Plays a schedule: its steps one after another over real members, judged by all rules, with a verdict like any other run's. A step that
 * has nothing to do (no such message, a member that is down) does nothing: it is no event.
 */
import { KvMachine } from '@seedraft/kv';
import { bootstrapConfiguration, memberEntry } from '../bootstrap.ts';
import type { SimMember } from '../member.ts';
import { type Observer, Violation } from '../observer.ts';
import type { Plan } from '../plan.ts';
import { judgeHistory } from '../properties/history.ts';
import { Rulebook } from '../properties/rulebook.ts';
import type { RunOptions, RunResult } from '../run.ts';
import { Trace } from '../trace.ts';
import { ScheduleClients } from './clients.ts';
import { EXPECTED_STEP, parseStep } from './parse.ts';
import type { ScheduleStep } from './step.ts';
import { ScheduleWorld } from './world.ts';

/** Among the notes of a schedule's run. */
export const CLOCKS_APART = 'schedule:clocks apart (ms)';

type Ending = Pick<RunResult, 'verdict' | 'rule' | 'sentence' | 'reason'>;
const PASS: Ending = { verdict: 'pass', rule: null, sentence: null, reason: null };

/** `plan` has a schedule. */
export function playSchedule(plan: Plan, options: RunOptions): RunResult {
  return new Play(plan, options).execute();
}

class Play {
  readonly #plan: Plan;
  readonly #options: RunOptions;
  readonly #clients = new ScheduleClients();
  readonly #world: ScheduleWorld;
  readonly #rulebook: Rulebook;
  readonly #trace: Trace | null;

  constructor(plan: Plan, options: RunOptions) {
    const { record, machine } = options;
    this.#plan = plan;
    this.#options = options;
    this.#world = new ScheduleWorld({
      plan,
      machine: machine ?? (() => new KvMachine()),
      keepChoices: record?.choices === true,
      answered: (submitted) => this.#clients.answered(submitted),
    });
    this.#clients.attach(this.#world);
    this.#rulebook = new Rulebook(this.#world, options.rules ? { only: options.rules } : {});
    const traced = record?.trace ?? false;
    const range = typeof traced === 'object' ? traced : { from: 0, to: Infinity };
    this.#trace = traced === false ? null : new Trace(this.#world, range);
  }

  execute(): RunResult {
    const ending = this.#ending();
    this.#world.finish();
    const { record } = this.#options;
    const { choices, notes, now, delivered } = this.#world;
    const words = choices.words();
    return {
      ...ending,
      hash: choices.hash,
      events: choices.events,
      simulatedMicros: now,
      operations: this.#clients.counts,
      faults: {},
      rules: this.#rulebook.checks(),
      messages: { ...delivered },
      sometimes: this.#rulebook.sometimes(),
      notes: { ...Object.fromEntries(notes), [CLOCKS_APART]: this.#clocksApart() },
      checkpoints: choices.checkpoints,
      ...(words !== null && { choices: words }),
      ...(record?.history === true && { history: this.#clients.history() }),
      ...(this.#trace !== null && { trace: this.#trace.lines }),
    };
  }

  /** In milliseconds: time is free here, and a reader may want to know how free. */
  #clocksApart(): number {
    const shown = this.#world.members.map((member) => member.clock());
    return Math.max(...shown) - Math.min(...shown);
  }

  #ending(): Ending {
    try {
      this.#start();
      const { stopAt = Infinity } = this.#options;
      for (const text of this.#plan.schedule ?? []) {
        const step = parseStep(text);
        if (step === null) throw new Error(`${text}: ${EXPECTED_STEP}`);
        this.#world.step(() => this.#perform(step));
        if (this.#world.choices.events >= stopAt) return PASS;
      }
      for (const observer of this.#world.observers.end) observer.onEnd();
      const judged = judgeHistory(this.#clients.history(), { blackBox: false });
      if (judged.outcome !== 'inconclusive') return PASS;
      return { ...PASS, verdict: 'inconclusive', reason: judged.reason };
    } catch (thrown) {
      if (thrown instanceof Violation) {
        const { rule, message } = thrown;
        return { verdict: 'violation', rule, sentence: message, reason: null };
      }
      const reason = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      return { ...PASS, verdict: 'error', reason };
    }
  }

  #start(): void {
    const observers: Observer[] = [this.#clients];
    if (this.#trace !== null) observers.push(this.#trace);
    observers.push(...(this.#options.witnesses?.(this.#world) ?? []));
    observers.push(this.#rulebook, ...(this.#options.observers?.(this.#world) ?? []));
    this.#world.start(observers);
  }

  #perform(step: ScheduleStep): boolean {
    const world = this.#world;
    if ('ordinal' in step) {
      const [from, to] = [this.#named(step.from).id, this.#named(step.to).id];
      if (step.step === 'drop') return world.drop(from, to, step.type, step.ordinal);
      return world.deliver(from, to, step.type, step.ordinal, step.step === 'duplicate');
    }
    const member = this.#named(step.member);
    switch (step.step) {
      case 'tick':
        return world.tick(member);
      case 'clock':
        world.moveClock(member, step.shows);
        return true;
      case 'persisted':
        return world.persisted(member);
      case 'crash':
        return world.crash(member, step.kept);
      case 'restart':
        return member.replica === null && world.roster.boot(member);
      case 'propose':
        return this.#clients.propose(member);
      case 'session':
        return this.#clients.openSession(step.client, member);
      case 'put':
      case 'get':
        return this.#clients.operate(step.client, step.operation, step.step, step.key, member);
      case 'add':
      case 'remove':
        return this.#change(step.step, member, this.#named(step.subject));
    }
  }

  /** An operator's single-server change; nobody waits for its answer. */
  #change(step: 'add' | 'remove', member: SimMember, { id, name }: SimMember): boolean {
    const { members } = bootstrapConfiguration(this.#plan, this.#world.randomness);
    const incarnation = members[id - 1]?.incarnation ?? '';
    const change =
      step === 'remove'
        ? ({ type: 'remove', id } as const)
        : ({ type: 'add', member: memberEntry(id, name, incarnation, 'voter') } as const);
    const request = { type: 'ChangeMembership', changes: [change], mode: 'single' } as const;
    return this.#world.request(member, { request, answer: () => {} });
  }

  #named(name: string): SimMember {
    return this.#world.member(Number(name.slice(1)));
  }
}
