/**
 * Reading a verdict. There are three outcomes and no boolean among them, so that "not illegal" cannot be
 * mistaken for "linearizable": ask `isPass`, or handle all three with `settle`.
 */
import type { Model, Operation, Verdict } from './history.ts';

/** True only for `ok`. `unknown` is not a pass, and not a violation either. */
export function isPass(verdict: { readonly verdict: 'ok' | 'illegal' | 'unknown' }): boolean {
  return verdict.verdict === 'ok';
}

type Of<V extends { readonly verdict: string }, K> = Extract<V, { readonly verdict: K }>;

/** Handles a verdict of either check; the compiler asks for all three cases. */
export function settle<V extends { readonly verdict: 'ok' | 'illegal' | 'unknown' }, R>(
  verdict: V,
  cases: {
    readonly ok: (verdict: Of<V, 'ok'>) => R;
    readonly illegal: (verdict: Of<V, 'illegal'>) => R;
    readonly unknown: (verdict: Of<V, 'unknown'>) => R;
  },
): R {
  switch (verdict.verdict) {
    case 'ok':
      return cases.ok(verdict as Of<V, 'ok'>);
    case 'illegal':
      return cases.illegal(verdict as Of<V, 'illegal'>);
    case 'unknown':
      return cases.unknown(verdict as Of<V, 'unknown'>);
  }
}

/** A few lines of plain English. */
export function explain<S>(verdict: Verdict, model: Model<S>): string {
  return settle(verdict, {
    ok: ({ operations, steps }) => `linearizable: ${operations} operations, ${steps} steps`,
    unknown: ({ reason, steps }) => `not decided after ${steps} steps: ${reason}`,
    illegal: ({ partition, window, before, blocking, states }) => {
      const where = partition === null ? '' : `, on ${partition}`;
      const lines = window.map((operation) => {
        const mark = operation === blocking ? '>' : ' ';
        return `${mark} ${span(operation)}  process ${operation.process}  ${describe(model, operation)}`;
      });
      return [
        `not linearizable${where}: ${describe(model, blocking)} (process ${blocking.process}) has no place.`,
        `Before it the state can only have been ${states.join(' or ')}.`,
        `No order of these is legal from ${before.join(' or ')} (events [invoked, returned]):`,
        ...lines,
      ].join('\n');
    },
  });
}

/** An operation for people, by the model's words if it has any. */
export function describe<S>(model: Model<S>, operation: Operation): string {
  if (model.describe) return model.describe(operation);
  const { f, input, output } = operation;
  return `${f} ${JSON.stringify(input)} -> ${output === undefined ? '?' : JSON.stringify(output)}`;
}

function span({ invoked, returned }: Operation): string {
  return `[${invoked}, ${returned === Infinity ? 'never' : returned}]`;
}
