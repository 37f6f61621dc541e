/**
 * The slow, obvious twins of the black-box search: small enough to be seen to be right.
 * - bruteForce: every subset of the crashed operations, every permutation (for up to 7 operations).
 * - plainSearch: Wing and Gong's search with a set of visited configurations as strings (for some dozens).
 */
import type { Model, Operation } from '@seedraft/check';

/** Whether some order of all completed and some crashed operations is legal and respects real time. */
export function bruteForce<S>(operations: readonly Operation[], model: Model<S>): boolean {
  const parts = new Map<string, Operation[]>();
  for (const operation of operations) {
    const name = model.partition?.(operation) ?? '';
    parts.set(name, [...(parts.get(name) ?? []), operation]);
  }
  return [...parts.values()].every((part) => permute(part, model.initial(), model));
}

function permute<S>(left: readonly Operation[], state: S, model: Model<S>): boolean {
  if (left.every((operation) => operation.returned === Infinity)) return true;
  return left.some((operation) => {
    if (left.some((other) => other.returned < operation.invoked)) return false;
    const after = model.step(state, operation);
    const rest = left.filter((other) => other !== operation);
    return after !== null && permute(rest, after, model);
  });
}

/** The same question, answered with a memory of (operations placed, state). One partition. */
export function plainSearch<S>(
  operations: readonly Operation[],
  model: Model<S>,
  starts: readonly S[] = [model.initial()],
): boolean {
  const visited = new Set<string>();
  const placed = operations.map(() => false);
  const search = (state: S): boolean => {
    if (operations.every((one, at) => placed[at] || one.returned === Infinity)) return true;
    const key = `${model.key(state)} ${placed.map(Number).join('')}`;
    if (visited.has(key)) return false;
    visited.add(key);
    const deadline = operations.reduce(
      (earliest, one, at) => (placed[at] ? earliest : Math.min(earliest, one.returned)),
      Infinity,
    );
    return operations.some((operation, at) => {
      if (placed[at] || operation.invoked > deadline) return false;
      const after = model.step(state, operation);
      if (after === null) return false;
      placed[at] = true;
      const found = search(after);
      placed[at] = false;
      return found;
    });
  };
  return starts.some((state) => search(state));
}
