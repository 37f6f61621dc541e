/**
 * The black-box search over one partition: Wing and Gong's depth-first search for a legal order, with Lowe's
 * memory of configurations ("Testing for linearizability", 2017). It can be run in slices.
 *
 * A configuration: how far the completed operations have come (frontier.ts), the state, the bag of crashed
 * operations used (crashes.ts). A move places one operation, and only one that changes the state or hides
 * another: what the state allows without changing it is excused at once, which linearizes legal reads greedily.
 *
 * After a move, a next one is not tried if another order that is tried anyway does as much (test/check
 * compares with brute force). Let `p` be the configuration before the last move `m`, and `n` a next
 * move that was open in `p` already, with nothing between them that needed `m`:
 * - blind `n`, completed, after blind `m`: placing `n` in `p` excuses `m` (and all that `n` excuses now);
 * - `m` crashed or excused, covering nothing, and `n` from `p` leads to the same state: leave `m` out;
 * - `m` and completed `n` commute, and `m` crashed, or required and the later invoked: place `n` first.
 * Crashed operations come last, and only those that `n` could need.
 */
import type { Operation } from '../history.ts';
import { type Automaton, IMPOSSIBLE } from './automaton.ts';
import { NOTHING_USED } from './crashes.ts';
import { Frontier } from './frontier.ts';
import { Memo } from './memo.ts';
import type { Problem } from './problem.ts';

export type Progress = 'legal' | 'illegal' | 'running';

/** No last move that matters to the next one. */
const NONE = -1;
/** Cursors beyond the completed operations: to list crashed ones, and to take the listed; and before them. */
const LIST = -1;
const LISTED = -2;
const DROP = -3;
/** The move that lets an excused operation return. Other moves: an operation, or ~ a crashed class. */
const DROPPED = -0x80000000;

/** Fields of a frame: the move made, the configuration it was made from, and what was left to try there. */
const MOVE = 0;
const STATE = 1;
const BAG = 2;
const RANK = 3;
const TRAIL = 4;
const BEFORE = 5;
const LAST = 6;
const BEFORE_RANK = 7;
const LEAVABLE = 8;
const CURSOR = 9;
const LISTED_FROM = 10;
const FRAME = 11;

export class Search {
  steps = 0;
  /** The furthest rank reached: when illegal, that of the operation that blocks. */
  deepest = 0;
  private readonly automaton: Automaton;
  private readonly problem: Problem;
  private readonly starts: readonly number[];
  private readonly memo: Memo;
  private readonly frontier: Frontier;
  private progress: Progress = 'running';
  private start = 0;
  /** Members used of each crashed class. */
  private readonly used: Int32Array;
  /** Stamps: in which listing a crashed class was listed. */
  private readonly stamps: Int32Array;
  private stamp = 0;
  /** Crashed classes still to be tried, of all configurations on the path. */
  private readonly listed: number[] = [];
  private readonly frames: Int32Array;
  private depth = 0;
  private state = 0;
  private bag = NOTHING_USED;
  /** The state in `p`, NONE if the last move does not matter; the move; the rank in `p`; whether it may be left out. */
  private before = NONE;
  private last = 0;
  private beforeRank = 0;
  private leavable = 0;
  private cursor = LISTED;
  private listedFrom = 0;

  /** Looks for a legal order from any of the states `starts`. */
  constructor(automaton: Automaton, problem: Problem, starts: readonly number[]) {
    const { completed, crashes, words } = problem;
    this.automaton = automaton;
    this.problem = problem;
    this.starts = starts;
    this.memo = new Memo(crashes, words);
    this.frontier = new Frontier(problem);
    this.used = new Int32Array(crashes.kinds.length);
    this.stamps = new Int32Array(crashes.kinds.length);
    this.frames = new Int32Array((completed.length * 2 + crashes.count) * FRAME);
  }

  /** Goes on for about `budget` steps. A step is one operation looked at in one configuration. */
  run(budget: number): Progress {
    const limit = this.steps + budget;
    while (this.progress === 'running' && this.steps < limit) {
      this.steps++;
      this.progress = this.advance();
    }
    return this.progress;
  }

  /** The states that may have held just before the operation of this rank returned; complete once illegal. */
  statesAt(rank: number): readonly number[] {
    return this.memo.statesAt(rank);
  }

  /** Once legal: the operations that took effect, in a legal order. */
  order(): readonly Operation[] {
    const { frontier, frames } = this;
    const { completed, crashes } = this.problem;
    const taken = new Int32Array(this.used.length);
    const trailAt = (depth: number) =>
      depth < this.depth ? frames[depth * FRAME + TRAIL]! : frontier.trailLength;
    const order = frontier.excusedBetween(0, trailAt(0), false);
    for (let depth = 0; depth < this.depth; depth++) {
      const move = frames[depth * FRAME + MOVE]!;
      const [from, to] = [trailAt(depth), trailAt(depth + 1)];
      order.push(...frontier.excusedBetween(from, to, true));
      if (move >= 0) order.push(completed[move]!);
      else if (move !== DROPPED) order.push(crashes.members[~move]![taken[~move]!++]!);
      order.push(...frontier.excusedBetween(from, to, false));
    }
    return order;
  }

