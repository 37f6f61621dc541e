/**
 * A key-value store, one partition per key. Absence is null, so null is never a stored value. Conventions:
 *   get     input {key}                   output the value, or null
 *   put     input {key, value}            output null (ignored)
 *   delete  input {key}                   output whether the key existed
 *   cas     input {key, expected, value}  output whether it swapped; expected null: only if the key is absent
 *   transact  as cas: a transaction whose one guard and one write are about the same key
 *   increment  input {key, by}            output the sum; the value is a safe integer, absence counts as 0
 * With namespaces every input also bears `namespace`; the same key in two namespaces is two keys.
 * Expiry is not in this model: a history with keys that expire needs one that is told cluster time (expiry.ts).
 */
import { canonical, equal } from '../canonical.ts';
import type { Model } from '../history.ts';
import { type Box, defineModel, type OperationRule } from './define.ts';

interface KeyInput {
  readonly namespace?: unknown;
  readonly key: unknown;
}
interface PutInput extends KeyInput {
  readonly value: unknown;
}
interface IncrementInput extends KeyInput {
  readonly by: number;
}
interface CasInput extends PutInput {
  readonly expected: unknown;
}

const RULES: Readonly<Record<string, OperationRule<unknown>>> = {
  get: {
    readOnly: true,
    apply: (state) => ({ state, output: state }),
    show: where,
  },
  put: {
    overwrites: true,
    silent: true,
    apply: (_state, { value }: PutInput) => ({ state: value, output: null }),
    refuses: (input) => lacks(input, ['value']),
    show: (input: PutInput) => `${where(input)}=${canonical(input.value)}`,
  },
  delete: {
    readOnly: (output) => output === false,
    overwrites: true,
    apply: (state) => ({ state: null, output: state !== null }),
    refuses: (_input, output) => notBoolean(output),
    show: where,
  },
  cas: swap(),
  transact: swap(),
  increment: {
    apply: (state, { by }: IncrementInput) => {
      const sum = Number(state ?? 0) + by;
      return { state: sum, output: sum };
    },
    refuses: (input) => lacks(input, ['by']),
    show: (input: IncrementInput) => `${where(input)} by ${input.by}`,
  },
};

function swap(): OperationRule<unknown> {
  return {
    readOnly: (output) => output === false,
    apply: (state, { expected, value }: CasInput) => {
      const swapped = equal(state, expected);
      return { state: swapped ? value : state, output: swapped };
    },
    refuses: (input, output) => lacks(input, ['expected', 'value']) ?? notBoolean(output),
    show: (input: CasInput) =>
      `${where(input)}=${canonical(input.expected)} -> ${canonical(input.value)}`,
  };
}

/** A key-value store: get, put, delete, cas, transact, increment. */
export function kv(): Model<Box<unknown>> {
  return store('kv', ['key'], ({ key }) => canonical(key));
}

/** A key-value store with namespaces: the same operations. */
export function namespacedKv(): Model<Box<unknown>> {
  return store(
    'kv with namespaces',
    ['namespace', 'key'],
    ({ namespace, key }) => `${canonical(namespace)}/${canonical(key)}`,
  );
}

function store(
  name: string,
  fields: readonly string[],
  partition: (input: KeyInput) => string,
): Model<Box<unknown>> {
  const addressed = (rule: OperationRule<unknown>): OperationRule<unknown> => ({
    ...rule,
    refuses: (input, output) => lacks(input, fields) ?? rule.refuses?.(input, output) ?? null,
  });
  const rules = Object.entries(RULES).map(([f, rule]) => [f, addressed(rule)] as const);
  return defineModel({ name, initial: null, operations: Object.fromEntries(rules), partition });
}

function where({ namespace, key }: KeyInput): string {
  return namespace === undefined ? canonical(key) : `${canonical(namespace)}/${canonical(key)}`;
}

/** Every field must be there; only `expected` may be null. */
function lacks(input: unknown, fields: readonly string[]): string | null {
  const given = (typeof input === 'object' ? input : null) as Record<string, unknown> | null;
  for (const field of fields) {
    const value = given !== null && Object.hasOwn(given, field) ? given[field] : undefined;
    if (value === undefined) return `the input lacks ${field}`;
    if (value === null && field !== 'expected') return `${field} may not be null`;
  }
  return null;
}

function notBoolean(output: unknown): string | null {
  if (output === undefined || typeof output === 'boolean') return null;
  return `the output is true or false, not ${canonical(output)}`;
}
