/** Lines that strangers can cause are few, and none goes missing without being counted. */
import { expect, test } from 'vitest';
import { FloodGate } from '../../packages/seedraft/src/serve/flood-gate.ts';

test('ten of a kind in ten seconds; the next one says how many were withheld', () => {
  const gate = new FloodGate();
  const first = Array.from({ length: 1000 }, (_, at) => gate.admit('BadFrame', at));
  expect(first.filter((one) => one === 0)).toHaveLength(10);
  expect(first.filter((one) => one === null)).toHaveLength(990);
  // Another kind is another matter.
  expect(gate.admit('PeerRefused', 1000)).toBe(0);
  expect(gate.admit('BadFrame', 9_999)).toBe(null);
  expect(gate.admit('BadFrame', 10_000)).toBe(991);
  expect(gate.admit('BadFrame', 10_001)).toBe(0);
});
