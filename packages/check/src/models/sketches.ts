/**
 * HyperLogLogs and Bloom filters as the sets that they stand for, and how far a sketch may stray from its set. One partition for the counters, one
 * for the filters: a union takes from several. An absent sketch is an empty one that is not there. Conventions:
 *   pfadd      input {key, elements}                output whether it changed
 *   pfcount    input {keys}                         output how many elements their union has, about
 *   pfmerge    input {key, from: keys}              output whether `key` changed
 *   pfdel      input {key}                          output whether it was there
 *   bfreserve  input {key}                          output whether it was absent, and is now a filter that does not grow
 *   bfadd      input {key, elements}                output for each whether it was certainly not there before; an absent filter becomes one that grows
 *   bfexists   input {key, elements}                output for each whether it may be there
 *   bfmerge    input {key, from: keys}              output 'merged'; 'missing': none is there; 'mismatch': one of several grows
 *   bfdel      input {key}                          output whether it was there
 * What is in the set is there in any answer, always. What a sketch may get wrong is small beside what a broken one gets wrong: a count may be 5 % off
 * (six standard errors of 2^14 registers) or 1; a new element may change no register; one stranger in an answer may be taken for a member.
 */
import { equal } from '../canonical.ts';
import type { Model } from '../history.ts';
import { type Box, defineModel, type OperationRule } from './define.ts';

interface Sketch {
  /** Ascending. */
  readonly elements: readonly string[];
  /** Of a filter: it was reserved. */
  readonly fixed: boolean;
}
type State = Readonly<Record<string, Sketch>>;

interface KeyInput {
  readonly key: string;
}
interface ElementsInput extends KeyInput {
  readonly elements: readonly string[];
}
interface MergeInput extends KeyInput {
  readonly from: readonly string[];
}

/** What is said of a change: a sketch may not notice that an element is new, but it always notices that it was not there itself. */
type Changed = 'yes' | 'perhaps' | 'no';

const EMPTY: Sketch = { elements: [], fixed: false };
const COUNT_ERROR = 0.05;
const isFalse = (output: unknown): boolean => output === false;

const remove: OperationRule<State> = {
  readOnly: isFalse,
  apply: (state, { key }: KeyInput) => {
    const { [key]: old, ...rest } = state;
    return { state: rest, output: old !== undefined };
  },
};

const RULES: Readonly<Record<string, OperationRule<State>>> = {
  pfadd: {
    apply: (state, { key, elements }: ElementsInput) => counted(state, key, elements),
    matches: mayHaveChanged,
  },
  pfcount: {
    readOnly: true,
    apply: (state, { keys }: { readonly keys: readonly string[] }) => ({
      state,
      output: united(state, keys).length,
    }),
    matches: isAbout,
  },
  pfmerge: {
    apply: (state, { key, from }: MergeInput) => counted(state, key, united(state, from)),
    matches: mayHaveChanged,
  },
  pfdel: remove,
  bfreserve: {
    readOnly: isFalse,
    apply: (state, { key }: KeyInput) =>
      state[key] === undefined
        ? { state: { ...state, [key]: { elements: [], fixed: true } }, output: true }
        : { state, output: false },
  },
  bfadd: {
    apply: (state, { key, elements }: ElementsInput) => {
      const old = state[key] ?? EMPTY;
      const there = new Set(old.elements);
      const output = elements.map((element) => !there.has(element) && there.add(element) !== null);
      return { state: { ...state, [key]: { ...old, elements: ascending(there) } }, output };
    },
    matches: (observed, answered) => hasFewStrangers(inverted(observed), inverted(answered)),
  },
  bfexists: {
    readOnly: true,
    apply: (state, { key, elements }: ElementsInput) => {
      const there = new Set(state[key]?.elements);
      return { state, output: elements.map((element) => there.has(element)) };
    },
    matches: hasFewStrangers,
  },
  bfmerge: {
    readOnly: (output) => output !== 'merged',
    apply: (state, { key, from }: MergeInput) => {
      const there = [key, ...from].flatMap((name) => state[name] ?? []);
      if (there.length === 0) return { state, output: 'missing' };
      if (there.length > 1 && !there.every(({ fixed }) => fixed)) {
        return { state, output: 'mismatch' };
      }
      const elements = ascending(there.flatMap((one) => one.elements));
      const fixed = there.every((one) => one.fixed);
      return { state: { ...state, [key]: { elements, fixed } }, output: 'merged' };
    },
  },
  bfdel: remove,
};

/** HyperLogLogs and Bloom filters: add, count or ask, merge, delete. */
export function sketches(): Model<Box<State>> {
  return defineModel<State>({
    name: 'sketches',
    initial: {},
    operations: RULES,
    partition: (_input: unknown, f: string) => f.slice(0, 2),
  });
}

function counted(state: State, key: string, more: readonly string[]) {
  const old = state[key];
  const elements = ascending([...(old ?? EMPTY).elements, ...more]);
  const grew = elements.length > (old?.elements.length ?? 0);
  const output: Changed = old === undefined ? 'yes' : grew ? 'perhaps' : 'no';
  return { state: { ...state, [key]: { ...EMPTY, elements } }, output };
}

function united(state: State, keys: readonly string[]): readonly string[] {
  return ascending(keys.flatMap((key) => state[key]?.elements ?? []));
}

function ascending(elements: Iterable<string>): readonly string[] {
  return [...new Set(elements)].sort();
}

function mayHaveChanged(observed: unknown, answered: unknown): boolean {
  if (answered === 'perhaps') return typeof observed === 'boolean';
  return observed === (answered === 'yes');
}

function isAbout(observed: unknown, answered: unknown): boolean {
  const count = answered as number;
  return (
    typeof observed === 'number' && Math.abs(observed - count) <= Math.max(1, COUNT_ERROR * count)
  );
}

function hasFewStrangers(observed: unknown, answered: unknown): boolean {
  const truth = answered as readonly boolean[];
  if (!Array.isArray(observed) || observed.length !== truth.length)
    return equal(observed, answered);
  const strangers = truth.filter((there, place) => !there && observed[place] === true).length;
  return strangers <= 1 && truth.every((there, place) => !there || observed[place] === true);
}

function inverted(answers: unknown): unknown {
  return Array.isArray(answers) ? answers.map((answer) => !answer) : answers;
}
