/** The queue under scenarios that fast-check makes up, each with a seed: what fails shrinks to the fewest faults. `npx vitest run` */
import fc from 'fast-check';
import { simulate } from 'seedraft';
import { scenarios } from 'seedraft/fast-check';
import { expect, test } from 'vitest';
import 'seedraft/vitest';
import config from './seedraft.config.ts';

test('no two workers have the same job', () => {
  fc.assert(
    fc.property(scenarios({ seconds: 2 }), fc.nat(999), (scenario, seed) => {
      expect(simulate(config, scenario, seed)).toPass();
    }),
    { numRuns: 20 },
  );
});
