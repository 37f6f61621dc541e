/**
 * The longest files first, so that no worker is left with one of them at the end. Vitest does so itself where it has run before; in a fresh clone it knows
 * only how long their texts are, and those that start processes are short.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** More than five seconds on a quiet machine, by `npm test`; the order is the only thing that depends on it. */
const LONG = [
  ...['seedraft/command', 'examples/examples', 'seedraft/cluster-up', 'seedraft/disaster'],
  ...[
    'seedraft/findings',
    'seedraft/chaos',
    'viewer/page',
    'seedraft/config',
    'seedraft/shrink',
    'explore/twin',
  ],
  ...['deploy/campaigns', 'api/attacks', 'api/compat', 'node/peers', 'seedraft/explain'],
  ...['scenarios/files', 'deploy/deploy', 'seedraft/s3-command', 'node/processes', 'node/backup'],
  ...[
    'testing/testing',
    'check/search',
    'sim/properties/mutants',
    'explore/mutants',
    'node/clients',
    'api/linearizable',
  ],
];

const rankOf = ({ moduleId }: TestSpecification): number => {
  const rank = LONG.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
  return rank < 0 ? LONG.length : rank;
};

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((one, other) => rankOf(one) - rankOf(other));
  }
}
