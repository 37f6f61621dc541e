/**
 * Plays a schedule: its steps one after another over real members, judged by all rules, with a verdict like any other run's. A step that
 * has nothing to do (no such message, a member that is down) does nothing: it is no event.
 */
import type { MemberChange } from '@seedraft/core';
import { KvMachine } from '@seedraft/kv';
import type { ClientRequest } from '@seedraft/replica';
import { memberEntry } from '../bootstrap.ts';
import type { SimMember } from '../member.ts';
import { type Observer, Violation } from '../observer.ts';
import type { Plan } from '../plan.ts';
import { judgeHistory } from '../properties/history.ts';
import { Rulebook } from '../properties/rulebook.ts';
import type { RunOptions, RunResult } from '../run.ts';
import { Trace } from '../trace.ts';
import { ScheduleClients } from './clients.ts';
import { ClockReadings } from './clocks.ts';
import { EXPECTED_STEP, parseStep } from './parse.ts';
import type { ScheduledChange, ScheduleStep } from './step.ts';
import { ScheduleWorld } from './world.ts';

type Ending = Pick<RunResult, 'verdict' | 'rule' | 'sentence' | 'reason'>;
/** Rules that a stale read breaks. */
const AFTER_READS: ReadonlySet<string> = new Set(['S16', 'LIN']);
const BEYOND_BOUND =
  'a read under a lease was stale, but no clocks within the drift bound that leases assume can have shown what they show in this schedule';
const PASS: Ending = { verdict: 'pass', rule: null, sentence: null, reason: null };

/** `plan` has a schedule. */
export function playSchedule(plan: Plan, options: RunOptions): RunResult {
  return new Play(plan, options).execute();
}

class Play {
  readonly #plan: Plan;
  readonly #options: RunOptions;
  readonly #clients = new ScheduleClients();
  readonly #readings = new ClockReadings();
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
      notes: Object.fromEntries(notes),
      checkpoints: choices.checkpoints,
      ...(words !== null && { choices: words }),
      ...(record?.history === true && { history: this.#clients.history() }),
      ...(this.#trace !== null && { trace: this.#trace.lines }),
    };
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
        if (AFTER_READS.has(rule) && !this.#areLeasesMeant()) {
          return { ...PASS, verdict: 'inconclusive', reason: BEYOND_BOUND };
        }
        return { verdict: 'violation', rule, sentence: message, reason: null };
      }
      const reason = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      return { ...PASS, verdict: 'error', reason };
    }
  }

  /** Clocks are free here, but leases promise nothing to those that stray further than they assume. */
  #areLeasesMeant(): boolean {
    if (!this.#readings.countsOnLeases) return true;
    return this.#readings.isPossible(this.#plan.raft.clockDriftBound);
  }

  #start(): void {
    const observers: Observer[] = [this.#clients, this.#readings];
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
    if (step.step === 'spawn') return world.spawn(step.member);
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
        return world.crash(member, step.kept > 0 ? 'kept' : 'dropped', step.kept);
      case 'tear':
        return world.crash(member, 'torn', 0);
      case 'restart':
        return member.replica === null && world.roster.boot(member);
      case 'propose':
        return this.#clients.propose(member);
      case 'session':
        return this.#clients.openSession(step.client, step.timeout, member);
      case 'put':
      case 'get':
      case 'lease-get':
        return this.#clients.operate(
          step.client,
          step.operation,
          { asked: step.step, key: step.key },
          member,
        );
      case 'expire': {
        const { client, operation, key, ttl } = step;
        return this.#clients.operate(client, operation, { asked: 'put', key, ttl }, member);
      }
      case 'add':
      case 'remove': {
        const { step: change, subject } = step;
        return this.#change(member, [{ change, subject }], 'single');
      }
      case 'change':
        return this.#change(member, step.changes, step.mode);
      case 'transfer':
        return this.#order(member, {
          type: 'TransferLeadership',
          target: this.#named(step.subject).id,
        });
      case 'snapshot':
        return this.#order(member, { type: 'Snapshot' });
      case 'campaign':
        return world.campaign(member);
      case 'peer-down':
        return world.peerDown(member, this.#named(step.subject));
      case 'wipe':
        return world.wipe(member);
      case 'bit-rot':
      case 'misdirected-write':
      case 'stale-read':
      case 'short-read':
      case 'read-error':
      case 'write-error':
      case 'fsync-failure':
        return world.spoil(member, step.step);
    }
  }

  #change(
    member: SimMember,
    changes: readonly ScheduledChange[],
    mode: 'single' | 'joint' | 'explicit',
  ): boolean {
    return this.#order(member, {
      type: 'ChangeMembership',
      changes: changes.map((change) => this.#changeOf(change)),
      mode,
    });
  }

  #changeOf({ change, subject }: ScheduledChange): MemberChange {
    const { id, name, incarnation } = this.#named(subject);
    if (change === 'promote' || change === 'demote' || change === 'remove')
      return { type: change, id };
    const role = change === 'add' ? 'voter' : 'learner';
    return { type: 'add', member: memberEntry(id, name, incarnation, role) };
  }

  /** Nobody waits for its answer. */
  #order(member: SimMember, request: ClientRequest): boolean {
    return this.#world.request(member, { request, answer: () => {} });
  }

  #named(name: string): SimMember {
    return this.#world.member(Number(name.slice(1)));
  }
}
