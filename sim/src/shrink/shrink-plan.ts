/**
 * Stage one of shrinking: the plan. From what failed to the least that still breaks the same rule: cut at the violation, without whole
 * classes of faults, without single ones (delta debugging), without members, clients and knobs, earlier and shorter, until nothing can go.
 *
 * Keyed draws make it stable: what is left of a plan draws what it drew before. A step is taken when the plan says less and takes hardly
 * more events to fail, or says no more and takes fewer; so sizes never grow and it ends. Deterministic for a budget in runs.
 */
import { derived } from '../draw-plan.ts';
import type { Plan } from '../plan.ts';
import { planToScenario } from '../scenario/print.ts';
import { readScenario } from '../scenario/scenario.ts';
import { ddmin } from './ddmin.ts';
import {
  classEdits,
  cutAt,
  type Edit,
  knobEdits,
  memberEdits,
  modeEdits,
  seedEdits,
  timingEdits,
  workloadEdits,
} from './edits.ts';
import { planSize } from './measure.ts';
import type { SameFailure, Trial } from './same-failure.ts';

export interface ShrinkBudget {
  /** Fresh runs, at most. */
  readonly runs: number;
  /** Asked before each run; true: enough (of wall time, or of the user's patience). The result is then whatever was reached. */
  readonly stop?: () => boolean;
}

export interface ShrinkProgress {
  readonly runs: number;
  /** To the violation. */
  readonly events: number;
  readonly faults: number;
  readonly members: number;
  /** What is being left out. */
  readonly trying: string;
}

export interface PlanShrink {
  readonly plan: Plan;
  /** Events to the violation, before and now. */
  readonly before: number;
  readonly events: number;
  readonly runs: number;
  /** False: the budget ended it. */
  readonly finished: boolean;
}

/** Other seeds that are tried at a time, and below how many events to the violation it is not worth it. */
const SEEDS = 10;
const FEW_EVENTS = 40;
/** Where nothing more can go and the story is still longer than this, so many other seeds are tried. */
const LONG_STORY = 400;
const MORE_SEEDS = 60;

/** `plan` fails as `sameFailure` says. Never gives a plan that does not. */
export function shrinkPlan(
  plan: Plan,
  sameFailure: SameFailure,
  budget: ShrinkBudget,
  onProgress: (progress: ShrinkProgress) => void = () => {},
): PlanShrink {
  return new PlanShrinker(plan, sameFailure, budget, onProgress).shrink();
}

class PlanShrinker {
  readonly #sameFailure: SameFailure;
  readonly #budget: ShrinkBudget;
  readonly #onProgress: (progress: ShrinkProgress) => void;
  readonly #tried = new Set<string>();
  #best: Plan;
  #trial: Trial = { events: Infinity, simulatedMicros: Infinity };
  #runs = 0;
  #seeds = 0;
  #spent = false;

  constructor(
    plan: Plan,
    sameFailure: SameFailure,
    budget: ShrinkBudget,
    onProgress: (progress: ShrinkProgress) => void,
  ) {
    this.#best = derived({ ...plan, swarm: [], expect: 'pass' });
    this.#sameFailure = sameFailure;
    this.#budget = budget;
    this.#onProgress = onProgress;
  }

  shrink(): PlanShrink {
    const first = this.#sameFailure(this.#best, Infinity);
    this.#runs += 1;
    if (first === null) throw new Error('a plan that does not fail cannot be shrunk');
    this.#trial = first;
    this.#cut();
    this.#otherSeeds();
    this.#fixedPoint();
    const { events } = this.#trial;
    const finished = !this.#spent;
    return { plan: this.#best, before: first.events, events, runs: this.#runs, finished };
  }

  #fixedPoint(): void {
    for (let again = true; again && !this.#spent; ) {
      again = this.#all(classEdits(this.#best));
      again = this.#faults() || again;
      again = this.#all(modeEdits()) || again;
      again = this.#all(knobEdits(this.#best)) || again;
      again = this.#all(memberEdits(this.#best)) || again;
      again = this.#all(workloadEdits(this.#best)) || again;
      again = this.#all(timingEdits(this.#best)) || again;
      again = this.#cut() || again;
      again = this.#otherSeeds() || again || this.#moreSeeds();
    }
  }

