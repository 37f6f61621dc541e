/**
 * A configuration of the search and its moves. A configuration: how far the completed operations have come
 * (frontier.ts), the state, the bag of crashed operations used (crashes.ts). A move places one operation, and
 * only one that changes the state or hides another: what the state allows without changing it is
 * excused at once, which linearizes legal reads greedily. Or it lets an excused operation return.
 *
 * After a move, a next one is left out if another order that is tried anyway does as much (test/check
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
import type { Problem } from './problem.ts';

/** For `before`: no last move that matters to the next one. */
export const NONE = -1;
/** Cursors beyond the completed operations: to list crashed ones, and to take the listed; and before them. */
const LIST = -1;
const LISTED = -2;
const DROP = -3;
/** The move that lets an excused operation return. Other moves: an operation, or ~ a crashed class. */
export const DROPPED = -0x80000000;

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
const SINCE = 11;
const FRAME = 12;

export class Moves {
  /** Operations looked at so far: the measure of work. */
  steps = 0;
  readonly frontier: Frontier;
  state = 0;
  bag = NOTHING_USED;
  /** The rank at which the state began to hold. */
  since = 0;
  /** The state in `p`, NONE if the last move does not matter; the move; the rank in `p`; whether it may be left out. */
  before = NONE;
  last = 0;
  beforeRank = 0;
  leavable = 0;
  /** Moves made since the start, less those undone. */
  depth = 0;
  private readonly automaton: Automaton;
  private readonly problem: Problem;
  /** Members used of each crashed class. */
  private readonly used: Int32Array;
  /** Stamps: in which listing a crashed class was listed. */
  private readonly stamps: Int32Array;
  private stamp = 0;
  /** Crashed classes still to be tried, of all configurations on the path. */
  private readonly listed: number[] = [];
  private readonly frames: Int32Array;
  private cursor = LISTED;
  private listedFrom = 0;

  constructor(automaton: Automaton, problem: Problem) {
    this.automaton = automaton;
    this.problem = problem;
    this.frontier = new Frontier(problem);
    this.used = new Int32Array(problem.crashes.kinds.length);
    this.stamps = new Int32Array(problem.crashes.kinds.length);
    this.frames = new Int32Array((problem.completed.length * 2 + problem.crashes.count) * FRAME);
  }

  /** Goes to the configuration in which nothing has been placed. */
  begin(state: number): void {
    this.frontier.undo(0, 0);
    this.depth = 0;
    this.state = state;
    this.since = 0;
    this.arrive();
  }

  /** Makes the next move not yet tried in the present configuration; false if there is none. */
  next(): boolean {
    this.steps++;
    if (this.cursor === DROP) {
      this.cursor = this.frontier.first();
      return this.make(DROPPED);
    }
    while (this.cursor >= 0) {
      const operation = this.cursor;
      this.cursor = this.frontier.after(operation);
      this.steps++;
      if (this.isWorthwhile(operation)) return this.make(operation);
    }
    if (this.cursor === LIST) {
      this.listedFrom = this.listed.length;
      if (this.used.length > 0) this.listCrashes();
      this.cursor = LISTED;
    }
    if (this.listed.length === this.listedFrom) return false;
    return this.make(~this.listed.pop()!);
  }

  /** Makes a move. */
  make(move: number): true {
    this.save(move);
    if (move === DROPPED) this.frontier.drop();
    else if (move >= 0) this.place(move);
    else this.placeCrashed(~move);
    this.arrive();
    return true;
  }

  /** The last move made. */
  get move(): number {
    return this.frames[(this.depth - 1) * FRAME + MOVE]!;
  }

  /** Leaves nothing to be tried in the present configuration. */
  close(): void {
    this.cursor = LISTED;
    this.listedFrom = this.listed.length;
  }

  /** Takes the last move back. */
  undo(): void {
    const { frames } = this;
    const at = --this.depth * FRAME;
    this.frontier.undo(frames[at + RANK]!, frames[at + TRAIL]!);
    const move = frames[at + MOVE]!;
    if (move < 0 && move !== DROPPED) this.used[~move] = this.used[~move]! - 1;
    this.state = frames[at + STATE]!;
    this.bag = frames[at + BAG]!;
    this.since = frames[at + SINCE]!;
    this.before = frames[at + BEFORE]!;
    this.last = frames[at + LAST]!;
    this.beforeRank = frames[at + BEFORE_RANK]!;
    this.leavable = frames[at + LEAVABLE]!;
    this.cursor = frames[at + CURSOR]!;
    this.listedFrom = frames[at + LISTED_FROM]!;
  }

  /** Begins to try moves in a configuration whose fields and frontier have been set; `bag` is set here. */
  resume(bag: number): void {
    const { crashes } = this.problem;
    crashes.eachUsed(this.bag, (index) => {
      this.used[index] = 0;
    });
    crashes.eachUsed(bag, (index, count) => {
      this.used[index] = count;
    });
    this.bag = bag;
    this.depth = 0;
    this.open();
  }

  /** The operations that have taken effect since `begin`, in a legal order. */
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

  /** Excuses what the state allows without changing, and opens the configuration for moves. */
  private arrive(): void {
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
    this.open();
  }