  /** Makes one move from the present configuration, or undoes the one that led to it. */
  private advance(): Progress {
    if (this.cursor === DROP) return this.drop();
    while (this.cursor >= 0) {
      const operation = this.cursor;
      this.cursor = this.frontier.after(operation);
      this.steps++;
      const after = this.successor(operation);
      if (after !== IMPOSSIBLE) return this.place(operation, after);
    }
    if (this.cursor === LIST) {
      this.listedFrom = this.listed.length;
      if (this.used.length > 0) this.listCrashes();
      this.cursor = LISTED;
    }
    if (this.listed.length > this.listedFrom) return this.placeCrashed(this.listed.pop()!);
    return this.depth > 0 ? this.undo() : this.restart();
  }

  private restart(): Progress {
    this.frontier.undo(0, 0);
    const start = this.starts[this.start++];
    if (start === undefined) return 'illegal';
    this.state = start;
    return this.arrive(0);
  }

  /** Enters the configuration just reached; its state holds since rank `since`. */
  private arrive(since: number): Progress {
    const { frontier, automaton } = this;
    const { kinds } = this.problem;
    frontier.pass();
    for (let operation = frontier.first(); operation >= 0; ) {
      this.steps++;
      const excused =
        frontier.isRequired(operation) &&
        automaton.next(this.state, kinds[operation]!) === this.state;
      if (excused) {
        // It needed the last move, or it would have been excused before.
        this.before = NONE;
        frontier.satisfy(operation);
      }
      const following = frontier.after(operation);
      if (excused) frontier.pass();
      // New candidates may have come within reach behind the last one.
      operation = following >= 0 ? following : excused ? this.unseen(operation) : -1;
    }
    if (frontier.rank > this.deepest) this.deepest = frontier.rank;
    if (frontier.isComplete) return 'legal';
    const compared = this.memo.comparisons;
    const fresh = this.memo.enter(frontier, this.state, this.bag, since);
    this.steps += this.memo.comparisons - compared;
    this.cursor = fresh ? (frontier.isDroppable ? DROP : frontier.first()) : LISTED;
    this.listedFrom = this.listed.length;
    return 'running';
  }

  /** The first candidate invoked after `operation`, or -1. */
  private unseen(operation: number): number {
    let next = this.frontier.first();
    while (next >= 0 && next <= operation) next = this.frontier.after(next);
    return next;
  }

  /** The state after placing a completed operation, or IMPOSSIBLE also where that need not be tried. */
  private successor(operation: number): number {
    const { kinds, blind, invoked, crashes } = this.problem;
    const kind = kinds[operation]!;
    const after = this.automaton.next(this.state, kind);
    if (after === IMPOSSIBLE) return IMPOSSIBLE;
    if (
      after === this.state &&
      !(blind[operation] === 1 && this.frontier.hides(operation, -Infinity))
    ) {
      return IMPOSSIBLE;
    }
    if (!this.wasOpen(invoked[operation]!)) return after;
    // In `p` it could not hide what was invoked since.
    const { last, beforeLimit } = this;
    if (blind[operation] === 1 && this.frontier.hides(operation, beforeLimit)) return after;
    const lastIsBlind = last >= 0 ? blind[last] === 1 : crashes.isBlind(~last);
    if (lastIsBlind && blind[operation] === 1) return IMPOSSIBLE;
    const without = this.automaton.next(this.before, kind);
    if (without === IMPOSSIBLE) return after;
    if (this.leavable === 1 && without === after) return IMPOSSIBLE;
    // An excused `m` may have to come before `n` returns, so it cannot always be put off.
    if (last >= 0 ? this.leavable === 1 || operation > last : false) return after;
    const lastKind = last >= 0 ? kinds[last]! : crashes.kinds[~last]!;
    return this.automaton.next(without, lastKind) === after ? IMPOSSIBLE : after;
  }

  /** The last moment at which a candidate in `p` was invoked. */
  private get beforeLimit(): number {
    return this.problem.returned[this.beforeRank]!;
  }

  /** Whether an operation invoked then could have been placed instead of the last move, which nothing needed so far. */
  private wasOpen(invoked: number): boolean {
    return this.before !== NONE && invoked <= this.beforeLimit;
  }