  /** Every part is needed, by chance alone: under another seed the same story may end sooner, and what comes after can go. */
  #moreSeeds(): boolean {
    if (this.#trial.events <= LONG_STORY) return false;
    const edits = seedEdits(this.#best, this.#seeds, MORE_SEEDS);
    this.#seeds += MORE_SEEDS;
    const isSooner = this.#all(edits);
    if (isSooner) this.#cut();
    return isSooner;
  }

  /** The same story under other draws: some meet the failure much sooner, and what is shorter shrinks faster. */
  #otherSeeds(): boolean {
    if (this.#trial.events <= FEW_EVENTS) return false;
    const edits = seedEdits(this.#best, this.#seeds, SEEDS);
    this.#seeds += SEEDS;
    return this.#all(edits) && this.#cut();
  }

  /** To where it failed; a rule that judges the end fails as soon as there is enough to judge. */
  #cut(): boolean {
    const { duration, liveness } = this.#best;
    const { simulatedMicros } = this.#trial;
    if (simulatedMicros < duration)
      return this.#try('what comes after', cutAt(this.#best, simulatedMicros, false));
    let changed = liveness && this.#try('the liveness phase', { ...this.#best, liveness: false });
    for (const percent of [25, 50, 75, 90]) {
      const until = Math.floor((this.#best.duration * percent) / 100);
      changed = this.#try('the end', cutAt(this.#best, until, this.#best.liveness)) || changed;
    }
    return changed;
  }

  #faults(): boolean {
    const { faults } = this.#best;
    const kept = ddmin(faults, (some) =>
      this.#try('single faults', { ...this.#best, faults: some }),
    );
    return kept.length < faults.length;
  }

  #all(edits: readonly Edit[]): boolean {
    let changed = false;
    for (const { what, apply } of edits) {
      if (this.#spent) break;
      const candidate = apply(this.#best);
      if (candidate !== null && this.#try(what, candidate)) changed = true;
    }
    return changed;
  }

  /** Takes the candidate if it fails in the same way and is the lesser one. */
  #try(what: string, edited: Plan): boolean {
    const candidate = derived(edited);
    const key = JSON.stringify(candidate);
    if (this.#tried.has(key) || !this.#mayRun()) return false;
    this.#tried.add(key);
    if (!isSayable(candidate)) return false;
    const { events, simulatedMicros } = this.#trial;
    const smaller = planSize(candidate) - planSize(this.#best);
    if (smaller > 0) return false;
    this.#runs += 1;
    this.#onProgress({
      runs: this.#runs,
      events,
      faults: this.#best.faults.length,
      members: this.#best.members.length,
      trying: what,
    });
    const trial = this.#sameFailure(
      candidate,
      smaller < 0 ? Math.floor(events * 1.1) + 10 : events,
    );
    if (trial === null) return false;
    const shorter = candidate.duration < this.#best.duration && trial.events <= events;
    const sooner = trial.events < events || trial.simulatedMicros < simulatedMicros;
    if (smaller === 0 && !shorter && !(trial.events <= events && sooner)) return false;
    this.#best = candidate;
    this.#trial = trial;
    return true;
  }

  #mayRun(): boolean {
    this.#spent ||= this.#runs >= this.#budget.runs || this.#budget.stop?.() === true;
    return !this.#spent;
  }
}

/** Whatever shrinking leaves must be a scenario that people can run: no edit may make a plan that none could give. */
function isSayable(plan: Plan): boolean {
  try {
    return readScenario(planToScenario(plan)).ok;
  } catch {
    return false;
  }
}
