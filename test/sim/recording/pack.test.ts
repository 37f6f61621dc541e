/** A packed recording says what the recording says, also when it was cut, and as JSON; and it is shorter. */
import {
  cutRecording,
  packRecording,
  type Recording,
  readScenario,
  record,
  scenarioToPlan,
  unpackRecording,
} from '@seedraft/sim';
import { expect, test } from 'vitest';

const read = readScenario({
  name: 'packed',
  cluster: { voters: 3 },
  network: { drop: '5%', duplicate: '5%' },
  workload: { for: '1s', clients: 2, rate: 40 },
  faults: [{ at: '500ms', crash: 'leader', restart: '100ms' }],
  liveness: false,
});
if (!read.ok) throw new Error(read.problems[0]?.message);
const { recording } = record(scenarioToPlan(read.scenario, '5'));
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test.each([
  ['a whole one', recording],
  ['a cut one', cutRecording(recording, { last: 100 })],
  ['an empty one', { ...recording, events: [], messages: [], states: [] }],
] as const)('%s comes back', (_, given: Recording) => {
  const packed = plain(packRecording(given)) as ReturnType<typeof packRecording>;
  expect(plain(unpackRecording(packed))).toEqual(plain(given));
});

test('it is two thirds as long at most, before anything compresses it', () => {
  const length = (value: unknown): number => JSON.stringify(value).length;
  expect(length(packRecording(recording))).toBeLessThan((2 / 3) * length(recording));
});
