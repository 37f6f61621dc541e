/**
 * Stage two of shrinking: the schedule. The run of a plan is recorded as steps without time; if these alone still break the same rule,
 * everything that merely took time is gone (heartbeats, retries, waiting), and delta debugging leaves out steps until each is needed.
 *
 * Time-dependent failures (liveness, leases) and what no step can say do not survive the recording: then the plan is the result.
 */

import { derived } from '../draw-plan.ts';
import type { Plan } from '../plan.ts';
import {
  CALM_DISK,
  CALM_NETWORK,
  CALM_RAFT,
  CALM_SNAPSHOT,
  CALM_WORKLOAD,
  DEFAULTS,
} from '../scenario/defaults.ts';
import { ddmin } from '../shrink/ddmin.ts';
import { isSayable, seedEdits, withoutMember } from '../shrink/edits.ts';
import type { SameFailure } from '../shrink/same-failure.ts';
import type { ShrinkBudget } from '../shrink/shrink-plan.ts';
import { parseStep } from './parse.ts';
import { recordSchedule } from './record.ts';
import { onlySteps, sendsOf } from './sends.ts';
import { formatStep, type ScheduleStep } from './step.ts';

export interface ScheduleShrink {
  /** With a schedule. */
  readonly plan: Plan;
  /** Steps recorded, and left. */
  readonly before: number;
  readonly steps: number;
  readonly runs: number;
  /** True: no single step can go. */
  readonly finished: boolean;
}

/** Null: the steps of the run do not fail without its time. */
export function shrinkSchedule(
  plan: Plan,
  sameFailure: SameFailure,
  budget: ShrinkBudget,
): ScheduleShrink | null {
  const { steps, timed } = recordSchedule(plan);
  const shrinker = new ScheduleShrinker(withoutTime(plan), sameFailure, budget);
  const recordings = [steps, keeping(steps), timed, keeping(timed)];
  const torn = [keeping(steps), tearing(steps), keeping(timed), tearing(timed)];
  const fails =
    shrinker.startsWith(recordings) ||
    (plan.bytes && onBytes(plan).some((other) => shrinker.startsWith(torn, other)));
  return fails ? shrinker.shrink(steps.length) : null;
}

/** Where a bit flips is drawn, and what a disk holds is not quite the same without time: some seeds hit what matters. */
function onBytes(plan: Plan): Plan[] {
  const whole = { ...withoutTime(plan), bytes: true };
  const others = seedEdits(whole, 0, DISK_SEEDS).flatMap(({ apply }) => apply(whole) ?? []);
  return [whole, ...others];
}
const DISK_SEEDS = 20;

class ScheduleShrinker {
  readonly #sameFailure: SameFailure;
  readonly #budget: ShrinkBudget;
  #plan: Plan;
  #steps: readonly ScheduleStep[] = [];
  #runs = 0;
  #spent = false;

  constructor(plan: Plan, sameFailure: SameFailure, budget: ShrinkBudget) {
    this.#plan = plan;
    this.#sameFailure = sameFailure;
    this.#budget = budget;
  }

