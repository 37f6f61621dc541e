/**
 * A model from a plain sequential machine: for each operation, what it answers and what it leaves behind.
 * All models of this room are written this way, and a user's own can be. A history's output is legal when it
 * equals the machine's answer (or `matches` it); an output that was never learned is legal in any state.
 * A specification with several legal answers implements `Model` itself.
 */
import { canonical, equal } from '../canonical.ts';
import type { Model, Operation } from '../history.ts';

/** What an operation answers in a state, and the state after it. */
export interface Outcome<S> {
  readonly state: S;
  readonly output: unknown;
}

export interface OperationRule<S> {
  /** Pure; never changes `state` in place. */
  apply(state: S, input: never): Outcome<S>;
  /** Never changes the state, or not when this is its learned output. Wrongly declared, verdicts are wrong. */
  readonly readOnly?: boolean | ((output: unknown) => boolean);
  /** Leaves a state that depends on the input alone. */
  readonly overwrites?: boolean;
  /** Its answer says nothing: whatever output the history gives is legal. */
  readonly silent?: boolean;
  /** Whether what the history says agrees with what the machine answers. Default: equal plain values. */
  matches?(observed: unknown, answered: unknown): boolean;
  /** Why this input, or learned output, is outside the model's language; null if it is inside. */
  refuses?(input: unknown, output: unknown): string | null;
  /** For people: the input. Default: its canonical text. */
  show?(input: never): string;
}

export interface Definition<S> {
  readonly name: string;
  readonly initial: S;
  /** By `f`. */
  readonly operations: Readonly<Record<string, OperationRule<S>>>;
  /** Operations whose inputs give different texts touch independent states, each starting as `initial`. */
  partition?(input: never, f: string): string;
  /** Default: the canonical text of the state. */
  key?(state: S): string;
}

/** The state is boxed, because null is a fine state of a machine and means "impossible" in `Model.step`. */
export interface Box<S> {
  readonly state: S;
}

/** A model that follows the definition. Operations with an `f` it does not name are refused, not illegal. */
export function defineModel<S>(definition: Definition<S>): Model<Box<S>> {
  const rules = new Map(Object.entries(definition.operations));
  const key = definition.key ?? canonical;
  const partition = definition.partition;
  return {
    name: definition.name,
    initial: () => ({ state: definition.initial }),
    step: (before, operation) => {
      const rule = rules.get(operation.f)!;
      const outcome = rule.apply(before.state, operation.input as never);
      const agrees = operation.output === undefined || matches(rule, operation, outcome.output);
      if (!agrees) return null;
      // What only reads leaves the very box.
      return Object.is(outcome.state, before.state) ? before : { state: outcome.state };
    },
    key: ({ state }) => key(state),
    isReadOnly: ({ f, output }) => {
      const readOnly = rules.get(f)?.readOnly ?? false;
      return typeof readOnly === 'boolean' ? readOnly : output !== undefined && readOnly(output);
    },
    isBlind: ({ f, output }) => {
      const rule = rules.get(f);
      return rule?.overwrites === true && (rule.silent === true || output === undefined);
    },
    refuses: (operation) => refusal(definition.name, rules, operation),
    describe: (operation) => describe(rules.get(operation.f), operation),
    ...(partition && {
      partition: (operation: Operation) => partition(operation.input as never, operation.f),
    }),
  };
}

function matches<S>(rule: OperationRule<S>, { output }: Operation, answered: unknown): boolean {
  if (rule.silent) return true;
  if (rule.matches) return rule.matches(output, answered);
  return equal(output, answered);
}

function refusal<S>(
  model: string,
  rules: ReadonlyMap<string, OperationRule<S>>,
  operation: Operation,
): string | null {
  const rule = rules.get(operation.f);
  if (rule !== undefined) return rule.refuses?.(operation.input, operation.output) ?? null;
  return `${model} has no operation ${operation.f} (it has ${[...rules.keys()].join(', ')})`;
}

function describe<S>(rule: OperationRule<S> | undefined, operation: Operation): string {
  const { f, input, output } = operation;
  const shown = rule?.show ? rule.show(input as never) : input === null ? '' : canonical(input);
  return `${f}${shown === '' ? '' : ` ${shown}`} -> ${answer(rule, output)}`;
}

function answer<S>(rule: OperationRule<S> | undefined, output: unknown): string {
  if (output === undefined) return '?';
  return rule?.silent ? 'ok' : canonical(output);
}
