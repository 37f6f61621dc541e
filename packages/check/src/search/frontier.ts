/**
 * How far one path of the search has come with the completed operations. Each is
 * - required: it must still be placed before it returns;
 * - placed: it has taken effect;
 * - excused: it *could* have been placed already without any effect that shows, so it need not be, though it
 *   still may, until it returns. Two things excuse: the present state allows the operation and does not
 *   change by it (every legal read), or a blind operation took effect while it, blind too, was a candidate
 *   (placed just before, its effect would have been overwritten unseen).
 * The rank is that of the first return not yet satisfied. Candidates were invoked no later than that.
 * Everything is undone by a trail, in reverse.
 */
import type { Operation } from '../history.ts';
import type { Problem } from './problem.ts';

const REQUIRED = 0;
const PLACED = 1;
const EXCUSED = 2;

/** Kinds of trail entries. */
const COVERED = 0;
const SATISFIED = 1;
const PLACED_REQUIRED = 2;
const PLACED_EXCUSED = 3;
const DROPPED = 4;
const KINDS = 8;

export class Frontier {
  rank = 0;
  /** A bit per slot, for candidates that are: placed and not blind; placed and blind; excused. */
  readonly placed: Int32Array;
  readonly placedBlind: Int32Array;
  readonly excused: Int32Array;
  /** The trail's length: give it back to `undo`. */
  trailLength = 0;
  private readonly problem: Problem;
  private readonly size: number;
  /** Operations neither placed nor passed, linked by invocation; number `size` is the anchor. */
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  private readonly status: Uint8Array;
  private readonly trail: Int32Array;

  constructor(problem: Problem) {
    const size = problem.completed.length;
    this.problem = problem;
    this.size = size;
    this.next = new Int32Array(size + 1);
    this.previous = new Int32Array(size + 1);
    for (let at = 0; at <= size; at++) {
      this.next[at] = at === size ? 0 : at + 1;
      this.previous[at] = at === 0 ? size : at - 1;
    }
    this.status = new Uint8Array(size);
    this.trail = new Int32Array(size * 2);
    this.placed = new Int32Array(problem.words);
    this.placedBlind = new Int32Array(problem.words);
    this.excused = new Int32Array(problem.words);
  }

  /** All returns are satisfied. */
  get isComplete(): boolean {
    return this.rank === this.size;
  }

  /** The last moment at which a candidate may have been invoked. */
  get limit(): number {
    return this.problem.returned[this.rank] ?? Infinity;
  }

  /** The first candidate, or -1. */
  first(): number {
    return this.candidate(this.next[this.size]!);
  }

  /** The candidate after this one, or -1. */
  after(operation: number): number {
    return this.candidate(this.next[operation]!);
  }

  isRequired(operation: number): boolean {
    return this.status[operation] === REQUIRED;
  }

  /** A candidate takes effect. */
  place(operation: number): void {
    const wasExcused = this.status[operation] === EXCUSED;
    if (wasExcused) toggle(this.excused, this.problem.slots[operation]!);
    this.note(operation, wasExcused ? PLACED_EXCUSED : PLACED_REQUIRED);
    this.status[operation] = PLACED;
    toggle(this.placedBits(operation), this.problem.slots[operation]!);
    this.unlink(operation);
  }

  /** Excuses all required blind candidates, as a blind operation is about to take effect; whether there were any. */
  cover(): boolean {
    let any = false;
    for (let operation = this.first(); operation >= 0; operation = this.after(operation)) {
      if (this.problem.blind[operation] === 0 || this.status[operation] !== REQUIRED) continue;
      this.excuse(operation, COVERED);
      any = true;
    }
    return any;
  }

  /** Whether placing a blind candidate would excuse another one, invoked after `since`. */
  hides(operation: number, since: number): boolean {
    for (let other = this.first(); other >= 0; other = this.after(other)) {
      const { blind, invoked } = this.problem;
      const hidden = blind[other] === 1 && this.status[other] === REQUIRED;
      if (hidden && other !== operation && invoked[other]! > since) return true;
    }
    return false;
  }

  /** Excuses a candidate that the present state satisfies. */
  satisfy(operation: number): void {
    this.excuse(operation, SATISFIED);
  }

