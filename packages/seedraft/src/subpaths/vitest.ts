/** For vitest: scenarios as tests, and `expect` in the words of runs and histories. Importing it teaches vitest's `expect` the matchers. */
import { expect } from 'vitest';
import { matchers, type SimulationMatchers } from '../testing/matchers.ts';

expect.extend(matchers);

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: the parameter must be vitest's own.
  interface Matchers<T = any> extends SimulationMatchers<T> {}
}

export { matchers, type SimulationMatchers } from '../testing/matchers.ts';
export { type ScenarioTestOptions, testScenario } from '../testing/scenario-tests.ts';
export {
  assertLinearizable,
  assertPass,
  describeRun,
  SimulationFailure,
  type Told,
} from '../testing/told.ts';
