/**
 * The black-box search over one partition: is there an order of its operations that respects real time and that
 * the model allows? Depth first while that may find one soon, then in turns with a sweep over all
 * configurations. It can be run in slices.
 */
import type { Operation } from '../history.ts';
import type { Automaton } from './automaton.ts';
import { DepthFirst } from './depth-first.ts';
import type { Problem } from './problem.ts';
import { Sweep } from './sweep.ts';

export type Progress = 'legal' | 'illegal' | 'running';

export interface Strategy {
  /** Work done so far, in operations or records looked at. */
  readonly steps: number;
  /** The furthest rank reached: when illegal, that of the operation that blocks. */
  readonly deepest: number;
  /** Goes on for about `budget` steps. */
  run(budget: number): Progress;
  /** Once illegal: all states that can have held just before the operation of this rank returned. */
  statesAt(rank: number): readonly number[];
  /** Once legal: the operations that took effect, in a legal order. */
  order(): readonly Operation[];
}

/** The sweep begins after so many steps of depth-first search, and so many per operation. Legal histories of ten clients need some 20 each. */
const PATIENCE = 4096;
const PATIENCE_EACH = 256;

/** Which strategies a search may use. They differ in speed only; tests compare them. */
export type StrategyName = 'both' | 'depth-first' | 'sweep';

export class Search implements Strategy {
  private readonly patience: number;
  private readonly depthFirst: DepthFirst;
  private readonly beginSweep: () => Sweep;
  private sweep: Sweep | null = null;
  /** The one that went on last: once decided, the one that decided. */
  private latest: Strategy;

  /** Looks for a legal order from any of the states `starts`. */
  constructor(
    automaton: Automaton,
    problem: Problem,
    starts: readonly number[],
    strategy: StrategyName = 'both',
  ) {
    const patience = PATIENCE + PATIENCE_EACH * problem.completed.length;
    this.patience = strategy === 'both' ? patience : strategy === 'sweep' ? 0 : Infinity;
    this.depthFirst = new DepthFirst(automaton, problem, starts);
    this.beginSweep = () => new Sweep(automaton, problem, starts);
    this.latest = this.depthFirst;
  }

  get steps(): number {
    return this.depthFirst.steps + (this.sweep?.steps ?? 0);
  }

  get deepest(): number {
    return this.latest.deepest;
  }

  run(budget: number): Progress {
    const limit = this.steps + budget;
    let progress: Progress = 'running';
    while (progress === 'running' && this.steps < limit) {
      const left = limit - this.steps;
      progress = this.depthFirst.steps < this.patience ? this.goOn(left) : this.takeTurns(left);
    }
    return progress;
  }

  statesAt(rank: number): readonly number[] {
    return this.latest.statesAt(rank);
  }

  order(): readonly Operation[] {
    return this.latest.order();
  }

  private goOn(budget: number): Progress {
    this.latest = this.depthFirst;
    return this.depthFirst.run(Math.min(budget, this.patience - this.depthFirst.steps));
  }

  /** Either may be quick where the other is hopeless, so both go on, and the cost is twice the lesser at most. */
  private takeTurns(budget: number): Progress {
    this.sweep ??= this.beginSweep();
    const isSweepBehind = this.patience === 0 || this.sweep.steps < this.depthFirst.steps;
    this.latest = isSweepBehind ? this.sweep : this.depthFirst;
    return this.latest.run(Math.min(budget, this.patience || budget));
  }
}
