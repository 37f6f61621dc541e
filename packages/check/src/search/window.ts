/**
 * From "illegal" to the few operations a person has to look at. Only sound relaxations are used, so what is
 * left is a proof and not an artefact: a read may be dropped; any other operation may be turned into one
 * that may have happened at any time after its invocation, or never; what came before a cut may be replaced
 * by the states that every order of it could have left. (Dropping a write would make its readers guilty.)
 *
 * The window is what must keep its full weight for the contradiction to stand (1-minimal, by delta debugging),
 * and beside it the relaxed operations without which some of it would be guilty on its own.
 */
import type { Operation } from '../history.ts';
import type { Automaton } from './automaton.ts';
import { layOut, type Problem } from './problem.ts';
import { type Progress, Search } from './search.ts';

export interface Contradiction {
  readonly window: readonly Operation[];
  readonly before: readonly string[];
  readonly blocking: Operation;
  readonly states: readonly string[];
}

/** Prefixes of this many returns are explained from the initial state; longer ones from a cut near the end. */
const WHOLE_STORY = 48;
const FIRST_CUT = 8;
const CUT_FACTOR = 4;

/** Sets of operations to try, with what they may have started from. */
interface Cut {
  readonly starts: readonly number[];
  /** In order of invocation. */
  readonly full: readonly Operation[];
  readonly relaxed: readonly Operation[];
}

/** Explains an exhausted, illegal search of `problem`, spending about `budget` steps at most. */
export function explainSearch(
  automaton: Automaton,
  problem: Problem,
  search: Search,
  budget: number,
): Contradiction {
  const blocking = problem.completed[problem.byRank[search.deepest]!]!;
  const trial = new Trial(automaton, budget);
  const cut = chooseCut(automaton, problem, search, trial);
  const full = shrink(cut, blocking, trial);
  const needed = background(cut, full, trial);
  const keys = (states: readonly number[]) => states.map((state) => automaton.keyOf(state)).sort();
  return {
    window: [...full, ...needed].sort((a, b) => a.invoked - b.invoked),
    before: keys(cut.starts),
    blocking,
    states: keys(search.statesAt(search.deepest)),
  };
}

/** Small searches under one budget; when it is spent, nothing is proven any more and shrinking ends. */
class Trial {
  private readonly automaton: Automaton;
  private remaining: number;
  private readonly originals = new Map<Operation, Operation>();

  constructor(automaton: Automaton, budget: number) {
    this.automaton = automaton;
    this.remaining = budget;
  }

  isIllegal(starts: readonly number[], full: readonly Operation[], relaxed: readonly Operation[]) {
    return this.run(starts, full, relaxed).progress === 'illegal';
  }

  /** The relaxed operations that took effect in one legal order, or null if none was found. */
  takenWhenLegal(
    starts: readonly number[],
    full: readonly Operation[],
    relaxed: readonly Operation[],
  ): Operation[] | null {
    const { progress, search } = this.run(starts, full, relaxed);
    if (progress !== 'legal') return null;
    return search!.order().flatMap((operation) => this.originals.get(operation) ?? []);
  }

  private run(
    starts: readonly number[],
    full: readonly Operation[],
    relaxed: readonly Operation[],
  ): { progress: Progress; search: Search | null } {
    const size = full.length + relaxed.length;
    if (this.remaining < size) return { progress: 'running', search: null };
    const operations = [...full, ...relaxed.map((operation) => this.relax(operation))];
    const search = new Search(this.automaton, layOut(this.automaton, operations), starts);
    // Half of what is left at most, so that one hard trial does not starve the rest.
    const progress = search.run(this.remaining / 2);
    this.remaining -= search.steps + size;
    return { progress, search };
  }

  private relax(operation: Operation): Operation {
    const relaxed = { ...operation, output: undefined, returned: Infinity };
    this.originals.set(relaxed, operation);
    return relaxed;
  }
}

function chooseCut(automaton: Automaton, problem: Problem, search: Search, trial: Trial): Cut {
  const deepest = search.deepest;
  if (deepest >= WHOLE_STORY) {
    for (let distance = FIRST_CUT; distance < deepest; distance *= CUT_FACTOR) {
      const rank = deepest - distance;
      const cut = cutAt(problem, rank, deepest, search.statesAt(rank));
      if (trial.isIllegal(cut.starts, cut.full, cut.relaxed)) return cut;
    }
  }
  return cutAt(problem, -1, deepest, [automaton.initial]);
}

/** The history from just before the return of rank `from` (-1: all of it) to that of rank `last`. */
function cutAt(problem: Problem, from: number, last: number, starts: readonly number[]): Cut {
  const { completed, returned, crashes } = problem;
  const begin = returned[from] ?? -Infinity;
  const end = returned[last]!;
  const full: Operation[] = [];
  const relaxed = crashes.members.flat().filter((operation) => operation.invoked <= end);
  for (const operation of completed) {
    if (operation.returned < begin || operation.invoked > end) continue;
    // Pending at the cut: it may have taken effect before. Returning after the end: it need not have.
    const bound = operation.invoked > begin && operation.returned <= end;
    (bound ? full : relaxed).push(operation);
  }
  return { starts, full, relaxed };
}

/** Delta debugging: the operations that must keep their full weight. `blocking` always does. */
function shrink(cut: Cut, blocking: Operation, trial: Trial): readonly Operation[] {
  let full = cut.full;
  let chunk = Math.ceil(full.length / 2);
  while (chunk >= 1) {
    let shrunk = false;
    for (let at = 0; at < full.length; ) {
      const rest = full.filter(
        (operation, index) => index < at || index >= at + chunk || operation === blocking,
      );
      if (rest.length < full.length && trial.isIllegal(cut.starts, rest, without(cut, rest))) {
        full = rest;
        shrunk = true;
      } else {
        at += chunk;
      }
    }
    if (chunk > 1) chunk = Math.ceil(chunk / 2);
    else if (!shrunk) break;
  }
  return full;
}

/** The relaxed operations that the window needs so that it is guilty only as a whole. */
function background(cut: Cut, full: readonly Operation[], trial: Trial): readonly Operation[] {
  const pool = without(cut, full);
  const needed = new Set<Operation>();
  const parts = full.map((one) => ({ one, rest: full.filter((other) => other !== one) }));
  const innocent = parts.filter(({ one, rest }) => {
    const taken = trial.takenWhenLegal(cut.starts, rest, [...pool, one]);
    for (const operation of taken ?? []) if (operation !== one) needed.add(operation);
    return taken !== null;
  });
  for (const operation of [...needed]) {
    needed.delete(operation);
    const stands = innocent.every(
      ({ one, rest }) => trial.takenWhenLegal(cut.starts, rest, [...needed, one]) !== null,
    );
    if (!stands) needed.add(operation);
  }
  return [...needed];
}

function without(cut: Cut, full: readonly Operation[]): Operation[] {
  const kept = new Set(full);
  return [...cut.full, ...cut.relaxed].filter((operation) => !kept.has(operation));
}