  /** Moves the rank over every satisfied return that nothing is lost by: of what was placed, or only reads. */
  pass(): void {
    const { byRank, readOnly, slots } = this.problem;
    while (this.rank < this.size) {
      const operation = byRank[this.rank]!;
      if (this.status[operation] === PLACED) {
        toggle(this.placedBits(operation), slots[operation]!);
        this.rank++;
      } else if (this.status[operation] === EXCUSED && readOnly[operation] === 1) {
        this.drop();
      } else {
        return;
      }
    }
  }

  /** Whether the operation to return next is excused, so that it can be dropped. */
  get isDroppable(): boolean {
    return this.status[this.problem.byRank[this.rank]!] === EXCUSED;
  }

  /** Lets the excused operation to return next return: from now on it cannot take effect. */
  drop(): void {
    const operation = this.problem.byRank[this.rank++]!;
    toggle(this.excused, this.problem.slots[operation]!);
    this.note(operation, DROPPED);
    this.unlink(operation);
  }

  /** Passes the rank for good: whatever became of its operation, it has returned. */
  advance(): void {
    this.place(this.problem.byRank[this.rank]!);
    this.pass();
  }

  /** Places and excuses candidates as these bits say; none may be placed or excused yet. */
  load(bits: Int32Array, placed: number, placedBlind: number, excused: number): void {
    for (let operation = this.first(); operation >= 0; ) {
      const following = this.after(operation);
      const slot = this.problem.slots[operation]!;
      if (isSet(bits, placed, slot) || isSet(bits, placedBlind, slot)) this.place(operation);
      else if (isSet(bits, excused, slot)) this.excuse(operation, SATISFIED);
      operation = following;
    }
  }

  /** Takes everything back to when the rank and the trail's length were these. */
  undo(rank: number, trailLength: number): void {
    const { byRank, slots } = this.problem;
    while (this.rank > rank) {
      const operation = byRank[--this.rank]!;
      const excused = this.status[operation] === EXCUSED;
      toggle(excused ? this.excused : this.placedBits(operation), slots[operation]!);
    }
    while (this.trailLength > trailLength) this.undoEntry(this.trail[--this.trailLength]!);
  }

  /**
   * The operations between two lengths of the trail that were excused and never placed (as far as the path
   * goes now): by a covering operation, which they come before, or by the state, which they come in.
   */
  excusedBetween(from: number, to: number, covered: boolean): Operation[] {
    const kind = covered ? COVERED : SATISFIED;
    const entries = [...this.trail.subarray(from, to)];
    return entries
      .filter((entry) => entry % KINDS === kind)
      .map((entry) => (entry - kind) / KINDS)
      .filter((operation) => this.status[operation] !== PLACED)
      .map((operation) => this.problem.completed[operation]!);
  }

  private candidate(operation: number): number {
    if (operation === this.size || this.problem.invoked[operation]! > this.limit) return -1;
    return operation;
  }

  private excuse(operation: number, kind: number): void {
    this.note(operation, kind);
    this.status[operation] = EXCUSED;
    toggle(this.excused, this.problem.slots[operation]!);
  }

  private undoEntry(entry: number): void {
    const kind = entry % KINDS;
    const operation = (entry - kind) / KINDS;
    const slot = this.problem.slots[operation]!;
    if (kind === COVERED || kind === SATISFIED) {
      this.status[operation] = REQUIRED;
      toggle(this.excused, slot);
      return;
    }
    this.next[this.previous[operation]!] = operation;
    this.previous[this.next[operation]!] = operation;
    if (kind === DROPPED) return;
    toggle(this.placedBits(operation), slot);
    this.status[operation] = kind === PLACED_EXCUSED ? EXCUSED : REQUIRED;
    if (kind === PLACED_EXCUSED) toggle(this.excused, slot);
  }

  private placedBits(operation: number): Int32Array {
    return this.problem.blind[operation] === 1 ? this.placedBlind : this.placed;
  }

  private unlink(operation: number): void {
    this.next[this.previous[operation]!] = this.next[operation]!;
    this.previous[this.next[operation]!] = this.previous[operation]!;
  }

  private note(operation: number, kind: number): void {
    this.trail[this.trailLength++] = operation * KINDS + kind;
  }
}

function isSet(bits: Int32Array, from: number, slot: number): boolean {
  return ((bits[from + (slot >>> 5)]! >>> (slot & 31)) & 1) === 1;
}

function toggle(bits: Int32Array, slot: number): void {
  const word = slot >>> 5;
  bits[word] = bits[word]! ^ (1 << (slot & 31));
}
