/**
 * The operations of one partition laid out for the search. Completed operations are numbered in order of
 * invocation and *ranked* in order of return. Each holds a *slot* from its invocation to its return, never
 * shared with one it overlaps, so that at a given rank a bit per slot tells exactly which of the pending
 * operations have been placed: there are as many slots as operations were ever open at once.
 */
import type { Operation } from '../history.ts';
import type { Automaton } from './automaton.ts';
import { Crashes } from './crashes.ts';

export interface Problem {
  /** Completed operations, in order of invocation. */
  readonly completed: readonly Operation[];
  readonly kinds: Int32Array;
  readonly readOnly: Uint8Array;
  readonly blind: Uint8Array;
  readonly invoked: Float64Array;
  /** Number of the operation with the given rank, and when it returned. */
  readonly byRank: Int32Array;
  readonly returned: Float64Array;
  readonly slots: Int32Array;
  /** 32-bit words that hold a bit per slot. */
  readonly words: number;
  readonly crashes: Crashes;
}

export function layOut(automaton: Automaton, operations: readonly Operation[]): Problem {
  const sorted = [...operations].sort((a, b) => a.invoked - b.invoked);
  const completed = sorted.filter((operation) => operation.returned !== Infinity);
  const crashed = sorted.filter((operation) => operation.returned === Infinity);
  const size = completed.length;
  const kinds = new Int32Array(size);
  const readOnly = new Uint8Array(size);
  const blind = new Uint8Array(size);
  const invoked = new Float64Array(size);
  const returned = new Float64Array(size);
  const ranking = Array.from({ length: size }, (_, number) => number);
  ranking.sort((a, b) => completed[a]!.returned - completed[b]!.returned || a - b);
  for (let number = 0; number < size; number++) {
    const operation = completed[number]!;
    const kind = automaton.classOf(operation);
    kinds[number] = kind;
    readOnly[number] = automaton.isReadOnly(kind) ? 1 : 0;
    blind[number] = automaton.isBlind(kind) ? 1 : 0;
    invoked[number] = operation.invoked;
    returned[number] = completed[ranking[number]!]!.returned;
  }
  const byRank = new Int32Array(ranking);
  const { slots, width } = assignSlots(invoked, byRank, returned);
  const words = Math.max(1, Math.ceil(width / 32));
  const crashes = new Crashes(automaton, crashed);
  return { completed, kinds, readOnly, blind, invoked, byRank, returned, slots, words, crashes };
}

function assignSlots(invoked: Float64Array, byRank: Int32Array, returned: Float64Array) {
  const slots = new Int32Array(invoked.length);
  const free: number[] = [];
  let width = 0;
  let rank = 0;
  invoked.forEach((begun, number) => {
    // Touching counts as overlapping: only a return strictly before an invocation is before it.
    while (returned[rank]! < begun) free.push(slots[byRank[rank++]!]!);
    slots[number] = free.pop() ?? width++;
  });
  return { slots, width };
}
