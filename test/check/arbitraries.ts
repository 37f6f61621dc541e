/** Random small histories for fast-check: any intervals, any outputs, legal or not, with operations that never return. */
import type { Operation } from '@seedraft/check';
import fc from 'fast-check';

export type Shape = Pick<Operation, 'f' | 'input' | 'output'>;

const value = fc.integer({ min: 1, max: 3 });
const observed = fc.option(value, { nil: null });

/** Operations of a register, with cas in both spellings. */
export const registerShape: fc.Arbitrary<Shape> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ f: fc.constant('read'), input: fc.constant(null), output: observed }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ f: fc.constant('write'), input: value, output: fc.constant(null) }),
  },
);
const cas = fc.record({
  f: fc.constant('cas'),
  input: fc.oneof(fc.record({ expected: observed, value }), fc.tuple(observed, value)),
  output: fc.boolean(),
});
export const casRegisterShape: fc.Arbitrary<Shape> = fc.oneof(
  { weight: 2, arbitrary: registerShape },
  { weight: 1, arbitrary: cas },
);

const key = fc.constantFrom('a', 'b');
const kvShapeFor = (address: fc.Arbitrary<object>): fc.Arbitrary<Shape> =>
  fc.oneof(
    fc.record({ f: fc.constant('get'), input: address, output: observed }),
    fc.record({
      f: fc.constant('put'),
      input: fc.tuple(address, value).map(([where, value]) => ({ ...where, value })),
      output: fc.constant(null),
    }),
    fc.record({ f: fc.constant('delete'), input: address, output: fc.boolean() }),
    fc.record({
      f: fc.constant('cas'),
      input: fc
        .tuple(address, observed, value)
        .map(([where, expected, value]) => ({ ...where, expected, value })),
      output: fc.boolean(),
    }),
  );
export const kvShape = kvShapeFor(fc.record({ key }));
export const namespacedShape = kvShapeFor(fc.record({ namespace: key, key }));

/** A counter whose increments commute and answer what they made of it, or nothing. */
export const counterShape: fc.Arbitrary<Shape> = fc.oneof(
  fc.record({ f: fc.constant('read'), input: fc.constant(null), output: fc.nat(4) }),
  fc.record({ f: fc.constant('add'), input: fc.nat(2), output: fc.constant(null) }),
  fc.record({
    f: fc.constant('increment'),
    input: fc.constant(null),
    output: fc.integer({ min: 1, max: 4 }),
  }),
);

/** Up to `size` operations with these shapes; a third or so never return. */
export function operations(shape: fc.Arbitrary<Shape>, size: number): fc.Arbitrary<Operation[]> {
  const moment = fc.integer({ min: 0, max: size * 3 });
  const interval = fc.tuple(moment, fc.integer({ min: 1, max: size * 2 }), fc.nat(2));
  return fc.array(fc.tuple(shape, interval), { maxLength: size, size: 'max' }).map((drawn) =>
    drawn
      .map(([one, [invoked, length, crashed]], process): Operation => {
        if (crashed === 0)
          return { ...one, output: undefined, process, invoked, returned: Infinity };
        return { ...one, process, invoked, returned: invoked + length };
      })
      .sort((a, b) => a.invoked - b.invoked),
  );
}