  /** Going on in time comes first; what a dropped operation could have done is tried after that. */
  private open(): void {
    const { frontier } = this;
    this.cursor = frontier.isDroppable ? DROP : frontier.first();
    this.listedFrom = this.listed.length;
  }

  /** The first candidate invoked after `operation`, or -1. */
  private unseen(operation: number): number {
    let next = this.frontier.first();
    while (next >= 0 && next <= operation) next = this.frontier.after(next);
    return next;
  }

  /** Whether a candidate can be placed, and no other order does as much. */
  private isWorthwhile(operation: number): boolean {
    const { kinds, blind, invoked, crashes } = this.problem;
    const { automaton, frontier, last } = this;
    const kind = kinds[operation]!;
    const isBlind = blind[operation] === 1;
    const after = automaton.next(this.state, kind);
    if (after === IMPOSSIBLE) return false;
    if (after === this.state && !(isBlind && frontier.hides(operation, -Infinity))) return false;
    if (!this.wasOpen(invoked[operation]!)) return true;
    // In `p` it could not hide what was invoked since.
    if (isBlind && frontier.hides(operation, this.beforeLimit)) return true;
    if (isBlind && (last >= 0 ? blind[last] === 1 : crashes.isBlind(~last))) return false;
    const without = automaton.next(this.before, kind);
    if (without === IMPOSSIBLE) return true;
    if (this.leavable === 1 && without === after) return false;
    // An excused `m` may have to come before `n` returns, so it cannot always be put off.
    if (last >= 0 && (this.leavable === 1 || operation > last)) return true;
    const lastKind = last >= 0 ? kinds[last]! : crashes.kinds[~last]!;
    return automaton.next(without, lastKind) !== after;
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
    const { crashes, kinds, blind, readOnly } = this.problem;
    this.stamp++;
    for (const index of crashes.effectiveIn(this.state)) {
      if (this.isAvailable(index) && this.changes(index)) this.listed.push(index);
    }
    if (crashes.blind.length === 0) return;
    for (let operation = frontier.first(); operation >= 0; operation = frontier.after(operation)) {
      const needsNothing = readOnly[operation] === 1 && !frontier.isRequired(operation);
      if (blind[operation] === 0 && !needsNothing) this.listEnabling(kinds[operation]!);
    }
    for (const [index, other] of crashes.preparing) {
      this.steps++;
      if (this.isAvailable(index) && this.isAvailable(other)) {
        this.listBlind(index, crashes.kinds[other]!);
      }
    }
  }

  /** Lists the blind crashed operations that would let a completed one of class `kind` do what it cannot do now. */
  private listEnabling(kind: number): void {
    const { crashes } = this.problem;
    const now = this.automaton.next(this.state, kind);
    for (const index of crashes.enabling(kind)) {
      this.steps++;
      if (!this.isAvailable(index)) continue;
      const crash = crashes.kinds[index]!;
      const after = this.automaton.next(this.automaton.next(this.state, crash), kind);
      const commutes = now !== IMPOSSIBLE && this.automaton.next(now, crash) === after;
      if (after !== IMPOSSIBLE && !commutes) this.listBlind(index, kind);
    }
  }

  /** Lists a blind crashed operation, unless one of class `kind` would do the same without it. */
  private listBlind(index: number, kind: number): void {
    if (this.stamps[index] === this.stamp) return;
    const written = this.automaton.next(this.state, this.problem.crashes.kinds[index]!);
    const after = this.automaton.next(written, kind);
    if (after === this.automaton.next(this.state, kind) || !this.changes(index)) return;
    this.stamps[index] = this.stamp;
    this.listed.push(index);
  }

  private isAvailable(index: number): boolean {
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

  private place(operation: number): void {
    const { frontier } = this;
    const { kinds, blind } = this.problem;
    const excused = !frontier.isRequired(operation);
    this.remember(operation);
    frontier.place(operation);
    const covered = blind[operation] === 1 && frontier.cover();
    this.leavable = excused && !covered ? 1 : 0;
    this.state = this.automaton.next(this.state, kinds[operation]!);
  }

  private placeCrashed(index: number): void {
    const { crashes } = this.problem;
    this.remember(~index);
    const covered = crashes.isBlind(index) && this.frontier.cover();
    this.leavable = covered ? 0 : 1;
    this.state = this.automaton.next(this.state, crashes.kinds[index]!);
    this.bag = crashes.with(this.bag, index);
    this.used[index] = this.used[index]! + 1;
  }

  /** The present configuration becomes `p`. */
  private remember(move: number): void {
    this.before = this.state;
    this.last = move;
    this.beforeRank = this.frontier.rank;
    this.since = this.frontier.rank;
  }

  private save(move: number): void {
    const { frames, frontier } = this;
    const at = this.depth++ * FRAME;
    frames[at + MOVE] = move;
    frames[at + STATE] = this.state;
    frames[at + BAG] = this.bag;
    frames[at + SINCE] = this.since;
    frames[at + RANK] = frontier.rank;
    frames[at + TRAIL] = frontier.trailLength;
    frames[at + BEFORE] = this.before;
    frames[at + LAST] = this.last;
    frames[at + BEFORE_RANK] = this.beforeRank;
    frames[at + LEAVABLE] = this.leavable;
    frames[at + CURSOR] = this.cursor;
    frames[at + LISTED_FROM] = this.listedFrom;
  }
}