  /** The first of these recordings that fails is what is shortened. */
  startsWith(recordings: readonly (readonly ScheduleStep[])[], plan = this.#plan): boolean {
    return recordings.some((steps) => this.#take(plan, steps));
  }

  shrink(before: number): ScheduleShrink {
    for (const without of wholesale(this.#steps, this.#plan)) {
      const fewer = this.#steps.filter((step) => !without(step));
      if (fewer.length < this.#steps.length) this.#take(this.#plan, fewer);
    }
    this.#fewerMembers();
    this.#minimize();
    // Each of these may make further steps needless, and fewer steps further members and knobs.
    for (let again = true; again && !this.#spent; ) {
      again = this.#fewerMembers();
      again = this.#calmer() || again;
      if (again) this.#minimize();
    }
    const plan = withSteps(this.#plan, this.#steps);
    const steps = this.#steps.length;
    return { plan, before, steps, runs: this.#runs, finished: !this.#spent };
  }

  /** Both ways in which steps can go: what others send keeps its number, or moves up. */
  #minimize(): void {
    for (let before = Infinity; this.#steps.length < before && !this.#spent; ) {
      before = this.#steps.length;
      ddmin(this.#steps, (some) => this.#take(this.#plan, some));
      const steps = this.#steps;
      const sends = sendsOf(this.#plan, steps);
      this.#runs += 1;
      // Numbering thousands of steps anew for each of thousands of questions takes minutes: not once the budget is spent.
      const fails = (places: readonly number[]): boolean =>
        !this.#spent && this.#take(this.#plan, onlySteps(steps, places, sends));
      ddmin([...steps.keys()], fails);
    }
  }

  /** Smaller clusters have smaller quorums: two members often go together where one cannot. */
  #fewerMembers(): boolean {
    let changed = false;
    for (let place = this.#plan.members.length - 1; place >= 0; place -= 1) {
      for (let other = place; other >= 0 && place < this.#plan.members.length; other -= 1) {
        if (this.#without(other === place ? [place] : [place, other])) {
          changed = true;
          break;
        }
      }
    }
    return changed;
  }

  /** Places in descending order. */
  #without(places: readonly number[]): boolean {
    let plan: Plan | null = this.#plan;
    let steps = this.#steps;
    for (const place of places) {
      plan = plan === null ? null : withoutMember(plan, place);
      steps = stepsWithout(steps, place + 1);
    }
    return plan !== null && steps.length > 0 && this.#take(plan, steps);
  }

  #calmer(): boolean {
    let changed = false;
    for (const apply of CALMER) {
      const plan = apply(this.#plan);
      const same = JSON.stringify(plan) === JSON.stringify(this.#plan);
      if (!same && this.#take(plan, this.#steps)) changed = true;
    }
    return changed;
  }

  #take(plan: Plan, steps: readonly ScheduleStep[]): boolean {
    this.#spent ||= this.#runs >= this.#budget.runs || this.#budget.stop?.() === true;
    if (this.#spent) return false;
    const candidate = derived(plan);
    if (!isSayable(candidate)) return false;
    this.#runs += 1;
    if (this.#sameFailure(withSteps(candidate, steps), Infinity) === null) return false;
    this.#plan = candidate;
    this.#steps = steps;
    return true;
  }
}

/** What a schedule may not need: clocks that differ, knobs, snapshots; PreVote, whose messages are steps too, goes last and only with them. */
const CALMER: readonly ((plan: Plan) => Plan)[] = [
  (plan) => ({
    ...plan,
    members: plan.members.map((member) => ({ ...member, clock: { offset: 0, drift: 0 } })),
  }),
  (plan) => ({ ...plan, snapshot: CALM_SNAPSHOT }),
  (plan) => ({ ...plan, raft: { ...CALM_RAFT, preVote: plan.raft.preVote } }),
  ...Object.entries(CALM_RAFT).map(
    ([key, value]) =>
      (plan: Plan): Plan =>
        key === 'preVote' ? plan : { ...plan, raft: { ...plan.raft, [key]: value } },
  ),
  (plan) => ({ ...plan, raft: { ...plan.raft, preVote: false } }),
];

/** Names after the one that goes move down by one. */
function stepsWithout(steps: readonly ScheduleStep[], gone: number): readonly ScheduleStep[] {
  const left: ScheduleStep[] = [];
  for (const step of steps) {
    const text = formatStep(step);
    if (new RegExp(`\\bn${gone}\\b`).test(text)) continue;
    const renamed = text.replaceAll(/\bn([1-9][0-9]*)\b/g, (name, number) =>
      Number(number) > gone ? `n${Number(number) - 1}` : name,
    );
    const parsed = parseStep(renamed);
    if (parsed !== null) left.push(parsed);
  }
  return left;
}

const withSteps = (plan: Plan, steps: readonly ScheduleStep[]): Plan => ({
  ...plan,
  schedule: steps.map(formatStep),
});

/** What a schedule does not look at is as in a scenario that does not speak of it. */
function withoutTime(plan: Plan): Plan {
  return derived({
    ...plan,
    network: CALM_NETWORK,
    disk: CALM_DISK,
    workload: CALM_WORKLOAD,
    faults: [],
    bytes: false,
    turn: 0,
    blackBox: false,
    liveness: false,
    duration: DEFAULTS.duration,
  });
}

/** Whether a crash kept what was being written is not in the record. */
function keeping(steps: readonly ScheduleStep[]): readonly ScheduleStep[] {
  return steps.map((step) => (step.step === 'crash' ? { ...step, kept: 1 } : step));
}

/** Nor is whether it tore what was being written. */
function tearing(steps: readonly ScheduleStep[]): readonly ScheduleStep[] {
  return steps.map((step) =>
    step.step === 'crash' ? { step: 'tear', member: step.member } : step,
  );
}

/** Whole groups that may go at once: clocks, one member, one client. */
function wholesale(
  steps: readonly ScheduleStep[],
  plan: Plan,
): ((step: ScheduleStep) => boolean)[] {
  const clients = new Set(steps.flatMap((step) => ('client' in step ? [step.client] : [])));
  return [
    (step) => step.step === 'clock',
    ...plan.members.map(
      ({ name }) =>
        (step: ScheduleStep) =>
          'ordinal' in step ? step.from === name || step.to === name : step.member === name,
    ),
    ...[...clients].map(
      (client) => (step: ScheduleStep) => 'client' in step && step.client === client,
    ),
  ];
}
