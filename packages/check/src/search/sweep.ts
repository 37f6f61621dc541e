/**
 * All configurations, rank by rank, and within a rank those first that used fewer crashed operations. Where
 * depth-first search tries a large bag before it learns that a smaller one does as much, and follows
 * both to the end, here the smaller one is always known first. So this is the way to prove that there is no order,
 * and to find one among many crashed operations; it forgets each rank when it leaves it.
 */
import type { Operation } from '../history.ts';
import type { Automaton } from './automaton.ts';
import { KNOWN, Memo } from './memo.ts';
import { Moves } from './moves.ts';
import type { Problem } from './problem.ts';
import type { Progress, Strategy } from './search.ts';

/** Fields of a node of the tree of moves: the node it was made from (-1: a start), and the move (or start state). */
const NODE = 2;
/** Fields of a span: a state, and the ranks at which it began to hold and was noted. */
const SPAN = 3;

/** The configurations noted at one rank, by how many crashed operations they used. */
interface Rank {
  readonly memo: Memo;
  readonly waiting: number[][];
}

export class Sweep implements Strategy {
  deepest = 0;
  private readonly problem: Problem;
  private readonly moves: Moves;
  private readonly ranks = new Map<number, Rank>();
  private readonly free: Memo[] = [];
  private readonly nodes = new Nodes();
  private readonly spans: number[] = [];
  private compared = 0;
  private progress: Progress = 'running';
  private rank = 0;
  /** The trail with all ranks below passed, and nothing else. */
  private base = 0;
  /** The node of the configuration whose moves are being tried, or -1. */
  private node = -1;

  constructor(automaton: Automaton, problem: Problem, starts: readonly number[]) {
    this.problem = problem;
    this.moves = new Moves(automaton, problem);
    for (const start of starts) {
      this.moves.begin(start);
      if (this.progress === 'running') this.progress = this.note(-1, start);
    }
    this.moves.frontier.undo(0, 0);
  }

  get steps(): number {
    return this.moves.steps + this.compared;
  }

  run(budget: number): Progress {
    const limit = this.steps + budget;
    while (this.progress === 'running' && this.steps < limit) this.progress = this.advance();
    return this.progress;
  }

  statesAt(rank: number): readonly number[] {
    const states = new Set<number>();
    for (let at = 0; at < this.spans.length; at += SPAN) {
      const { [at]: state, [at + 1]: since, [at + 2]: last } = this.spans;
      if (since! <= rank && rank <= last!) states.add(state!);
    }
    return [...states];
  }

  order(): readonly Operation[] {
    const [start, ...path] = this.nodes.path(this.nodes.length - 1);
    this.moves.resume(0);
    this.moves.begin(start!);
    for (const move of path) this.moves.make(move);
    return this.moves.order();
  }

  private advance(): Progress {
    const { moves } = this;
    if (this.node < 0 && !this.take()) return this.leave();
    if (!moves.next()) {
      this.node = -1;
      moves.frontier.undo(this.rank, this.base);
      return 'running';
    }
    const progress = this.note(this.node, moves.move);
    moves.undo();
    return progress;
  }

  /** Takes up the next configuration of this rank; false if there is none. */
  private take(): boolean {
    const here = this.ranks.get(this.rank);
    const level = here?.waiting.find((records) => records.length > 0);
    if (here === undefined || level === undefined) return false;
    const record = level.pop()!;
    if (here.memo.spend(record)) this.node = here.memo.load(record, this.moves);
    else return this.take();
    return true;
  }

  /** Goes on to the next rank. */
  private leave(): Progress {
    const here = this.ranks.get(this.rank);
    if (here !== undefined) {
      const earliest = new Map<number, number>();
      here.memo.eachState((state, since) => {
        earliest.set(state, Math.min(since, earliest.get(state) ?? since));
      });
      for (const [state, since] of earliest) this.spans.push(state, since, this.rank);
      here.memo.clear();
      this.free.push(here.memo);
      this.ranks.delete(this.rank);
    }
    if (this.ranks.size === 0) return 'illegal';
    this.moves.frontier.advance();
    this.rank = this.moves.frontier.rank;
    this.base = this.moves.frontier.trailLength;
    return 'running';
  }

  /** Notes the present configuration, reached from `parent` by `move`. */
  private note(parent: number, move: number): Progress {
    const { moves, problem } = this;
    const { rank } = moves.frontier;
    this.deepest = Math.max(this.deepest, rank);
    const node = this.nodes.length;
    if (moves.frontier.isComplete) {
      this.nodes.add(parent, move);
      return 'legal';
    }
    let there = this.ranks.get(rank);
    if (there === undefined) {
      const memo = this.free.pop() ?? new Memo(problem.crashes, problem.words);
      there = { memo, waiting: [] };
      this.ranks.set(rank, there);
    }
    const before = there.memo.comparisons;
    const record = there.memo.enter(moves, node);
    this.compared += there.memo.comparisons - before;
    if (record === KNOWN) return 'running';
    this.nodes.add(parent, move);
    const size = problem.crashes.sizeOf(moves.bag);
    while (there.waiting.length <= size) there.waiting.push([]);
    there.waiting[size]!.push(record);
    return 'running';
  }
}

/** The tree of moves, kept whole so that the way to a legal order can be told. */
class Nodes {
  length = 0;
  private cells = new Int32Array(64 * NODE);

  add(parent: number, move: number): void {
    if ((this.length + 1) * NODE > this.cells.length) {
      const larger = new Int32Array(this.cells.length * 2);
      larger.set(this.cells);
      this.cells = larger;
    }
    this.cells[this.length * NODE] = parent;
    this.cells[this.length * NODE + 1] = move;
    this.length++;
  }

  /** The moves from the start to a node; the first is the start state. */
  path(node: number): number[] {
    const path: number[] = [];
    for (let at = node; at >= 0; at = this.cells[at * NODE]!) path.push(this.cells[at * NODE + 1]!);
    return path.reverse();
  }
}