  /** Lists the crashed operations worth trying here. */
  private listCrashes(): void {
    const { frontier } = this;
    const { crashes, kinds, blind } = this.problem;
    this.stamp++;
    for (const index of crashes.others) {
      if (this.isAvailable(index) && this.changes(index)) this.listed.push(index);
    }
    if (crashes.blind.length === 0) return;
    for (let operation = frontier.first(); operation >= 0; operation = frontier.after(operation)) {
      if (blind[operation] === 0) this.listBlind(kinds[operation]!, false);
    }
    for (const index of crashes.others) {
      if (this.isAvailable(index)) this.listBlind(crashes.kinds[index]!, true);
    }
  }

  /** Lists the blind crashed operations that would let one of class `kind` do what it cannot do now. */
  private listBlind(kind: number, crashed: boolean): void {
    const { crashes } = this.problem;
    const now = this.automaton.next(this.state, kind);
    for (const index of crashes.enabling(kind, crashed)) {
      this.steps++;
      if (this.stamps[index] === this.stamp || !this.isAvailable(index)) continue;
      const crash = crashes.kinds[index]!;
      const written = this.automaton.next(this.state, crash);
      const after = this.automaton.next(written, kind);
      if (after === IMPOSSIBLE || after === now || (crashed && after === written)) continue;
      if (!crashed && now !== IMPOSSIBLE && this.automaton.next(now, crash) === after) continue;
      if (!this.changes(index)) continue;
      this.stamps[index] = this.stamp;
      this.listed.push(index);
    }
  }

  private isAvailable(index: number): boolean {
    this.steps++;
    const member = this.problem.crashes.members[index]![this.used[index]!];
    return member !== undefined && member.invoked <= this.frontier.limit;
  }

  /** Whether an available crashed operation changes the state, and could not do so in place of the last move. */
  private changes(index: number): boolean {
    const { crashes } = this.problem;
    const after = this.automaton.next(this.state, crashes.kinds[index]!);
    if (after === IMPOSSIBLE || after === this.state) return false;
    if (this.leavable === 0) return true;
    const member = crashes.members[index]![this.used[index]!]!;
    if (!this.wasOpen(member.invoked)) return true;
    return this.automaton.next(this.before, crashes.kinds[index]!) !== after;
  }

  /** Goes on in time first; what the dropped operation could have done is tried after that. */
  private drop(): Progress {
    const { frontier } = this;
    this.cursor = frontier.first();
    const since = this.save(DROPPED);
    frontier.drop();
    return this.arrive(since);
  }

  private place(operation: number, after: number): Progress {
    const { frontier } = this;
    const excused = !frontier.isRequired(operation);
    const since = this.push(operation);
    frontier.place(operation);
    const covered = this.problem.blind[operation] === 1 && frontier.cover();
    this.leavable = excused && !covered ? 1 : 0;
    this.state = after;
    return this.arrive(since);
  }

  private placeCrashed(index: number): Progress {
    const { crashes } = this.problem;
    const since = this.push(~index);
    const covered = crashes.isBlind(index) && this.frontier.cover();
    this.leavable = covered ? 0 : 1;
    this.state = this.automaton.next(this.state, crashes.kinds[index]!);
    this.bag = crashes.with(this.bag, index);
    this.used[index] = this.used[index]! + 1;
    return this.arrive(since);
  }

  /** Saves the configuration, which becomes `p`; gives its rank. */
  private push(move: number): number {
    const rank = this.save(move);
    this.before = this.state;
    this.last = move;
    this.beforeRank = rank;
    return rank;
  }

  private save(move: number): number {
    const { frames, frontier } = this;
    const at = this.depth++ * FRAME;
    frames[at + MOVE] = move;
    frames[at + STATE] = this.state;
    frames[at + BAG] = this.bag;
    frames[at + RANK] = frontier.rank;
    frames[at + TRAIL] = frontier.trailLength;
    frames[at + BEFORE] = this.before;
    frames[at + LAST] = this.last;
    frames[at + BEFORE_RANK] = this.beforeRank;
    frames[at + LEAVABLE] = this.leavable;
    frames[at + CURSOR] = this.cursor;
    frames[at + LISTED_FROM] = this.listedFrom;
    return frontier.rank;
  }

  private undo(): Progress {
    const { frames } = this;
    const at = --this.depth * FRAME;
    this.frontier.undo(frames[at + RANK]!, frames[at + TRAIL]!);
    const move = frames[at + MOVE]!;
    if (move < 0 && move !== DROPPED) this.used[~move] = this.used[~move]! - 1;
    this.state = frames[at + STATE]!;
    this.bag = frames[at + BAG]!;
    this.before = frames[at + BEFORE]!;
    this.last = frames[at + LAST]!;
    this.beforeRank = frames[at + BEFORE_RANK]!;
    this.leavable = frames[at + LEAVABLE]!;
    this.cursor = frames[at + CURSOR]!;
    this.listedFrom = frames[at + LISTED_FROM]!;
    return 'running';
  }
}
