/**
 * One register. Conventions, which are also Jepsen's:
 *   read   input ignored        output the value
 *   write  input the value      output ignored (Jepsen echoes the value)
 *   cas    input {expected, value}, or [expected, value]; output true or false; an echo of the input means true
 * A `cas` that mismatched may also be recorded as `fail`: it then leaves the history, which only weakens the verdict.
 */
import { canonical, equal } from '../canonical.ts';
import type { Model } from '../history.ts';
import { type Box, defineModel, type OperationRule } from './define.ts';

const read: OperationRule<unknown> = {
  readOnly: true,
  apply: (state) => ({ state, output: state }),
  show: () => '',
};

const write: OperationRule<unknown> = {
  overwrites: true,
  silent: true,
  apply: (_state, value: unknown) => ({ state: value, output: null }),
};

type Swap = { readonly expected: unknown; readonly value: unknown } | readonly [unknown, unknown];

const cas: OperationRule<unknown> = {
  readOnly: (output) => output === false,
  apply: (state, input: Swap) => {
    const [expected, value] = pairOf(input);
    const swapped = equal(state, expected);
    return { state: swapped ? value : state, output: swapped };
  },
  matches: (observed, answered) => (observed !== false) === answered,
  refuses: (input, output) => {
    if (!isSwap(input)) return 'the input of cas is {expected, value} or [expected, value]';
    if (output === undefined || typeof output === 'boolean') return null;
    if (canonical(output) === canonical(input)) return null;
    return 'the output of cas is true, false or an echo of its input';
  },
  show: (input: Swap) => pairOf(input).map(canonical).join(' -> '),
};

function isSwap(input: unknown): input is Swap {
  if (Array.isArray(input)) return input.length === 2;
  return typeof input === 'object' && input !== null && 'expected' in input && 'value' in input;
}

function pairOf(input: Swap): readonly [unknown, unknown] {
  return 'expected' in input ? [input.expected, input.value] : input;
}

/** A register with read and write. */
export function register(initial: unknown = null): Model<Box<unknown>> {
  return defineModel({ name: 'register', initial, operations: { read, write } });
}

/** A register with read, write and cas. */
export function casRegister(initial: unknown = null): Model<Box<unknown>> {
  return defineModel({ name: 'cas register', initial, operations: { read, write, cas } });
}
