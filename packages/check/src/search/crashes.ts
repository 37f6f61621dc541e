/**
 * Operations whose end was never learned: each may take effect at any time after its invocation, or never.
 * They live in a bit space of their own, apart from the window of pending operations, because they stay
 * candidates for ever. Three facts keep them affordable: operations of one class are interchangeable, so
 * a set of them is a bag of counts per class, used in order of invocation; a configuration that has used
 * fewer of them can do all that one with more can; and a crashed operation is worth taking only just
 * before one that needs it (search.ts), so for blind ones the search asks which of them *enable* that one.
 */
import type { Operation } from '../history.ts';
import { type Automaton, IMPOSSIBLE } from './automaton.ts';

/** The bag in which nothing has been used. */
export const NOTHING_USED = 0;

export class Crashes {
  /** Members of each class, in order of invocation. */
  readonly members: readonly (readonly Operation[])[];
  /** The automaton's class of each class here. */
  readonly kinds: readonly number[];
  /** Classes that are blind, and the others. */
  readonly blind: readonly number[];
  readonly others: readonly number[];
  readonly count: number;
  private readonly automaton: Automaton;
  private readonly enablers = new Map<number, readonly number[]>();
  private readonly effective = new Map<number, readonly number[]>();
  private pairs: readonly (readonly [number, number])[] | null = null;
  /** Bags as (class, count) pairs in a row, ascending by class. */
  private readonly bags: Int32Array[] = [new Int32Array(0)];
  private readonly bagIds = new Map<number, number[]>();
  private readonly additions = new Map<number, number>();

  /** `operations` in order of invocation. */
  constructor(automaton: Automaton, operations: readonly Operation[]) {
    this.automaton = automaton;
    const byKind = new Map<number, Operation[]>();
    for (const operation of operations) {
      const kind = automaton.classOf(operation);
      if (automaton.isReadOnly(kind)) continue;
      const members = byKind.get(kind);
      if (members) members.push(operation);
      else byKind.set(kind, [operation]);
    }
    this.kinds = [...byKind.keys()];
    this.members = [...byKind.values()];
    this.count = this.members.reduce((sum, members) => sum + members.length, 0);
    const indexes = this.kinds.map((_, index) => index);
    this.blind = indexes.filter((index) => this.isBlind(index));
    this.others = indexes.filter((index) => !this.isBlind(index));
  }

  isBlind(index: number): boolean {
    return this.automaton.isBlind(this.kinds[index]!);
  }

  /** Blind classes after which an operation of class `kind` is possible. */
  enabling(kind: number): readonly number[] {
    let found = this.enablers.get(kind);
    if (found === undefined) {
      found = this.blind.filter((index) => this.automaton.allows(this.writtenBy(index), kind));
      // Long lists would cost the square of the history; the search filters again anyway.
      if (found.length * 2 > this.blind.length) found = this.blind;
      this.enablers.set(kind, found);
    }
    return found;
  }

  /** Blind classes after which some crashed operation that is not blind would change the state. */
  get preparing(): readonly (readonly [blind: number, other: number])[] {
    this.pairs ??= this.blind.flatMap((blind) =>
      this.effectiveIn(this.writtenBy(blind)).map((other) => [blind, other] as const),
    );
    return this.pairs;
  }

  /** Classes that are not blind and would change this state. */
  effectiveIn(state: number): readonly number[] {
    let found = this.effective.get(state);
    if (found === undefined) {
      found = this.others.filter((index) => {
        const after = this.automaton.next(state, this.kinds[index]!);
        return after !== IMPOSSIBLE && after !== state;
      });
      this.effective.set(state, found);
    }
    return found;
  }

  /** The state that a blind class leaves, whatever the state before. */
  private writtenBy(index: number): number {
    return this.automaton.next(this.automaton.initial, this.kinds[index]!);
  }

  /** The bag with one more of class `index` used. */
  with(bag: number, index: number): number {
    const cell = bag * this.kinds.length + index;
    let larger = this.additions.get(cell);
    if (larger === undefined) {
      larger = this.intern(increment(this.bags[bag]!, index));
      this.additions.set(cell, larger);
    }
    return larger;
  }

  /** Whether all that `smaller` has used is also used in `larger`. */
  isWithin(smaller: number, larger: number): boolean {
    if (smaller === larger || smaller === NOTHING_USED) return true;
    const a = this.bags[smaller]!;
    const b = this.bags[larger]!;
    let j = 0;
    for (let i = 0; i < a.length; i += 2) {
      while (j < b.length && b[j]! < a[i]!) j += 2;
      if (j >= b.length || b[j] !== a[i] || b[j + 1]! < a[i + 1]!) return false;
    }
    return true;
  }

  /** Calls back for each class used in a bag. */
  eachUsed(bag: number, visit: (index: number, count: number) => void): void {
    const pairs = this.bags[bag]!;
    for (let at = 0; at < pairs.length; at += 2) visit(pairs[at]!, pairs[at + 1]!);
  }

  /** How many operations have been used in a bag. */
  sizeOf(bag: number): number {
    let size = 0;
    this.eachUsed(bag, (_, count) => {
      size += count;
    });
    return size;
  }

  private intern(bag: Int32Array): number {
    let hash = 17;
    for (const part of bag) hash = Math.imul(hash ^ part, 0x01000193);
    const ids = this.bagIds.get(hash) ?? [];
    const known = ids.find((id) => sameBag(this.bags[id]!, bag));
    if (known !== undefined) return known;
    const id = this.bags.length;
    this.bags.push(bag);
    ids.push(id);
    this.bagIds.set(hash, ids);
    return id;
  }
}

function increment(bag: Int32Array, index: number): Int32Array {
  let at = 0;
  while (at < bag.length && bag[at]! < index) at += 2;
  if (bag[at] === index) {
    const more = bag.slice();
    more[at + 1] = more[at + 1]! + 1;
    return more;
  }
  const more = new Int32Array(bag.length + 2);
  more.set(bag.subarray(0, at));
  more[at] = index;
  more[at + 1] = 1;
  more.set(bag.subarray(at), at + 2);
  return more;
}

function sameBag(a: Int32Array, b: Int32Array): boolean {
  return a.length === b.length && a.every((part, at) => part === b[at]);
}
