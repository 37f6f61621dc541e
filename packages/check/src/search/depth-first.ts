/**
 * Wing and Gong's depth-first search for a legal order, with Lowe's memory of configurations ("Testing for
 * linearizability", 2017): quick to find an order where there is one and few operations crashed.
 */
import type { Operation } from '../history.ts';
import type { Automaton } from './automaton.ts';
import { KNOWN, Memo } from './memo.ts';
import { Moves } from './moves.ts';
import type { Problem } from './problem.ts';
import type { Progress, Strategy } from './search.ts';

export class DepthFirst implements Strategy {
  deepest = 0;
  private readonly starts: readonly number[];
  private readonly moves: Moves;
  private readonly memo: Memo;
  private progress: Progress = 'running';
  private start = 0;

  constructor(automaton: Automaton, problem: Problem, starts: readonly number[]) {
    this.starts = starts;
    this.moves = new Moves(automaton, problem);
    this.memo = new Memo(problem.crashes, problem.words);
  }

  get steps(): number {
    return this.moves.steps + this.memo.comparisons;
  }

  run(budget: number): Progress {
    const limit = this.steps + budget;
    while (this.progress === 'running' && this.steps < limit) this.progress = this.advance();
    return this.progress;
  }

  statesAt(rank: number): readonly number[] {
    return this.memo.statesAt(rank);
  }

  order(): readonly Operation[] {
    return this.moves.order();
  }

  private advance(): Progress {
    const { moves } = this;
    if (!moves.next()) {
      if (moves.depth > 0) {
        moves.undo();
        return 'running';
      }
      const start = this.starts[this.start++];
      if (start === undefined) return 'illegal';
      moves.begin(start);
    }
    this.deepest = Math.max(this.deepest, moves.frontier.rank);
    if (moves.frontier.isComplete) return 'legal';
    if (this.memo.enter(moves, 0) === KNOWN) moves.close();
    return 'running';
  }
}
